"""The short form of `make sim`, at every test run. A failing schedule prints the command that plays it again."""

import gc
import hashlib
import os
import subprocess
import sys
import weakref

import pytest

from deploy.operator.config import ROOT
from tests.property.memory_school import CHILDREN
from tests.sim.__main__ import again
from tests.sim.judge import Schedule

SCHEDULES = 2000
BLOCKS = 10
SHARE = SCHEDULES // BLOCKS


@pytest.mark.parametrize("block", range(BLOCKS))
def test_whatever_is_lost_doubled_or_killed_the_machinery_keeps_its_promises(block: int):
    for seed in range(block * SHARE, (block + 1) * SHARE):
        _, wrong = Schedule(seed).play()
        assert not wrong, f"{again(Schedule(seed))}: {wrong}"


PLAYED = "from tests.sim.test_schedules import fingerprint; print(fingerprint())"


def fingerprint() -> str:
    """Of all that some schedules wrote."""
    return hashlib.sha256("".join(map(history, range(20))).encode()).hexdigest()


def history(seed: int) -> str:
    """What happened in a schedule, in order, and what was written."""
    school, wrong = Schedule(seed).play()
    heads = (service.log.head.hash.hex() for service in school.services)
    return " ".join([*school.storm.did, *heads, *wrong])


def test_a_seed_plays_the_same_schedule_in_every_process():
    """Also where strings hash otherwise; else a failure could not be seen again."""
    told = {
        subprocess.run(
            [sys.executable, "-c", PLAYED],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hashing},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hashing in ("1", "2")
    }
    assert len(told) == 1


def test_a_seed_plays_the_same_schedule_whatever_was_played_before_it():
    """What is made once in a process (statements, ids, moments) is nothing that a schedule leaves to the next."""
    seeds = range(30)
    assert [history(seed) for seed in seeds] == [history(seed) for seed in reversed(seeds)][::-1]


def test_a_schedule_that_was_played_leaves_nothing_behind():
    """A million of them are played in one process."""
    school, wrong = Schedule(3).play()
    left = weakref.ref(school)
    del school
    gc.collect()
    assert not wrong
    assert left() is None


def test_a_schedule_that_is_cut_short_begins_as_the_whole():
    """Shrinking rests on it."""
    whole, _ = Schedule(3).play()
    cut, _ = Schedule(3, 4).play()
    assert cut.storm.did[:4] == whole.storm.did[:4]
    assert len(cut.storm.did) < len(whole.storm.did)


def test_the_schedules_hold_what_they_are_to_try():
    """Else the promises would be tried on nothing: every kind of trouble and both ways out of it come about."""
    seen = dict.fromkeys(("sanctioned", "crashed", "lied to", "lost", "by the feed", "by the bus", "relayed"), 0)
    for seed in range(120):
        school, _ = Schedule(seed).play()
        kinds = school.storm.weather_before
        seen["sanctioned"] += any(school.sanctions(guardian) for guardian in CHILDREN)
        seen["crashed"] += school.storm.deaths > 0
        seen["lied to"] += school.storm.lies > 0
        seen["lost"] += bool(kinds.bus) and "the_broker_forgets" in school.storm.did
        seen["by the feed"] += school.settled_by == "the feed"
        seen["by the bus"] += school.settled_by == "the bus"
        seen["relayed"] += school.broker.settled("messaging") > 0
    assert min(seen.values()) > 5, seen
