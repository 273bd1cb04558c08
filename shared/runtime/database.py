"""Connections to PostgreSQL: one pool a role, with time-outs, so that a process that stands still stops no other."""

import select
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

from psycopg import Connection, Cursor, Error
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

Pool = ConnectionPool[Connection[TupleRow]]

_SETTINGS = (
    "-c default_transaction_isolation=read\\ committed"  # append relies on it: see there
    " -c idle_in_transaction_session_timeout=2000"
    " -c lock_timeout=5000"
    " -c timezone=UTC"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where a PostgreSQL listens, and the libpq password file (mode 0600) with this process's roles."""

    host: str
    port: int
    passfile: str


def conninfo(server: Server, *, database: str, role: str) -> dict[str, str | int]:
    """Parameters for libpq: 5 s to connect and to notice a dead peer. The password stays in its file."""
    return {
        "host": server.host,
        "port": server.port,
        "dbname": database,
        "user": role,
        "passfile": server.passfile,
        "application_name": f"bookbag {role}",
        "connect_timeout": 5,
        "tcp_user_timeout": 5000,
        # A host that lost its power while a question was under way says nothing when it is back: it has to be asked,
        # or whoever waits for the answer waits for the kernel's two hours.
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "options": _SETTINGS,
    }


def open_pool(
    server: Server, *, database: str, role: str, max_size: int, min_size: int = 1, checked: bool = True
) -> Pool:
    """A pool that connects in the background: a database that is away at start is waited for, not died of.

    Checking a connection out waits at most 5 s. Without `checked` a connection may be handed out that was lost while it
    lay idle: for who tries again by themselves a moment later.
    """
    return ConnectionPool(
        kwargs=conninfo(server, database=database, role=role),
        min_size=min_size,
        max_size=max_size,
        timeout=5,
        reconnect_timeout=60,
        name=role,
        open=True,
        # A connection that was lost while it lay idle is not handed out: after a restart of the database nobody's
        # request fails for each connection of the pool.
        check=refuse_lost if checked else None,
    )


def refuse_lost(connection: Connection[TupleRow]) -> None:
    """Raises psycopg.OperationalError for a connection whose server has gone.

    A server that ends, and its kernel where it is killed, says so on the socket: only of a connection on which
    something has come while it lay idle is more asked, in a round trip. Any other costs one look, a microsecond.
    """
    if _has_come(connection.pgconn.socket):
        ConnectionPool.check_connection(connection)


def _has_come(socket: int) -> bool:
    # In a green process there is no poll, and select takes no descriptor above 1023: there the round trip is made.
    if not hasattr(select, "poll"):
        return True
    looking = select.poll()
    looking.register(socket, select.POLLIN)
    return bool(looking.poll(0))


@contextmanager
def reading(pool: Pool, school_id: UUID) -> Iterator[Cursor[TupleRow]]:
    """A read-only transaction of one school: the row policies show its rows and no others."""
    with pool.connection() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT set_config('bookbag.school_id', %s, true)", (str(school_id),))
        yield cursor


@contextmanager
def looking(pool: Pool) -> Iterator[Connection[TupleRow]]:
    """A connection whose statements are transactions of their own: one round trip each, and not three."""
    with pool.connection() as connection:
        connection.autocommit = True
        try:
            yield connection
        finally:
            # Where that is refused the connection is lost or busy, and the pool does not take it back.
            with suppress(Error):
                connection.autocommit = False
