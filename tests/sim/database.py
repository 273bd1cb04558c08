"""A service's database in memory: SQLite runs the very statements that the product says to PostgreSQL.

What it keeps of PostgreSQL: a transaction is all or nothing, keys are unique, and what waits for a lock comes after
the one who holds it (one transaction at a time). What it adds is the schedule's: a process dies before or after any
commit. What it cannot show, two open transactions beside each other, is tests/integration's and tests/faults'.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from uuid import UUID
from weakref import WeakMethod

from shared.projections.declaration import Projection
from tests.property.memory_house import Crashed

SCHEMA = """
CREATE TABLE log_head (partition integer PRIMARY KEY, position bigint NOT NULL, hash bytea NOT NULL);
CREATE TABLE log_event (
    partition integer NOT NULL, position bigint NOT NULL, id uuid NOT NULL UNIQUE, type text NOT NULL,
    schema_version integer NOT NULL, school_id uuid NOT NULL, stream text NOT NULL, stream_version bigint NOT NULL,
    occurred_at timestamptz NOT NULL, recorded_at timestamptz NOT NULL, actor text NOT NULL,
    correlation_id uuid NOT NULL, causation_id uuid, data text NOT NULL, previous bytea NOT NULL, hash bytea NOT NULL,
    PRIMARY KEY (partition, position), UNIQUE (school_id, stream, stream_version)
);
CREATE TABLE log_answer (
    school_id uuid NOT NULL, person_id uuid NOT NULL, key text NOT NULL, body_mac bytea NOT NULL,
    status smallint NOT NULL, location text NOT NULL, partition integer NOT NULL, position bigint NOT NULL,
    recorded_at timestamptz NOT NULL, PRIMARY KEY (school_id, person_id, key)
);
CREATE TABLE projection_cursor (
    consumer text NOT NULL, source text NOT NULL, partition integer NOT NULL, position bigint NOT NULL,
    hash bytea NOT NULL, appended bigint NOT NULL DEFAULT 0, PRIMARY KEY (consumer, source, partition)
);
CREATE TABLE parked_event (
    consumer text NOT NULL, source text NOT NULL, partition integer NOT NULL, position bigint NOT NULL,
    school_id uuid NOT NULL, stream text NOT NULL, event_id uuid NOT NULL, event_type text NOT NULL,
    concerns text NOT NULL, why text NOT NULL, PRIMARY KEY (consumer, source, partition, position)
);
CREATE TABLE relay_progress (partition integer PRIMARY KEY, position bigint NOT NULL);
CREATE TABLE went_back (consumer text NOT NULL, here bigint NOT NULL, there bigint NOT NULL);
CREATE TRIGGER a_cursor_goes_on AFTER UPDATE ON projection_cursor WHEN new.position <= old.position
    BEGIN INSERT INTO went_back VALUES (new.consumer, old.position, new.position); END;
"""
"""The migrations' tables with their keys, in the types that SQLite keeps; and a note of each cursor that went back."""

IN_SQLITE = (
    ("unnest(%s::text[]) AS s(stream)", "(SELECT value AS stream FROM json_each(%s)) AS s"),
    ("= ANY(%s)", "IN (SELECT value FROM json_each(%s))"),
    (" FOR UPDATE", ""),  # there is one transaction at a time
    ("data::text", "data"),
    ("%s", "?"),
)

sqlite3.register_adapter(UUID, str)
sqlite3.register_adapter(datetime, datetime.isoformat)
sqlite3.register_adapter(list, lambda values: json.dumps([str(value) for value in values]))
sqlite3.register_converter("uuid", lru_cache(4096)(lambda text: UUID(text.decode())))
sqlite3.register_converter("timestamptz", lambda text: datetime.fromisoformat(text.decode()))


@cache
def empty() -> bytes:
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(SCHEMA)
        return database.serialize()


@cache
def in_sqlite(sql: str) -> str:
    for postgresql, sqlite in IN_SQLITE:
        sql = sql.replace(postgresql, sqlite)
    return sql


