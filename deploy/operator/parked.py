"""What consumers could not take: shown to operators by ids alone, and tried again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module

import psycopg

from deploy.operator.config import OperatorConfig
from deploy.operator.maintenance import maintenance_of
from deploy.operator.migrate import reactions_of
from deploy.services import SERVICES
from shared.projections.parking import PASSING, Parked, parked
from shared.projections.runner import Consumer
from shared.runtime.database import conninfo


@dataclass(frozen=True, slots=True)
class Aside:
    """A parked event and the service that could not take it."""

    service: str
    row: Parked


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a stream that was tried again.

    Attributes:
        taken: how many of its events were taken.
        left: why the rest stays parked; empty where nothing is left.
    """

    stream: str
    taken: int
    left: str


def all_parked(config: OperatorConfig) -> list[Aside]:
    """All that is parked, in every service."""
    return [Aside(service, row) for service in SERVICES for row in _parked_in(config, service)]


def consumers_of(service: str) -> Sequence[Consumer]:
    """Every read model and reaction of a service."""
    return [*import_module(f"services.{service}.projections").PROJECTIONS, *reactions_of(service)]


def retry(config: OperatorConfig, consumer: Consumer, service: str, stream: str | None) -> Iterator[Tried]:
    """Tries a stream again, or every parked one of the consumer: each in order, up to what fails again."""
    rows = [row for row in _parked_in(config, service) if row.consumer == consumer.consumer]
    streams = list(dict.fromkeys((row.school_id, row.stream) for row in rows if stream in (None, row.stream)))
    with maintenance_of(config, service, [consumer]) as maintenance:
        for parked_stream in streams:
            try:
                taken, failed = maintenance.rebuilder.runner.retry(consumer, parked_stream)
            except PASSING as error:
                yield Tried(parked_stream[1], 0, type(error).__name__)
            else:
                yield Tried(parked_stream[1], taken, "" if failed is None else f"position {failed.position} again")


def _parked_in(config: OperatorConfig, service: str) -> Sequence[Parked]:
    server = config.server(f"passfile.{service}.worker")
    told = conninfo(server, database=f"bookbag_{service}", role=f"{service}_worker")
    with psycopg.connect(**told) as connection:  # type: ignore[arg-type]  # libpq's own
        return parked(connection)
