"""Time as a port. What the policy counts may be moved in a development installation; what guards security never is."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Protocol


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
