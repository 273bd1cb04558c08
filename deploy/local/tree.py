"""A process and everything that came from it."""

import os
import signal
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def kill_tree(pid: int) -> None:
    """SIGKILL for a child's group and, on Linux, for its descendants in groups of their own (PostgreSQL's backends)."""
    found = [pid, *descendants(pid)]
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    for member in found[1:]:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(member, signal.SIGKILL)


def descendants(pid: int) -> list[int]:
    """Children, their children and so on; empty where there is no /proc."""
    children: dict[int, list[int]] = {}
    if PROC.is_dir():
        for folder in PROC.iterdir():
            if folder.name.isdigit() and (parent := _parent(folder)) is not None:
                children.setdefault(parent, []).append(int(folder.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        mine = children.get(waiting.pop(), [])
        found += mine
        waiting += mine
    return found


def _parent(folder: Path) -> int | None:
    try:
        # The name in brackets may hold anything, blanks and brackets too.
        return int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return None
