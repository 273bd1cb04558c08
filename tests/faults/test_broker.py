"""The broker is killed and stays away while awards go on: nobody waits for it, and every service has every event."""

import json
import signal
import subprocess
import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from deploy.operator.config import ROOT
from shared.testing.driver import Wrote
from tests.installation import Bench, School, went

CLIENTS, EACH = 4, 10
LOOKS = 100
"""Most looks at the status until every consumer has come to the heads: each takes a second or more."""


@pytest.fixture(scope="module")
def behaviour(school: School) -> UUID:
    return school.a_behaviour("Kept calm")


def awarding(school: School, pupil: UUID, behaviour: UUID, meanwhile: Callable[[], None] = lambda: None) -> list[Wrote]:
    """Clients that award at once; none is refused, and none tries twice."""
    teacher, answers = school.teacher(1), list[Wrote]()

    def client() -> None:
        answers.extend(went(teacher.award(pupil, behaviour, key=str(uuid4()))) for _ in range(EACH))

    clients = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for one in clients:
        one.start()
    meanwhile()
    for one in clients:
        one.join(timeout=240)
    return answers


def total(school: School, pupil: UUID) -> int:
    return int(went(school.teacher(1).points_of(pupil))["total"])


def behind(bench: Bench) -> list[dict[str, Any]]:
    """The consumers and relays that have not come to the heads of what they follow."""
    done = subprocess.run(
        [str(ROOT / "bookbag"), "status", "--json"],
        env={"BOOKBAG_RUN_DIR": str(bench.it.run_dir), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    return [one for one in json.loads(done.stdout) if one["lag"]]


def until_nobody_is_behind(bench: Bench, *besides: str) -> None:
    left: list[dict[str, Any]] = []
    for _ in range(LOOKS):
        left = [one for one in behind(bench) if one["name"] not in besides]
        if not left:
            return
    raise AssertionError(f"still behind: {left}")


def test_killed_under_load_no_award_waits_and_nothing_is_lost_or_doubled(bench: Bench, school: School, behaviour: UUID):
    pupil = school.pupil(1, 4).person_id
    before = total(school, pupil)
    answers = awarding(school, pupil, behaviour, lambda: bench.it.kill("broker"))
    assert len(answers) == CLIENTS * EACH
    assert total(school, pupil) == before + CLIENTS * EACH
    bench.it.wait_ready()
    until_nobody_is_behind(bench)
    assert bench.faults() == []


def test_a_broker_that_is_frozen_stops_no_award_and_no_consumer(bench: Bench, school: School, behaviour: UUID):
    """It keeps its sockets open and says nothing: the workers' green threads must not wait with it."""
    pupil = school.pupil(1, 2).person_id
    before = total(school, pupil)
    until_nobody_is_behind(bench)  # what is not published when the broker stops is not until it goes on
    bench.it.signal("broker", signal.SIGSTOP)
    try:
        assert len(awarding(school, pupil, behaviour)) == CLIENTS * EACH
        assert total(school, pupil) == before + CLIENTS * EACH
        until_nobody_is_behind(bench, "relay")
        assert {one["service"] for one in behind(bench)} == {"points"}
        bench.it.wait_ready("points.worker", "moderation.worker")
    finally:
        bench.it.signal("broker", signal.SIGCONT)
    until_nobody_is_behind(bench)
    assert bench.faults() == []


def test_without_a_broker_awards_go_on_and_every_consumer_comes_to_the_heads(
    bench: Bench, school: School, behaviour: UUID
):
    pupil = school.pupil(1, 3).person_id
    before = total(school, pupil)
    bench.it.stop("broker")
    try:
        assert len(awarding(school, pupil, behaviour)) == CLIENTS * EACH
        assert total(school, pupil) == before + CLIENTS * EACH
        until_nobody_is_behind(bench, "relay")
        assert [one["name"] for one in behind(bench) if one["service"] == "points"] == ["relay"]
        bench.it.wait_ready("points.worker", "moderation.worker")
    finally:
        bench.it.resume("broker")
    until_nobody_is_behind(bench)
    assert bench.faults() == []
