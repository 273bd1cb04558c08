"""Whether a roster is up to date: whether it stands where identity's log ended a moment ago.

For what must not rest on an older answer (S64): where it is not known to be up to date, nothing is shown. It is asked
of identity's api itself, and not noted by the worker: a worker that stands still would note nothing, and without
identity's api no request is let in anyway.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from shared.log.feed import FeedBroken
from shared.log.read import Head
from shared.projections.roster import roster
from shared.runtime.database import Pool, reading

COUNTS_FOR = 0.5
"""Seconds for which identity's word of where its log ends counts. Of the second that a withdrawal has, the rest is for
the request that is under way."""
ASKED_EVERY = 0.15
"""Seconds after which identity is asked anew. A roster that is less than the difference behind makes nobody wait."""
LONGEST_WAIT = 1.0
"""Seconds that a reading waits for a roster that is further behind."""
FIRST_PAUSE = 0.005
LONGEST_PAUSE = 0.040
MOST_WAITING = 8

Standing = Callable[[UUID], tuple[int, int] | None]
"""School -> its partition, and how far the roster has come in it; None before its registration has come."""

_STANDING = """
    SELECT s.partition, coalesce(c.position, 0) FROM roster_school s
    LEFT JOIN projection_cursor c ON c.partition = s.partition AND c.consumer = %s AND c.source = %s
"""


def standing_of(reader: Pool) -> Standing:
    """Where a service's roster stands, with the reader's role."""

    def find(school_id: UUID) -> tuple[int, int] | None:
        with reading(reader, school_id) as cursor:
            row = cursor.execute(_STANDING, (roster.consumer, roster.source)).fetchone()
        return None if row is None else (row[0], row[1])

    return find


@dataclass(frozen=True, slots=True)
class Answer:
    """What identity said. Attributes: asked: when it was asked, in monotonic seconds."""

    asked: float
    heads: Mapping[int, Head]


@dataclass(slots=True)
class UpToDate:
    """Safe between threads: of those who ask at once, one asks identity.

    Attributes:
        heads: where each partition of identity's log ends; raises FeedBroken where identity does not say in time.
        standing: where the roster stands.
    """

    heads: Callable[[], Mapping[int, Head]]
    standing: Standing
    monotonic: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    _answers: tuple[Answer, ...] = ()
    _tried: float | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _places: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(MOST_WAITING))

    def __call__(self, school_id: UUID) -> bool:
        """Whether the roster has all that identity had recorded COUNTS_FOR seconds ago; waits a little for it.

        How many wait at once is capped, so that they never hold all threads: for one more it is not known.
        """
        if self._reached(school_id):
            return True
        if not self._places.acquire(blocking=False):
            return False
        try:
            until, pause = self.monotonic() + LONGEST_WAIT, FIRST_PAUSE
            while self.monotonic() < until:
                self.pause(pause)
                if self._reached(school_id):
                    return True
                pause = min(pause * 2, LONGEST_PAUSE)
        finally:
            self._places.release()
        return False

    def _reached(self, school_id: UUID) -> bool:
        answers, stands = self._lately(), self.standing(school_id)
        if stands is None:
            return False
        heads = (answer.heads.get(stands[0]) for answer in answers)
        return any(head is not None and stands[1] >= head.position for head in heads)

    def _lately(self) -> Sequence[Answer]:
        """What identity said within COUNTS_FOR seconds, asked anew where it is time; nothing where it does not say."""
        counts = self._counting()
        due = self._tried is None or self.monotonic() - self._tried >= ASKED_EVERY
        # Whoever has an answer that counts does not wait for another's question.
        if due and self._turn.acquire(blocking=not counts, timeout=-1 if counts else COUNTS_FOR):
            try:
                self._ask()
            finally:
                self._turn.release()
        return self._counting()

    def _ask(self) -> None:
        # Counts from before the question: what was recorded while it was answered may not be in the answer.
        now = self.monotonic()
        if self._tried is not None and now - self._tried < ASKED_EVERY:
            return  # somebody else was first
        self._tried = now
        try:
            self._answers = (*self._counting(), Answer(now, self.heads()))
        except FeedBroken:
            return

    def _counting(self) -> tuple[Answer, ...]:
        now = self.monotonic()
        return tuple(answer for answer in self._answers if now - answer.asked < COUNTS_FOR)
