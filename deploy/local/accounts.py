"""Who PostgreSQL runs as: it refuses root, so root gives it to another user, with its files outside any home."""

import os
import pwd
import shutil
import tempfile
from pathlib import Path

from deploy.local.faults import CannotStart
from deploy.local.program import Account

OUTSIDE = Path("/var/tmp")  # noqa: S108 - the folder made there has a random name and its owner is checked
PREFIX = "bookbag-"
CANDIDATES = ("postgres", "nobody")


def other_account() -> Account | None:
    """None for an ordinary user; for root the first user that can take PostgreSQL.

    Raises:
        CannotStart: root on a machine without such a user.
    """
    if os.geteuid() != 0:
        return None
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise CannotStart("PostgreSQL refuses root and there is no user postgres or nobody; run it as an ordinary user")


def folder_for(account: Account, note: Path) -> Path:
    """A folder of the account's, outside any home, whose name `note` keeps; made where it is missing.

    Raises:
        CannotStart: the folder has another owner.
    """
    if note.exists():
        known = Path(note.read_text().strip())
        if known.is_dir() and not known.is_symlink():
            if known.stat().st_uid != account.uid:
                raise CannotStart(
                    f"{known} does not belong to {account.name}; put it right, or start anew with: make clean"
                )
            return known
    made = Path(tempfile.mkdtemp(prefix=PREFIX, dir=OUTSIDE))
    os.chown(made, account.uid, account.gid)
    note.write_text(f"{made}\n")
    return made


def remove_place(note: Path) -> None:
    """Removes the folder that `folder_for` made, whose name the note keeps."""
    place = Path(note.read_text().strip())
    if place.parent == OUTSIDE and place.name.startswith(PREFIX) and not place.is_symlink():
        shutil.rmtree(place, ignore_errors=True)
