"""The partitions of an installation: made in every log by its migration, never taken away; each school is in one."""

from psycopg import Connection
from psycopg.rows import TupleRow

from shared.events.envelope import GENESIS

VARIABLE = "BOOKBAG_PARTITIONS"
"""How many partitions an installation is to have."""
MOST = 64
"""Each costs a queue for every consumer and source."""


class TooFew(Exception):  # noqa: N818 - its text is the sentence the operator reads
    """A log has more partitions than it is to have: their schools cannot be moved."""

    def __init__(self, there: int, wanted: int) -> None:
        super().__init__(f"{VARIABLE} is {wanted}, and there are {there} partitions; it can be raised, never lowered.")


def make(connection: Connection[TupleRow], wanted: int | None) -> int:
    """Makes the partitions 1 to `wanted` that are missing, empty; with the role of the log's owner.

    They are there before their first event, so that every consumer has a queue for them by then.

    Args:
        connection: to a log.
        wanted: None leaves as many as there are, at least one.

    Returns:
        How many there are now.

    Raises:
        TooFew: there are more than that; nothing was made.
    """
    row = connection.execute("SELECT coalesce(max(partition), 0) FROM log_head").fetchone()
    there = int(row[0]) if row else 0
    number = wanted or max(there, 1)
    if there > number:
        raise TooFew(there, number)
    connection.execute(
        "INSERT INTO log_head (partition, position, hash) SELECT number, 0, %s FROM generate_series(1, %s) AS number"
        " ON CONFLICT DO NOTHING",
        (GENESIS, number),
    )
    return number


_LEAST_FILLED = """
    WITH RECURSIVE school AS (
        (SELECT school_id, partition FROM log_event ORDER BY school_id, stream, stream_version LIMIT 1)
        UNION ALL
        SELECT next.school_id, next.partition FROM school, LATERAL (
            SELECT e.school_id, e.partition FROM log_event e WHERE e.school_id > school.school_id
            ORDER BY e.school_id, e.stream, e.stream_version LIMIT 1
        ) next
    )
    SELECT h.partition FROM log_head h LEFT JOIN school s ON s.partition = h.partition
    GROUP BY h.partition ORDER BY count(s.school_id), h.partition LIMIT 1
"""
"""One index probe a school, whatever the length of the log."""


def least_filled(connection: Connection[TupleRow]) -> int:
    """The partition with the fewest schools, the lowest of those; 1 of a log that has none yet."""
    row = connection.execute(_LEAST_FILLED).fetchone()
    return 1 if row is None else int(row[0])
