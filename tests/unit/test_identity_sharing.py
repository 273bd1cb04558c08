"""What may be shared of a child: given what its adults said, when one answers or staff read the list, then these."""

from functools import partial
from typing import TYPE_CHECKING, cast
from uuid import UUID

import pytest

from services.identity.domain.permission import may_acknowledge_list, may_answer_sharing
from services.identity.domain.sharing import AcknowledgeList, AnswerSharing, acknowledge, acknowledged, answer, answered
from services.identity.sharing_api import SharingAnswers
from shared.events.identity import (
    ClassId,
    GuardianId,
    PermissionListAcknowledged,
    PersonId,
    PupilId,
    SharedKind,
    SharePermissionAnswered,
    StaffId,
)
from shared.http.operations import operation_of
from shared.policy.codes import GUARDIANS_ONLY, NOT_CLASS_TEACHER, NOT_FOUND, PERMISSION_LIST_UNREAD, Code
from shared.policy.principal import Capacity, Principal, Role
from shared.policy.refusal import Refusal
from shared.testing.principals import principal
from shared.testing.specification import specification

if TYPE_CHECKING:
    from services.identity.api import IdentityApi

CHILD, CLASS = PupilId(UUID(int=1)), ClassId(UUID(int=2))
MOTHER, FATHER = GuardianId(UUID(int=10)), GuardianId(UUID(int=11))
TEACHER, HELPER = StaffId(UUID(int=20)), StaffId(UUID(int=21))

given = specification(partial(answer, linked=True), answered, {})
reading = specification(partial(acknowledge, current=41), acknowledged, {})


def says(guardian: GuardianId, allowed: bool, kind: SharedKind = SharedKind.PHOTO) -> AnswerSharing:
    return AnswerSharing(pupil_id=CHILD, guardian_id=guardian, kind=kind, allowed=allowed)


def said(guardian: GuardianId, allowed: bool, kind: SharedKind = SharedKind.PHOTO) -> SharePermissionAnswered:
    return SharePermissionAnswered(
        pupil_id=CHILD, guardian_id=guardian, kind=kind, allowed=allowed, answered_by=PersonId(guardian)
    )


def knows(staff: StaffId, version: int) -> PermissionListAcknowledged:
    return PermissionListAcknowledged(class_id=CLASS, staff_id=staff, list_version=version)


def reads(staff: StaffId, version: int) -> AcknowledgeList:
    return AcknowledgeList(class_id=CLASS, staff_id=staff, list_version=version)


@pytest.mark.parametrize("kind", SharedKind)
@pytest.mark.parametrize("allowed", [True, False])
def test_S63_a_guardian_answers_for_each_kind(kind: SharedKind, allowed: bool):
    given().when(says(MOTHER, allowed, kind)).then(said(MOTHER, allowed, kind))


def test_S64_an_answer_may_change_at_any_time():
    given(said(MOTHER, True)).when(says(MOTHER, False)).then(said(MOTHER, False))
    given(said(MOTHER, True), said(MOTHER, False)).when(says(MOTHER, True)).then(said(MOTHER, True))


def test_S63_the_same_answer_again_is_nothing_new_and_the_other_parent_s_is_another():
    given(said(MOTHER, True)).when(says(MOTHER, True)).then_nothing()
    given(said(MOTHER, True)).when(says(FATHER, True)).then(said(FATHER, True))
    given(said(MOTHER, True)).when(says(MOTHER, True, SharedKind.MESSAGE)).then(said(MOTHER, True, SharedKind.MESSAGE))


def test_S63_who_is_not_linked_to_the_child_is_not_asked():
    stranger = specification(partial(answer, linked=False), answered, {})
    stranger().when(says(MOTHER, True)).then_refused(NOT_FOUND)
    stranger(said(MOTHER, False)).when(says(MOTHER, True)).then_refused(NOT_FOUND)


def test_S62_the_list_as_it_is_now_is_acknowledged():
    reading().when(reads(TEACHER, 41)).then(knows(TEACHER, 41))
    reading(knows(TEACHER, 30)).when(reads(TEACHER, 41)).then(knows(TEACHER, 41))
    reading(knows(HELPER, 41)).when(reads(TEACHER, 41)).then(knows(TEACHER, 41))


def test_S62_the_same_list_again_is_nothing_new():
    reading(knows(TEACHER, 41)).when(reads(TEACHER, 41)).then_nothing()


@pytest.mark.parametrize("version", [0, 40, 42])
def test_S62_a_list_that_has_changed_since_must_be_read_again(version: int):
    reading().when(reads(TEACHER, version)).then_refused(PERMISSION_LIST_UNREAD, "S62")


def refusal_of(guard: object, who: Principal, what: UUID) -> Code | None:
    try:
        guard(who, what)  # type: ignore[operator]
    except Refusal as refusal:
        return refusal.code
    return None


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (principal(Capacity.GUARDIAN, children=(CHILD,)), None),
        (principal(Capacity.GUARDIAN, children=(UUID(int=9),)), NOT_FOUND),
        (principal(Capacity.GUARDIAN), NOT_FOUND),
        (principal(Capacity.STAFF, Role.TEACHER, classes=(CLASS,)), GUARDIANS_ONLY),
        (principal(Capacity.STAFF, Role.HEADTEACHER), GUARDIANS_ONLY),
        (principal(Capacity.STAFF, Role.OFFICE), GUARDIANS_ONLY),
        (principal(Capacity.PUPIL, person=CHILD, classes=(CLASS,)), GUARDIANS_ONLY),
        (principal(Capacity.OPERATOR), GUARDIANS_ONLY),
    ],
)
def test_S63_a_child_s_own_guardians_answer_and_nobody_else(who: Principal, expected: Code | None):
    assert refusal_of(may_answer_sharing, who, CHILD) is expected


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (principal(Capacity.STAFF, Role.TEACHER, classes=(CLASS,)), None),
        (principal(Capacity.STAFF, Role.SUPPORT_STAFF, classes=(CLASS,)), None),
        (principal(Capacity.STAFF, Role.TEACHER), NOT_CLASS_TEACHER),
        (principal(Capacity.STAFF, Role.HEADTEACHER), NOT_CLASS_TEACHER),
        (principal(Capacity.GUARDIAN, children=(CHILD,)), NOT_FOUND),
        (principal(Capacity.PUPIL, person=CHILD, classes=(CLASS,)), NOT_FOUND),
        (principal(Capacity.OPERATOR), NOT_FOUND),
    ],
)
def test_S62_staff_of_the_class_say_that_they_know_its_list(who: Principal, expected: Code | None):
    assert refusal_of(may_acknowledge_list, who, CLASS) is expected


@pytest.mark.parametrize("method", ["get", "post"])
def test_S64_S70_a_sanction_leaves_a_guardian_the_say_over_what_is_shared_of_their_child(method: str):
    found = operation_of(SharingAnswers(cast("IdentityApi", None)), method)
    assert found is not None
    assert found.restricted
