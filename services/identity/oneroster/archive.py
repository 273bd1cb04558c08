"""Unpacks the zip file of a set, within bounds that hold whatever the file claims of itself."""

import io
import zipfile
import zlib
from collections.abc import Mapping

from services.identity.oneroster.problems import RosterInvalid, RosterProblem

MOST_FILES = 40
"""OneRoster 1.2 knows 22."""
MOST_OF_ONE = 16 * 1024 * 1024
MOST_OF_ALL = 32 * 1024 * 1024
ORDINARY = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""The other ways of packing ask for as much memory as the file likes: LZMA's dictionary may claim 4 GiB."""


def unzip_roster(data: bytes) -> Mapping[str, bytes]:
    """The CSV files at the top of the archive, by name. Raises RosterInvalid."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _files(archive)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, OSError):
        # Not a zip file, damaged, encrypted or packed in a way that nobody uses.
        raise _invalid("Please send the set as an ordinary zip file.") from None


def _files(archive: zipfile.ZipFile) -> Mapping[str, bytes]:
    # Not `is_dir()`: that fails on a member without a name.
    members = [member for member in archive.infolist() if not member.filename.endswith("/")]
    if len(members) > MOST_FILES:
        raise _invalid("There are more files in it than a set has.")
    found: dict[str, bytes] = {}
    left = MOST_OF_ALL
    for member in members:
        name = member.filename
        if "/" in name or "\\" in name or not name.endswith(".csv"):
            continue
        if name in found:
            raise _invalid("One of its files is there twice.")
        if member.compress_type not in ORDINARY:
            raise _invalid("Please send the set as an ordinary zip file.")
        with archive.open(member) as file:
            # What is read is counted: the size in the directory may be a lie.
            content = file.read(min(MOST_OF_ONE, left) + 1)
        left -= len(content)
        if len(content) > MOST_OF_ONE or left < 0:
            raise _invalid("It is larger than a school's set can be.")
        found[name] = content
    return found


def _invalid(message: str) -> RosterInvalid:
    return RosterInvalid([RosterProblem(file="the zip file", line=0, field="", message=message)])
