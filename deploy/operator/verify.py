"""Verifies one service's log against itself, its signed checkpoints, and everyone who remembers it."""

from collections.abc import Callable, Sequence

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from deploy.operator.checkpoints import kept_here, ring_here
from deploy.operator.config import OperatorConfig
from deploy.services import SERVICES
from shared.log.checkpoints import checked, compared
from shared.log.read import Head
from shared.log.verify import Fault, Progress, Witness, verify
from shared.runtime.database import conninfo

Tell = Callable[[int, int], None]
"""Called with (position reached, head's position)."""


def verify_service(config: OperatorConfig, service: str, tell: Tell, carried: Sequence[str] = ()) -> list[Fault]:
    """The first fault of each partition of the service's log, and the first of each partition's checkpoints.

    Args:
        config: where everything is.
        service: whose log it is.
        tell: is told how far it has come, over all partitions.
        carried: lines of checkpoints that were kept elsewhere, of any service.

    Raises:
        BadRing: the keys of the checkpoints cannot be trusted.
        NoCheckpoint: one of the lines is none.
    """
    # Witnesses first: what they remember, the snapshot that verify then takes must show.
    signed, unsigned = _checkpoints(config, service, carried)
    cursors = [witness for consumer in SERVICES for witness in _cursors(config, consumer, service)]
    with connected(config, service) as connection, connection.transaction():
        found = verify(connection, [*signed, *cursors, *_answers(config, service)], _Told(tell))
    return sorted([*found, *unsigned], key=lambda fault: (fault.partition, fault.position))


class _Told(Progress):
    """Adds the partitions up: the bar shows one number."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._reached: dict[int, tuple[int, int]] = {}

    def at(self, partition: int, position: int, head: int) -> None:
        self._reached[partition] = position, head
        self._tell(sum(at for at, _ in self._reached.values()), sum(end for _, end in self._reached.values()))


def _checkpoints(config: OperatorConfig, service: str, carried: Sequence[str]) -> tuple[list[Witness], list[Fault]]:
    """What the kept checkpoints and the copies of them remember, and where they are not what was signed."""
    ring, (kept, copies) = ring_here(config), kept_here(config, service)
    remembered, faults = checked(service, kept, ring)
    elsewhere, gone = compared(service, [*copies, *carried], kept, ring)
    return [*remembered, *elsewhere], [*faults, *gone]


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
