"""Who takes part in which conversation, as a table: default deny, and nobody learns of what is not theirs to know."""

from collections.abc import Callable
from uuid import UUID

import pytest

from services.messaging.domain.conversation import Conversation
from services.messaging.domain.permission import (
    Relations,
    Wanted,
    may_flag,
    may_hand_over_warning,
    may_open,
    may_receive_warning,
    part_in,
    still_linked,
    teaches,
)
from shared.events.identity import ClassId, GuardianId, PupilId
from shared.events.messaging import Sender
from shared.policy.codes import (
    HEADTEACHER_ONLY,
    INVALID_FIELDS,
    NOT_CLASS_TEACHER,
    NOT_FOUND,
    NOT_YOUR_CHILDS_TEACHER,
    STAFF_ONLY,
    Code,
)
from shared.policy.principal import Capacity, Principal, Role
from shared.policy.refusal import Refusal
from shared.testing.principals import principal

CLASS, OTHER_CLASS, CLUB = UUID(int=2), UUID(int=3), UUID(int=4)
PUPIL, CLASSMATE = UUID(int=5), UUID(int=6)
MUM, DAD, STRANGER = UUID(int=10), UUID(int=11), UUID(int=12)
GREEN, BROWN, HELPER, LEADER = UUID(int=20), UUID(int=21), UUID(int=22), UUID(int=23)

MOTHER = principal(Capacity.GUARDIAN, person=MUM, children=(PUPIL,))
FATHER = principal(Capacity.GUARDIAN, person=DAD, children=(PUPIL,))
OTHER_PARENT = principal(Capacity.GUARDIAN, person=STRANGER, children=(CLASSMATE,))
TEACHER = principal(Capacity.STAFF, Role.TEACHER, person=GREEN, classes=(CLASS,))
OTHER_TEACHER = principal(Capacity.STAFF, Role.TEACHER, person=BROWN, classes=(OTHER_CLASS,))
SUPPORT = principal(Capacity.STAFF, Role.SUPPORT_STAFF, person=HELPER, classes=(CLASS,))
HEAD = principal(Capacity.STAFF, Role.HEADTEACHER, person=LEADER)
DEPUTY = principal(Capacity.STAFF, Role.DEPUTY_HEADTEACHER, person=LEADER)
LEAD = principal(Capacity.STAFF, Role.SAFEGUARDING_LEAD, person=LEADER)
OFFICE = principal(Capacity.STAFF, Role.OFFICE, person=LEADER)
CHILD = principal(Capacity.PUPIL, person=PUPIL, classes=(CLASS,))
OPERATOR = principal(Capacity.OPERATOR)
# The session knows already that the class was taken away; the roster here does not yet. And the other way round.
NO_LONGER_TEACHER = principal(Capacity.STAFF, Role.TEACHER, person=GREEN, classes=())
NOT_YET_TEACHER = principal(Capacity.STAFF, Role.TEACHER, person=BROWN, classes=(CLASS,))
CUT_OFF = principal(Capacity.GUARDIAN, person=MUM, children=())


def relations(*, classes: tuple[UUID, ...] = (CLASS,), guardians: tuple[UUID, ...] = (MUM, DAD)) -> Relations:
    return Relations(
        pupil_id=PUPIL,
        guardians=frozenset(guardians),
        classes=frozenset(classes),
        teachers={CLASS: frozenset({GREEN}), OTHER_CLASS: frozenset({BROWN}), CLUB: frozenset({GREEN})},
        roster_position=12,
    )


def between(guardian: UUID, class_id: UUID = CLASS) -> Conversation:
    return Conversation(guardian_id=GuardianId(guardian), pupil_id=PupilId(PUPIL), class_id=ClassId(class_id))


def refusal_of(ask: Callable[[], object]) -> Code | None:
    try:
        ask()
    except Refusal as refusal:
        return refusal.code
    return None


