"""Cursors: how far a consumer has come in a partition of a log, position and hash."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection
from psycopg.rows import TupleRow

from shared.events.envelope import GENESIS, Envelope
from shared.log.read import Head


class Diverged(Exception):  # noqa: N818 - said as it is
    """A log does not go on from where the consumer stands: its history was cut or rewritten."""

    def __init__(self, consumer: str, source: str, partition: int, position: int) -> None:
        super().__init__(f"{consumer}: {source} partition {partition} does not continue position {position}")


@dataclass(frozen=True, slots=True)
class Silent:
    """A session that has a cursor's row and waits for its client amid statements of which no end was asked for.

    PostgreSQL counts it as at work, and no time-out of an idle transaction reaches it.

    Attributes:
        since: when its last statement began. While that stays as it was, nothing has come from its client.
    """

    pid: int
    began: datetime
    since: datetime


def standing(
    connection: Connection[TupleRow], consumer: str, source: str, partition: int, *, lock: bool = False
) -> Head:
    """Where the consumer stands; `lock` holds the row until the transaction's end, so that only one applies."""
    query = "SELECT position, hash FROM projection_cursor WHERE consumer = %s AND source = %s AND partition = %s"
    row = connection.execute(query + (" FOR UPDATE" if lock else ""), (consumer, source, partition)).fetchone()
    return Head(position=0, hash=GENESIS) if row is None else Head(position=row[0], hash=bytes(row[1]))


def standing_in(connection: Connection[TupleRow], consumer: str, source: str) -> dict[int, Head]:
    """Partition -> where the consumer stands in it, of those in which it has begun."""
    rows = connection.execute(
        "SELECT partition, position, hash FROM projection_cursor WHERE consumer = %s AND source = %s",
        (consumer, source),
    )
    return {row[0]: Head(position=row[1], hash=bytes(row[2])) for row in rows}


def all_standing(connection: Connection[TupleRow]) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """(Consumer, source) -> (partition, position) of every cursor, in order of the partitions."""
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for row in connection.execute(
        "SELECT consumer, source, partition, position FROM projection_cursor ORDER BY consumer, source, partition"
    ):
        found.setdefault((row[0], row[1]), []).append((row[2], row[3]))
    return found


def declared(connection: Connection[TupleRow]) -> set[tuple[str, str]]:
    """(Consumer, source) of every read model and reaction of this service, begun or not."""
    return set(
        connection.execute(
            "SELECT name || '_v' || version, source FROM projection_live"
            " UNION ALL SELECT name, source FROM reaction_live"
        ).fetchall()
    )


def start(connection: Connection[TupleRow], consumer: str, source: str, partition: int) -> None:
    """Makes the row of a consumer that has not begun. Two workers may both try."""
    connection.execute(
        "INSERT INTO projection_cursor (consumer, source, partition, position, hash)"
        " VALUES (%s, %s, %s, 0, %s) ON CONFLICT DO NOTHING",
        (consumer, source, partition, GENESIS),
    )


def move(
    connection: Connection[TupleRow], consumer: str, source: str, partition: int, to: Head, *, appended: int = 0
) -> None:
    """Moves a cursor; `appended` is the own log's position of what a reaction appended in the same transaction."""
    connection.execute(
        "UPDATE projection_cursor SET position = %s, hash = %s, appended = greatest(appended, %s)"
        " WHERE consumer = %s AND source = %s AND partition = %s",
        (to.position, to.hash, appended, consumer, source, partition),
    )


def move_from(connection: Connection[TupleRow], consumer: str, source: str, at: Head, to: Envelope) -> bool:
    """Moves a cursor over what has no effects, if it still stands where it stood. Returns whether it did."""
    return bool(
        connection.execute(
            "UPDATE projection_cursor SET position = %s, hash = %s"
            " WHERE consumer = %s AND source = %s AND partition = %s AND position = %s AND hash = %s",
            (to.position, to.hash, consumer, source, to.partition, at.position, at.hash),
        ).rowcount
    )


def silent(connection: Connection[TupleRow], consumer: str, source: str, partition: int) -> Silent | None:
    """The session of one's own role that has the cursor's row and hears nothing from its client just now."""
    row = connection.execute(
        "SELECT a.pid, a.backend_start, a.state_change"
        " FROM projection_cursor c JOIN pg_locks l ON l.transactionid = c.xmax AND l.granted"
        " JOIN pg_stat_activity a ON a.pid = l.pid"
        " WHERE c.consumer = %s AND c.source = %s AND c.partition = %s"
        " AND a.datname = current_database() AND a.usename = current_user"
        " AND a.state = 'active' AND a.wait_event = 'ClientRead'",
        (consumer, source, partition),
    ).fetchone()
    return None if row is None else Silent(*row)


def end(connection: Connection[TupleRow], session: Silent) -> None:
    """Ends a session that has been silent ever since; returns when it is gone, and with it all that it had not done."""
    connection.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE pid = %s AND backend_start = %s AND state_change = %s",
        (session.pid, session.began, session.since),
    )


def wait_for_no_disc(connection: Connection[TupleRow]) -> None:
    """Lets this transaction's commit return before it is on disc. For effects that are all made again: a server that
    dies comes back with cursor and effects as they were some moments before, and what came then is taken once more.
    """  # noqa: D205 - one thought
    connection.execute("SELECT set_config('synchronous_commit', 'off', true)")


def linked(at: Head, events: Sequence[Envelope], consumer: str, source: str) -> Sequence[Envelope]:
    """The events, if each is the next one and links to the one before.

    Raises:
        Diverged: one does not.
    """
    for event in events:
        if event.position != at.position + 1 or event.previous != at.hash:
            raise Diverged(consumer, source, event.partition, at.position)
        at = Head(position=event.position, hash=event.hash)
    return events
