"""The run folder: who owns what in it, who may use it now, and files that are whole or not there."""

import fcntl
import os
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.local.faults import CannotStart
from deploy.local.progress import Say, step

ROOT = Path(__file__).resolve().parents[2]
"""The project."""
SHORT_WAIT = 0.3
LAST_ENDS_WITHIN = 40.0
POLL = 0.05


def private_folder(path: Path) -> Path:
    """A folder that only its owner can enter, made where it is missing."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def write_private(path: Path, text: str) -> None:
    """Replaces a file of mode 0600 in one step."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def password_in(path: Path) -> str:
    """The generated password that the file holds; made where it is missing."""
    with suppress(FileNotFoundError):
        return path.read_text().strip()
    write_private(path, secrets.token_urlsafe(24))
    return path.read_text().strip()


def put_aside(logs: Path) -> None:
    """Keeps the last run's logs as *.log.1: what a log shows is this run's."""
    for log in logs.glob("*.log"):
        log.replace(log.with_name(f"{log.name}.1"))


@dataclass(slots=True)
class RunLock:
    """Holds a run folder for one launcher.

    Two locks: the launcher's own, which says at once that another launcher runs, and one whose descriptor all
    children inherit, so that after a kill -9 the next start waits until the last of them is gone.
    """

    folder: Path
    _own: int = -1
    _children: int = -1

    @property
    def inherited(self) -> int:
        """The descriptor for children to keep open."""
        return self._children

    def take(self, say: Say) -> None:
        """Takes both.

        Raises:
            CannotStart: another launcher uses the folder.
        """
        try:
            private_folder(self.folder)
            self._own = _opened(self.folder / "launcher.lock")
            self._children = _opened(self.folder / "children.lock")
        except OSError as error:
            raise CannotStart(
                f"{self.folder} cannot be written ({error.strerror}); name another: BOOKBAG_RUN_DIR=FOLDER"
            ) from None
        if not _locked_within(self._own, SHORT_WAIT):
            self.release()
            raise CannotStart(
                f"Bookbag already runs in {self.folder}; end it there with Ctrl-C, or name another folder:"
                " BOOKBAG_RUN_DIR=FOLDER make run"
            )
        if not _locked_within(self._children, SHORT_WAIT):
            with step(say, "waiting until the last processes of a start that was killed are gone"):
                if not _locked_within(self._children, LAST_ENDS_WITHIN):
                    self.release()
                    raise CannotStart(
                        f"processes of an earlier start still hold {self.folder}/children.lock; end them and try again"
                    )

    def release(self) -> None:
        for handle in (self._own, self._children):
            if handle >= 0:
                os.close(handle)
        self._own = self._children = -1


class FileLock:
    """Waits for its turn; for what two launchers share, such as unpacked packages."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = -1

    def __enter__(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = _opened(self._path)
        fcntl.flock(self._handle, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)


def wait_for_children(lock: Path) -> None:
    """Returns when no child of a launcher that used the folder is left, or after a while."""
    handle = _opened(lock)
    try:
        _locked_within(handle, LAST_ENDS_WITHIN)
    finally:
        os.close(handle)


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _locked_within(handle: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not _locked(handle):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL)
    return True
