"""Ids: UUIDv7 for what happens first here, UUIDv5 for what follows from an event.

RFC 9562, sections 5.5 and 5.7.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from shared.runtime.clock import Clock, SystemClock
from shared.runtime.randomness import random_bytes

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LAST_MILLISECOND = 1 << 48
_RANDOM_BYTES = 8

Random = Callable[[int], bytes]
"""Gives that many random bytes, fit for secrets."""


def uuid7(now: datetime, random: Random = random_bytes) -> UUID:
    """A UUIDv7 of a moment: ids of different microseconds sort as their times do, those of one are random.

    The twelve bits after the milliseconds hold the fraction of the millisecond (RFC 9562, section 6.2, method 3).
    Raises ValueError for a time without a zone, before 1970 or beyond the 48 bits.
    """
    if now.tzinfo is None:
        raise ValueError("an id needs a time with a zone")
    milliseconds, rest = divmod(now.astimezone(UTC) - _EPOCH, _MILLISECOND)
    if not 0 <= milliseconds < _LAST_MILLISECOND:
        raise ValueError("the time does not fit an id")
    fraction = rest * 4096 // _MILLISECOND
    tail = int.from_bytes(random(_RANDOM_BYTES), "big") & ((1 << 62) - 1)
    return UUID(int=(milliseconds << 80) | (7 << 76) | (fraction << 64) | (0b10 << 62) | tail)


def new_id(clock: Clock | None = None) -> UUID:
    """A UUIDv7 of now. Ids stay on real time, also where a development installation has moved the policy's clock."""
    return uuid7((clock or SystemClock()).now())


def event_id_from_cause(cause: UUID, reaction: str, index: int) -> UUID:
    """The id of the index-th event (from 0) that a reaction appends for its cause: the same at every delivery."""
    if not reaction or index < 0:
        raise ValueError("a reaction has a name and its events count from 0")
    return uuid5(cause, f"{reaction}:{index}")
