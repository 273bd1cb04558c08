"""A roster that comes in while an erasure is decided: on a real PostgreSQL, it brings nobody back."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.identity.commands import IdentityCommands
from services.identity.erasures import Erasures
from services.identity.indexes import Indexes
from services.identity.oneroster import Roster, read_roster, unzip_roster
from shared.events.envelope import Actor, Envelope
from shared.events.identity import (
    ErasureDecided,
    ErasureReason,
    RosterImported,
    SchoolId,
    SchoolRegistered,
)
from shared.log import read
from shared.log.commands import Asked, CommandHandler, Drafts, History
from shared.policy.principal import Capacity, Role
from shared.privacy.keystore import Destroyed, Owner, SubjectKey
from shared.privacy.vault import Vault, folded
from shared.runtime.clock import SystemClock
from shared.runtime.ids import new_id
from shared.testing.principals import SCHOOL, principal
from shared.testing.school import InventedPupil, invented_school
from tests.integration.conftest import ScratchLog
from tests.integration.interrupted import Interrupted

PEOPLE = invented_school(seed=5, classes=1, pupils_per_class=3, on=datetime(2026, 9, 7, tzinfo=UTC).date())
WHOLE = read_roster(unzip_roster(PEOPLE.zip()), on=datetime(2026, 9, 7, tzinfo=UTC).date())
INDEXES = Indexes(bytes(32))


class Keys:
    """Keys that anybody opens, until they are destroyed."""

    def __init__(self) -> None:
        self.destroyed: set[UUID] = set()

    def obtain(self, owners: Sequence[Owner]) -> Mapping[Owner, SubjectKey]:
        if any(owner.subject_id in self.destroyed for owner in owners):
            raise Destroyed
        return {owner: SubjectKey(uuid4(), bytes(32)) for owner in owners}

    def fetch(self, key_ids: Sequence[UUID]) -> Mapping[UUID, bytes | None]:
        return dict.fromkeys(key_ids, bytes(32))


class Office:
    """Identity's commands on a log of its own, for one school.

    Attributes:
        meanwhile: what happens, once, between the next decision and its append.
    """

    def __init__(self, scratch: ScratchLog) -> None:
        self.keys, self._clock = Keys(), SystemClock()
        self._handler = CommandHandler(scratch.pool(), Vault("identity", self.keys, lambda: 0.0), self._clock, new_id)
        self._reader = scratch.connection("points_worker")
        interrupted = Interrupted(self._handler)
        self.meanwhile = interrupted.meanwhile
        self.commands = IdentityCommands(
            handler=interrupted,  # type: ignore[arg-type]  # the handler, with something in between
            queries=self,  # type: ignore[arg-type]  # whose read model is as good as empty
            indexes=INDEXES,
            clock=self._clock,
            new_id=new_id,
            partition_for_new=lambda: 1,
        )
        registered = SchoolRegistered(school_id=SchoolId(SCHOOL), slug="a-school", name="A School", partition=1)

        def register(history: History) -> Drafts:
            history.recorded(f"school-{SCHOOL}")
            return [(f"school-{SCHOOL}", registered)]

        self._handler.handle(self._asked().request(1, self._clock.now()), register)

    def particulars(self, _school_id: UUID) -> tuple[dict[UUID, Any], dict[UUID, Any]]:
        return {}, {}

    def brings_in(self, roster: Roster) -> RosterImported:
        self.commands.import_roster(self._asked(), school_id=SCHOOL, roster=roster)
        [last] = folded(self.log()[-1:])
        assert isinstance(last, RosterImported)
        return last

    def erases(self, person: UUID) -> None:
        erasures = Erasures(self._handler, self._clock)
        erasures.decide(self._asked(), subject_id=person, reason=ErasureReason.LEFT_SCHOOL)

    def log(self) -> list[Envelope]:
        return read.after(self._reader, 1, 0, 1000)

    def since_the_decision(self, person: UUID) -> str:
        """What is told of the person from the decision on, but that they left and were left out."""
        types = [envelope.type for envelope in self.log()]
        decided = self.log()[types.index(ErasureDecided.event_type)]
        later = [e for e in self.log() if e.position > decided.position and e.correlation_id != decided.correlation_id]
        return "\n".join(str(e.data) for e in later if e.type != RosterImported.event_type and str(person) in str(e))

    def _asked(self) -> Asked:
        return Asked(by=principal(Capacity.STAFF, Role.HEADTEACHER), correlation_id=uuid4(), claim=None)


@pytest.fixture
def office(scratch: ScratchLog) -> Office:
    return Office(scratch)


def person(sourced_id: str) -> UUID:
    return INDEXES.roster_id(SCHOOL, "person", sourced_id)


def without(child: InventedPupil) -> Roster:
    """The roster on which neither the child's adults nor their links are."""
    gone = {adult.sourced_id for adult in child.adults}
    return Roster(
        people=tuple(one for one in WHOLE.people if one.sourced_id not in gone),
        pupils=WHOLE.pupils,
        classes=WHOLE.classes,
        guardianships=tuple(one for one in WHOLE.guardianships if one.guardian not in gone),
    )


CHILD = PEOPLE.pupil(1, 1)


def test_S18_an_adult_who_is_erased_while_a_roster_is_decided_is_left_out_of_it(office: Office):
    """They had left: nothing of theirs but the erasure itself moves while the roster brings them back."""
    adult = person(CHILD.adults[0].sourced_id)
    office.brings_in(WHOLE)
    office.brings_in(without(CHILD))
    office.meanwhile.append(lambda: office.erases(adult))
    assert adult in office.brings_in(WHOLE).left_out
    assert office.since_the_decision(adult) == ""


def test_S18_a_roster_that_meets_a_key_destroyed_meanwhile_comes_in_without_that_person(office: Office):
    pupil = person(CHILD.sourced_id)
    office.brings_in(WHOLE)
    office.brings_in(Roster(people=WHOLE.people, pupils=(), classes=(), guardianships=()))

    def erased() -> None:
        office.erases(pupil)
        office.keys.destroyed.add(pupil)

    office.meanwhile.append(erased)
    assert office.brings_in(WHOLE).left_out == (pupil,)
    assert office.since_the_decision(pupil) == ""


def test_a_key_that_nobody_decided_to_destroy_is_no_reason_to_try_for_ever(office: Office):
    office.keys.destroyed.add(person(CHILD.sourced_id))
    with pytest.raises(Destroyed):
        office.brings_in(WHOLE)
    assert [envelope.actor for envelope in office.log()] == [Actor(kind="staff", id=str(UUID(int=9)))]
