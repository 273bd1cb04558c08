"""The project's own files, for the tests that police them."""

import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def files() -> Sequence[Path]:
    """All but what .gitignore leaves out. Read without git: the project may have come as an archive."""
    return sorted(_below(ROOT, [".git", *(line.rstrip("/") for line in (ROOT / ".gitignore").read_text().split())]))


def documents() -> Sequence[Path]:
    """What is written for people."""
    return [path for path in files() if path.suffix == ".md"]


def name_of(path: Path) -> str:
    """The path as a person would write it."""
    return str(path.relative_to(ROOT))


def _below(folder: Path, ignored: Sequence[str]) -> Iterator[Path]:
    for entry in os.scandir(folder):
        if any(fnmatch(entry.name, pattern) for pattern in ignored):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _below(Path(entry.path), ignored)
        else:
            yield Path(entry.path)
