"""kill -9 at the named points and anywhere: no answered command is lost, none is doubled, and reading goes on."""

import threading
from uuid import UUID, uuid4

import pytest

from shared.testing.driver import Refused, Saw, Session, Wrote
from tests.installation import Bench, School, went

GOES_ON = 60
"""Most tries of a client that asks again: the launcher starts a killed process within seconds."""


@pytest.fixture(scope="module")
def behaviour(school: School) -> UUID:
    return school.a_behaviour("Kept going")


def award_until_answered(teacher: Session, pupil: UUID, behaviour: UUID, key: str, bench: Bench) -> Wrote:
    """As a client app does it: the same request with the same key until there is an answer."""
    for _ in range(GOES_ON):
        answer = teacher.award(pupil, behaviour, key=key)
        if isinstance(answer, Wrote):
            return answer
        assert answer.status in {0, 502, 503, 504}, f"{answer.status} {answer.code}"
        bench.it.wait_ready()
    raise AssertionError("no answer")


def total(session: Session, pupil: UUID) -> int:
    answer: Saw | Refused | None = None
    for _ in range(GOES_ON):
        answer = session.points_of(pupil)
        if isinstance(answer, Saw):
            return int(answer["total"])
        assert answer.status in {0, 502, 503, 504}
    raise AssertionError(f"not to be read: {answer}")


@pytest.mark.parametrize("point", ["group.begun", "group.committed", "append.committed"])
def test_killed_between_a_command_s_coming_and_its_answer_nothing_is_lost_or_doubled(
    point: str, bench: Bench, school: School, behaviour: UUID
):
    teacher, pupil, key = school.teacher(1), school.pupil(1, 5).person_id, str(uuid4())
    before = total(teacher, pupil)
    bench.crash_at("points.api", point)
    first = teacher.award(pupil, behaviour, key=key)
    assert isinstance(first, Refused), "the process died before it could answer"
    assert bench.has_crashed("points.api")
    bench.it.wait_ready("points.api")
    award_until_answered(teacher, pupil, behaviour, key, bench)
    award_until_answered(teacher, pupil, behaviour, key, bench)
    assert total(teacher, pupil) == before + 1
    assert bench.faults() == []


def test_killed_after_the_effects_and_before_the_cursor_s_commit_nothing_is_doubled(
    bench: Bench, school: School, behaviour: UUID
):
    teacher, pupil = school.teacher(1), school.pupil(1, 6).person_id
    before = total(teacher, pupil)
    bench.crash_at("points.worker", "projection.effects_applied")
    went(teacher.award(pupil, behaviour))
    assert total(teacher, pupil) == before + 1
    assert bench.has_crashed("points.worker")
    bench.it.wait_ready("points.worker")
    assert bench.faults() == []


@pytest.mark.parametrize(
    "process", ["points.api", "points.worker", "identity.api", "identity.worker", "postgres", "nginx"]
)
def test_killed_anywhere_under_load_every_answered_command_stands_once(
    process: str, bench: Bench, school: School, behaviour: UUID
):
    teacher, pupil = school.teacher(1), school.pupil(1, 7).person_id
    before = total(teacher, pupil)
    answers: list[Wrote] = []

    def client() -> None:
        mine = (award_until_answered(teacher, pupil, behaviour, str(uuid4()), bench) for _ in range(10))
        answers.extend(mine)

    clients = [threading.Thread(target=client) for _ in range(4)]
    for one in clients:
        one.start()
    bench.it.kill(process)
    for one in clients:
        one.join(timeout=240)
    bench.it.wait_ready()
    assert len(answers) == 40
    assert len({answer.location for answer in answers}) == 40
    assert total(teacher, pupil) == before + 40
    assert bench.faults() == []
