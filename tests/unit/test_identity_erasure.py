"""Erasure in the policy's words: who asks, who decides, what is erased, what is kept and why, and who leaves."""

from datetime import date
from uuid import UUID

import pytest

from services.identity.domain import erasure, people
from services.identity.domain.erasure import (
    DecideErasure,
    Erasure,
    ErasureEvent,
    RecordErasure,
    RequestErasure,
    erasure_id_of,
)
from services.identity.domain.people import People
from services.identity.domain.permission import may_ask_for_erasure, may_decide_on_erasure, requests_shown
from shared.events.declaration import Event
from shared.events.identity import (
    AccountClosed,
    AccountOpened,
    ClassId,
    ClassOpened,
    ErasedKeys,
    ErasureDecided,
    ErasureReason,
    ErasureRequested,
    GuardianId,
    GuardianLinked,
    GuardianUnlinked,
    Holder,
    LoginClaimed,
    LoginReleased,
    PersonalDataErased,
    PersonId,
    PersonRegistered,
    PupilAdmitted,
    PupilEnrolled,
    PupilId,
    PupilLeft,
    PupilWithdrawn,
    Relationship,
    RoleAppointed,
    RoleEnded,
    SchoolId,
    StaffId,
    StaffRole,
    YearGroup,
)
from shared.policy.codes import CODES, ERASED_BEFORE, NOT_FOUND, OFFICE_ONLY, WORKS_HERE
from shared.policy.principal import Capacity, Role
from shared.policy.refusal import Refusal
from shared.privacy.categories import CATEGORIES, Category
from shared.privacy.exemptions import EXEMPTIONS
from shared.testing.principals import principal
from shared.testing.specification import Given, specification

SCHOOL, CLASS = SchoolId(UUID(int=1)), ClassId(UUID(int=2))
ADA, BAO = PupilId(UUID(int=10)), PupilId(UUID(int=11))
MUM, DAD, OFFICE = PersonId(UUID(int=20)), PersonId(UUID(int=21)), StaffId(UUID(int=30))
KEPT = {Category.SAFEGUARDING, Category.CONDUCT, Category.FLAGGED_COPY}
"""What the policy never erases on request alone (T1)."""


def an_adult(person: PersonId) -> list[Event]:
    return [
        PersonRegistered(person_id=person, given_name="Ivy", family_name="Fernsby", email=None),
        AccountOpened(person_id=person, holder=Holder.ADULT),
        LoginClaimed(person_id=person, login_index=f"index-{person.int}"),
    ]


def a_child(pupil: PupilId, *guardians: PersonId) -> list[Event]:
    return [
        PupilAdmitted(
            pupil_id=pupil, year_group=YearGroup.YEAR_2, given_name="Ada", family_name="Mossop", birth_date=None
        ),
        PupilEnrolled(class_id=CLASS, pupil_id=pupil),
        *(
            GuardianLinked(pupil_id=pupil, guardian_id=GuardianId(one), relationship=Relationship.PARENT)
            for one in guardians
        ),
    ]


def a_school(*more: Event) -> People:
    state = People()
    for event in (
        ClassOpened(class_id=CLASS, name="Beeches", year_group=YearGroup.YEAR_2),
        *an_adult(MUM),
        *an_adult(DAD),
        *a_child(ADA, MUM, DAD),
        *a_child(BAO, MUM),
        *more,
    ):
        state = people.evolve(state, event)  # type: ignore[arg-type]
    return state


def decided(subject: UUID, school: People | None = None, state: Erasure | None = None) -> list[tuple[str, Event]]:
    command = DecideErasure(
        erasure_id=erasure_id_of(SCHOOL, subject),
        subject_id=PersonId(subject),
        reason=ErasureReason.ASKED_BY_PERSON,
        decided_by=OFFICE,
    )
    return erasure.decide(command, state or Erasure(), school or a_school())


def the_decision(subject: UUID) -> ErasureDecided:
    _, first = decided(subject)[0]
    assert isinstance(first, ErasureDecided)
    return first


def asking(subject: UUID = ADA, by: PersonId = MUM) -> RequestErasure:
    return RequestErasure(erasure_id=erasure_id_of(SCHOOL, subject), subject_id=PersonId(subject), requested_by=by)


