"""A short form of `make faults`: some kills at steps of every kind, followed by every invariant."""

import random

import pytest

from tests.faults.killing import ANYWHERE, AT_ONCE, Blow, kill, plan, points, targets
from tests.faults.rig import a_rig
from tests.faults.scenarios import reproducible
from tests.installation import Bench

SEED = 20261125


@pytest.mark.timeout(600)
def test_killed_at_steps_of_their_work_processes_lose_and_double_nothing(bench: Bench):
    kills = 12
    with reproducible("kills", SEED, kills), a_rig(bench, "steps", SEED) as rig:
        kill(rig, kills)
        assert sum(rig.done.values()) >= kills


def test_kills_are_planned_for_every_process_at_every_point_in_the_code():
    found = targets()
    assert {blow.point for blow in found} == {ANYWHERE, *points()}
    assert {"append.committed", "relay.published", "subscription.applied", "reaction.committed"} <= set(points())
    assert len({blow.process for blow in found}) == 13
    assert Blow("moderation.worker", "reaction.effects_applied") in found


def test_a_plan_kills_every_target_in_turn_and_none_twice_at_once():
    batches = list(plan(random.Random(SEED), 2 * len(targets())))  # noqa: S311 - chance, not secrecy
    planned = [str(blow) for batch in batches for blow in batch][: 2 * len(targets())]
    assert sorted(planned) == sorted(str(blow) for blow in targets() * 2)
    assert all(0 < len({blow.process for blow in batch}) == len(batch) <= AT_ONCE for batch in batches)
