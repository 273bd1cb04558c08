"""After a service's database was restored to an older moment: who remembers more of its log, and how they go on.

The others have taken events that the log no longer holds. They stand still and say so; which history counts is for an
operator to say, never for a program. Said, their read models are built anew and their reactions go on from the fork.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

from deploy.operator.config import OperatorConfig
from deploy.operator.maintenance import Maintenance, maintenance_of
from deploy.operator.migrate import reactions_of
from deploy.operator.status import Standing, standings
from deploy.services import SERVICES
from shared.events.envelope import GENESIS
from shared.log.read import Head
from shared.projections import cursors
from shared.projections.reaction import Reaction
from shared.projections.rebuild import Progress

Follow = Callable[[str], Progress]
"""Asked, by the name of a read model, for who is told how far its rebuild has come."""


class ForkUnknown(Exception):  # noqa: N818 - its text is the sentence the operator reads
    """Nobody has said where the history ends that the restore brought back."""


@dataclass(frozen=True, slots=True)
class Rejoined:
    """A consumer that goes on from the log as it now is: from `position`, or built anew."""

    service: str
    consumer: str
    partition: int
    position: int


def diverged(config: OperatorConfig, source: str) -> list[Standing]:
    """The consumers that have taken what the log of `source` does not hold."""
    return [found for found in standings(config) if found.source == source and found.diverged]


def rejoin(config: OperatorConfig, source: str, at: Mapping[int, int], follow: Follow) -> Iterator[Rejoined]:
    """Has every diverged consumer of a log go on from it. May be run again where it was cut short.

    Args:
        config: where the installation is.
        source: the service whose database was restored.
        at: partition -> the last position that the restore brought back; may be left out as long as nothing was
            appended since.
        follow: see there.

    Raises:
        ForkUnknown: something was appended since, and `at` does not say what; or it names what is not there.
    """
    found = diverged(config, source)
    forks = {one.partition: _fork(one, at) for one in found}
    for service in SERVICES:
        mine = [one for one in found if one.service == service]
        if mine:
            yield from _rejoined(config, mine, forks, follow)


def _fork(one: Standing, at: Mapping[int, int]) -> int:
    position = at.get(one.partition, one.head if one.head < one.position else None)
    if position is None:
        raise ForkUnknown(
            f"{one.source} has gone on since the restore: say the last position that it brought back,"
            f" --at {one.partition}.POSITION"
        )
    if position > min(one.head, one.position):
        raise ForkUnknown(f"{one.partition}.{position} is not what the restore brought back last")
    return position


def _rejoined(
    config: OperatorConfig, mine: Sequence[Standing], forks: Mapping[int, int], follow: Follow
) -> Iterator[Rejoined]:
    service, names = mine[0].service, {one.name for one in mine}
    projections = [p for p in import_module(f"services.{service}.projections").PROJECTIONS if p.consumer in names]
    reactions = {reaction.consumer: reaction for reaction in reactions_of(service)}
    chosen = [reactions[name] for name in sorted(names & reactions.keys())]
    with maintenance_of(config, service, [*projections, *chosen]) as maintenance:
        for projection in projections:
            maintenance.rebuilder.rebuild(projection, follow(f"{service}.{projection.name}"), forked=True)
        for one in mine:
            if one.name in reactions:
                _set_back(maintenance, reactions[one.name], one.partition, forks[one.partition])
            yield Rejoined(service, one.name, one.partition, forks[one.partition])


def _set_back(maintenance: Maintenance, reaction: Reaction, partition: int, position: int) -> None:
    """What is parked of the lost history is gone with it: another event stands there, or none."""
    fork = Head(position=0, hash=GENESIS)
    if position:
        before = Head(position=position - 1, hash=b"")
        [event] = maintenance.rebuilder.runner.source(reaction.source).after(partition, before, 1)
        fork = Head(position=event.position, hash=event.hash)
    with maintenance.worker.connection() as connection:
        cursors.standing(connection, reaction.consumer, reaction.source, partition, lock=True)
        cursors.move(connection, reaction.consumer, reaction.source, partition, fork)
        connection.execute(
            "DELETE FROM parked_event WHERE consumer = %s AND source = %s AND partition = %s AND position > %s",
            (reaction.consumer, reaction.source, partition, position),
        )
