"""Random bytes that are fetched many at a time: each is given once, and a forked child draws none of its parent's."""

import os
import threading
from itertools import count

from shared.runtime.randomness import AT_ONCE, Stock


def numbered() -> Stock:
    """A stock of a source that numbers what it gives, so that what was given twice shows."""
    numbers = count()
    return Stock(lambda size: b"".join(next(numbers).to_bytes(4, "big") for _ in range(size // 4)))


def test_it_gives_as_many_bytes_as_are_asked_for_and_each_once():
    stock = numbered()
    given = [stock(size) for size in (4, 12, 8) * AT_ONCE * 2]
    assert [len(one) for one in given] == [4, 12, 8] * AT_ONCE * 2
    parts = [one[start : start + 4] for one in given for start in range(0, len(one), 4)]
    assert len(set(parts)) == len(parts)


def test_threads_that_draw_at_once_draw_each_byte_once():
    stock, drawn = numbered(), list[bytes]()

    def draw() -> None:
        drawn.extend([stock(4) for _ in range(AT_ONCE * 20)])

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert len(drawn) == 4 * AT_ONCE * 20
    assert len(set(drawn)) == len(drawn)


def test_a_forked_child_draws_nothing_that_its_parent_draws():
    stock = Stock()
    stock(16)
    here, there = os.pipe()
    if not (child := os.fork()):
        os.write(there, b"".join(stock(16) for _ in range(AT_ONCE)))
        os._exit(0)
    os.waitpid(child, 0)
    drawn = os.read(here, 16 * AT_ONCE)
    os.close(here)
    os.close(there)
    assert len(drawn) == 16 * AT_ONCE
    assert not {drawn[start : start + 16] for start in range(0, len(drawn), 16)} & {stock(16) for _ in range(AT_ONCE)}
