"""Verifies one service's log against itself and against everyone who remembers it."""

from collections.abc import Callable

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from deploy.operator.config import OperatorConfig
from deploy.services import SERVICES
from shared.log.read import Head
from shared.log.verify import Fault, Progress, Witness, verify
from shared.runtime.database import conninfo

Tell = Callable[[int, int], None]
"""Called with (position reached, head's position)."""


def verify_service(config: OperatorConfig, service: str, tell: Tell) -> list[Fault]:
    """The first fault of each partition of the service's log."""

    class Told(Progress):
        def at(self, partition: int, position: int, head: int) -> None:  # noqa: ARG002 - the bar shows one number
            tell(position, head)

    # Witnesses first: what they remember, the snapshot that verify then takes must show.
    witnesses = [witness for consumer in SERVICES for witness in _cursors(config, consumer, service)] + _answers(
        config, service
    )
    with connected(config, service) as connection, connection.transaction():
        return verify(connection, witnesses, Told())


def _cursors(config: OperatorConfig, consumer: str, source: str) -> list[Witness]:
    with connected(config, consumer) as connection:
        rows = connection.execute(
            "SELECT consumer, partition, position, hash FROM projection_cursor WHERE source = %s AND position > 0",
            (source,),
        ).fetchall()
    return [
        Witness(name=f"{consumer}.{row[0]}", partition=row[1], head=Head(position=row[2], hash=bytes(row[3])))
        for row in rows
    ]


def _answers(config: OperatorConfig, service: str) -> list[Witness]:
    """The last command that a person was answered for, in each partition: it knows a position, not a hash."""
    with connected(config, service) as connection:
        rows = connection.execute("SELECT partition, max(position) FROM log_answer GROUP BY partition").fetchall()
    return [Witness(name="an answered command", partition=row[0], head=Head(position=row[1], hash=b"")) for row in rows]


def connected(config: OperatorConfig, service: str) -> Connection[TupleRow]:
    server = config.server(f"passfile.{service}.worker")
    parameters = conninfo(server, database=f"bookbag_{service}", role=f"{service}_worker")
    return psycopg.connect(**parameters, autocommit=True)  # type: ignore[arg-type]  # libpq's own names and types