def requested(by: PersonId) -> ErasureRequested:
    return ErasureRequested(erasure_id=erasure_id_of(SCHOOL, ADA), subject_id=PersonId(ADA), requested_by=by)


REQUESTED = requested(MUM)
given = specification(erasure.request, erasure.evolve, Erasure())


def test_S20_a_guardian_asks_once_and_the_office_decides_with_their_name_on_it():
    given().when(asking()).then(REQUESTED)
    given(REQUESTED).when(asking()).then_nothing()
    _, decision = decided(ADA, state=erasure.evolve(Erasure(), REQUESTED))[0]
    assert isinstance(decision, ErasureDecided)
    assert (decision.requested_by, decision.decided_by) == (MUM, OFFICE)


def test_S20_each_adult_of_a_child_asks_for_themselves_once_whoever_asked_before():
    given(REQUESTED).when(asking(by=DAD)).then(requested(DAD))
    for again in (MUM, DAD):
        given(REQUESTED, requested(DAD)).when(asking(by=again)).then_nothing()


def test_S20_S16_who_asked_reads_their_own_request_and_nobody_else_s():
    for asker in (MUM, DAD):
        caller = principal(Capacity.GUARDIAN, person=asker, children=(ADA,))
        assert requests_shown(caller, ADA, [MUM, DAD], decided=False) == {asker}
    office = principal(Capacity.STAFF, Role.OFFICE)
    assert requests_shown(office, ADA, [MUM, DAD], decided=False) == {MUM, DAD}


@pytest.mark.parametrize("decided", [False, True])
def test_S20_S16_a_guardian_who_did_not_ask_reads_nothing_of_a_request_for_their_child(decided: bool):
    for caller in (
        principal(Capacity.GUARDIAN, person=DAD, children=(ADA,)),
        principal(Capacity.STAFF, Role.TEACHER, person=DAD),
    ):
        with pytest.raises(Refusal) as refusal:
            requests_shown(caller, ADA, [MUM], decided=decided)
        assert refusal.value.code == NOT_FOUND


def test_S20_S16_a_pupil_is_told_what_was_decided_and_not_that_a_parent_asked():
    caller = principal(Capacity.PUPIL, person=ADA)
    assert requests_shown(caller, ADA, [MUM], decided=True) == frozenset()
    with pytest.raises(Refusal):
        requests_shown(caller, ADA, [MUM], decided=False)


def test_S20_what_is_decided_is_neither_asked_for_nor_decided_again():
    given(the_decision(ADA)).when(asking()).then_refused(ERASED_BEFORE, "S20")
    with pytest.raises(Refusal) as refusal:
        decided(ADA, state=erasure.evolve(Erasure(), the_decision(ADA)))
    assert refusal.value.code == ERASED_BEFORE


@pytest.mark.parametrize(("subject", "kind"), [(ADA, Holder.PUPIL), (MUM, Holder.ADULT)])
def test_S20_T1_safeguarding_and_conduct_are_never_erased_on_request_alone_and_the_answer_says_why(
    subject: UUID, kind: Holder
):
    decision = the_decision(subject)
    assert decision.subject_kind is kind
    assert KEPT.isdisjoint(decision.erased)
    assert {one.category for one in decision.refused} == KEPT
    for one in decision.refused:
        assert "Article 17(3)" in one.exemption
        assert "ICO" in CODES[one.code].detail, "it says how to complain"


def test_S20_T1_the_answer_is_the_same_whether_or_not_anything_is_held():
    """Else it would tell a guardian, or the office, that there is a safeguarding record."""
    assert the_decision(MUM).refused == the_decision(DAD).refused == the_decision(ADA).refused


def test_S18_a_pupil_s_and_a_guardian_s_own_particulars_and_texts_are_erased():
    assert {Category.PUPIL_PARTICULARS, Category.POINTS_NOTE, Category.MESSAGE} <= set(the_decision(ADA).erased)
    assert {Category.ADULT_PARTICULARS, Category.MESSAGE} <= set(the_decision(MUM).erased)
    assert Category.ADULT_PARTICULARS not in the_decision(ADA).erased
    assert Category.PUPIL_PARTICULARS not in the_decision(MUM).erased


def test_every_category_that_somebody_decides_on_has_an_exemption_and_no_other_has():
    assert set(EXEMPTIONS) == {category for category, rule in CATEGORIES.items() if rule.erasure_decided_by is not None}


