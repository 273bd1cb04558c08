"""Which shared libraries a binary lacks, and finding them among unpacked packages."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from deploy.local.sources import libraries_of, which

_MISSING = re.compile(r"^\s*(\S+) => not found$", re.MULTILINE)


def names_missing(said: str) -> set[str]:
    """The names that `ldd` marks as not found."""
    return set(_MISSING.findall(said))


def missing(binaries: Sequence[Path], folder: Path | None) -> set[str]:
    """Libraries that neither the machine nor the folder has. Empty where there is no ldd to ask."""
    ldd = which("ldd")
    if ldd is None:
        return set()
    done = subprocess.run(  # noqa: S603 - the system's own ldd on packages whose signatures were checked
        [str(ldd), *map(str, binaries)],
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C", **libraries_of(str(folder) if folder else "")},
    )
    return names_missing(done.stdout)


def fill(binaries: Sequence[Path], spare: Path, folder: Path) -> set[str]:
    """Copies what is missing, and what that needs, from spare packages into the folder. Returns what stays missing."""
    lacking = missing(binaries, folder)
    while lacking:
        found = {path.name: path for path in spare.rglob("*.so*") if path.name in lacking}
        if not found:
            return lacking
        for name, path in found.items():
            shutil.copy(path, folder / name)
        lacking = missing(binaries, folder)
    return set()
