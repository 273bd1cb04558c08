"""kill -9 of every process, at every named step of its work and anywhere, again and again in one installation."""

import random
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from deploy.local.supervise import Supervisor
from deploy.operator.config import ROOT
from deploy.services import SERVICES
from tests.faults.invariants import Outage, until
from tests.faults.rig import Rig

ANYWHERE = "anywhere"
CHECKED_EVERY = 25
"""Kills after which the day ends and everything is looked at."""
AT_ONCE = 6
"""Most processes that are killed before any of them is waited for."""
COMES_BY = 2.0
"""Seconds in which somebody who is armed may come to their point before the next are killed."""
ANSWERS_WITHIN = 120.0
CARRIES_DECISIONS = ("moderation.api", "identity.worker", "identity.api", "postgres")
"""What a removal passes on its way to the sessions that it ends."""
CRASH_POINT = re.compile(r'crash_point\("([a-z_.]+)"\)')
IN_THE_API = ("shared/log", "shared/http", "shared/hosting")
"""Where the points of an api process stand; the others are a worker's."""
REACTING = ("messaging", "moderation")
"""The services that have reactions."""


@dataclass(frozen=True, slots=True)
class Blow:
    """Whom to kill, and at which point of its work."""

    process: str
    point: str = ANYWHERE

    def __str__(self) -> str:
        return f"{self.process} at {self.point}"


def points() -> dict[str, str]:
    """Every crash point that stands in the code, and the kind of process that comes by it."""
    found: dict[str, str] = {}
    for path in sorted([*(ROOT / "shared").rglob("*.py"), *(ROOT / "services").rglob("*.py")]):
        where = str(path.relative_to(ROOT))
        for name in CRASH_POINT.findall(path.read_text()):
            found[name] = "api" if where.startswith(IN_THE_API) else "worker"
    return found


def targets() -> list[Blow]:
    """Each process anywhere, and each at each point that it comes by."""
    blows = [Blow(name) for name in ("nginx", "broker", "postgres")]
    blows += [Blow(f"{service}.{kind}") for service in SERVICES for kind in ("api", "worker")]
    for point, kind in points().items():
        services = REACTING if point.startswith("reaction.") else SERVICES
        blows += [Blow(f"{service}.{kind}", point) for service in services]
    return blows


def plan(chance: random.Random, kills: int) -> Iterator[list[Blow]]:
    """At least so many blows, every target in turn, a few at a time; never two on one process at once."""
    waiting: list[Blow] = []
    planned = 0
    while planned < kills:
        size, batch = chance.randint(1, AT_ONCE), list[Blow]()
        while len(batch) < size:
            if not waiting:
                waiting = targets()
                chance.shuffle(waiting)
            fitting = next((blow for blow in waiting if blow.process not in {one.process for one in batch}), None)
            if fitting is None:
                break
            waiting.remove(fitting)
            batch.append(fitting)
        planned += len(batch)
        yield batch


def kill(rig: Rig, kills: int) -> None:
    """Kills so many processes while the day goes on; looks at everything every so often, and at the end."""
    killer = Killer(rig)
    batches = plan(rig.chance, 3 * kills + len(targets()))  # some never come to their point
    while killer.killed < kills:
        next_check = min(kills, killer.killed + CHECKED_EVERY)
        with rig.day.going():
            while killer.killed < next_check:
                batch = next(batches, None)
                assert batch is not None, f"only {killer.killed} came to their points"
                killer.strike(batch)
            killer.let_off()
        rig.check()


@dataclass(slots=True)
class Killer:
    """Carries blows out. A point stays armed until its process comes by, while others are killed meanwhile.

    Attributes:
        armed: process to the point that it is to come to.
        killed: how many died.
    """

    rig: Rig
    armed: dict[str, Blow] = field(default_factory=dict)
    killed: int = 0
    _pids: dict[str, int] = field(default_factory=dict)
    _looked: float = 0.0

    def strike(self, batch: Sequence[Blow]) -> None:
        """Arms points and kills, and waits until everybody who died answers again. Who is armed is left alone."""
        began, self._looked = self._looked or time.monotonic(), time.monotonic()
        free = [blow for blow in batch if blow.process not in self.armed]
        for blow in free:
            self._pids[blow.process] = self.rig.supervisor(blow.process).pid(blow.process)
            if blow.point != ANYWHERE:
                self.rig.bench.crash_at(blow.process, blow.point)
                self.armed[blow.process] = blow
        at_once = [blow for blow in free if blow.point == ANYWHERE]
        for blow in at_once:
            self.rig.supervisor(blow.process).kill(blow.process)
        if self.armed:
            with suppress(AssertionError):  # then it is another time that somebody comes by
                until(self.rig.bench, lambda: bool(self._fired()), "somebody comes to their point", within=COMES_BY)
        fired = self._disarmed(self._fired())
        self._after(began, [*at_once, *fired])

    def let_off(self) -> None:
        """Takes back what nobody has come to: while all is looked at, nobody dies."""
        began, late = self._looked, list[Blow]()
        for process, blow in self.armed.items():
            try:
                (self.rig.bench.it.run_dir / "crash-points" / process).unlink()
            except FileNotFoundError:
                late.append(blow)
        self.armed.clear()
        self._looked = 0.0
        self._after(began, late)

    def _fired(self) -> list[Blow]:
        return [blow for process, blow in self.armed.items() if self.rig.bench.has_crashed(process)]

    def _disarmed(self, fired: Sequence[Blow]) -> Sequence[Blow]:
        for blow in fired:
            del self.armed[blow.process]
        return fired

    def _after(self, began: float, died: Sequence[Blow]) -> None:
        for blow in died:
            supervisor = self.rig.supervisor(blow.process)
            # Whoever came to a point may have been started again long before this was seen.
            until(self.rig.bench, partial(self._is_another, supervisor, blow.process), f"{blow} starts again")
            supervisor.wait_ready([blow.process], ANSWERS_WITHIN)
            if blow.process in CARRIES_DECISIONS:
                self.rig.kept.outages.append(Outage(began, time.monotonic()))
            self.killed += 1
            self.rig.note(str(blow))

    def _is_another(self, supervisor: Supervisor, process: str) -> bool:
        return supervisor.pid(process) != self._pids[process]
