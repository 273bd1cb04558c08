"""The school's people: given what has happened, then this is who is there and how they are related."""

from typing import Any
from uuid import UUID

from services.identity.domain.people import People, PeopleEvent, Pupil, SchoolClass, evolve
from shared.events.declaration import Erased
from shared.events.identity import (
    AccountClosed,
    AccountOpened,
    ClassClosed,
    ClassId,
    ClassOpened,
    ClassPost,
    GuardianId,
    GuardianLinked,
    GuardianUnlinked,
    Holder,
    LoginClaimed,
    LoginReleased,
    PersonId,
    PersonRegistered,
    PersonRenamed,
    PupilAdmitted,
    PupilEnrolled,
    PupilId,
    PupilLeft,
    PupilParticularsChanged,
    PupilWithdrawn,
    Relationship,
    RoleAppointed,
    RoleEnded,
    StaffAssigned,
    StaffId,
    StaffRole,
    StaffUnassigned,
    YearGroup,
)

CLASS, OTHER_CLASS = ClassId(UUID(int=2)), ClassId(UUID(int=3))
ADA, BAO = PupilId(UUID(int=10)), PupilId(UUID(int=11))
MUM, DAD = GuardianId(UUID(int=20)), GuardianId(UUID(int=21))
TEACHER, AIDE = StaffId(UUID(int=30)), StaffId(UUID(int=31))


def after(*events: PeopleEvent) -> People:
    state = People()
    for event in events:
        state = evolve(state, event)
    return state


def registered(person: UUID, name: Any = "Ivy") -> PersonRegistered:
    return PersonRegistered(person_id=PersonId(person), given_name=name, family_name=name, email=None)


def admitted(pupil: PupilId, year: YearGroup = YearGroup.YEAR_2, name: Any = "Ada") -> PupilAdmitted:
    return PupilAdmitted(pupil_id=pupil, year_group=year, given_name=name, family_name=name, birth_date=None)


def opened(class_id: ClassId = CLASS, name: str = "Beeches", year: YearGroup = YearGroup.YEAR_2) -> ClassOpened:
    return ClassOpened(class_id=class_id, name=name, year_group=year)


def linked(pupil: PupilId, guardian: GuardianId, relationship: Relationship = Relationship.PARENT) -> GuardianLinked:
    return GuardianLinked(pupil_id=pupil, guardian_id=guardian, relationship=relationship)


def appointed(role: StaffRole, *, by_roster: bool = True) -> RoleAppointed:
    return RoleAppointed(staff_id=TEACHER, role=role, by_roster=by_roster)


def test_an_adult_is_there_from_registration_on_and_has_no_role_by_it():
    assert after(registered(TEACHER)).adults == {TEACHER: {}}


def test_S06_who_gave_a_role_is_remembered_until_it_ends():
    state = after(
        registered(TEACHER), appointed(StaffRole.TEACHER), appointed(StaffRole.SAFEGUARDING_LEAD, by_roster=False)
    )
    assert state.adults[PersonId(TEACHER)] == {StaffRole.TEACHER: True, StaffRole.SAFEGUARDING_LEAD: False}
    state = evolve(state, RoleEnded(staff_id=TEACHER, role=StaffRole.TEACHER))
    assert state.adults[PersonId(TEACHER)] == {StaffRole.SAFEGUARDING_LEAD: False}


def test_a_registration_that_is_told_again_takes_no_role_away():
    state = after(registered(TEACHER), appointed(StaffRole.TEACHER), registered(TEACHER))
    assert state.adults[PersonId(TEACHER)] == {StaffRole.TEACHER: True}


def test_S23_a_pupil_is_on_roll_in_a_year_and_goes_up():
    assert after(admitted(ADA)).pupils == {ADA: Pupil(YearGroup.YEAR_2)}
    up = PupilParticularsChanged(
        pupil_id=ADA, year_group=YearGroup.YEAR_3, given_name="Ada", family_name="Ada", birth_date=None
    )
    assert after(admitted(ADA), up).pupils == {ADA: Pupil(YearGroup.YEAR_3)}


def test_S25_a_pupil_who_left_is_remembered_off_roll_and_may_come_back():
    state = after(admitted(ADA), PupilLeft(pupil_id=ADA))
    assert state.pupils == {ADA: Pupil(YearGroup.YEAR_2, on_roll=False)}
    assert evolve(state, admitted(ADA)).pupils[ADA].on_roll


