"""Applies events to read models: effects and cursor in one transaction, each event exactly once and in order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from shared.events.envelope import Envelope
from shared.log import read
from shared.log.read import Head
from shared.privacy.vault import Vault
from shared.projections import cursors
from shared.projections.declaration import Projection, Tx
from shared.runtime.crash import crash_point
from shared.runtime.database import Pool

BATCH = 500


class Source(Protocol):
    """A log to follow, own or foreign."""

    def heads(self) -> Mapping[int, Head]: ...

    def after(self, partition: int, position: int, limit: int) -> list[Envelope]: ...


@dataclass(frozen=True, slots=True)
class OwnLog:
    """The service's own log, read from its database."""

    pool: Pool

    def heads(self) -> Mapping[int, Head]:
        with self.pool.connection() as connection:
            return read.heads(connection)

    def after(self, partition: int, position: int, limit: int) -> list[Envelope]:
        with self.pool.connection() as connection:
            return read.after(connection, partition, position, limit)


class Runner:
    """Brings read models to the heads of the logs they follow. Two runners may run: the cursor's row lock decides."""

    def __init__(self, pool: Pool, vault: Vault, sources: Mapping[str, Source]) -> None:
        self._pool, self._vault, self._sources = pool, vault, sources

    def heads(self, source: str) -> Mapping[int, Head]:
        """Where the source's log ends now, by partition."""
        return self._sources[source].heads()

    def catch_up(self, projection: Projection, heads: Mapping[int, Head], suffix: str = "") -> int:
        """Applies at most one batch a partition. Returns how many events it took the read model forward.

        Raises:
            Diverged: the source does not continue what was applied.
        """
        return sum(self._step(projection, partition, head, suffix) for partition, head in heads.items())

    def _step(self, projection: Projection, partition: int, head: Head, suffix: str) -> int:
        consumer, source = projection.consumer + suffix, projection.source
        with self._pool.connection() as connection:
            at = cursors.standing(connection, consumer, source, partition)
            if at.position == 0:
                cursors.start(connection, consumer, source, partition)
        if at.position > head.position or (at.position == head.position and at.hash != head.hash):
            raise cursors.Diverged(consumer, source, partition, at.position)
        if at.position == head.position:
            return 0
        # What leaves the process (the feed, the keys) is asked for here, while no transaction is open.
        batch = cursors.linked(at, self._sources[source].after(partition, at.position, BATCH), consumer, source)
        if not batch:
            return 0
        handled = [envelope for envelope in batch if envelope.type in projection.handlers]
        events = self._vault.open(handled)
        with (
            self._pool.connection() as connection,
            connection.pipeline() as pipeline,
            connection.cursor() as cursor,
        ):
            if cursors.standing(connection, consumer, source, partition, lock=True).position != at.position:
                return 0  # another runner was here
            tx = Tx(cursor, projection.physical(suffix))
            for event, envelope in zip(events, handled, strict=True):
                projection.handlers[envelope.type](tx, event, envelope)
            last = batch[-1]
            cursors.move(connection, consumer, source, partition, Head(position=last.position, hash=last.hash))
            pipeline.sync()
            crash_point("projection.effects_applied")
        return len(batch)
