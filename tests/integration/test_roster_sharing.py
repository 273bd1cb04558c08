"""What a roster makes of guardians' answers, on a real PostgreSQL: what may be shared now, and what was away since."""

from uuid import UUID, uuid4

import pytest

from shared.events.declaration import Event
from shared.events.identity import (
    ClassId,
    GuardianId,
    GuardianLinked,
    GuardianUnlinked,
    PermissionListAcknowledged,
    PersonId,
    PupilAdmitted,
    PupilEnrolled,
    PupilId,
    PupilLeft,
    PupilWithdrawn,
    Relationship,
    SharedKind,
    SharePermissionAnswered,
    StaffId,
    YearGroup,
)
from shared.projections.sharing import Sharing, showable
from shared.runtime.database import reading
from tests.integration.conftest import ScratchLog
from tests.integration.told import ToldRoster

CLASS, OTHER_CLASS, TEACHER = ClassId(UUID(int=1)), ClassId(UUID(int=2)), StaffId(UUID(int=3))
CHILD, CLASSMATE = PupilId(UUID(int=10)), PupilId(UUID(int=11))
MOTHER, FATHER = GuardianId(UUID(int=20)), GuardianId(UUID(int=21))
PHOTO = SharedKind.PHOTO


class Roster(ToldRoster):
    """What may be shared, by a roster that is told."""

    def __init__(self, scratch: ScratchLog) -> None:
        super().__init__(scratch)
        self.sharing = Sharing(self.reader)

    def allowed(self, pupil: PupilId = CHILD) -> frozenset[SharedKind]:
        return self.sharing.facts(self.school_id, CLASS, TEACHER, [pupil]).allowed.get(pupil, frozenset())

    def version(self, class_id: ClassId = CLASS) -> int:
        return self.sharing.list_of(self.school_id, class_id, TEACHER).version

    def shows(self, approved: int, pupil: PupilId = CHILD, kind: SharedKind = PHOTO) -> bool:
        """Whether what was approved at a position is shown now."""
        asked = showable("a.pupil_id", "a.kind", "a.approved")
        with reading(self.reader, self.school_id) as cursor:
            row = cursor.execute(
                f"SELECT {asked} FROM (SELECT %s::uuid AS pupil_id, %s::text AS kind, %s::bigint AS approved) a",
                (pupil, kind, approved),
            ).fetchone()
        assert row is not None
        return bool(row[0])


def admitted(pupil: PupilId) -> PupilAdmitted:
    return PupilAdmitted(
        pupil_id=pupil, year_group=YearGroup.YEAR_2, given_name="Bo", family_name="Bee", birth_date=None
    )


def linked(guardian: GuardianId, pupil: PupilId = CHILD) -> GuardianLinked:
    return GuardianLinked(pupil_id=pupil, guardian_id=guardian, relationship=Relationship.PARENT)


def unlinked(guardian: GuardianId, pupil: PupilId = CHILD) -> GuardianUnlinked:
    return GuardianUnlinked(pupil_id=pupil, guardian_id=guardian)


def said(
    guardian: GuardianId, allowed: bool, kind: SharedKind = PHOTO, pupil: PupilId = CHILD
) -> SharePermissionAnswered:
    return SharePermissionAnswered(
        pupil_id=pupil, guardian_id=guardian, kind=kind, allowed=allowed, answered_by=PersonId(guardian)
    )


@pytest.fixture
def known(scratch: ScratchLog) -> Roster:
    """Two children of one class, each with two adults."""
    made = Roster(scratch)
    made.hears(
        *(admitted(pupil) for pupil in (CHILD, CLASSMATE)),
        *(PupilEnrolled(class_id=CLASS, pupil_id=pupil) for pupil in (CHILD, CLASSMATE)),
        *(linked(guardian, pupil) for guardian in (MOTHER, FATHER) for pupil in (CHILD, CLASSMATE)),
    )
    return made


def test_S63_an_absent_answer_is_no_permission(known: Roster):
    assert known.allowed() == frozenset()


@pytest.mark.parametrize(
    ("answers", "allowed"),
    [
        ([said(MOTHER, True)], True),
        ([said(MOTHER, False)], False),
        ([said(MOTHER, True), said(FATHER, True)], True),
        ([said(MOTHER, True), said(FATHER, False)], False),
        ([said(MOTHER, False), said(FATHER, True)], False),
        ([said(MOTHER, False), said(MOTHER, True)], True),
        ([said(MOTHER, True), said(MOTHER, False)], False),
        ([said(MOTHER, True), said(FATHER, False), said(FATHER, True)], True),
    ],
)
def test_S63_T8_some_guardian_said_yes_and_none_says_no(
    known: Roster, answers: list[SharePermissionAnswered], allowed: bool
):
    known.hears(*answers)
    assert (PHOTO in known.allowed()) is allowed


