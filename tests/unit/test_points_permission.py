"""Who may do what with points, as a table: default deny, and nobody learns of a thing that is not theirs to know of."""

from uuid import UUID

import pytest

from deploy.gateway.document import made
from services.points.domain.permission import (
    concerned,
    may_award,
    may_define_values,
    may_read_class_points,
    may_read_points,
)
from shared.policy.codes import LEADERS_ONLY, NOT_CLASS_TEACHER, NOT_FOUND, NOT_YOUR_AREA, STAFF_ONLY, Code
from shared.policy.principal import Capacity, Principal, Role
from shared.policy.refusal import Refusal
from shared.testing.principals import principal

CLASS, OTHER_CLASS = UUID(int=2), UUID(int=3)
PUPIL, CLASSMATE, GUARDIAN = UUID(int=4), UUID(int=5), UUID(int=6)


TEACHER = principal(Capacity.STAFF, Role.TEACHER, classes=(CLASS,))
OTHER_TEACHER = principal(Capacity.STAFF, Role.TEACHER, classes=(OTHER_CLASS,))
SUPPORT = principal(Capacity.STAFF, Role.SUPPORT_STAFF, classes=(CLASS,))
OFFICE = principal(Capacity.STAFF, Role.OFFICE)
GOVERNOR = principal(Capacity.STAFF, Role.GOVERNOR)
HEAD = principal(Capacity.STAFF, Role.HEADTEACHER)
DEPUTY = principal(Capacity.STAFF, Role.DEPUTY_HEADTEACHER)
PARENT = principal(Capacity.GUARDIAN, children=(PUPIL,))
OTHER_PARENT = principal(Capacity.GUARDIAN, children=(CLASSMATE,))
CHILD = principal(Capacity.PUPIL, person=PUPIL, classes=(CLASS,))
MATE = principal(Capacity.PUPIL, person=CLASSMATE, classes=(CLASS,))
ELSEWHERE = principal(Capacity.PUPIL, person=UUID(int=8), classes=(OTHER_CLASS,))
OPERATOR = principal(Capacity.OPERATOR)


def refusal_of(ask: object) -> Code | None:
    try:
        ask()  # type: ignore[operator]
    except Refusal as refusal:
        return refusal.code
    return None


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (TEACHER, None),
        (OTHER_TEACHER, None),
        (SUPPORT, None),
        (HEAD, None),
        (DEPUTY, None),
        (OFFICE, STAFF_ONLY),
        (GOVERNOR, STAFF_ONLY),
        (PARENT, STAFF_ONLY),
        (CHILD, STAFF_ONLY),
        (OPERATOR, STAFF_ONLY),
    ],
)
def test_S32_points_are_given_by_staff_only(who: Principal, expected: Code | None):
    assert refusal_of(lambda: may_award(who)) == expected


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (CHILD, None),
        (PARENT, None),
        (TEACHER, None),
        (SUPPORT, None),
        (HEAD, None),
        (DEPUTY, None),
        (MATE, NOT_YOUR_AREA),
        (ELSEWHERE, NOT_FOUND),
        (OTHER_PARENT, NOT_FOUND),
        (OTHER_TEACHER, NOT_CLASS_TEACHER),
        (OFFICE, NOT_CLASS_TEACHER),
        (OPERATOR, NOT_FOUND),
    ],
)
def test_S31_S36_S43_a_pupil_s_points_are_read_by_pupil_family_class_staff_and_leaders(
    who: Principal, expected: Code | None
):
    assert refusal_of(lambda: may_read_points(who, PUPIL, frozenset({CLASS}))) == expected


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (TEACHER, None),
        (SUPPORT, None),
        (HEAD, None),
        (OTHER_TEACHER, NOT_CLASS_TEACHER),
        (PARENT, NOT_FOUND),
        (CHILD, NOT_FOUND),
        (OPERATOR, NOT_FOUND),
    ],
)
def test_S10_a_class_s_points_are_for_its_staff_and_leaders(who: Principal, expected: Code | None):
    assert refusal_of(lambda: may_read_class_points(who, CLASS)) == expected


@pytest.mark.parametrize(
    ("who", "expected"),
    [(HEAD, None), (DEPUTY, None), (TEACHER, LEADERS_ONLY), (OFFICE, LEADERS_ONLY), (PARENT, STAFF_ONLY)],
)
def test_S09_values_are_defined_by_leaders(who: Principal, expected: Code | None):
    assert refusal_of(lambda: may_define_values(who)) == expected


@pytest.mark.parametrize(
    ("who", "expected"),
    [(CHILD, [PUPIL]), (MATE, [CLASSMATE]), (PARENT, [PUPIL]), (TEACHER, []), (HEAD, []), (OPERATOR, [])],
)
def test_S19_the_awards_held_about_a_family_are_its_own_child_s(who: Principal, expected: list[UUID]):
    assert concerned(who) == expected


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/v1/values"),
        ("post", "/v1/behaviours"),
        ("delete", "/v1/values/{value_id}"),
        ("delete", "/v1/behaviours/{behaviour_id}"),
    ],
)
def test_S34_the_document_names_what_is_said_to_who_may_not_say_what_earns_points(method: str, path: str):
    operation = made()["paths"][path][method]
    for by in (principal(Capacity.GUARDIAN), principal(Capacity.STAFF, Role.TEACHER)):
        with pytest.raises(Refusal) as refused:
            may_define_values(by)
        assert refused.value.code.name in operation["x-codes"]
