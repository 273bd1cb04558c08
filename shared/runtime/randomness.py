"""Random bytes of the kernel, fetched many at a time: each call gives the interpreter up to whoever waits for it."""

import os
from collections.abc import Callable

AT_ONCE = 128


class Stock:
    """Gives each of the kernel's random bytes once, to one thread. A forked child begins with an empty one."""

    def __init__(self, source: Callable[[int], bytes] = os.urandom) -> None:
        self._source = source
        self._stock: dict[int, list[bytes]] = {}
        os.register_at_fork(after_in_child=self._stock.clear)

    def __call__(self, size: int) -> bytes:
        """So many bytes, fit for secrets."""
        stock = self._stock.setdefault(size, [])
        while True:
            try:
                return stock.pop()
            except IndexError:
                fetched = self._source(size * AT_ONCE)
                stock += [fetched[start : start + size] for start in range(0, len(fetched), size)]


random_bytes = Stock()
