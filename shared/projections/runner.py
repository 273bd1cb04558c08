"""Brings consumers forward: effects and cursor in one transaction, each event exactly once and in order.

A consumer is a read model or a reaction. An event that a handler cannot take is parked with its stream, and the cursor
moves on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from psycopg import Connection
from psycopg.errors import LockNotAvailable
from psycopg.rows import TupleRow

from shared.events.declaration import Event
from shared.events.envelope import Actor, Envelope
from shared.log import read
from shared.log.append import Command, Conflict, append
from shared.log.commands import ATTEMPTS, History, Request, prepared
from shared.log.read import Head
from shared.privacy.vault import Vault
from shared.projections import cursors
from shared.projections.declaration import Projection, Tx
from shared.projections.parking import (
    BEHIND,
    PASSING,
    Outrun,
    Parked,
    Stream,
    park,
    parked,
    parked_streams,
    still_parked,
    unpark,
)
from shared.projections.reaction import Given, Reaction, SchoolParameters
from shared.runtime.clock import Clock, SystemClock
from shared.runtime.crash import crash_point
from shared.runtime.database import Pool, looking
from shared.runtime.ids import event_id_from_cause
from shared.runtime.logging import logger
from shared.runtime.metrics import PARKED, PROJECTION_FAILURES

BATCH = 500

Consumer: TypeAlias = Projection | Reaction

_Cursor: TypeAlias = tuple[str, str, int]
"""A consumer with its suffix, a source, a partition."""


class Source(Protocol):
    """A log to follow, own or foreign."""

    def heads(self) -> Mapping[int, Head]:
        """The head of every partition, as it is now."""

    def after(self, partition: int, at: Head, limit: int) -> list[Envelope]:
        """At most `limit` events behind a position, in order and without a hole; none where there is none yet."""


@dataclass(frozen=True, slots=True)
class OwnLog:
    """A service's log, read from its database."""

    pool: Pool

    def heads(self) -> Mapping[int, Head]:
        with looking(self.pool) as connection:
            return read.heads(connection)

    def after(self, partition: int, at: Head, limit: int) -> list[Envelope]:
        with looking(self.pool) as connection:
            return read.after(connection, partition, at.position, limit)


@dataclass(frozen=True, slots=True)
class ReadOnce:
    """A log as one look has it: consumers that stand at one place share what is read there."""

    log: Source
    _read: dict[tuple[int, int, int], list[Envelope]] = field(default_factory=dict)

    def heads(self) -> Mapping[int, Head]:
        return self.log.heads()

    def after(self, partition: int, at: Head, limit: int) -> list[Envelope]:
        place = (partition, at.position, limit)
        if place not in self._read:
            self._read[place] = self.log.after(partition, at, limit)
        return self._read[place]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reacting:
    """What reactions need beside what read models do.

    Attributes:
        service: whose reactions they are; the actor of what they append.
        clock: the school's: when it happened.
        real: when it was recorded.
    """

    service: str
    clock: Clock
    parameters: SchoolParameters
    real: Clock = field(default_factory=SystemClock)


