"""What a roster changes at a school: given who is there, when the roster says otherwise, then these events."""

from dataclasses import replace
from uuid import UUID

import pytest

from services.identity.domain import erasure, people, roster_import
from services.identity.domain.erasure import DecideErasure, Erasure, erasure_id_of
from services.identity.domain.people import People
from services.identity.domain.roster_import import (
    Drafts,
    ImportFacts,
    ImportRoster,
    PlannedAdult,
    PlannedClass,
    PlannedPupil,
)
from shared.events.identity import (
    AccountClosed,
    AccountOpened,
    ClassClosed,
    ClassId,
    ClassOpened,
    ClassPost,
    ErasureReason,
    GuardianId,
    GuardianLinked,
    GuardianUnlinked,
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
    RefusedLink,
    Relationship,
    RoleAppointed,
    RoleEnded,
    RosterImported,
    SchoolId,
    StaffAssigned,
    StaffId,
    StaffRole,
    StaffUnassigned,
    YearGroup,
)

SCHOOL, CLASS = SchoolId(UUID(int=1)), ClassId(UUID(int=2))
ADA, BAO = PupilId(UUID(int=10)), PupilId(UUID(int=11))
MUM, DAD, GRAN, AUNT = (UUID(int=n) for n in (20, 21, 22, 23))
TEACHER, AIDE = UUID(int=30), UUID(int=31)


def an_adult(person: UUID, *roles: StaffRole, login: str | None = "", name: str = "Ivy") -> PlannedAdult:
    """With a login of their own, unless None is given."""
    return PlannedAdult(
        person_id=PersonId(person),
        given_name=name,
        family_name="Fernsby",
        email=None if login is None else f"{person.int}@school.example",
        login_index=None if login is None else (login or f"index-{person.int}"),
        roles=frozenset(roles),
    )


def a_pupil(pupil: PupilId, *, year: YearGroup = YearGroup.YEAR_2, name: str = "Ada") -> PlannedPupil:
    return PlannedPupil(
        pupil_id=pupil,
        given_name=name,
        family_name="Mossop",
        birth_date=None,
        year_group=year,
        login_index=f"index-{pupil.int}",
    )


def a_class(*pupils: PupilId, staff: dict[UUID, ClassPost] | None = None, name: str = "Beeches") -> PlannedClass:
    posts = {StaffId(person): post for person, post in (staff or {}).items()}
    return PlannedClass(class_id=CLASS, name=name, year_group=YearGroup.YEAR_2, pupils=frozenset(pupils), staff=posts)


def adults_of(*adults: UUID, relationship: Relationship = Relationship.PARENT) -> dict[GuardianId, Relationship]:
    return {GuardianId(adult): relationship for adult in adults}


A_SCHOOL = ImportRoster(
    import_id=UUID(int=99),
    school_id=SCHOOL,
    adults=[an_adult(TEACHER, StaffRole.TEACHER), an_adult(AIDE, StaffRole.SUPPORT_STAFF), an_adult(MUM)],
    pupils=[a_pupil(ADA)],
    classes=[a_class(ADA, staff={TEACHER: ClassPost.CLASS_TEACHER, AIDE: ClassPost.SUPPORT_STAFF})],
    guardians={ADA: adults_of(MUM)},
)
NO_PARTICULARS = ImportFacts(adults={}, pupils={}, max_parents=2)


def folded(drafts: Drafts, state: People | None = None) -> People:
    state = state or People()
    for _, event in drafts:
        if not isinstance(event, RosterImported):
            state = people.evolve(state, event)  # type: ignore[arg-type]
    return state


def changed_by(roster: ImportRoster, *before: ImportRoster, facts: ImportFacts = NO_PARTICULARS) -> list[object]:
    """The events of the last import but its receipt."""
    state = People()
    for earlier in before:
        state = folded(roster_import.decide(earlier, state, facts), state)
    return [event for _, event in roster_import.decide(roster, state, facts) if not isinstance(event, RosterImported)]


def receipt(roster: ImportRoster, *before: ImportRoster, facts: ImportFacts = NO_PARTICULARS) -> RosterImported:
    state = People()
    for earlier in before:
        state = folded(roster_import.decide(earlier, state, facts), state)
    _, last = roster_import.decide(roster, state, facts)[-1]
    assert isinstance(last, RosterImported)
    return last


