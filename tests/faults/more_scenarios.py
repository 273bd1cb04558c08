"""Scenarios whose short forms are tests of their own, played again and again with other chances."""

from collections.abc import Callable
from pathlib import Path

from shared.testing.driver import Session
from tests.faults.apart import standing_apart
from tests.faults.rig import Rig, a_school_of_its_own
from tests.faults.test_clock_steps import everything_about_steps
from tests.faults.test_failover import everything_about_failing_over
from tests.faults.test_restored import a_conversation, restored_to_an_older_moment
from tests.faults.test_storm import a_storm
from tests.faults.two_of_each import a_pair_of_points, one_stands_still
from tests.faults.upgrading import a_new_version_is_rolled_out, rolling_installation
from tests.installation import School, patiently

SEEDS = 1 << 31


def storms(rig: Rig, times: int) -> None:
    """Everything again at the broker, late and in any order, among poison and forgeries."""
    for _ in range(times):
        a_storm(rig.bench, _a_school(rig), rig.chance.randrange(SEEDS), rounds=1)
        rig.note("all of the logs came again")


def two_of_each(rig: Rig, times: int) -> None:
    """One of two workers of each of two services stops itself at a point by chance, and goes on."""
    for _ in range(times):
        school, points = _a_school(rig), a_pair_of_points(rig.chance.randrange(SEEDS))
        one_stands_still(rig.bench, school, a_conversation(school), points)
        rig.note(" and ".join(f"{process} at {point}" for process, point in points))


def restores(rig: Rig, times: int) -> None:
    """A service's database is restored to an older moment, and the operator puts it right."""
    for _ in range(times):
        restored_to_an_older_moment(rig.bench, _a_school(rig))
        rig.note("messaging restored")


def failovers(rig: Rig, times: int) -> None:
    """PostgreSQL fails over, to a standby in step and to one behind."""
    for number in range(times):
        with standing_apart(_folders(rig, f"failover-{number}")) as apart:
            everything_about_failing_over(apart)
        rig.note("failed over")


def clock_steps(rig: Rig, times: int) -> None:
    """The machine's clock steps by an hour, there and back, of all processes and of one alone."""
    for number in range(times):
        with standing_apart(_folders(rig, f"clock-steps-{number}")) as apart:
            everything_about_steps(apart)
        rig.note("stepped there and back")


def upgrades(rig: Rig, times: int) -> None:
    """A new version of an event is rolled out, old and new processes side by side."""
    for number in range(times):
        seed = rig.chance.randrange(SEEDS)
        with rolling_installation(_folders(rig, f"upgrade-{number}"), seed=seed) as rolling:
            a_new_version_is_rolled_out(rolling)
        rig.note("rolled out")


def _folders(rig: Rig, name: str) -> Callable[[str], Path]:
    def folder(part: str) -> Path:
        made = rig.bench.it.run_dir.parent / name / part
        made.mkdir(parents=True)
        return made

    return folder


def _a_school(rig: Rig) -> School:
    """A new one: people who were warned stay warned."""
    seed, bookbag = rig.chance.randrange(SEEDS), rig.day.school.bookbag
    operator: Session = patiently(bookbag.sign_in_operator, rig.bench.operator_password())
    return a_school_of_its_own(bookbag, operator, f"again-{seed:x}", seed)
