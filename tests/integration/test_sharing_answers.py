"""The adults of one child answer what may be shared, on a real PostgreSQL: none is told that another answered."""

from uuid import UUID, uuid4

import pytest

from services.identity.commands import IdentityCommands, guardianship_stream, school_stream
from services.identity.indexes import Indexes
from services.identity.queries import IdentityQueries
from shared.events.identity import (
    GuardianId,
    GuardianLinked,
    PupilId,
    Relationship,
    SchoolId,
    SchoolRegistered,
    SharedKind,
)
from shared.log.append import Answer, Claim
from shared.log.commands import Asked, CommandHandler, Drafts, History
from shared.policy.principal import Capacity
from shared.privacy.vault import Vault
from shared.runtime.clock import SystemClock
from shared.runtime.ids import new_id
from shared.testing.principals import SCHOOL, principal
from tests.integration.conftest import ScratchKeys, ScratchLog

CHILD, MOTHER, FATHER, AUNT = PupilId(UUID(int=10)), UUID(int=20), UUID(int=21), UUID(int=22)
PHOTO = SharedKind.PHOTO


class Family:
    """Identity's commands on a log of its own, in which a child has two adults."""

    def __init__(self, scratch: ScratchLog, keys: ScratchKeys) -> None:
        vault, self._clock = Vault("identity", keys.store("identity"), lambda: 0.0), SystemClock()
        self._handler = CommandHandler(scratch.pool(), vault, self._clock, new_id)
        self._commands = IdentityCommands(
            handler=self._handler,
            queries=IdentityQueries(scratch.pool("points_reader")),
            indexes=Indexes(bytes(32)),
            clock=self._clock,
            new_id=new_id,
            partition_for_new=lambda: 1,
        )
        school = SchoolRegistered(school_id=SchoolId(SCHOOL), slug="a-school", name="A School", partition=1)
        self._record(school_stream(SCHOOL), school)
        for adult in (MOTHER, FATHER):
            self.links(adult)

    def links(self, adult: UUID) -> None:
        linked = GuardianLinked(pupil_id=CHILD, guardian_id=GuardianId(adult), relationship=Relationship.PARENT)
        self._record(guardianship_stream(CHILD), linked)

    def answers(self, adult: UUID, *, allowed: bool, key: str | None = None) -> Answer:
        claim = None if key is None else Claim(person_id=adult, key=key, body_mac=bytes(32))
        return self._commands.answer_sharing(asked_by(adult, claim), pupil_id=CHILD, kind=PHOTO, allowed=allowed)

    def _record(self, stream: str, event: GuardianLinked | SchoolRegistered) -> None:
        def recorded(history: History) -> Drafts:
            history.recorded(stream)
            return [(stream, event)]

        self._handler.handle(asked_by(MOTHER).request(1, self._clock.now()), recorded)


def asked_by(adult: UUID, claim: Claim | None = None) -> Asked:
    by = principal(Capacity.GUARDIAN, person=adult, children=(CHILD,))
    return Asked(by=by, correlation_id=uuid4(), claim=claim)


@pytest.fixture
def family(scratch: ScratchLog, keys: ScratchKeys) -> Family:
    return Family(scratch, keys)


def test_S16_S63_who_answers_again_is_not_told_that_another_of_the_child_s_adults_answered(family: Family):
    """A position that moved would tell them so."""
    first = family.answers(MOTHER, allowed=True)
    assert family.answers(MOTHER, allowed=True) == first
    later = family.answers(FATHER, allowed=False)
    assert later.position > first.position
    assert family.answers(MOTHER, allowed=True) == first
    assert [family.answers(MOTHER, allowed=True, key="once-more") for _ in range(2)] == [first, first]


def test_S16_who_answers_again_is_not_told_that_another_adult_was_linked(family: Family):
    first = family.answers(MOTHER, allowed=True)
    family.links(AUNT)
    assert family.answers(MOTHER, allowed=True) == first


def test_S64_a_repeated_request_gets_its_own_place_and_not_that_of_a_later_answer(family: Family):
    first = family.answers(MOTHER, allowed=True, key="yes")
    second = family.answers(MOTHER, allowed=False, key="no")
    assert second.position > first.position
    assert family.answers(MOTHER, allowed=True, key="yes") == first
    assert family.answers(MOTHER, allowed=False, key="no") == second