def test_S25_a_first_roster_registers_everyone_who_is_on_it():
    events = changed_by(A_SCHOOL)
    assert {type(event) for event in events} == {
        PersonRegistered,
        RoleAppointed,
        PupilAdmitted,
        ClassOpened,
        PupilEnrolled,
        StaffAssigned,
        GuardianLinked,
        AccountOpened,
        LoginClaimed,
    }
    assert receipt(A_SCHOOL) == RosterImported(
        school_id=SCHOOL, import_id=UUID(int=99), adults=3, pupils=1, classes=1, refused_links=(), left_out=()
    )


def test_every_event_stands_in_the_stream_of_what_it_is_about():
    streams = {type(event): stream for stream, event in roster_import.decide(A_SCHOOL, People(), NO_PARTICULARS)}
    assert streams[PupilAdmitted] == f"pupil-{ADA}"
    assert streams[GuardianLinked] == f"guardianship-{ADA}"
    assert streams[ClassOpened] == streams[PupilEnrolled] == streams[StaffAssigned] == f"class-{CLASS}"
    assert streams[RosterImported] == f"roster-{SCHOOL}"
    assert streams[LoginClaimed] == f"login-index-{ADA.int}"


def test_the_same_roster_again_changes_nothing():
    assert changed_by(A_SCHOOL, A_SCHOOL) == []


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_S27_as_many_adults_come_in_as_the_limit_lets_and_the_others_are_named(limit: int):
    crowded = replace(
        A_SCHOOL,
        adults=[an_adult(adult) for adult in (MUM, DAD, GRAN, AUNT)],
        classes=[],
        guardians={ADA: adults_of(MUM, DAD, GRAN, AUNT)},
    )
    facts = replace(NO_PARTICULARS, max_parents=limit)
    linked = [e.guardian_id for e in changed_by(crowded, facts=facts) if isinstance(e, GuardianLinked)]
    assert linked == [MUM, DAD, GRAN, AUNT][:limit]
    kept_out = receipt(crowded, facts=facts).refused_links
    over = [GuardianId(adult) for adult in [MUM, DAD, GRAN, AUNT][limit:]]
    assert kept_out == tuple(RefusedLink(pupil_id=ADA, guardian_id=adult) for adult in over)


def test_S27_the_limit_is_counted_for_each_child():
    family = replace(
        A_SCHOOL,
        adults=[an_adult(adult) for adult in (MUM, DAD)],
        pupils=[a_pupil(ADA), a_pupil(BAO)],
        classes=[],
        guardians={ADA: adults_of(MUM, DAD), BAO: adults_of(MUM, DAD)},
    )
    assert receipt(family).refused_links == ()


def test_S27_who_is_linked_already_stays_and_the_newcomer_is_kept_out():
    two = replace(A_SCHOOL, adults=[an_adult(MUM), an_adult(DAD)], classes=[], guardians={ADA: adults_of(MUM, DAD)})
    three = replace(two, adults=[*two.adults, an_adult(GRAN)], guardians={ADA: adults_of(GRAN, MUM, DAD)})
    assert [e for e in changed_by(three, two) if isinstance(e, GuardianLinked | GuardianUnlinked)] == []
    assert receipt(three, two).refused_links == (RefusedLink(pupil_id=ADA, guardian_id=GuardianId(GRAN)),)


def test_S27_a_place_that_becomes_free_is_given_in_the_same_roster():
    two = replace(A_SCHOOL, adults=[an_adult(MUM), an_adult(DAD)], classes=[], guardians={ADA: adults_of(MUM, DAD)})
    other = replace(two, adults=[an_adult(MUM), an_adult(GRAN)], guardians={ADA: adults_of(MUM, GRAN)})
    links = [e for e in changed_by(other, two) if isinstance(e, GuardianLinked | GuardianUnlinked)]
    assert links == [
        GuardianUnlinked(pupil_id=ADA, guardian_id=GuardianId(DAD)),
        GuardianLinked(pupil_id=ADA, guardian_id=GuardianId(GRAN), relationship=Relationship.PARENT),
    ]


