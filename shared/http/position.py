"""`Bookbag-Position: points.1.42`: where a write stands in a log, and the bounded wait of a query that names one."""

import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from shared.policy.codes import BAD_HEADER, NOT_YET_VISIBLE
from shared.policy.refusal import Refusal

HEADER = "Bookbag-Position"
LONGEST_WAIT = 2.0
"""Seconds that a query waits before it answers NOT_YET_VISIBLE."""
FIRST_PAUSE = 0.005
LONGEST_PAUSE = 0.040
RETRY_AFTER = 1
MOST = 16
"""Positions in one header: as many as there are logs that a client may have written to, and to spare."""

_FORM = re.compile(r"([a-z]{1,32})\.([1-9][0-9]{0,8})\.([1-9][0-9]{0,14})")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPosition:
    """A position in one partition of one service's log; partitions and positions count from 1."""

    service: str
    partition: int
    position: int

    def __str__(self) -> str:
        return f"{self.service}.{self.partition}.{self.position}"

    @classmethod
    def parse_all(cls, header: str) -> list[Self]:
        """The positions of a header: one, or several with commas between them. Raises Refusal(BAD_HEADER)."""
        parts = header.split(",")
        if len(parts) > MOST:
            raise Refusal(BAD_HEADER, header=HEADER)
        return [cls.parse(part.strip()) for part in parts]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The position of its one written form. Raises Refusal(BAD_HEADER) for any other text."""
        if not (found := _FORM.fullmatch(text)):
            raise Refusal(BAD_HEADER, header=HEADER)
        return cls(service=found[1], partition=int(found[2]), position=int(found[3]))


class Waiter:
    """Lets a few requests wait until a read model has reached a position; safe between threads.

    How many wait at once is capped, so that they never hold all threads: one more is told to come again at once.
    """

    def __init__(
        self,
        capacity: int,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._places = threading.BoundedSemaphore(capacity)
        self._monotonic = monotonic
        self._pause = pause

    def wait(
        self,
        positions: Sequence[LogPosition],
        reached: Callable[[LogPosition], bool],
        recorded: Callable[[LogPosition], bool] = lambda _: True,
    ) -> None:
        """Returns once `reached` says so of all; it is asked at least once, and takes no place where that is enough.

        Nobody was ever told a position at which nothing is `recorded`. It is passed over, and looks to whoever made it
        up as one that is reached: else anyone could find out where a log ends, and so that something has happened.

        Raises:
            Refusal: NOT_YET_VISIBLE with Retry-After, after two seconds or where too many wait already.
        """
        missing = [position for position in positions if not reached(position) and recorded(position)]
        if not missing:
            return
        if not self._places.acquire(blocking=False):
            raise Refusal(NOT_YET_VISIBLE, retry_after=RETRY_AFTER)
        try:
            self._poll(missing, reached)
        finally:
            self._places.release()

    def _poll(self, missing: Sequence[LogPosition], reached: Callable[[LogPosition], bool]) -> None:
        until = self._monotonic() + LONGEST_WAIT
        pause = FIRST_PAUSE
        while (left := until - self._monotonic()) > 0:
            self._pause(min(pause, left))
            missing = [position for position in missing if not reached(position)]
            if not missing:
                return
            pause = min(pause * 2, LONGEST_PAUSE)
        raise Refusal(NOT_YET_VISIBLE, retry_after=RETRY_AFTER)
