"""The note of when identity last stood at moderation's heads: without a fresh one no guardian writes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from shared.runtime.database import Pool

MODERATION = "moderation"
NOTED_EVERY = 1.0
"""Seconds between two notes: a fifth of the age at which the look-up (migration 0101) no longer trusts one."""


@dataclass(slots=True)
class Seen:
    """Writes with the worker's role, at most once a second. The database's clock tells the time, here and there."""

    pool: Pool
    monotonic: Callable[[], float]
    _noted: float | None = None

    def note(self, source: str, asked: float) -> None:
        """Notes that all consumers stood at the heads that were asked for at `asked`, in monotonic seconds."""
        if source != MODERATION or (self._noted is not None and asked - self._noted < NOTED_EVERY):
            return
        with self.pool.connection() as connection:
            connection.execute(
                "INSERT INTO source_seen (source, seen_at) VALUES (%(source)s, clock_timestamp() - %(ago)s)"
                " ON CONFLICT (source) DO UPDATE SET seen_at = excluded.seen_at",
                {"source": source, "ago": timedelta(seconds=self.monotonic() - asked)},
            )
        self._noted = asked
