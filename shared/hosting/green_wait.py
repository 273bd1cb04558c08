"""Waits of psycopg on eventlet's own loop. To be imported when the process is green (shared.hosting.green).

psycopg's wait with a selector makes, for each wait, a selector, two timers and a turn of the loop, also where it only
wants to write. This one asks eventlet only for what is not there yet.
"""

import os
from collections.abc import Generator
from select import POLLIN, POLLOUT
from time import monotonic
from typing import Any, Final, TypeVar

import eventlet
from eventlet.green import select
from eventlet.hubs import trampoline
from eventlet.patcher import original
from psycopg import errors

R = TypeVar("R")
Waiting = Generator[int, int, R]
"""What psycopg does on a connection: it says what it waits for, and is told what is ready."""

READ: Final = 1
WRITE: Final = 2
"""Bits of what is waited for, and of what is ready: psycopg's `Wait` and `Ready`."""

LONGEST_TURN = 0.005
"""Seconds after which a greenthread that can always write lets the others have a turn."""

_poll: Any = original("select").poll
_last_turn = [monotonic()]


def wait(doing: Waiting[R], fileno: int, interval: float = 0.0, timeout: float | None = None) -> R:
    """In place of `psycopg.waiting.wait`: waits for what `doing` asks for until it is done; returns what it returns.

    Args:
        doing: what psycopg does on the connection.
        fileno: the connection's.
        interval: seconds after which it is looked whether the connection is still there.
        timeout: seconds for all of it; None: as long as it takes.

    Raises:
        psycopg.OperationalError: the connection was closed meanwhile.
    """
    until = None if timeout is None else monotonic() + timeout
    try:
        wanted = next(doing)
        while True:
            seconds = interval if until is None else max(0.0, min(interval, until - monotonic()))
            ready = _ready(fileno, wanted, seconds)
            if not ready:
                _require_open(fileno)
            wanted = doing.send(ready)
            # Only now: what is there already is taken, and a time-out of 0 looks once.
            if until is not None and monotonic() >= until:
                raise errors._WaitTimeout("wait timeout expired")  # noqa: SLF001 - psycopg's own waits raise it
    except StopIteration as ended:
        done: R = ended.value
        return done


def _ready(fileno: int, wanted: int, seconds: float) -> int:
    """Which of what is wanted is there, in at most so many seconds; 0 where nothing is."""
    if wanted & WRITE or seconds <= 0:
        if monotonic() - _last_turn[0] > LONGEST_TURN or seconds <= 0:
            _turned(eventlet.sleep(0))
        looking = _poll()
        looking.register(fileno, (wanted & READ and POLLIN) | (wanted & WRITE and POLLOUT))
        for _, found in looking.poll(0):
            # An error or a hang-up is for whoever reads or writes to find.
            return (found & POLLIN and READ) | (found & POLLOUT and WRITE) or wanted
    if seconds <= 0:
        return 0
    if wanted & WRITE:
        there = _turned(select.select([fileno] if wanted & READ else [], [fileno], [], seconds))
        return (READ if there[0] else 0) | (WRITE if there[1] else 0)
    try:
        _turned(trampoline(fileno, read=True, timeout=seconds, timeout_exc=TimeoutError))
    except TimeoutError:
        return _turned(0)
    return READ


def _turned(done: R) -> R:
    """Notes that the others have had their turn."""
    _last_turn[0] = monotonic()
    return done


def _require_open(fileno: int) -> None:
    try:
        os.fstat(fileno)
    except OSError:
        raise errors.OperationalError("connection socket closed") from None