@pytest.mark.parametrize(
    ("who", "wanted", "found", "by"),
    [
        (MOTHER, Wanted(), between(MUM), Sender.GUARDIAN),
        (FATHER, Wanted(), between(DAD), Sender.GUARDIAN),
        (MOTHER, Wanted(guardian_id=MUM, class_id=CLASS), between(MUM), Sender.GUARDIAN),
        (TEACHER, Wanted(guardian_id=MUM), between(MUM), Sender.STAFF),
        (TEACHER, Wanted(guardian_id=DAD, class_id=CLASS), between(DAD), Sender.STAFF),
    ],
)
def test_S46_a_guardian_and_the_class_teacher_of_their_child_open_a_conversation(
    who: Principal, wanted: Wanted, found: Conversation, by: Sender
):
    assert may_open(who, wanted, relations()) == (found, by)


@pytest.mark.parametrize(
    ("who", "wanted", "expected"),
    [
        (OTHER_PARENT, Wanted(), NOT_FOUND),
        (CUT_OFF, Wanted(), NOT_FOUND),
        (MOTHER, Wanted(guardian_id=DAD), NOT_FOUND),
        (MOTHER, Wanted(class_id=OTHER_CLASS), NOT_YOUR_CHILDS_TEACHER),
        (MOTHER, Wanted(class_id=UUID(int=99)), NOT_YOUR_CHILDS_TEACHER),
        (OTHER_TEACHER, Wanted(guardian_id=MUM), NOT_CLASS_TEACHER),
        (NO_LONGER_TEACHER, Wanted(guardian_id=MUM), NOT_CLASS_TEACHER),
        (NOT_YET_TEACHER, Wanted(guardian_id=MUM), NOT_CLASS_TEACHER),
        (SUPPORT, Wanted(guardian_id=MUM), NOT_CLASS_TEACHER),
        (HEAD, Wanted(guardian_id=MUM), NOT_CLASS_TEACHER),
        (DEPUTY, Wanted(guardian_id=MUM), NOT_CLASS_TEACHER),
        (OFFICE, Wanted(guardian_id=MUM), NOT_CLASS_TEACHER),
        (SUPPORT, Wanted(guardian_id=STRANGER), NOT_CLASS_TEACHER),
        (TEACHER, Wanted(guardian_id=STRANGER), NOT_FOUND),
        (TEACHER, Wanted(guardian_id=MUM, class_id=OTHER_CLASS), NOT_CLASS_TEACHER),
        (TEACHER, Wanted(), INVALID_FIELDS),
        (CHILD, Wanted(), NOT_FOUND),
        (OPERATOR, Wanted(), NOT_FOUND),
    ],
)
def test_S46_nobody_else_does(who: Principal, wanted: Wanted, expected: Code):
    assert refusal_of(lambda: may_open(who, wanted, relations())) == expected


def test_S46_of_several_classes_one_is_named():
    two = relations(classes=(CLASS, CLUB))
    teacher_of_both = principal(Capacity.STAFF, Role.TEACHER, person=GREEN, classes=(CLASS, CLUB))
    assert refusal_of(lambda: may_open(MOTHER, Wanted(), two)) == INVALID_FIELDS
    assert refusal_of(lambda: may_open(teacher_of_both, Wanted(guardian_id=MUM), two)) == INVALID_FIELDS
    assert may_open(MOTHER, Wanted(class_id=CLUB), two)[0] == between(MUM, CLUB)


def test_S46_a_teacher_of_one_of_the_child_s_classes_opens_with_that_one():
    assert may_open(TEACHER, Wanted(guardian_id=MUM), relations(classes=(CLASS, OTHER_CLASS)))[0] == between(MUM)


def test_S25_a_guardian_whose_child_has_no_class_opens_none():
    assert refusal_of(lambda: may_open(MOTHER, Wanted(), relations(classes=()))) == NOT_YOUR_CHILDS_TEACHER


