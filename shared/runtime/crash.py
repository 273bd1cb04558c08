"""Named points at which a test may have a process killed. In production `install` is never called and they are no-ops.

The test writes a point's name into the file; the process that comes to that point first takes the file away and kills
itself with SIGKILL there, as a power cut would. Where it writes `freeze` before the name the process stops itself with
SIGSTOP, and goes on from there when it is sent SIGCONT.
"""

import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

_path: Path | None = None
FREEZE = "freeze "


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


_kill: Callable[[], None] = _die


def install(path: Path | None, kill: Callable[[], None] = _die) -> None:
    """Says where the file is; None turns the points off. `kill` is another in unit tests alone."""
    global _path, _kill
    _path, _kill = path, kill


def crash_point(name: str) -> None:
    """Kills the process here if the file names this point; exactly one process does, however many come by."""
    if _path is None:
        return
    try:
        wanted = _path.read_text(encoding="utf-8").strip()
        if wanted.removeprefix(FREEZE) != name:
            return
        taken = _path.with_name(f"{_path.name}.taken-{os.getpid()}")
        # Only one process succeeds in renaming; the others find no file.
        _path.rename(taken)
    except (FileNotFoundError, UnicodeDecodeError):
        return
    if taken.read_text(encoding="utf-8").strip() == wanted:
        taken.unlink()
        if wanted.startswith(FREEZE):
            os.kill(os.getpid(), signal.SIGSTOP)
        else:
            _kill()
        return
    # Another name was written between the look and the taking: give it back, unless a newer file stands there.
    with contextlib.suppress(FileExistsError):
        os.link(taken, _path)
    taken.unlink()