def test_a_class_has_the_pupils_and_staff_that_came_and_did_not_go():
    state = after(
        opened(),
        PupilEnrolled(class_id=CLASS, pupil_id=ADA),
        PupilEnrolled(class_id=CLASS, pupil_id=BAO),
        PupilWithdrawn(class_id=CLASS, pupil_id=BAO),
        StaffAssigned(class_id=CLASS, staff_id=TEACHER, post=ClassPost.CLASS_TEACHER),
        StaffAssigned(class_id=CLASS, staff_id=AIDE, post=ClassPost.CLASS_TEACHER),
        StaffAssigned(class_id=CLASS, staff_id=AIDE, post=ClassPost.SUPPORT_STAFF),
    )
    assert state.classes[CLASS] == SchoolClass(
        "Beeches",
        YearGroup.YEAR_2,
        pupils=frozenset({ADA}),
        staff={TEACHER: ClassPost.CLASS_TEACHER, AIDE: ClassPost.SUPPORT_STAFF},
    )
    state = evolve(state, StaffUnassigned(class_id=CLASS, staff_id=TEACHER))
    assert state.classes[CLASS].staff == {AIDE: ClassPost.SUPPORT_STAFF}


def test_a_pupil_may_be_in_two_classes_and_leaves_one():
    state = after(
        opened(),
        opened(OTHER_CLASS),
        PupilEnrolled(class_id=CLASS, pupil_id=ADA),
        PupilEnrolled(class_id=OTHER_CLASS, pupil_id=ADA),
        PupilWithdrawn(class_id=CLASS, pupil_id=ADA),
    )
    assert state.classes[CLASS].pupils == frozenset()
    assert state.classes[OTHER_CLASS].pupils == {ADA}


def test_a_class_that_is_opened_anew_is_renamed_and_keeps_its_pupils():
    state = after(opened(), PupilEnrolled(class_id=CLASS, pupil_id=ADA), ClassClosed(class_id=CLASS))
    assert not state.classes[CLASS].open
    state = evolve(state, opened(name="Conkers", year=YearGroup.YEAR_3))
    assert state.classes[CLASS] == SchoolClass("Conkers", YearGroup.YEAR_3, pupils=frozenset({ADA}))


def test_S26_S43_a_child_s_adults_are_those_who_were_linked_and_not_unlinked():
    state = after(linked(ADA, MUM), linked(ADA, DAD), linked(BAO, MUM), GuardianUnlinked(pupil_id=ADA, guardian_id=MUM))
    assert state.guardians == {ADA: {DAD: Relationship.PARENT}, BAO: {MUM: Relationship.PARENT}}
    assert state.children_of(MUM) == {BAO}
    assert state.children_of(DAD) == {ADA}
    assert state.children_of(UUID(int=99)) == frozenset()


def test_S26_a_link_that_is_told_anew_changes_the_relationship_alone():
    state = after(linked(ADA, MUM), linked(ADA, MUM, Relationship.LEGAL_GUARDIAN))
    assert state.guardians == {ADA: {MUM: Relationship.LEGAL_GUARDIAN}}


def test_S21_an_account_is_open_until_it_is_closed():
    is_opened = AccountOpened(person_id=PersonId(MUM), holder=Holder.ADULT)
    assert after(is_opened).accounts == {MUM}
    assert after(is_opened, AccountClosed(person_id=PersonId(MUM))).accounts == frozenset()


def test_S21_a_login_is_one_person_s_until_it_is_released():
    claimed = LoginClaimed(person_id=PersonId(MUM), login_index="a")
    other = LoginClaimed(person_id=PersonId(DAD), login_index="b")
    assert after(claimed, other).logins == {"a": MUM, "b": DAD}
    released = LoginReleased(person_id=PersonId(MUM), login_index="a")
    assert after(claimed, other, released).logins == {"b": DAD}


def test_S18_what_was_erased_folds_to_the_same_people():
    """No relation rests on a name: the state is the same when the names can be read no more."""

    def history(name: Any) -> People:
        renamed = PersonRenamed(person_id=PersonId(TEACHER), given_name=name, family_name=name, email=name)
        return after(
            registered(TEACHER, name),
            appointed(StaffRole.TEACHER),
            renamed,
            admitted(ADA, name=name),
            opened(),
            PupilEnrolled(class_id=CLASS, pupil_id=ADA),
            linked(ADA, MUM),
        )

    assert history(Erased()) == history("Ivy")


def test_folding_changes_no_earlier_state():
    """A state is kept and folded on: what is shared between two must not move."""
    before = after(registered(TEACHER), appointed(StaffRole.TEACHER), linked(ADA, MUM))
    kept = (dict(before.adults[PersonId(TEACHER)]), dict(before.guardians[ADA]))
    evolve(before, appointed(StaffRole.OFFICE))
    evolve(before, linked(ADA, DAD))
    assert (before.adults[PersonId(TEACHER)], before.guardians[ADA]) == kept
