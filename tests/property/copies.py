"""Copies of the tree in which a seeded fault stands, for tests that show that another test would see it."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy.operator.config import ROOT

Edit = tuple[str, str, str]
"""In which file, what is taken out (it stands there once), and what stands there instead."""


def copied_to(folder: Path) -> Path:
    for name in ("services", "shared", "deploy", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@contextmanager
def edited(copy: Path, edits: Sequence[Edit]) -> Iterator[None]:
    """The copy with the edits in it, and whole again after that."""
    whole = {file: (copy / file).read_text() for file, _, _ in edits}
    try:
        for file, find, instead in edits:
            text = (copy / file).read_text()
            assert text.count(find) == 1, f"the fault no longer fits {file}"
            (copy / file).write_text(text.replace(find, instead))
        yield
    finally:
        for file, text in whole.items():
            (copy / file).write_text(text)
