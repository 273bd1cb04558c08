"""The scenarios of `make faults`: what each does, how much of it is long, and on which kind of installation."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from tests.faults.disk import broker_alarm, disk_full
from tests.faults.forged import forged
from tests.faults.killing import kill
from tests.faults.more_scenarios import clock_steps, failovers, restores, storms, two_of_each, upgrades
from tests.faults.network import network
from tests.faults.rig import Rig


@dataclass(frozen=True, slots=True)
class Scenario:
    """Attributes: play: does it so many times, and asserts the invariants; long: how many times that is by default."""

    what: str
    play: Callable[[Rig, int], None]
    long: int
    surrounded: bool = True


SCENARIOS: Mapping[str, Scenario] = {
    "kills": Scenario("kill -9 of every process at every step", kill, 1000, surrounded=False),
    "network": Scenario("connections cut, delayed, black-holed, half-open", network, 60),
    "disk-full": Scenario("PostgreSQL's disk is full", disk_full, 5),
    "broker-alarm": Scenario("the broker has no room", broker_alarm, 5),
    "forged": Scenario("malformed, forged and poisonous messages", forged, 40),
    "storm": Scenario("everything again at the broker, late and in any order", storms, 20, surrounded=False),
    "two-of-each": Scenario("one of two workers stands still", two_of_each, 10, surrounded=False),
    "restored": Scenario("a database is restored to an older moment", restores, 3, surrounded=False),
    "failover": Scenario("PostgreSQL fails over to a standby", failovers, 3, surrounded=False),
    "clock-steps": Scenario("the machine's clock steps by an hour", clock_steps, 3, surrounded=False),
    "upgrade": Scenario("a new version of an event beside the old", upgrades, 3, surrounded=False),
}


def command(name: str, seed: int, times: int) -> str:
    """What a person types to see it again."""
    how_many = f"--kills {times}" if name == "kills" else f"--times {times}"
    return f'make faults ARGS="--scenario {name} --seed {seed} {how_many}"'


@contextmanager
def reproducible(name: str, seed: int, times: int) -> Iterator[None]:
    """What fails within says the seed, and how to see it again."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"seed {seed}; to see it again: {command(name, seed, times)}")
        raise
