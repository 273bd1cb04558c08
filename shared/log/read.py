"""Reads of a log: a stream, a partition after a position, the heads. Data comes back as the bytes that were hashed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from psycopg import Connection
from psycopg.rows import TupleRow

from shared.events.envelope import Actor, Envelope

_COLUMNS = (
    "id, type, schema_version, school_id, stream, stream_version, partition, position, occurred_at, recorded_at,"
    " actor, correlation_id, causation_id, data::text, previous, hash"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where a partition ends: the position of its last event (0: none) and that event's hash."""

    position: int
    hash: bytes


def stream(connection: Connection[TupleRow], school_id: UUID, name: str, after: int = 0) -> list[Envelope]:
    """The events of one stream of one school behind a version of it, oldest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM log_event"  # noqa: S608
        " WHERE school_id = %s AND stream = %s AND stream_version > %s ORDER BY stream_version",
        (school_id, name, after),
    )
    return [envelope_of(row) for row in rows]


def stream_version(connection: Connection[TupleRow], school_id: UUID, name: str) -> int:
    """How many events a stream of one school has; 0 where there is none."""
    row = connection.execute(
        "SELECT max(stream_version) FROM log_event WHERE school_id = %s AND stream = %s", (school_id, name)
    ).fetchone()
    return (row and row[0]) or 0


def streams_of_categories(
    connection: Connection[TupleRow], school_id: UUID, categories: Sequence[str]
) -> dict[str, list[Envelope]]:
    """All streams of some categories (the part of the name before the dash) of one school; for commands over many."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM unnest(%s::text[]) AS category JOIN log_event"  # noqa: S608
        " ON school_id = %s AND stream >= category || '-' AND stream < category || '.'"  # '.' follows '-'
        " ORDER BY partition, position",
        (list(categories), school_id),
    )
    found: dict[str, list[Envelope]] = {}
    for row in rows:
        envelope = envelope_of(row)
        found.setdefault(envelope.stream, []).append(envelope)
    return found


def of_types(connection: Connection[TupleRow], school_id: UUID, types: Sequence[str]) -> Iterator[Envelope]:
    """All events of some types of one school, in the order of the log; read as they are asked for (bounded memory)."""
    with connection.cursor() as cursor:
        for row in cursor.stream(
            f"SELECT {_COLUMNS} FROM log_event WHERE school_id = %s AND type = ANY(%s) ORDER BY partition, position",  # noqa: S608
            (school_id, list(types)),
        ):
            yield envelope_of(row)


def after(connection: Connection[TupleRow], partition: int, position: int, limit: int) -> list[Envelope]:
    """At most `limit` events of a partition after a position, in order."""
    return [envelope_of(row) for row in _after(connection, partition, position, limit)]


def _after(connection: Connection[TupleRow], partition: int, position: int, limit: int) -> list[TupleRow]:
    return connection.execute(
        f"SELECT {_COLUMNS} FROM log_event WHERE partition = %s AND position > %s ORDER BY position LIMIT %s",  # noqa: S608
        (partition, position, limit),
    ).fetchall()


def rows(connection: Connection[TupleRow], partition: int, batch: int = 1000) -> Iterator[TupleRow]:
    """All rows of a partition in order, a batch at a time (bounded memory); `envelope_of` reads one."""
    position = 0
    while found := _after(connection, partition, position, batch):
        yield from found
        position = found[-1][7]


def holds(connection: Connection[TupleRow], partition: int, at: Head) -> bool:
    """Whether the log has, at that position, the event of that hash: what was taken of it is still its history."""
    if at.position == 0:
        return True
    row = connection.execute(
        "SELECT hash FROM log_event WHERE partition = %s AND position = %s", (partition, at.position)
    ).fetchone()
    return row is not None and bytes(row[0]) == at.hash


def heads(connection: Connection[TupleRow]) -> dict[int, Head]:
    """The head of every partition of this log."""
    rows = connection.execute("SELECT partition, position, hash FROM log_head ORDER BY partition")
    return {row[0]: Head(position=row[1], hash=bytes(row[2])) for row in rows}


def hash_at(connection: Connection[TupleRow], partition: int, position: int) -> bytes | None:
    """The hash of the event at a position; None where none stands."""
    row = connection.execute(
        "SELECT hash FROM log_event WHERE partition = %s AND position = %s", (partition, position)
    ).fetchone()
    return None if row is None else bytes(row[0])


def envelope_of(row: TupleRow) -> Envelope:
    """The envelope of a row, whose columns come in the order of this module's queries."""
    data: Any = orjson.loads(row[13])
    return Envelope(
        id=row[0],
        type=row[1],
        schema_version=row[2],
        school_id=row[3],
        stream=row[4],
        stream_version=row[5],
        partition=row[6],
        position=row[7],
        occurred_at=row[8],
        recorded_at=row[9],
        actor=Actor.parse(row[10]),
        correlation_id=row[11],
        causation_id=row[12],
        data=data,
        previous=bytes(row[14]),
        hash=bytes(row[15]),
    )
