"""The first thing every child runs: gives up root where told, asks to be ended with the launcher, becomes the program.

Done here, after the fork and in a fresh interpreter, because the kernel forgets the death signal when the user
changes, and because code that runs between fork and exec of a process with threads can hang.

    python -I -S child.py LAUNCHER_PID DEATH_SIGNAL UID GID PROGRAM [ARG ...]
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    launcher, death_signal, uid, gid = (int(value) for value in sys.argv[1:5])
    command = sys.argv[5:]
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != launcher:
        # It died between the fork and the line above; nobody would ever send the signal.
        os._exit(1)
    os.umask(0o077)
    try:
        os.execv(command[0], command)  # noqa: S606 - the launcher gives absolute paths, no shell is meant
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