@pytest.mark.parametrize("facts", [relations(guardians=()), relations(classes=())])
@pytest.mark.parametrize("who", [MOTHER, TEACHER])
def test_S46_where_the_roster_does_not_say_so_nobody_is_related(who: Principal, facts: Relations):
    assert refusal_of(lambda: may_open(who, Wanted(guardian_id=who.person_id), facts)) is not None


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (MOTHER, Sender.GUARDIAN),
        (CUT_OFF, Sender.GUARDIAN),  # what was written to them stays theirs to read
        (TEACHER, Sender.STAFF),
        (FATHER, NOT_FOUND),
        (OTHER_PARENT, NOT_FOUND),
        (CHILD, NOT_FOUND),
        (OPERATOR, NOT_FOUND),
        (OTHER_TEACHER, NOT_CLASS_TEACHER),
        (NO_LONGER_TEACHER, NOT_CLASS_TEACHER),
        (NOT_YET_TEACHER, NOT_CLASS_TEACHER),
        (SUPPORT, NOT_CLASS_TEACHER),
        (HEAD, NOT_CLASS_TEACHER),
        (DEPUTY, NOT_CLASS_TEACHER),
        (LEAD, NOT_CLASS_TEACHER),
        (OFFICE, NOT_CLASS_TEACHER),
    ],
)
def test_S52_a_conversation_is_read_by_its_guardian_and_the_class_teachers_alone(
    who: Principal, expected: Sender | Code
):
    try:
        found: Sender | Code = part_in(who, MUM, CLASS, frozenset({GREEN}))
    except Refusal as refusal:
        found = refusal.code
    assert found == expected


def test_S52_a_teacher_who_is_a_parent_too_reads_as_what_they_are_signed_in():
    as_parent = principal(Capacity.GUARDIAN, person=GREEN, children=(CLASSMATE,))
    assert refusal_of(lambda: part_in(as_parent, MUM, CLASS, frozenset({GREEN}))) == NOT_FOUND


def test_S52_a_parent_who_is_staff_too_reads_nothing_of_their_own_as_staff():
    as_staff = principal(Capacity.STAFF, Role.TEACHER, person=MUM, classes=(OTHER_CLASS,))
    assert refusal_of(lambda: part_in(as_staff, MUM, CLASS, frozenset({GREEN}))) == NOT_CLASS_TEACHER


def test_a_class_without_a_class_teacher_is_read_by_no_staff():
    assert refusal_of(lambda: part_in(TEACHER, MUM, CLASS, frozenset())) == NOT_CLASS_TEACHER
    assert not teaches(TEACHER, CLASS, relations().taught_by(UUID(int=99)))


@pytest.mark.parametrize(
    ("who", "facts", "expected"),
    [
        (MOTHER, relations(), True),
        (TEACHER, relations(), True),
        (CUT_OFF, relations(), False),
        (MOTHER, relations(guardians=(DAD,)), False),
        (TEACHER, relations(guardians=(DAD,)), False),
    ],
)
def test_S26_a_link_that_was_cut_counts_where_it_is_known_first(who: Principal, facts: Relations, expected: bool):
    assert still_linked(who, between(MUM), facts) is expected


@pytest.mark.parametrize(
    ("who", "expected"),
    [(TEACHER, None), (SUPPORT, None), (HEAD, None), (MOTHER, STAFF_ONLY), (CHILD, STAFF_ONLY), (OPERATOR, STAFF_ONLY)],
)
def test_S75_flags_are_for_staff(who: Principal, expected: Code | None):
    assert refusal_of(lambda: may_flag(who)) == expected


@pytest.mark.parametrize(
    ("who", "expected"), [(MOTHER, None), (TEACHER, NOT_FOUND), (HEAD, NOT_FOUND), (CHILD, NOT_FOUND)]
)
def test_S73_a_warning_is_received_by_a_guardian(who: Principal, expected: Code | None):
    assert refusal_of(lambda: may_receive_warning(who)) == expected


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (HEAD, None),
        (DEPUTY, HEADTEACHER_ONLY),
        (LEAD, HEADTEACHER_ONLY),
        (TEACHER, HEADTEACHER_ONLY),
        (MOTHER, HEADTEACHER_ONLY),
        (CHILD, HEADTEACHER_ONLY),
        (OPERATOR, HEADTEACHER_ONLY),
    ],
)
def test_S06_a_warning_is_handed_over_by_the_headteacher_alone(who: Principal, expected: Code | None):
    assert refusal_of(lambda: may_hand_over_warning(who, MUM)) == expected


def test_S06_a_headteacher_who_is_a_parent_too_hands_themself_no_warning():
    assert refusal_of(lambda: may_hand_over_warning(HEAD, LEADER)) == NOT_FOUND
