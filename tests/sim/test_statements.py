"""The tables in memory answer as SQLite does, and refuse what PostgreSQL refuses."""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

import pytest
from psycopg.errors import DatatypeMismatch, InFailedSqlTransaction, NotNullViolation, UniqueViolation

from shared.projections.declaration import Projection
from tests.sim import service
from tests.sim.database import OWN, Database
from tests.sim.judge import Schedule
from tests.sim.statements import NotUnderstood
from tests.sim.tables import SCHEMA

SCHEDULES = 150

IN_SQLITE = (
    ("unnest(%s::text[]) AS s(stream)", "(SELECT value AS stream FROM json_each(%s)) AS s"),
    ("= ANY(%s)", "IN (SELECT value FROM json_each(%s))"),
    (" FOR UPDATE", ""),
    ("data::text", "data"),
    ("greatest(", "max("),
    ("%s", "?"),
)
NOTES_WHAT_GOES_BACK = """
CREATE TRIGGER a_cursor_goes_on AFTER UPDATE ON projection_cursor WHEN new.position <= old.position
    BEGIN INSERT OR IGNORE INTO went_back VALUES (new.consumer, old.position, new.position); END;
"""

sqlite3.register_adapter(UUID, str)
sqlite3.register_adapter(datetime, datetime.isoformat)
sqlite3.register_adapter(list, lambda values: json.dumps([str(value) for value in values]))
sqlite3.register_converter("uuid", lambda text: UUID(text.decode()))
sqlite3.register_converter("timestamptz", lambda text: datetime.fromisoformat(text.decode()))


class Twin(Database):
    """A database in memory and the same in SQLite: every statement is done by both."""

    # Of all twins, and kept for afterwards: a schedule would take what is raised here for its own.
    said: ClassVar[Counter[str]] = Counter()
    differences: ClassVar[list[str]] = []

    def __init__(self, dies: Callable[[], bool]) -> None:
        super().__init__(dies)
        self._sqlite = sqlite3.connect(":memory:", isolation_level=None, detect_types=sqlite3.PARSE_DECLTYPES)
        self._sqlite.executescript(SCHEMA + NOTES_WHAT_GOES_BACK)

    def have_tables_of(self, projection: Projection) -> None:
        super().have_tables_of(projection)
        for table in projection.tables:
            columns = ", ".join(f"{name} {kind}" for name, kind in table.columns.items())
            key = ", ".join(("school_id", *table.key))
            self._sqlite.execute(
                f"CREATE TABLE {projection.physical()[table.name]} (school_id uuid, {columns}, PRIMARY KEY ({key}))"
            )

    def do(self, sql: str, parameters: Sequence[Any]) -> Any:
        done = super().do(sql, parameters)
        if not sql.startswith(("SELECT pg_", "SELECT set_config")):
            self.said[sql] += 1
            self._compare(sql, done, self._in_sqlite(sql, parameters))
        return done

    def begin(self) -> None:
        super().begin()
        self._sqlite.execute("BEGIN")

    def commit(self) -> None:
        super().commit()
        self._sqlite.execute("COMMIT")
        self._compare_tables()

    def rollback(self) -> None:
        super().rollback()
        if self._sqlite.in_transaction:
            self._sqlite.execute("ROLLBACK")
        self._compare_tables()

    def savepoint(self) -> int:
        self._sqlite.execute("SAVEPOINT inner")
        return super().savepoint()

    def back_to(self, savepoint: int) -> None:
        super().back_to(savepoint)
        self._sqlite.execute("ROLLBACK TO inner")

    def _in_sqlite(self, sql: str, parameters: Sequence[Any]) -> Any:
        for postgresql, sqlite in IN_SQLITE:
            sql = sql.replace(postgresql, sqlite)
        cursor = self._sqlite.execute(sql, tuple(parameters))
        return cursor.fetchall() if sql.startswith("SELECT") else cursor.rowcount

    def _compare(self, what: str, here: Any, there: Any) -> None:
        if type(here) is list and "ORDER BY" not in what.partition(" FROM ")[2]:
            here, there = sorted(here), sorted(there)
        if here != there:
            self.differences.append(f"{what}: {here}, but in SQLite {there}")

    def _compare_tables(self) -> None:
        for name, table in self.items():
            self._compare(name, list(table.rows()), self._sqlite.execute(f"SELECT * FROM {name}").fetchall())