class Runner:
    """Brings consumers to the heads of the logs they follow. Two runners may run: the cursor's row lock decides."""

    def __init__(
        self, pool: Pool, vault: Vault, sources: Mapping[str, Source], reacting: Reacting | None = None
    ) -> None:
        self._pool, self._vault, self._sources, self._reacting = pool, vault, sources, reacting
        self._silent: dict[_Cursor, cursors.Silent | None] = {}
        self._left: dict[_Cursor, Head] = {}

    def heads(self, source: str) -> Mapping[int, Head]:
        """Where the source's log ends now, by partition."""
        return self._sources[source].heads()

    def source(self, name: str) -> Source:
        """The log of that name, as this runner reads it."""
        return self._sources[name]

    def stands_at(self, consumer: Consumer, heads: Mapping[int, Head]) -> bool:
        """Whether the consumer has come as far as these heads in each of their partitions."""
        with looking(self._pool) as connection:
            standing = cursors.standing_in(connection, consumer.consumer, consumer.source)
        return all(
            partition in standing and standing[partition].position >= head.position for partition, head in heads.items()
        )

    def catch_up(
        self, consumer: Consumer, heads: Mapping[int, Head], suffix: str = "", log: Source | None = None
    ) -> int:
        """Takes at most one batch a partition. Returns how many events it took the consumer forward.

        A partition that cannot be taken holds up no other: it is told of once each has had its turn.

        Args:
            consumer: who is to be brought forward.
            heads: to where, by partition.
            suffix: of the version's own tables.
            log: the consumer's source, where it is read in another way than by `source`.

        Raises:
            Diverged: the source does not continue what was taken.
        """
        taken, failures = 0, list[Exception]()
        for partition, head in heads.items():
            try:
                taken += self._to_head(consumer, partition, head, suffix, log or self._sources[consumer.source])
            except Exception as error:  # noqa: BLE001 - raised below
                failures.append(error)
        if failures:
            # What mends itself must not hide what does not.
            raise next((error for error in failures if not isinstance(error, PASSING)), failures[0])
        return taken

    def take(self, consumer: Consumer, partition: int, delivered: Source) -> int:
        """Takes what was delivered, and the gap before it; returns how many events that was.

        Raises:
            Diverged: the source's feed does not continue what was taken.
        """
        taken = 0
        while step := self._next(consumer, partition, delivered, ""):
            taken += step
        return taken

    def take_later(
        self, projection: Projection, suffix: str, heads: Mapping[int, Head], later: Mapping[int, Sequence[int]]
    ) -> None:
        """Runs the handlers of what a fill in bulk has left, by partition, and sets the cursors to where it ended."""
        name, source = projection.consumer + suffix, self._sources[projection.source]
        for partition, positions in later.items():
            for first in range(0, len(positions), BATCH):
                envelopes = [
                    source.after(partition, Head(position=position - 1, hash=b""), 1)[0]
                    for position in positions[first : first + BATCH]
                ]
                events = self._vault.open(envelopes)
                with self._pool.connection() as connection, connection.pipeline(), connection.cursor() as cursor:
                    tx = projection.tx(cursor, suffix)
                    for event, envelope in zip(events, envelopes, strict=True):
                        projection.handlers[envelope.type](tx, event, envelope)
        with self._pool.connection() as connection:
            for partition, head in heads.items():
                cursors.start(connection, name, projection.source, partition)
                cursors.move(connection, name, projection.source, partition, head)

    def retry(self, consumer: Consumer, stream: Stream) -> tuple[int, Parked | None]:
        """Tries a parked stream again, in order, up to the first event that fails again.

        Returns:
            How many events were taken, and the one that failed, if one did.
        """
        taken = 0
        while True:
            with self._pool.connection() as connection:
                waiting = [
                    row
                    for row in parked(connection)
                    if row.consumer == consumer.consumer and (row.school_id, row.stream) == stream
                ]
            if not waiting:
                return taken, None
            done = self._retried(consumer, waiting[0])
            if done is None:
                return taken, waiting[0]
            taken += done

    def _to_head(self, consumer: Consumer, partition: int, head: Head, suffix: str, log: Source) -> int:
        left = self._left.get((consumer.consumer + suffix, consumer.source, partition))
        if left is not None and left.position < head.position:
            return self._next(consumer, partition, log, suffix)
        at = self._standing(consumer, partition, suffix)
        if at.position > head.position:
            # What the bus brought, or another worker, may have come after the heads were read: ask once more.
            head = self.heads(consumer.source).get(partition, head)
        if at.position > head.position or (at.position == head.position and at.hash != head.hash):
            raise cursors.Diverged(consumer.consumer + suffix, consumer.source, partition, at.position)
        if at.position == head.position:
            return 0
        return self._onwards(consumer, partition, at, log, suffix) or 0

    def _next(self, consumer: Consumer, partition: int, source: Source, suffix: str) -> int:
        """Takes the next batch; returns how many events it had.

        It begins where this runner has left the consumer, without a look. Where the consumer does not stand there when
        its cursor is locked (another runner was here, or an operator), it begins where it stands.
        """
        left = self._left.get((consumer.consumer + suffix, consumer.source, partition))
        if left is not None:
            try:
                taken = self._onwards(consumer, partition, left, source, suffix)
            except cursors.Diverged:
                taken = None  # from where it was left: it may stand elsewhere
            if taken is not None:
                return taken
        at = self._standing(consumer, partition, suffix)
        return self._onwards(consumer, partition, at, source, suffix) or 0

    def _onwards(self, consumer: Consumer, partition: int, at: Head, source: Source, suffix: str) -> int | None:
        """Takes a batch from there; returns how many events it had, None where the consumer stands elsewhere."""
        place = (consumer.consumer + suffix, consumer.source, partition)
        self._left.pop(place, None)
        batch = self._linked(consumer, partition, at, source, suffix)
        step = self._step(consumer, at, batch, suffix) if batch else 0
        if batch and not step:
            return None
        self._left[place] = Head(position=batch[step - 1].position, hash=batch[step - 1].hash) if step else at
        return step

    def _standing(self, consumer: Consumer, partition: int, suffix: str) -> Head:
        name = consumer.consumer + suffix
        with looking(self._pool) as connection:
            at = cursors.standing(connection, name, consumer.source, partition)
            if at.position == 0:
                cursors.start(connection, name, consumer.source, partition)
        return at

    def _linked(self, consumer: Consumer, partition: int, at: Head, source: Source, suffix: str) -> Sequence[Envelope]:
        """The next batch, asked for while no transaction is open, as are the keys."""
        return cursors.linked(at, source.after(partition, at, BATCH), consumer.consumer + suffix, consumer.source)

    def _step(self, consumer: Consumer, at: Head, batch: Sequence[Envelope], suffix: str) -> int:
        """Takes a batch that links to where the consumer stood. Returns how many of it; 0 where it has moved since."""
        try:
            return self._taken(consumer, at, batch, suffix)
        except LockNotAvailable:
            self._make_way(consumer, suffix, batch[-1].partition)
            raise

    def _make_way(self, consumer: Consumer, suffix: str, partition: int) -> None:
        """Ends the session that has the cursor's row, if nothing came from its client since the last wait in vain.

        It is that of a worker which was stopped while it sent a batch. What it did of the batch is undone and taken
        here, and that worker connects anew when it goes on.
        """
        at = (consumer.consumer + suffix, consumer.source, partition)
        with looking(self._pool) as connection:
            found = cursors.silent(connection, *at)
            if found is not None and found == self._silent.get(at):
                cursors.end(connection, found)
                PROJECTION_FAILURES.labels(consumer.name, "held_up").inc()
                logger().info("consumer.silent_session_ended", name=consumer.name)
        self._silent[at] = found

    def _taken(self, consumer: Consumer, at: Head, batch: Sequence[Envelope], suffix: str) -> int:
        if isinstance(consumer, Reaction):
            return self._react(consumer, at, batch)
        handled = [envelope for envelope in batch if envelope.type in consumer.handlers]
        if not handled:
            return self._passed_over(consumer, at, batch, suffix)
        try:
            taken = self._apply_at_once(consumer, at, batch, handled, suffix)
        except PASSING:
            raise
        except Exception:  # noqa: BLE001 - whatever a handler raises, the next step finds out which event it was
            taken = None
        return self._apply_singly(consumer, at, batch, handled, suffix) if taken is None else taken

    # -- read models ---------------------------------------------------------------------------------------------

    def _passed_over(self, projection: Projection, at: Head, batch: Sequence[Envelope], suffix: str) -> int:
        """Of these events the read model takes none: only its cursor moves."""
        with looking(self._pool) as connection:
            moved = cursors.move_from(connection, projection.consumer + suffix, projection.source, at, batch[-1])
        return len(batch) if moved else 0

    def _apply_at_once(
        self, projection: Projection, at: Head, batch: Sequence[Envelope], handled: Sequence[Envelope], suffix: str
    ) -> int | None:
        """None where something of the batch has to stand aside."""
        name, source, last = projection.consumer + suffix, projection.source, batch[-1]
        events = self._vault.open(handled)
        with self._pool.connection() as connection, connection.cursor() as cursor:
            # Its end asks for the statements' answers, the commit follows by itself.
            with connection.pipeline():
                cursors.wait_for_no_disc(connection)
                if cursors.standing(connection, name, source, last.partition, lock=True) != at:
                    return 0  # another runner was here
                aside = parked_streams(connection, name, source)
                if any((envelope.school_id, envelope.stream) in aside for envelope in handled):
                    return None
                tx = projection.tx(cursor, suffix)
                for event, envelope in zip(events, handled, strict=True):
                    projection.handlers[envelope.type](tx, event, envelope)
                tx.flush()
                cursors.move(connection, name, source, last.partition, Head(position=last.position, hash=last.hash))
                crash_point("projection.effects_sent")
            crash_point("projection.effects_applied")
        return len(batch)

    def _apply_singly(
        self, projection: Projection, at: Head, batch: Sequence[Envelope], handled: Sequence[Envelope], suffix: str
    ) -> int:
        name, source, last = projection.consumer + suffix, projection.source, batch[-1]
        opened = {envelope.position: self._opened(envelope) for envelope in handled}
        with self._pool.connection() as connection, connection.cursor() as cursor:
            if cursors.standing(connection, name, source, last.partition, lock=True) != at:
                return 0
            aside = parked_streams(connection, name, source)
            tx = projection.tx(cursor, suffix)
            for envelope in handled:
                why = _why(envelope, aside, opened[envelope.position]) or _applied(
                    connection, projection, tx, opened[envelope.position], envelope
                )
                if why is not None:
                    _park(connection, name, source, envelope, why=why, aside=aside)
            cursors.move(connection, name, source, last.partition, Head(position=last.position, hash=last.hash))
            crash_point("projection.effects_applied")
        return len(batch)

    def _opened(self, envelope: Envelope) -> Event | Exception:
        try:
            return self._vault.open([envelope])[0]
        except PASSING:
            raise
        except Exception as error:  # noqa: BLE001 - it says why the event is parked
            return error

    # -- reactions -----------------------------------------------------------------------------------------------

    def _react(self, reaction: Reaction, at: Head, batch: Sequence[Envelope]) -> int:
        """One transaction for each event that the reaction handles: a batch that appends holds the partition."""
        done = 0
        for number, envelope in enumerate(batch, start=1):
            handled = envelope.type in reaction.handlers
            if not handled and number < len(batch):
                continue
            to = Head(position=envelope.position, hash=envelope.hash)
            if not self._react_once(reaction, at, envelope if handled else None, to, envelope.partition):
                break  # another runner was here
            at, done = to, number
        return done

    def _react_once(self, reaction: Reaction, at: Head, cause: Envelope | None, to: Head, partition: int) -> bool:
        for _ in range(ATTEMPTS):
            decided = None if cause is None else self._decided(reaction, cause)
            try:
                with self._pool.connection() as connection:
                    standing = cursors.standing(connection, reaction.consumer, reaction.source, partition, lock=True)
                    if standing != at:
                        return False
                    appended = 0
                    if cause is not None and decided is not None:
                        appended = self._carried_out(connection, reaction, cause, decided)
                    cursors.move(connection, reaction.consumer, reaction.source, partition, to, appended=appended)
                    crash_point("reaction.effects_applied")
            except Conflict:
                continue
            crash_point("reaction.committed")
            return True
        raise Outrun

    def _decided(self, reaction: Reaction, cause: Envelope) -> Command | Exception:
        """What to append, sealed; keys are committed. An error is why the event is parked."""
        if self._reacting is None:
            raise RuntimeError("this runner has no reactions")
        try:
            event = self._vault.open([cause])[0]
            history = History(self._pool.connection, cause.school_id)
            parameters = self._reacting.parameters(cause.school_id)
            drafts = reaction.handlers[cause.type](event, Given(history=history, parameters=parameters, cause=cause))
            request = Request(
                school_id=cause.school_id,
                partition=cause.partition,
                actor=Actor(kind="service", id=self._reacting.service),
                occurred_at=self._reacting.clock.now(),
                correlation_id=cause.correlation_id,
                causation_id=cause.id,
            )
            ids = [event_id_from_cause(cause.id, reaction.name, index) for index in range(len(drafts))]
            return prepared(
                self._vault,
                request,
                drafts,
                ids,
                expected=history.expected(drafts),
                recorded_at=self._reacting.real.now(),
            )
        except PASSING:
            raise
        except Exception as error:  # noqa: BLE001 - see above
            return error

    def _carried_out(
        self, connection: Connection[TupleRow], reaction: Reaction, cause: Envelope, decided: Command | Exception
    ) -> int:
        """Appends, or parks the cause. Returns the position of the last event appended, 0 where none was."""
        aside = parked_streams(connection, reaction.consumer, reaction.source)
        why = _why(cause, aside, decided)
        if why is not None:
            _park(connection, reaction.consumer, reaction.source, cause, why=why, aside=aside)
        elif isinstance(decided, Command) and decided.events:
            return append(connection, decided).position
        return 0

    # -- what was parked -----------------------------------------------------------------------------------------

    def _retried(self, consumer: Consumer, row: Parked) -> int | None:
        """1, or 0 where another operator has retried it meanwhile; None where it failed again."""
        before = Head(position=row.position - 1, hash=b"")
        envelope = self._sources[row.source].after(row.partition, before, 1)[0]
        if isinstance(consumer, Reaction):
            return self._reacted_again(consumer, row, envelope)
        opened = self._opened(envelope)
        with self._pool.connection() as connection, connection.cursor() as cursor:
            cursors.standing(connection, row.consumer, row.source, row.partition, lock=True)
            if not still_parked(connection, row):
                return 0
            tx = consumer.tx(cursor)
            if isinstance(opened, Exception) or _applied(connection, consumer, tx, opened, envelope) is not None:
                return None
            unpark(connection, row.consumer, row.source, row.partition, row.position)
        return 1

    def _reacted_again(self, reaction: Reaction, row: Parked, envelope: Envelope) -> int | None:
        for _ in range(ATTEMPTS):
            decided = self._decided(reaction, envelope)
            if isinstance(decided, Exception):
                return None
            try:
                with self._pool.connection() as connection:
                    at = cursors.standing(connection, row.consumer, row.source, row.partition, lock=True)
                    if not still_parked(connection, row):
                        return 0
                    appended = append(connection, decided).position if decided.events else 0
                    cursors.move(connection, row.consumer, row.source, row.partition, at, appended=appended)
                    unpark(connection, row.consumer, row.source, row.partition, row.position)
            except Conflict:
                continue
            return 1
        raise Outrun


def _why(envelope: Envelope, aside: set[Stream], found: object) -> str | None:
    """Why an event cannot be taken, before its handler is asked; None where nothing stands against it."""
    if (envelope.school_id, envelope.stream) in aside:
        return BEHIND
    return type(found).__qualname__ if isinstance(found, Exception) else None


def _applied(
    connection: Connection[TupleRow], projection: Projection, tx: Tx, event: Event | Exception, envelope: Envelope
) -> str | None:
    """Applies one event under a savepoint. Returns the kind of error where its handler could not take it."""
    try:
        with connection.transaction():
            projection.handlers[envelope.type](tx, event, envelope)
            tx.flush()
    except PASSING:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the other streams go on
        return type(error).__qualname__
    return None


def _park(
    connection: Connection[TupleRow], name: str, source: str, envelope: Envelope, *, why: str, aside: set[Stream]
) -> None:
    park(connection, name, source, envelope, why)
    aside.add((envelope.school_id, envelope.stream))
    PARKED.labels(name, source).inc()
    logger().error(
        "event.parked",
        consumer=name,
        source=source,
        partition=envelope.partition,
        position=envelope.position,
        event_id=envelope.id,
        event_type=envelope.type,
        reason=why,
    )