def test_S27_an_adult_who_was_kept_out_has_no_account():
    crowded = replace(
        A_SCHOOL,
        adults=[an_adult(adult) for adult in (MUM, DAD, GRAN)],
        classes=[],
        guardians={ADA: adults_of(MUM, DAD, GRAN)},
    )
    opened = {e.person_id for e in changed_by(crowded) if isinstance(e, AccountOpened)}
    assert opened == {MUM, DAD, ADA}


def test_S26_a_link_whose_relationship_changed_is_told_anew_and_takes_no_place():
    two = replace(A_SCHOOL, adults=[an_adult(MUM), an_adult(DAD)], classes=[], guardians={ADA: adults_of(MUM, DAD)})
    legal = adults_of(MUM) | adults_of(DAD, relationship=Relationship.LEGAL_GUARDIAN)
    assert changed_by(replace(two, guardians={ADA: legal}), two) == [
        GuardianLinked(pupil_id=ADA, guardian_id=GuardianId(DAD), relationship=Relationship.LEGAL_GUARDIAN)
    ]


def test_S25_who_is_no_longer_on_the_roster_has_left_and_can_no_longer_sign_in():
    empty = replace(A_SCHOOL, adults=[], pupils=[], classes=[], guardians={})
    events = changed_by(empty, A_SCHOOL)
    assert PupilLeft(pupil_id=ADA) in events
    assert PupilWithdrawn(class_id=CLASS, pupil_id=ADA) in events
    assert StaffUnassigned(class_id=CLASS, staff_id=StaffId(TEACHER)) in events
    assert ClassClosed(class_id=CLASS) in events
    assert GuardianUnlinked(pupil_id=ADA, guardian_id=GuardianId(MUM)) in events
    assert RoleEnded(staff_id=StaffId(TEACHER), role=StaffRole.TEACHER) in events
    everyone = {TEACHER, AIDE, MUM, ADA}
    assert {e.person_id for e in events if isinstance(e, AccountClosed)} == everyone
    assert {e.person_id for e in events if isinstance(e, LoginReleased)} == everyone
    assert changed_by(empty, A_SCHOOL, empty) == []


def test_S25_when_the_last_child_leaves_the_parent_s_account_is_closed():
    without = replace(A_SCHOOL, pupils=[], classes=[], guardians={})
    assert AccountClosed(person_id=PersonId(MUM)) in changed_by(without, A_SCHOOL)


def test_S25_a_pupil_who_comes_back_is_admitted_again():
    without = replace(A_SCHOOL, pupils=[], classes=[], guardians={})
    events = changed_by(A_SCHOOL, A_SCHOOL, without)
    assert [e.pupil_id for e in events if isinstance(e, PupilAdmitted)] == [ADA]
    assert [e.class_id for e in events if isinstance(e, ClassOpened)] == [CLASS]


def test_S23_the_roll_over_to_the_next_year_is_a_change_of_particulars():
    later = replace(A_SCHOOL, pupils=[a_pupil(ADA, year=YearGroup.YEAR_3)])
    [event] = changed_by(later, A_SCHOOL)
    assert isinstance(event, PupilParticularsChanged)
    assert event.year_group is YearGroup.YEAR_3


def test_a_new_name_is_told_where_the_read_model_knows_the_old_one():
    """A decision never reads a personal field of the log, so what was there before comes as a fact."""
    facts = replace(
        NO_PARTICULARS,
        adults={MUM: ("Ivy", "Fernsby", f"{MUM.int}@school.example")},
        pupils={ADA: ("Ada", "Mossop", None)},
    )
    renamed = replace(
        A_SCHOOL,
        adults=[*A_SCHOOL.adults[:2], an_adult(MUM, name="Ivie")],
        pupils=[a_pupil(ADA, name="Adah")],
    )
    assert [type(event) for event in changed_by(renamed, A_SCHOOL, facts=facts)] == [
        PersonRenamed,
        PupilParticularsChanged,
    ]
    assert changed_by(A_SCHOOL, A_SCHOOL, facts=facts) == []