def test_whatever_a_schedule_says_to_its_databases_they_do_as_sqlite_does(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(service, "Database", Twin)
    for seed in range(SCHEDULES):
        _, wrong = Schedule(seed).play()
        assert not wrong
        assert not Twin.differences, f"seed {seed}: {Twin.differences[0]}"
    for verb in ("SELECT", "INSERT INTO log_event", "UPDATE projection_cursor", "UPDATE guardian_access", "INSERT"):
        assert sum(times for sql, times in Twin.said.items() if sql.startswith(verb)) > 10, verb


HEAD = "INSERT INTO log_head (partition, position, hash) VALUES (%s, %s, %s)"


def a_database() -> Database:
    return Database(lambda: False)


def heads(database: Database) -> list[Any]:
    return database.ask("SELECT partition, position FROM log_head ORDER BY partition")


def test_what_fails_leaves_nothing_and_ends_its_transaction():
    database = a_database()
    with database.connection() as connection:
        connection.execute(HEAD, (1, 0, b""))
        with pytest.raises(UniqueViolation):
            connection.execute(HEAD, (1, 5, b""))
        with pytest.raises(InFailedSqlTransaction):
            connection.execute(HEAD, (2, 0, b""))
    assert heads(database) == []


def test_a_savepoint_is_undone_alone_and_mends_its_transaction():
    database = a_database()
    with database.connection() as connection:
        connection.execute(HEAD, (1, 0, b""))
        with suppress(UniqueViolation), connection.transaction():
            connection.execute("UPDATE log_head SET position = %s, hash = %s WHERE partition = %s", (7, b"", 1))
            connection.execute(HEAD, (1, 5, b""))
        connection.execute(HEAD, (2, 0, b""))
    assert heads(database) == [(1, 0), (2, 0)]


@pytest.mark.parametrize("key", ["id", "place", "version"])
def test_each_key_is_there_once(key: str):
    one = {"partition": 1, "position": 1, "id": UUID(int=1), "stream_version": 1}
    other = {"partition": 1, "position": 2, "id": UUID(int=2), "stream_version": 2}
    same = {"id": ("id",), "place": ("partition", "position"), "version": ("stream_version",)}[key]
    database = a_database()
    with database.connection() as connection:
        connection.execute(*_event(one))
        with pytest.raises(UniqueViolation):
            connection.execute(*_event(other | {name: one[name] for name in same}))
    with database.connection() as connection:
        connection.execute(*_event(one))
        connection.execute(*_event(other))


@pytest.mark.parametrize(
    ("row", "refused"),
    [
        ((1, None, b""), NotNullViolation),
        ((None, 0, b""), NotNullViolation),
        (("1", 0, b""), DatatypeMismatch),
        ((True, 0, b""), DatatypeMismatch),
        ((1, 0, "text"), DatatypeMismatch),
    ],
)
def test_a_value_is_of_its_column(row: tuple[Any, ...], refused: type[Exception]):
    database = a_database()
    with pytest.raises(refused):
        database.do(HEAD, row)
    assert heads(database) == []


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM log_head",
        "SELECT nothing FROM log_head",
        "SELECT position FROM elsewhere",
        "SELECT position FROM log_head WHERE partition < %s",
        "SELECT position FROM log_head GROUP BY partition",
        "SELECT id FROM log_event WHERE causation_id = %s",
        "SELECT position FROM log_head WHERE partition = 1 OR partition = 2",
    ],
)
def test_a_statement_that_is_not_known_here_is_refused_and_not_guessed(sql: str):
    with pytest.raises(NotUnderstood):
        a_database().do(sql, (1,))


def test_every_table_has_a_key():
    assert all(definition.keys for definition in OWN)


def _event(values: dict[str, Any]) -> tuple[str, list[Any]]:
    at = datetime(2026, 9, 7, tzinfo=UTC)
    row = {
        **dict.fromkeys(("type", "stream", "actor", "data"), ""),
        **{name: UUID(int=1) for name in ("school_id", "correlation_id")},
        "schema_version": 1,
        "occurred_at": at,
        "recorded_at": at,
        "previous": b"",
        "hash": b"",
        **values,
    }
    return f"INSERT INTO log_event ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})", [*row.values()]
