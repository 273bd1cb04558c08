"""Outlives a launcher that was killed, for as long as it takes to end what the launcher had started.

The kernel's death signal reaches the launcher's children, where there is one; this reaches their children too. It is
told on its standard input, a line each: `+ GROUP SIGNAL` when a group was started, `- GROUP` when it is gone. The end
of the input is the end of the launcher.

    python -I -S guardian.py
"""

import os
import signal
import sys
import time

ORDERLY_WITHIN = 15.0
POLL = 0.02


def main() -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(ignored, signal.SIG_IGN)
    groups: dict[int, int] = {}
    for line in sys.stdin:
        sign, group, *rest = line.split()
        if sign == "+":
            groups[int(group)] = int(rest[0])
        else:
            groups.pop(int(group), None)
    for group, number in groups.items():
        _send(group, number)
    deadline = time.monotonic() + ORDERLY_WITHIN
    while groups:
        for group in list(groups):
            if not _leads(group) or time.monotonic() > deadline:
                # The leader is gone: whoever is left of its group has lost who would have ended it.
                _send(group, signal.SIGKILL)
                if not _send(group, 0):
                    del groups[group]
        time.sleep(POLL)


def _send(group: int, number: int) -> bool:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _leads(group: int) -> bool:
    """Whether the group's leader lives. Its number is the group's."""
    try:
        with open(f"/proc/{group}/stat") as file:  # noqa: PTH123 - pathlib would treble the time to start
            return file.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    except FileNotFoundError:
        pass
    try:
        os.kill(group, 0)
    except ProcessLookupError:
        return False
    return not sys.platform.startswith("linux")


if __name__ == "__main__":
    main()