def test_S18_a_pupil_who_is_erased_leaves_class_and_school_and_nobody_else_does():
    assert [event for _, event in decided(ADA)[1:]] == [
        PupilWithdrawn(class_id=CLASS, pupil_id=ADA),
        GuardianUnlinked(pupil_id=ADA, guardian_id=GuardianId(MUM)),
        GuardianUnlinked(pupil_id=ADA, guardian_id=GuardianId(DAD)),
        PupilLeft(pupil_id=ADA),
    ]


def test_S18_a_guardian_who_is_erased_is_nobody_s_guardian_and_signs_in_no_more():
    drafts = decided(MUM)
    assert [event for _, event in drafts[1:]] == [
        GuardianUnlinked(pupil_id=ADA, guardian_id=GuardianId(MUM)),
        GuardianUnlinked(pupil_id=BAO, guardian_id=GuardianId(MUM)),
        LoginReleased(person_id=MUM, login_index="index-20"),
        AccountClosed(person_id=MUM),
    ]
    assert [stream for stream, _ in drafts] == [
        f"erasure-{MUM}",
        f"guardianship-{ADA}",
        f"guardianship-{BAO}",
        "login-index-20",
        f"account-{MUM}",
    ]


def test_who_works_at_the_school_is_erased_when_they_no_longer_do():
    appointed = RoleAppointed(staff_id=StaffId(DAD), role=StaffRole.OFFICE, by_roster=False)
    with pytest.raises(Refusal) as refusal:
        decided(DAD, a_school(appointed))
    assert refusal.value.code == WORKS_HERE
    assert decided(DAD, a_school(appointed, RoleEnded(staff_id=StaffId(DAD), role=StaffRole.OFFICE)))


def test_a_stranger_cannot_be_erased():
    with pytest.raises(Refusal) as refusal:
        decided(UUID(int=99))
    assert refusal.value.code == NOT_FOUND


def recording(*before: ErasureEvent) -> Given:
    return specification(erasure.record, erasure.evolve, Erasure())(*before)


RECORD = RecordErasure(
    erasure_id=erasure_id_of(SCHOOL, ADA),
    subject_id=PersonId(ADA),
    keys=[ErasedKeys(service="points", category=Category.POINTS_NOTE, keys=2)],
    backups_expire_on=date(2026, 12, 25),
    proof="00" * 32,
)


def test_what_nobody_at_the_school_decided_is_not_carried_out():
    recording().when(RECORD).then_refused(NOT_FOUND)
    recording(REQUESTED).when(RECORD).then_refused(NOT_FOUND)


def test_what_is_carried_out_is_recorded_once():
    done = PersonalDataErased(
        erasure_id=RECORD.erasure_id,
        subject_id=RECORD.subject_id,
        keys=tuple(RECORD.keys),
        backups_expire_on=RECORD.backups_expire_on,
        proof=RECORD.proof,
    )
    recording(the_decision(ADA)).when(RECORD).then(done)
    recording(the_decision(ADA), done).when(RECORD).then_nothing()


def test_S20_the_office_and_the_headteacher_decide_and_nobody_else_does():
    for role in Role:
        caller = principal(Capacity.STAFF, role)
        if role in {Role.OFFICE, Role.HEADTEACHER}:
            may_decide_on_erasure(caller)
        else:
            with pytest.raises(Refusal) as refusal:
                may_decide_on_erasure(caller)
            assert refusal.value.code == OFFICE_ONLY
    for capacity in (Capacity.GUARDIAN, Capacity.PUPIL, Capacity.OPERATOR):
        with pytest.raises(Refusal):
            may_decide_on_erasure(principal(capacity))


def test_S20_a_guardian_asks_for_themselves_and_their_own_child_and_a_pupil_for_themselves():
    guardian, pupil = principal(Capacity.GUARDIAN, children=(ADA,)), principal(Capacity.PUPIL)
    for caller, subject in ((guardian, guardian.person_id), (guardian, ADA), (pupil, pupil.person_id)):
        may_ask_for_erasure(caller, subject)
    for caller, subject in ((guardian, BAO), (pupil, ADA), (principal(Capacity.STAFF), ADA)):
        with pytest.raises(Refusal) as refusal:
            may_ask_for_erasure(caller, subject)
        assert refusal.value.code == NOT_FOUND
