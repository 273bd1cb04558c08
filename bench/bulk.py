"""Fills a log with awards by the million: as `append` would have written them, chained, by COPY.

One process a partition; a row's text is put together by hand. The first of each fill is compared with what the event
store itself makes of the same event, and the end of each log is verified afterwards.
"""

import hashlib
import itertools
import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg import sql

from shared.events.envelope import GENESIS, Actor, canonical, hashed_form
from shared.log.read import after

A_STREAM = 50
"""Awards of one pupil: those of some years; then comes the next pupil."""
CHUNK = 2_000
TAIL = 2_000
BEGAN = datetime(2016, 9, 5, 8, 0, tzinfo=UTC)
_AT = BEGAN.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"
_COLUMNS = (
    "partition, position, id, type, schema_version, school_id, stream, stream_version, occurred_at, recorded_at,"
    " actor, correlation_id, causation_id, data, previous, hash"
)
_TYPE = "points.PointAwarded"


@dataclass(frozen=True, slots=True)
class Fill:
    """What a partition is filled with.

    Attributes:
        conninfo: of the database, as one who may do anything.
        schools: in turn, so that neighbours in the log are of different schools.
        count: of events.
    """

    conninfo: Mapping[str, Any]
    partition: int
    schools: Sequence[UUID]
    count: int


def fill(fills: Sequence[Fill], processes: int) -> None:
    """Carries them out, and returns when each log's end was found whole.

    Raises:
        ValueError: a log is not whole.
    """
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        pool.map(_fill, fills, chunksize=1)


def _fill(what: Fill) -> None:
    with psycopg.connect(**what.conninfo, autocommit=True) as connection:
        row = connection.execute(
            "SELECT position, hash FROM log_head WHERE partition = %s", (what.partition,)
        ).fetchone()
        position, link = (row[0], bytes(row[1])) if row else (0, GENESIS)
        head = link
        with connection.transaction():
            with (
                connection.cursor() as cursor,
                cursor.copy(sql.SQL("COPY log_event ({}) FROM STDIN").format(sql.SQL(_COLUMNS))) as copy,
            ):
                for text, newest in _texts(what, position, link):
                    copy.write(text)
                    head = newest
            connection.execute(
                "UPDATE log_head SET position = %s, hash = %s WHERE partition = %s",
                (position + what.count, head, what.partition),
            )
        _check_tail(connection, what.partition, position + what.count)


def _texts(what: Fill, position: int, link: bytes) -> Iterator[tuple[bytes, bytes]]:
    lines: list[str] = []
    for number in range(what.count):
        position += 1
        line, link = _line(what, number, position, link)
        lines.append(line)
        if len(lines) == CHUNK or number == what.count - 1:
            yield "".join(lines).encode(), link
            lines.clear()


def _line(what: Fill, number: int, position: int, link: bytes) -> tuple[str, bytes]:
    school = what.schools[number % len(what.schools)]
    turn = number // len(what.schools)
    pupil, version = UUID(int=(school.int ^ (1 + turn // A_STREAM))), 1 + turn % A_STREAM
    event = f"{what.partition:08x}-0000-7000-8000-{position:012x}"
    data = (
        f'{{"award_id":"{event}","behaviour_id":"{_BEHAVIOUR}","note":null,"points":1,"pupil_id":"{pupil}",'
        f'"roster_position":1,"staff_id":"{_STAFF}","value_id":"{_VALUE}"}}'
    )
    hashed = (
        f'{{"actor":"staff:{_STAFF}","causation_id":null,"correlation_id":"{event}","data":{data},"id":"{event}",'
        f'"occurred_at":"{_AT}","partition":{what.partition},"position":{position},"recorded_at":"{_AT}",'
        f'"schema_version":1,"school_id":"{school}","stream":"points-{pupil}","stream_version":{version},'
        f'"type":"{_TYPE}"}}'
    ).encode()
    if number == 0 and hashed != _as_the_store_does(what.partition, school, pupil, position, data):
        raise ValueError("an event put together by hand is not the event store's")
    following = hashlib.sha256(link + hashed).digest()
    line = (
        f"{what.partition}\t{position}\t{event}\t{_TYPE}\t1\t{school}\tpoints-{pupil}\t{version}\t{_AT}\t{_AT}\t"
        f"staff:{_STAFF}\t{event}\t\\N\t{data}\t\\\\x{link.hex()}\t\\\\x{following.hex()}\n"
    )
    return line, following


_STAFF, _BEHAVIOUR, _VALUE = UUID(int=1 << 64 | 1), UUID(int=1 << 64 | 2), UUID(int=1 << 64 | 3)


def _as_the_store_does(partition: int, school: UUID, pupil: UUID, position: int, data: str) -> bytes:
    """What is hashed of a stream's first event."""
    event = UUID(orjson.loads(data)["award_id"])
    return canonical(
        hashed_form(
            id=event,
            type=_TYPE,
            schema_version=1,
            school_id=school,
            stream=f"points-{pupil}",
            stream_version=1,
            partition=partition,
            position=position,
            occurred_at=BEGAN,
            recorded_at=BEGAN,
            actor=Actor(kind="staff", id=str(_STAFF)),
            correlation_id=event,
            causation_id=None,
            data=orjson.loads(data),
        )
    )


def _check_tail(connection: psycopg.Connection[Any], partition: int, head: int) -> None:
    tail = list(after(connection, partition, max(0, head - TAIL), TAIL))
    linked = all(one.previous == before.hash for before, one in itertools.pairwise(tail))
    if tail[-1].position != head or not linked or not all(envelope.hash_is_right() for envelope in tail):
        raise ValueError(f"partition {partition} is not whole")