def _calls(method: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """What sqlite3 holds the collector cannot see: a bound method would keep its school for as long as the process."""
    weak = WeakMethod(method)

    def call(first: Any, second: Any) -> Any:
        found = weak()
        return None if found is None else found(first, second)

    return call


class Connection:
    """What the product uses of psycopg's, for a connection as for a cursor."""

    def __init__(self, database: "Database") -> None:
        self._database, self._cursor = database, database.sqlite.cursor()

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        if not self._database.sqlite.in_transaction:
            self._database.die_here()  # each statement of a connection in autocommit is a transaction
        return self._cursor.execute(in_sqlite(sql), tuple(parameters))

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self._cursor.executemany(in_sqlite(sql), rows)

    def fetchone(self) -> Any:
        return self._cursor.fetchone()

    def fetchall(self) -> list[Any]:
        return self._cursor.fetchall()

    def commit(self) -> None:
        self._database.sqlite.execute("COMMIT")
        self._database.die_here()
        self._database.sqlite.execute("BEGIN")

    def sync(self) -> None:
        """Of a pipeline."""

    @contextmanager
    def cursor(self) -> Iterator["Connection"]:
        yield Connection(self._database)

    @contextmanager
    def pipeline(self) -> Iterator["Connection"]:
        yield self

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._database.sqlite.execute("SAVEPOINT inner")
        try:
            yield
        except BaseException:
            self._database.sqlite.execute("ROLLBACK TO inner")
            raise
        finally:
            self._database.sqlite.execute("RELEASE inner")


class Onlooker(Connection):
    """Nobody dies of being looked at."""

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        return self._cursor.execute(in_sqlite(sql), tuple(parameters))


class Database:
    """A pool of one connection, as the product sees it.

    Attributes:
        grew: whether something was appended since it was last asked.
    """

    def __init__(self, dies: Callable[[], bool]) -> None:
        self._dies, self.grew, self._elected = dies, False, False
        self.sqlite = sqlite3.connect(":memory:", isolation_level=None, detect_types=sqlite3.PARSE_DECLTYPES)
        self.sqlite.deserialize(empty())
        self.sqlite.create_function("pg_advisory_xact_lock", 2, lambda *_: None)
        self.sqlite.create_function("pg_try_advisory_lock", 2, _calls(self._elect))
        self.sqlite.create_function("pg_notify", 2, _calls(self._notified))
        self.sqlite.create_function("greatest", 2, max)
        self.sqlite.create_function("set_config", 3, lambda *_: None)

    def have_tables_of(self, projection: Projection) -> None:
        for table in projection.tables:
            columns = ", ".join(f"{name} {type_}" for name, type_ in table.columns.items())
            self.sqlite.execute(
                f"CREATE TABLE {projection.physical()[table.name]}"
                f" (school_id uuid NOT NULL, {columns}, PRIMARY KEY (school_id, {', '.join(table.key)}))"
            )

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        self.sqlite.execute("BEGIN")
        try:
            yield Connection(self)
            self.die_here()
        except BaseException:
            if self.sqlite.in_transaction:
                self.sqlite.execute("ROLLBACK")
            raise
        self.sqlite.execute("COMMIT")
        self.die_here()

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """A connection in autocommit, which holds what it was elected for until it is gone."""
        before = self._elected
        try:
            yield Connection(self)
        finally:
            self._elected = before

    def looking(self) -> "Onlooker":
        """A connection for whoever looks on."""
        return Onlooker(self)

    def ask(self, sql: str) -> list[Any]:
        """What the judge asks: nobody dies of it."""
        return self.sqlite.execute(sql).fetchall()

    def die_here(self) -> None:
        if self._dies():
            raise Crashed

    def _elect(self, *_: int) -> bool:
        taken, self._elected = self._elected, True
        return not taken

    def _notified(self, *_: str) -> None:
        self.grew = True
