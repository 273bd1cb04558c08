"""How far everything is: each log's heads, what of it is published, and how far behind each consumer is."""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from deploy.operator.config import OperatorConfig
from deploy.services import SERVICES
from shared.log import read
from shared.projections import cursors
from shared.runtime.database import conninfo


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a relay or a consumer stands in a partition of a log, and where that log ends.

    Attributes:
        name: the consumer, or `relay`.
    """

    service: str
    name: str
    source: str
    partition: int
    position: int
    head: int

    @property
    def lag(self) -> int:
        """Events behind; a consumer that was asked after its log may be ahead of what was read."""
        return max(0, self.head - self.position)


def standings(config: OperatorConfig) -> list[Standing]:
    """The relay and every consumer of every service, in every partition."""
    connections = {service: _connection(config, service) for service in SERVICES}
    try:
        heads = {service: _heads(connection) for service, connection in connections.items()}
        return [found for service in SERVICES for found in _of(service, connections[service], heads)]
    finally:
        for connection in connections.values():
            connection.close()


def _of(service: str, connection: Connection[TupleRow], heads: dict[str, dict[int, int]]) -> Iterator[Standing]:
    published: dict[int, int] = dict(connection.execute("SELECT partition, position FROM relay_progress").fetchall())
    for partition, head in heads[service].items():
        yield Standing(service, "relay", service, partition, published.get(partition, 0), head)
    standing = cursors.all_standing(connection)
    declared = cursors.declared(connection)
    for consumer, source in sorted(declared | standing.keys()):
        # One that has not begun with a partition has all of it to take.
        begun = dict.fromkeys(heads[source] if (consumer, source) in declared else (), 0)
        for partition, position in sorted({**begun, **dict(standing.get((consumer, source), ()))}.items()):
            yield Standing(service, consumer, source, partition, position, heads[source].get(partition, 0))


def _heads(connection: Connection[TupleRow]) -> dict[int, int]:
    return {partition: head.position for partition, head in read.heads(connection).items()}


def _connection(config: OperatorConfig, service: str) -> Connection[TupleRow]:
    server = config.server(f"passfile.{service}.worker")
    told = conninfo(server, database=f"bookbag_{service}", role=f"{service}_worker")
    return psycopg.connect(**told, autocommit=True)  # type: ignore[arg-type]  # libpq's own
