"""A service's database in memory: it does the very statements that the product says to PostgreSQL.

What it keeps of PostgreSQL: a transaction is all or nothing, after an error nothing more is done in it, values are of
their types, keys are unique, and what waits for a lock comes after the one who holds it (one transaction at a time).
What it adds is the schedule's: a process dies before or after any commit. What it cannot show, two open transactions
beside each other, is tests/integration's and tests/faults'.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self

from psycopg.errors import InFailedSqlTransaction

from shared.projections.declaration import Projection
from tests.property.memory_house import Crashed
from tests.sim.statements import Statement, made_of
from tests.sim.tables import SCHEMA, Row, Table, Tables, defined

TABLES = defined(SCHEMA)
"""Of every service; and those of the read models, which are the same in every school."""
OWN = tuple(TABLES.values())

_made: dict[str, Statement] = {}


class Connection:
    """What the product uses of psycopg's, for a connection, a cursor and a pipeline; and each as its own context."""

    __slots__ = ("_database", "_rows", "autocommit", "rowcount")

    def __init__(self, database: "Database") -> None:
        self._database = database
        self._rows: list[Row] = []

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> "Connection":
        database = self._database
        if not database.in_transaction and database.dies():
            raise Crashed  # each statement of a connection in autocommit is a transaction
        done = database.do(sql, parameters)
        if type(done) is int:
            self.rowcount = done
        else:
            self._rows = done
        return self

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        for row in rows:
            self._database.do(sql, row)

    def fetchone(self) -> Row | None:
        return self._rows.pop(0) if self._rows else None

    def fetchall(self) -> list[Row]:
        rows, self._rows = self._rows, []
        return rows

    def __iter__(self) -> Iterator[Row]:
        return iter(self.fetchall())

    def commit(self) -> None:
        self._database.commit()
        self._database.die_here()
        self._database.begin()

    def sync(self) -> None:
        """Of a pipeline."""

    def cursor(self) -> "Connection":
        return self

    def pipeline(self) -> "Connection":
        return self

    def transaction(self) -> "Savepoint":
        return Savepoint(self._database)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


class Onlooker(Connection):
    """Nobody dies of being looked at."""

    __slots__ = ()

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Connection:
        self._rows = self._database.do(sql, parameters)
        return self


class Savepoint:
    """A part of a transaction that is undone by itself."""

    __slots__ = ("_at", "_database")

    def __init__(self, database: "Database") -> None:
        self._database, self._at = database, 0

    def __enter__(self) -> None:
        self._at = self._database.savepoint()

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if error is not None:
            self._database.back_to(self._at)


class Transaction:
    """A connection that is lent for one transaction."""

    __slots__ = ("_database",)

    def __init__(self, database: "Database") -> None:
        self._database = database

    def __enter__(self) -> Connection:
        self._database.begin()
        return Connection(self._database)

    def __exit__(self, error: type[BaseException] | None, _: object, __: TracebackType | None) -> None:
        database = self._database
        if error is not None:
            database.rollback()
            return
        if database.dies():
            database.rollback()
            raise Crashed
        database.commit()
        if database.dies():
            raise Crashed


class Session:
    """A connection in autocommit, which holds what it was elected for until it is gone."""

    __slots__ = ("_database", "_elected")

    def __init__(self, database: "Database") -> None:
        self._database = database

    def __enter__(self) -> Connection:
        self._elected = self._database.elected
        return Connection(self._database)

    def __exit__(self, *_: object) -> None:
        self._database.elected = self._elected


class Database(Tables):
    """A pool of one connection, as the product sees it; PostgreSQL's own functions are called by their names.

    Attributes:
        dies: asked before and after each commit whether the process dies there.
        grew: whether something was appended since it was last asked.
        elected: whether somebody holds the lock that elects relays.
    """

    def __init__(self, dies: Callable[[], bool]) -> None:
        super().__init__(OWN)
        self.dies, self.grew, self.elected = dies, False, False
        self.in_transaction = self._failed = False

    def have_tables_of(self, projection: Projection) -> None:
        for name, definition in _definitions(projection).items():
            self[name] = Table(definition)

    def connection(self) -> Transaction:
        return Transaction(self)

    def session(self) -> Session:
        return Session(self)

    def looking(self) -> Onlooker:
        """A connection for whoever looks on."""
        return Onlooker(self)

    def ask(self, sql: str) -> list[Any]:
        """What the judge asks: nobody dies of it."""
        return Onlooker(self).execute(sql).fetchall()

    def die_here(self) -> None:
        if self.dies():
            raise Crashed

    def do(self, sql: str, parameters: Sequence[Any]) -> Any:
        """The statement, whole or not at all."""
        if self._failed:
            raise InFailedSqlTransaction
        statement = _made.get(sql)
        if statement is None:
            statement = _made[sql] = made_of(sql, TABLES)
        before = len(self.journal)
        try:
            return statement(self, parameters)
        except Exception:
            self.undo(before)
            self._failed = self.in_transaction
            raise

    def begin(self) -> None:
        if self.in_transaction:
            raise RuntimeError("a transaction within a transaction")
        self.in_transaction = True
        self.journal.clear()

    def commit(self) -> None:
        if self._failed:
            self.undo()
        self.in_transaction = self._failed = False
        self.journal.clear()

    def rollback(self) -> None:
        """What is not committed yet is undone."""
        if self.in_transaction:
            self.undo()
        self.in_transaction = self._failed = False

    def savepoint(self) -> int:
        return len(self.journal)

    def back_to(self, savepoint: int) -> None:
        self.undo(savepoint)
        self._failed = False

    # -- PostgreSQL's functions ----------------------------------------------------------------------------------

    def pg_advisory_xact_lock(self, *_: int) -> None:
        """There is one transaction at a time."""

    def set_config(self, *_: Any) -> None:
        """What is set here makes a real commit faster, and changes nothing else."""

    def pg_try_advisory_lock(self, *_: int) -> bool:
        taken, self.elected = self.elected, True
        return not taken

    def pg_notify(self, *_: str) -> None:
        self.grew = True


def _definitions(projection: Projection) -> dict[str, Any]:
    """The tables of a read model as its declaration has them."""
    names = projection.physical()
    if not all(name in TABLES for name in names.values()):
        for table in projection.tables:
            columns = ", ".join(f"{name} {kind}" for name, kind in table.columns.items())
            key = ", ".join(("school_id", *table.key))
            TABLES.update(
                defined(f"CREATE TABLE {names[table.name]} (school_id uuid NOT NULL, {columns}, PRIMARY KEY ({key}));")
            )
    return {name: TABLES[name] for name in names.values()}
