"""Reads in one round trip: the school that the row policies show, and the question, go to PostgreSQL together.

Both stand in one implicit transaction, which PostgreSQL ends with the answer: the school's setting is gone when the
connection is used next, as after a transaction of four round trips. It is written on psycopg's own layer over libpq
(`psycopg.pq`, pipeline mode), which costs a sixth of a cursor's work; values are adapted by psycopg as ever.
"""

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

from psycopg import Connection, errors
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.rows import TupleRow
from psycopg.waiting import Ready, Wait

from shared.runtime.database import Pool

R = TypeVar("R")
Parameters: TypeAlias = Sequence[Any] | Mapping[str, Any]

_SHOW = b"SELECT set_config('bookbag.school_id', $1, true)"
_PLACE = re.compile(r"%(?:%|s|\((\w+)\)s)")
MOST_PREPARED = 200
"""Statements that a connection keeps; the texts are the code's own, so there are about half as many."""

_Key: TypeAlias = tuple[bytes, tuple[int, ...]]
_prepared: "WeakKeyDictionary[Connection[Any], dict[_Key, bytes]]" = WeakKeyDictionary()


def read_tuples(pool: Pool, school_id: UUID | None, sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
    """The rows of one statement, of the school's rows alone; without a school those that no row policy hides.

    Args:
        pool: of a role that may only read, or of one whose statement is whole by itself.
        school_id: whose rows the row policies show.
        sql: one statement, with `%s` or `%(name)s` where a value stands.
        parameters: the values.

    Raises:
        psycopg.Error: as a cursor would.
    """
    return _asked(pool, school_id, sql, parameters, lambda _names: tuple)


def read_rows(pool: Pool, school_id: UUID, kind: type[R], sql: str, parameters: Parameters = ()) -> list[R]:
    """The same, each row as an object: its fields are named as the columns are."""

    def maker(names: Sequence[str]) -> Callable[[Sequence[Any]], R]:
        return lambda values: kind(**dict(zip(names, values, strict=True)))

    return _asked(pool, school_id, sql, parameters, maker)


def read_row(pool: Pool, school_id: UUID, kind: type[R], sql: str, parameters: Parameters = ()) -> R | None:
    """The first of them; None where there is none."""
    rows = read_rows(pool, school_id, kind, sql, parameters)
    return rows[0] if rows else None


def _asked(
    pool: Pool,
    school_id: UUID | None,
    sql: str,
    parameters: Parameters,
    maker: Callable[[Sequence[str]], Callable[[Sequence[Any]], R]],
) -> list[R]:
    with pool.connection() as connection:
        result = _run(connection, school_id, sql, parameters)
        names = [(result.fname(column) or b"").decode() for column in range(result.nfields)]
        adapting = Transformer(connection)
        adapting.set_pgresult(result)
        return adapting.load_rows(0, result.ntuples, maker(names))


def _run(connection: Connection[TupleRow], school_id: UUID | None, sql: str, parameters: Parameters) -> PGresult:
    """What the statement answered. All is sent before anything is read."""
    query, values = _with_values(sql, parameters)
    adapting = Transformer(connection)
    dumped = adapting.dump_sequence(values, [PyFormat.AUTO] * len(values))
    sending = _Sending(connection.pgconn, _prepared.setdefault(connection, {}))
    connection.pgconn.enter_pipeline_mode()
    if school_id is not None:
        sending.send(_SHOW, (), [str(school_id).encode()], None)
    sending.send(query, tuple(adapting.types or ()), dumped, adapting.formats)
    connection.pgconn.pipeline_sync()
    results = connection.wait(_received(connection.pgconn))
    connection.pgconn.exit_pipeline_mode()
    sending.note(results)
    for result in results:
        if result.status == ExecStatus.FATAL_ERROR:
            raise errors.error_from_result(result, "utf-8")
    return results[-1]


class _Sending:
    """Sends statements, each prepared where the connection does not know it yet."""

    def __init__(self, pgconn: PGconn, known: dict[_Key, bytes]) -> None:
        self._pgconn, self._known = pgconn, known
        self._new: dict[int, tuple[_Key, bytes]] = {}
        self._sent = 0

    def send(self, query: bytes, types: tuple[int, ...], values: Sequence[Any], formats: Sequence[Any] | None) -> None:
        name = self._known.get((query, types))
        if name is None:
            name = b"bookbag_%d" % (len(self._known) + len(self._new)) if len(self._known) < MOST_PREPARED else b""
            self._pgconn.send_prepare(name, query, types)
            if name:
                self._new[self._sent] = (query, types), name
            self._sent += 1
        self._pgconn.send_query_prepared(name, values, formats)
        self._sent += 1

    def note(self, results: Sequence[PGresult]) -> None:
        """What was prepared stands, even where a statement after it failed."""
        for place, (key, name) in self._new.items():
            if place < len(results) and results[place].status == ExecStatus.COMMAND_OK:
                self._known[key] = name


def _received(pgconn: PGconn) -> Generator[Wait, Ready | int, list[PGresult]]:
    """Every result up to the end of the pipeline; yields what has to be waited for."""
    while pgconn.flush():
        if (yield Wait.RW) & Ready.R:
            pgconn.consume_input()
    found: list[PGresult] = []
    while True:
        yield Wait.R
        pgconn.consume_input()
        while not pgconn.is_busy():
            result = pgconn.get_result()
            if result is None:  # the end of one statement's results
                continue
            if result.status == ExecStatus.PIPELINE_SYNC:
                return found
            found.append(result)


def _with_values(sql: str, parameters: Parameters) -> tuple[bytes, Sequence[Any]]:
    query, names = _compiled(sql)
    if isinstance(parameters, Mapping):
        return query, [parameters[name] for name in names]
    return query, parameters


@lru_cache(maxsize=1024)
def _compiled(sql: str) -> tuple[bytes, Sequence[str]]:
    """The statement with `$1`, `$2` where values stand, and their names where they have names."""
    names: list[str] = []
    count = 0

    def place(found: re.Match[str]) -> str:
        nonlocal count
        if found[0] == "%%":
            return "%"
        name = found[1]
        if name is None:
            count += 1
            return f"${count}"
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return _PLACE.sub(place, sql).encode(), tuple(names)
