"""`make clean`: removes what the other commands made. Standard library alone: it removes the environment too."""

import fcntl
import os
import shutil
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUTSIDE = "/var/tmp/bookbag-"
CACHES = (".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache")
REFUSED = 2


def main():
    # type: () -> int
    run = os.path.join(ROOT, "run")
    for folder, _, files in os.walk(run):
        if "launcher.lock" in files and is_held(os.path.join(folder, "children.lock")):
            sys.stderr.write("Bookbag still runs in {0}; end it there with Ctrl-C, then: make clean\n".format(folder))
            return REFUSED
    for folder, _, files in os.walk(run):
        # As root PostgreSQL keeps its files outside; the note says where.
        if os.path.basename(folder) == "postgres" and "place" in files:
            with open(os.path.join(folder, "place")) as note:
                place = note.read().strip()
            if place.startswith(OUTSIDE) and not os.path.islink(place):
                shutil.rmtree(place, ignore_errors=True)
    for name in ("run", ".venv", *CACHES):
        shutil.rmtree(os.path.join(ROOT, name), ignore_errors=True)
    return 0


def is_held(path):
    # type: (str) -> bool
    with open(path, "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


if __name__ == "__main__":
    sys.exit(main())
