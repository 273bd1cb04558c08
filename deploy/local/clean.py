"""`make clean`: removes what the other commands made. Standard library alone: it removes the environment too."""

import fcntl
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / "run"
OUTSIDE = Path("/var/tmp")  # noqa: S108 - only what a note of ours names is removed there
CACHES = (".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache")
REFUSED = 2


def main() -> int:
    """Returns 2 where something still runs."""
    for lock in RUN.rglob("children.lock"):
        if is_held(lock):
            sys.stderr.write(f"Bookbag still runs in {lock.parent}; end it there with Ctrl-C, then: make clean\n")
            return REFUSED
    for note in RUN.rglob("postgres/place"):
        # As root PostgreSQL keeps its files outside; the note says where.
        place = Path(note.read_text().strip())
        if place.parent == OUTSIDE and place.name.startswith("bookbag-") and not place.is_symlink():
            shutil.rmtree(place, ignore_errors=True)
    for name in ("run", ".venv", ".venv-proof", *CACHES):
        shutil.rmtree(ROOT / name, ignore_errors=True)
    return 0


def is_held(path: Path) -> bool:
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


if __name__ == "__main__":
    sys.exit(main())
