"""Makes the tables of read models, with the owner's role: versioned tables, row policies, views for queries."""

from collections.abc import Container, Sequence
from typing import Any

from psycopg import Connection, sql
from psycopg.rows import TupleRow

from shared.projections.declaration import Projection, Table

NEXT = "_next"
"""Suffix of a version that is being built beside the live one."""

_OWN_SCHOOL = sql.SQL("school_id = NULLIF(current_setting('bookbag.school_id', true), '')::uuid")


def live_version(connection: Connection[TupleRow], projection: Projection) -> int | None:
    """The version that the views show; None where the read model was never installed."""
    row = connection.execute("SELECT version FROM projection_live WHERE name = %s", (projection.name,)).fetchone()
    return None if row is None else row[0]


def create_tables(
    connection: Connection[TupleRow], projection: Projection, suffix: str = "", bare: Container[str] = ()
) -> None:
    """Makes a version's tables, empty. Readers see one school's rows, the worker all; an owner is not excepted.

    The `bare` ones can be filled by the worker and nothing else, quickly, until `index_table` and `complete_table` make
    them like the others: without keys, and without row security, under which PostgreSQL has no COPY.
    """
    for table in projection.tables:
        name = sql.Identifier(projection.physical(suffix)[table.name])
        _run(connection, "CREATE TABLE {} (school_id uuid NOT NULL, {})", name, _columns(table))
        if table.name in bare:
            for column in table.key:
                _run(connection, "ALTER TABLE {} ALTER {} SET NOT NULL", name, sql.Identifier(column))
            _run(connection, "GRANT INSERT ON {} TO bookbag_worker", name)
        else:
            _run(connection, "ALTER TABLE {} ADD PRIMARY KEY ({})", name, _listed(["school_id", *table.key]))
            for columns in table.indexes:
                _index(connection, name, columns)
            _complete(connection, name)


def index_table(
    connection: Connection[TupleRow],
    projection: Projection,
    suffix: str,
    table: Table,
    columns: Sequence[str],
    *,
    unique: bool,
) -> None:
    """Makes one index of a bare table, now full. Several can be made at once, each in a transaction of its own."""
    # Workers would hand what they sorted over through files, and one process would merge it while the rest stand by.
    connection.execute("SET LOCAL max_parallel_maintenance_workers = 0")
    connection.execute("SET LOCAL maintenance_work_mem = '128MB'")
    _index(connection, sql.Identifier(projection.physical(suffix)[table.name]), columns, unique=unique)


def complete_table(connection: Connection[TupleRow], projection: Projection, suffix: str, table: Table) -> None:
    """Makes a bare table that has its indexes like the others: the one that is unique becomes its key."""
    name = projection.physical(suffix)[table.name]
    [(key,)] = connection.execute(
        "SELECT relname FROM pg_index JOIN pg_class ON oid = indexrelid WHERE indrelid = %s::regclass AND indisunique",
        (name,),
    )
    _run(connection, "ALTER TABLE {} ADD PRIMARY KEY USING INDEX {}", sql.Identifier(name), sql.Identifier(key))
    _complete(connection, sql.Identifier(name))


def _index(
    connection: Connection[TupleRow], name: sql.Identifier, columns: Sequence[str], *, unique: bool = False
) -> None:
    kind = sql.SQL("UNIQUE INDEX" if unique else "INDEX")
    _run(connection, "CREATE {} ON {} (school_id, {})", kind, name, _listed(columns))


def _complete(connection: Connection[TupleRow], name: sql.Identifier) -> None:
    _run(connection, "ALTER TABLE {} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY", name)
    _run(connection, "CREATE POLICY own_school ON {} FOR SELECT TO bookbag_reader USING ({})", name, _OWN_SCHOOL)
    _run(connection, "CREATE POLICY all_schools ON {} TO bookbag_worker USING (true) WITH CHECK (true)", name)
    _run(connection, "GRANT SELECT ON {} TO bookbag_reader", name)
    _run(connection, "GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO bookbag_worker", name)


def drop_tables(connection: Connection[TupleRow], names: Sequence[str]) -> None:
    """Drops tables by their names in the database; those that are not there are passed over."""
    for name in names:
        _run(connection, "DROP TABLE IF EXISTS {}", sql.Identifier(name))


def show(connection: Connection[TupleRow], projection: Projection, suffix: str = "") -> None:
    """Points the views at a version's tables and makes it the live one."""
    names = projection.physical(suffix)
    for table in projection.tables:
        _run(
            connection,
            "CREATE OR REPLACE VIEW {} WITH (security_invoker = true) AS SELECT {} FROM {}",
            sql.Identifier(table.name),
            _listed(["school_id", *table.columns]),  # named: a prepared SELECT * would fail after a swap
            sql.Identifier(names[table.name]),
        )
        # The worker too: a reaction asks the roster for the school's parameters.
        _run(connection, "GRANT SELECT ON {} TO bookbag_reader, bookbag_worker", sql.Identifier(table.name))
    connection.execute(
        "INSERT INTO projection_live (name, source, version, tables) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (name) DO UPDATE SET version = excluded.version, tables = excluded.tables",
        (projection.name, projection.source, projection.version, list(projection.physical().values())),
    )


def install(connection: Connection[TupleRow], projection: Projection) -> None:
    """Makes a read model that never was there: empty tables, the views, cursors at the start (made by the worker)."""
    with connection.transaction():
        create_tables(connection, projection)
        show(connection, projection)


def _columns(table: Table) -> sql.Composable:
    return sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))  # the types are declared in code
        for name, kind in table.columns.items()
    )


def _listed(names: Sequence[str]) -> sql.Composable:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _run(connection: Connection[TupleRow], text: Any, *parts: sql.Composable) -> None:
    connection.execute(sql.SQL(text).format(*parts))
