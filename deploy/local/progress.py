"""Says what is going on: one line a step, with a sign of life where it takes longer than a second."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Say = Callable[[str], None]
Detail = Callable[[str], None]

ON_TERMINAL, FIRST_ELSEWHERE, ELSEWHERE = 0.5, 1.0, 5.0
"""Seconds between two signs of life: a line rewritten in place may move often, a line in a log may not."""


def to_terminal(line: str) -> None:
    # A reader that went away is no reason to stop half way through a stop.
    with suppress(OSError):
        print(line, flush=True)


def to_nobody(_line: str) -> None:
    pass


@contextmanager
def step(say: Say, what: str) -> Iterator[Detail]:
    """One step: says at once what begins, then how long it took. Call what it gives with a detail, such as a count."""
    began = time.monotonic()
    detail = ""
    done = threading.Event()
    live = say is to_terminal and sys.stdout.isatty()

    def set_detail(text: str) -> None:
        nonlocal detail
        detail = text

    def line() -> str:
        shown = f"{detail}, " if detail and not done.is_set() else ""
        return f"  {what} ... {shown}{time.monotonic() - began:.1f} s"

    def tick() -> None:
        pause = ON_TERMINAL if live else FIRST_ELSEWHERE
        while not done.wait(pause):
            pause = ON_TERMINAL if live else ELSEWHERE
            if live:
                print(f"\r{line()}\x1b[K", end="", flush=True)
            else:
                say(line())

    if live:
        print(f"  {what} ...", end="", flush=True)
    ticker = threading.Thread(target=tick, name="progress", daemon=True)
    ticker.start()
    try:
        yield set_detail
    except BaseException:
        _end(ticker, done)
        if live:
            print(flush=True)
        raise
    _end(ticker, done)
    if live:
        print(f"\r{line()}\x1b[K", flush=True)
    else:
        say(line())


def _end(ticker: threading.Thread, done: threading.Event) -> None:
    done.set()
    ticker.join()
