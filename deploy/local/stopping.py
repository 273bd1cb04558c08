"""Ctrl-C and its like: the first one unwinds in order, a second one ends everything at once."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PR_SET_PDEATHSIG = 1


class Stopped(BaseException):
    """Somebody asked for the end. Like KeyboardInterrupt no error, so that nothing but the outermost takes it."""


_asked = False
_at_once: list[Callable[[], None]] = []


def on_second_signal(end: Callable[[], None]) -> None:
    """What ends everything at once."""
    _at_once.append(end)


def stop_on_signals() -> None:
    """Has the first signal raise Stopped in the main thread, wherever it is.

    Where make has started this process, the kernel sends TERM when make is killed: nobody would be there to press
    Ctrl-C.
    """
    for number in SIGNALS:
        signal.signal(number, _stop)
    if "MAKELEVEL" in os.environ and sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))


def _stop(_number: int, _frame: FrameType | None) -> None:
    global _asked  # noqa: PLW0603 - one process has one end
    if not _asked:
        _asked = True
        raise Stopped
    for end in _at_once:
        end()
