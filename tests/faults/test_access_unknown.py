"""While identity cannot know what moderation decides, guardians read and do not write; everyone else goes on."""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from shared.testing.driver import Refused, Session
from tests.installation import Bench, School, went

GOES_ON = 20_000
"""Most tries of a guardian who goes on writing until the five seconds are over."""


@contextmanager
def moderation_away(bench: Bench) -> Iterator[None]:
    bench.it.stop("moderation.api")
    try:
        yield
    finally:
        bench.it.resume("moderation.api")


@contextmanager
def identity_s_worker_frozen(bench: Bench) -> Iterator[None]:
    bench.it.signal("identity.worker", signal.SIGSTOP)
    try:
        yield
    finally:
        bench.it.signal("identity.worker", signal.SIGCONT)
        bench.it.wait_ready()


def held_back(write: Callable[[], object]) -> Refused:
    """The first refusal of one who goes on writing."""
    for _ in range(GOES_ON):
        if isinstance(answer := write(), Refused):
            return answer
    raise AssertionError("still let in")


def goes_on(write: Callable[[], object]) -> None:
    """Returns once the write is let in again."""
    for _ in range(GOES_ON):
        answer = write()
        if not isinstance(answer, Refused):
            return
        assert (answer.status, answer.code) == (503, "UNAVAILABLE")
    raise AssertionError("never let in again")


@pytest.mark.parametrize(("trouble", "number"), [(moderation_away, 1), (identity_s_worker_frozen, 2)])
def test_while_identity_cannot_know_how_things_stand_guardians_read_and_everyone_else_goes_on(
    trouble: Callable[[Bench], AbstractContextManager[None]], number: int, bench: Bench, school: School
):
    behaviour = school.a_behaviour("Kept calm")
    pupil, teacher = school.pupil(2, number), school.teacher(2)
    person = school.people.guardians_of(school.people.pupil(2, number))[0]
    guardian, tablet = (school.newly_signed_in(person, "guardian") for _ in range(2))
    conversation = went(guardian.open_conversation(pupil.person_id)).id

    def write() -> object:
        return guardian.send(conversation, "Thank you.")

    went(write())
    with trouble(bench):
        refusal = held_back(write)
        assert (refusal.status, refusal.code) == (503, "UNAVAILABLE")
        assert_others_go_on(teacher, pupil, behaviour)
        went(guardian.messages(conversation))
        went(guardian.points_of(pupil.person_id))
        went(guardian.me())
        assert tablet.sign_out() is None
    goes_on(write)


def assert_others_go_on(teacher: Session, pupil: Session, behaviour: object) -> None:
    went(teacher.award(pupil.person_id, str(behaviour)))
    went(pupil.points_of(pupil.person_id))
