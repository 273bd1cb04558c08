"""Time as a port. What the policy counts may be moved in a development installation; what guards security never is."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Protocol

_MICROSECOND = timedelta(microseconds=1)
_NEVER_READ = (0, 0, 0)
_NO_OFFSET = timedelta()


class Clock(Protocol):
    """Says what time it is."""

    def now(self) -> datetime:
        """The time, aware and in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The time, aware and in UTC, to the microsecond."""
        return datetime.now(UTC)


@dataclass(slots=True)
class FixedClock:
    """A clock that stands until it is moved, forward only. For tests; safe between threads."""

    at: datetime
    _lock: Lock = field(default_factory=Lock, repr=False)

    def __post_init__(self) -> None:
        """Raises ValueError for a time without a zone."""
        if self.at.tzinfo is None:
            raise ValueError("a clock needs a time with a zone")
        self.at = self.at.astimezone(UTC)

    def now(self) -> datetime:
        """The time it was left at."""
        return self.at

    def move(self, by: timedelta) -> None:
        """Moves the clock. Raises ValueError for a step back: time does not run backwards in the policy."""
        if by < timedelta():
            raise ValueError("a clock moves forward only")
        with self._lock:
            self.at += by


class SchoolClock:
    """What the policy counts by in a development installation: real time, and what it was set forward by.

    How far that is stands in a file that all processes of the installation read: one sets it, and each call of any of
    them from then on knows. A call looks whether the file has changed: about two microseconds. No file is no
    difference. In production there is no such clock.
    """

    def __init__(self, file: Path, real: Clock) -> None:
        self._file, self._real = file, real
        self._known = (_NEVER_READ, _NO_OFFSET)

    def now(self) -> datetime:
        """The school's time, aware and in UTC. Raises ValueError for a file that `set_to` did not write."""
        return self._real.now() + self._ahead()

    def set_to(self, at: datetime) -> None:
        """Sets the clock of the whole installation. Two who do so at once take turns.

        Raises:
            ValueError: for a time without a zone, or one before the school's time: it goes forward only.
        """
        if at.tzinfo is None:
            raise ValueError("a clock needs a time with a zone")
        with self._alone():
            ahead = at - self._real.now()
            if ahead < self._ahead():
                raise ValueError("a clock moves forward only")
            new = self._file.with_name(f"{self._file.name}.new")
            new.write_text(str(ahead // _MICROSECOND), encoding="ascii")
            # Whoever reads finds the old file or the new one, never half of one.
            new.replace(self._file)

    def _ahead(self) -> timedelta:
        stamp, ahead = self._known
        try:
            found = os.stat(self._file)  # noqa: PTH116 - Path.stat takes twice as long, and every request asks
        except FileNotFoundError:
            return _NO_OFFSET
        if (now := (found.st_ino, found.st_mtime_ns, found.st_size)) != stamp:
            # The stamp is older than what is read, or as old: a change between the two is seen at the next call.
            ahead = int(self._file.read_text(encoding="ascii")) * _MICROSECOND
            self._known = (now, ahead)
        return ahead

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._file.with_name(f"{self._file.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def school_clock(file: Path | None) -> Clock:
    """The clock that the policy counts by: the machine's own where the installation has no file for another."""
    return SystemClock() if file is None else SchoolClock(file, SystemClock())
