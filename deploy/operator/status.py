"""How far everything is: each log's heads, what of it is published, and how far behind each consumer is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from deploy.operator.config import OperatorConfig
from deploy.services import SERVICES
from shared.events.envelope import GENESIS
from shared.log import read
from shared.log.read import Head
from shared.projections import cursors
from shared.runtime.database import conninfo

Connections = Mapping[str, Connection[TupleRow]]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a relay or a consumer stands in a partition of a log, and where that log ends.

    Attributes:
        name: the consumer, or `relay`.
        diverged: the log does not hold at the position what the consumer has taken there: it was restored to an older
            moment, or rewritten. Such a consumer stands still.
    """

    service: str
    name: str
    source: str
    partition: int
    position: int
    head: int
    diverged: bool = False

    @property
    def lag(self) -> int:
        """Events behind; a consumer that was asked after its log may be ahead of what was read."""
        return max(0, self.head - self.position)

    @property
    def shown(self) -> str:
        """What a person has to know of it, in a word."""
        return "diverged" if self.diverged else str(self.lag)


def standings(config: OperatorConfig) -> list[Standing]:
    """The relay and every consumer of every service, in every partition."""
    connections = {service: _connection(config, service) for service in SERVICES}
    try:
        heads = {service: _heads(connection) for service, connection in connections.items()}
        return [found for service in SERVICES for found in _of(service, connections, heads)]
    finally:
        for connection in connections.values():
            connection.close()


def _of(service: str, connections: Connections, heads: dict[str, dict[int, int]]) -> Iterator[Standing]:
    connection = connections[service]
    published: dict[int, int] = dict(connection.execute("SELECT partition, position FROM relay_progress").fetchall())
    for partition, head in heads[service].items():
        yield Standing(service, "relay", service, partition, published.get(partition, 0), head)
    standing = cursors.all_standing(connection)
    declared = cursors.declared(connection)
    for consumer, source in sorted(declared | standing.keys()):
        taken = cursors.standing_in(connection, consumer, source)
        # One that has not begun with a partition has all of it to take.
        for partition in sorted({*(heads[source] if (consumer, source) in declared else ()), *taken}):
            at = taken.get(partition, Head(position=0, hash=GENESIS))
            diverged = not read.holds(connections[source], partition, at)
            head = heads[source].get(partition, 0)
            yield Standing(service, consumer, source, partition, at.position, head, diverged)


def _heads(connection: Connection[TupleRow]) -> dict[int, int]:
    return {partition: head.position for partition, head in read.heads(connection).items()}


def _connection(config: OperatorConfig, service: str) -> Connection[TupleRow]:
    server = config.server(f"passfile.{service}.worker")
    told = conninfo(server, database=f"bookbag_{service}", role=f"{service}_worker")
    return psycopg.connect(**told, autocommit=True)  # type: ignore[arg-type]  # libpq's own
