"""Events that a consumer could not take: parked with their stream, visible, retried by an operator, never dropped."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg_pool import PoolClosed, PoolTimeout

from shared.events.envelope import Envelope
from shared.log.feed import FeedBroken
from shared.privacy.keystore import KeyMissing


class Outrun(Exception):  # noqa: N818 - said as it is
    """Others moved the same streams first, again and again."""


class NotYetKnown(Exception):  # noqa: N818 - said as it is
    """What a handler needs to know of the school is still on its way here."""


PASSING = (FeedBroken, KeyMissing, Outrun, NotYetKnown, psycopg.OperationalError, PoolTimeout, PoolClosed)
"""What mends itself when another process is back: waited for, never parked."""

BEHIND = "behind"
"""Why an event is parked that follows a parked one of its stream."""

Stream = tuple[UUID, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A parked event. Ids, names of code and a time; its content stays in its log."""

    consumer: str
    source: str
    partition: int
    position: int
    school_id: UUID
    stream: str
    event_type: str
    why: str
    parked_at: datetime


def parked_streams(connection: Connection[TupleRow], consumer: str, source: str) -> set[Stream]:
    """The streams of which the consumer takes nothing until they are retried."""
    rows = connection.execute(
        "SELECT DISTINCT school_id, stream FROM parked_event WHERE consumer = %s AND source = %s", (consumer, source)
    )
    return {(row[0], row[1]) for row in rows}


def park(connection: Connection[TupleRow], consumer: str, source: str, envelope: Envelope, why: str) -> None:
    """Puts an event aside in the transaction that moves the cursor over it."""
    connection.execute(
        "INSERT INTO parked_event (consumer, source, partition, position, school_id, stream, event_id, event_type,"
        " concerns, why) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (
            consumer,
            source,
            envelope.partition,
            envelope.position,
            envelope.school_id,
            envelope.stream,
            envelope.id,
            envelope.type,
            sorted(set(_ids_in(envelope.data)), key=str),
            why,
        ),
    )


def unpark(connection: Connection[TupleRow], consumer: str, source: str, partition: int, position: int) -> None:
    """Takes one event out of the parked ones, in the caller's transaction, once it was taken."""
    connection.execute(
        "DELETE FROM parked_event WHERE consumer = %s AND source = %s AND partition = %s AND position = %s",
        (consumer, source, partition, position),
    )


def still_parked(connection: Connection[TupleRow], row: Parked) -> bool:
    """Whether nobody has retried it since it was read. Ask while the cursor's row is locked."""
    found = connection.execute(
        "SELECT FROM parked_event WHERE consumer = %s AND source = %s AND partition = %s AND position = %s",
        (row.consumer, row.source, row.partition, row.position),
    )
    return found.rowcount > 0


def parked(connection: Connection[TupleRow]) -> Sequence[Parked]:
    """All that is parked in a service, oldest first."""
    rows = connection.execute(
        "SELECT consumer, source, partition, position, school_id, stream, event_type, why, parked_at FROM parked_event"
        " ORDER BY consumer, source, partition, position"
    )
    return [
        Parked(
            consumer=row[0],
            source=row[1],
            partition=row[2],
            position=row[3],
            school_id=row[4],
            stream=row[5],
            event_type=row[6],
            why=row[7],
            parked_at=row[8],
        )
        for row in rows
    ]


def _ids_in(value: Any) -> Iterable[UUID]:
    """Whom and what an event concerns, as far as its plain data says: sealed values are passed over."""
    match value:
        case str():
            try:
                yield UUID(value)
            except ValueError:
                return
        case Mapping() if value.keys() != {"key", "nonce", "text"}:
            for inner in value.values():
                yield from _ids_in(inner)
        case list():
            for inner in value:
                yield from _ids_in(inner)