def test_S63_each_kind_and_each_child_has_a_permission_of_its_own(known: Roster):
    known.hears(said(MOTHER, True, SharedKind.WORK_SAMPLE))
    assert known.allowed() == {SharedKind.WORK_SAMPLE}
    assert known.allowed(CLASSMATE) == frozenset()


def test_S63_the_answers_of_guardians_who_are_linked_now_count_and_no_others(known: Roster):
    known.hears(said(MOTHER, True), said(FATHER, False))
    assert known.allowed() == frozenset()
    known.hears(unlinked(FATHER))
    assert known.allowed() == {PHOTO}
    known.hears(unlinked(MOTHER))
    assert known.allowed() == frozenset()
    known.hears(linked(FATHER))
    assert known.allowed() == frozenset()


def test_S64_what_was_approved_is_shown_while_the_permission_stands_and_hidden_once_it_is_gone(known: Roster):
    approved = known.hears(said(MOTHER, True))
    assert known.shows(approved)
    withdrawn = known.hears(said(FATHER, False))
    assert not known.shows(approved)
    # Nor is what somebody were to approve while there is no permission.
    assert not known.shows(withdrawn)


def test_S64_a_permission_that_comes_back_shows_nothing_before_a_new_approval(known: Roster):
    approved = known.hears(said(MOTHER, True))
    known.hears(said(MOTHER, False))
    again = known.hears(said(MOTHER, True))
    assert known.allowed() == {PHOTO}
    assert not known.shows(approved)
    assert known.shows(again)


@pytest.mark.parametrize("away", [[unlinked(MOTHER), linked(MOTHER)], [said(FATHER, False), unlinked(FATHER)]])
def test_S64_so_does_one_that_was_away_because_an_adult_was(known: Roster, away: list[Event]):
    approved = known.hears(said(MOTHER, True))
    back = known.hears(*away)
    assert known.allowed() == {PHOTO}
    assert not known.shows(approved)
    assert known.shows(back)


def test_S64_a_permission_that_stands_on_another_answer_was_never_away(known: Roster):
    approved = known.hears(said(MOTHER, True), said(FATHER, True))
    known.hears(unlinked(FATHER), said(MOTHER, False, SharedKind.MESSAGE), said(MOTHER, False, pupil=CLASSMATE))
    assert known.shows(approved)


def test_S64_nothing_of_a_pupil_who_left_is_shown_nor_when_they_come_back(known: Roster):
    approved = known.hears(said(MOTHER, True))
    left = known.hears(PupilLeft(pupil_id=CHILD))
    assert not known.shows(approved)
    assert not known.shows(left)
    assert known.allowed() == frozenset()
    back = known.hears(admitted(CHILD))
    assert not known.shows(approved)
    assert known.shows(back)


@pytest.mark.parametrize(
    "happens",
    [
        said(MOTHER, True),
        said(MOTHER, False, SharedKind.RECORDING),
        unlinked(FATHER),
        linked(GuardianId(UUID(int=22))),
        PupilEnrolled(class_id=CLASS, pupil_id=PupilId(UUID(int=12))),
        PupilWithdrawn(class_id=CLASS, pupil_id=CLASSMATE),
    ],
)
def test_S62_a_new_answer_another_adult_a_leaver_or_a_joiner_changes_the_list(known: Roster, happens: Event):
    known.hears(PermissionListAcknowledged(class_id=CLASS, staff_id=TEACHER, list_version=known.version()))
    before = known.sharing.list_of(known.school_id, CLASS, TEACHER)
    known.hears(happens)
    after = known.sharing.list_of(known.school_id, CLASS, TEACHER)
    assert (before.known, after.known) == (True, False)
    assert after.version == known.position


def test_S62_answers_that_come_to_the_same_are_another_list(known: Roster):
    first = known.hears(said(MOTHER, True))
    assert known.version() == first
    assert known.hears(said(MOTHER, False), said(MOTHER, True)) == known.version() > first


def test_S62_the_list_of_another_class_is_another(known: Roster):
    known.hears(PupilEnrolled(class_id=OTHER_CLASS, pupil_id=PupilId(UUID(int=12))))
    before = known.version()
    known.hears(said(MOTHER, True, pupil=PupilId(UUID(int=12))))
    assert known.version() == before
    assert known.version(OTHER_CLASS) == known.position


def test_S62_what_one_member_of_staff_knows_is_not_what_another_knows(known: Roster):
    known.hears(PermissionListAcknowledged(class_id=CLASS, staff_id=TEACHER, list_version=known.version()))
    assert known.sharing.facts(known.school_id, CLASS, TEACHER, []).list_known
    assert not known.sharing.facts(known.school_id, CLASS, StaffId(UUID(int=4)), []).list_known


def test_S16_another_school_s_roster_says_nothing(known: Roster):
    known.hears(said(MOTHER, True))
    assert known.sharing.facts(uuid4(), CLASS, TEACHER, [CHILD]).allowed == {}
    assert known.sharing.list_of(uuid4(), CLASS, TEACHER).pupils == ()