def test_an_appointment_stays_when_the_roster_does_not_speak_of_it():
    state = folded(roster_import.decide(A_SCHOOL, People(), NO_PARTICULARS))
    state = people.evolve(
        state, RoleAppointed(staff_id=StaffId(TEACHER), role=StaffRole.SAFEGUARDING_LEAD, by_roster=False)
    )
    again = roster_import.decide(A_SCHOOL, state, NO_PARTICULARS)
    assert [event for _, event in again if isinstance(event, RoleEnded)] == []


def test_a_role_that_the_roster_gave_ends_with_it():
    no_longer = replace(A_SCHOOL, adults=[an_adult(TEACHER), *A_SCHOOL.adults[1:]])
    assert RoleEnded(staff_id=StaffId(TEACHER), role=StaffRole.TEACHER) in changed_by(no_longer, A_SCHOOL)


def test_a_new_class_teacher_takes_the_class_over():
    handed_over = replace(
        A_SCHOOL,
        classes=[a_class(ADA, staff={AIDE: ClassPost.CLASS_TEACHER})],
    )
    assert changed_by(handed_over, A_SCHOOL) == [
        StaffUnassigned(class_id=CLASS, staff_id=StaffId(TEACHER)),
        StaffAssigned(class_id=CLASS, staff_id=StaffId(AIDE), post=ClassPost.CLASS_TEACHER),
    ]


def test_a_class_that_is_renamed_keeps_its_pupils():
    renamed = replace(A_SCHOOL, classes=[replace(A_SCHOOL.classes[0], name="Conkers")])
    assert changed_by(renamed, A_SCHOOL) == [ClassOpened(class_id=CLASS, name="Conkers", year_group=YearGroup.YEAR_2)]


def test_a_login_that_passes_from_one_person_to_another_is_released_first():
    state = folded(
        roster_import.decide(replace(A_SCHOOL, adults=[an_adult(MUM)], classes=[]), People(), NO_PARTICULARS)
    )
    handed_on = replace(
        A_SCHOOL,
        adults=[an_adult(MUM, login=None), an_adult(DAD, login=f"index-{MUM.int}")],
        classes=[],
        guardians={ADA: adults_of(MUM, DAD)},
    )
    events = [event for _, event in roster_import.decide(handed_on, state, NO_PARTICULARS)]
    released, claimed = (
        next(at for at, event in enumerate(events) if isinstance(event, kind)) for kind in (LoginReleased, LoginClaimed)
    )
    assert released < claimed
    assert folded([("", event) for event in events], state).logins[f"index-{MUM.int}"] == DAD


def erased_from(state: People, person: UUID) -> People:
    command = DecideErasure(
        erasure_id=erasure_id_of(SCHOOL, person),
        subject_id=PersonId(person),
        reason=ErasureReason.ASKED_BY_PERSON,
        decided_by=StaffId(TEACHER),
    )
    return folded(erasure.decide(command, Erasure(), state), state)


@pytest.mark.parametrize("person", [MUM, ADA])
def test_S20_who_was_erased_is_left_out_of_every_later_roster_and_the_rest_goes_on(person: UUID):
    both = replace(A_SCHOOL, pupils=[a_pupil(ADA), a_pupil(BAO)], classes=[a_class(ADA)])
    state = erased_from(folded(roster_import.decide(both, People(), NO_PARTICULARS)), person)
    renamed = replace(
        both,
        adults=[an_adult(TEACHER, StaffRole.TEACHER), an_adult(MUM, name="Una")],
        pupils=[a_pupil(ADA, name="Zoe"), a_pupil(BAO, year=YearGroup.YEAR_3)],
        guardians={ADA: adults_of(MUM), BAO: adults_of(MUM)},
    )
    known = ImportFacts(adults={MUM: (None, None, None)}, pupils={ADA: (None, None, None)}, max_parents=2)
    *drafts, (_, last) = roster_import.decide(renamed, state, known)
    assert isinstance(last, RosterImported)
    assert last.left_out == (person,)
    assert str(person) not in str(drafts)
    assert PupilParticularsChanged in {type(event) for _, event in drafts}, "the others are brought in"


def test_who_has_no_e_mail_address_has_no_account():
    silent = replace(A_SCHOOL, adults=[*A_SCHOOL.adults[:2], an_adult(MUM, login=None)])
    opened = {e.person_id for e in changed_by(silent) if isinstance(e, AccountOpened)}
    assert opened == {TEACHER, AIDE, ADA}
