"""Who may do what with schools and their people, as tables: default deny, and a stranger learns of nothing."""

from collections.abc import Callable
from uuid import UUID

import pytest

from services.identity.domain.permission import (
    may_import_roster,
    may_lead,
    may_list_staff,
    may_read_class,
    may_read_guardians,
    may_read_pupil,
    may_run_the_platform,
    sees_every_class,
)
from shared.policy.codes import (
    HEADTEACHER_ONLY,
    NOT_CLASS_TEACHER,
    NOT_FOUND,
    NOT_YOUR_AREA,
    OFFICE_ONLY,
    OPERATOR_ONLY,
    STAFF_ONLY,
    Code,
)
from shared.policy.principal import Capacity, Principal, Role
from shared.policy.refusal import Refusal
from shared.testing.principals import principal

CLASS, OTHER_CLASS = UUID(int=2), UUID(int=3)
PUPIL, CLASSMATE = UUID(int=4), UUID(int=5)

WHO = {
    "operator": principal(Capacity.OPERATOR),
    "headteacher": principal(Capacity.STAFF, Role.HEADTEACHER),
    "deputy": principal(Capacity.STAFF, Role.DEPUTY_HEADTEACHER),
    "safeguarding lead": principal(Capacity.STAFF, Role.SAFEGUARDING_LEAD),
    "deputy safeguarding lead": principal(Capacity.STAFF, Role.DEPUTY_SAFEGUARDING_LEAD),
    "office": principal(Capacity.STAFF, Role.OFFICE),
    "governor": principal(Capacity.STAFF, Role.GOVERNOR),
    "clerk": principal(Capacity.STAFF, Role.CLERK),
    "class teacher": principal(Capacity.STAFF, Role.TEACHER, classes=(CLASS,)),
    "support staff": principal(Capacity.STAFF, Role.SUPPORT_STAFF, classes=(CLASS,)),
    "other class's teacher": principal(Capacity.STAFF, Role.TEACHER, classes=(OTHER_CLASS,)),
    "parent": principal(Capacity.GUARDIAN, children=(PUPIL,)),
    "other parent": principal(Capacity.GUARDIAN, children=(CLASSMATE,)),
    "the pupil": principal(Capacity.PUPIL, person=PUPIL, classes=(CLASS,)),
    "classmate": principal(Capacity.PUPIL, person=CLASSMATE, classes=(CLASS,)),
    "other class's pupil": principal(Capacity.PUPIL, person=UUID(int=8), classes=(OTHER_CLASS,)),
}

Allowed = None


def answer(ask: Callable[[], object]) -> Code | None:
    try:
        ask()
    except Refusal as refusal:
        return refusal.code
    return Allowed


def table(ask: Callable[[Principal], object]) -> dict[str, Code | None]:
    return {name: answer(lambda who=who: ask(who)) for name, who in WHO.items()}  # type: ignore[misc]


def expected(*allowed: str, others: Code) -> dict[str, Code | None]:
    """Allowed to these, and the same refusal to everyone else."""
    assert WHO.keys() >= set(allowed)
    return {name: Allowed if name in allowed else others for name in WHO}


def test_only_an_operator_runs_the_platform():
    assert table(may_run_the_platform) == expected("operator", others=OPERATOR_ONLY)


def test_S25_the_roster_is_brought_in_by_office_and_headteacher():
    assert table(may_import_roster) == expected("office", "headteacher", others=OFFICE_ONLY)


def test_S06_the_headteacher_alone_leads():
    assert table(may_lead) == expected("headteacher", others=HEADTEACHER_ONLY)


STAFF = [name for name, who in WHO.items() if who.capacity is Capacity.STAFF]
LEAD = ["headteacher", "deputy", "office", "safeguarding lead"]


def test_S16_staff_are_listed_to_staff():
    assert table(may_list_staff) == expected(*STAFF, others=STAFF_ONLY)
    with pytest.raises(Refusal) as caught:
        may_list_staff(WHO["parent"])
    assert caught.value.clause == "S16"


def test_S16_every_class_is_seen_by_leaders_office_and_safeguarding_lead():
    assert [name for name, who in WHO.items() if sees_every_class(who)] == sorted(LEAD, key=list(WHO).index)


def test_S16_a_class_is_shown_to_who_works_with_it():
    assert table(lambda who: may_read_class(who, CLASS)) == {
        name: Allowed
        if name in (*LEAD, "class teacher", "support staff")
        else (NOT_CLASS_TEACHER if name in STAFF else NOT_FOUND)
        for name in WHO
    }


def test_S16_S31_S43_a_pupil_is_shown_to_themself_family_class_staff_and_leaders():
    assert table(lambda who: may_read_pupil(who, PUPIL, frozenset({CLASS}))) == {
        "operator": NOT_FOUND,
        "headteacher": Allowed,
        "deputy": Allowed,
        "safeguarding lead": Allowed,
        "deputy safeguarding lead": NOT_CLASS_TEACHER,
        "office": Allowed,
        "governor": NOT_CLASS_TEACHER,
        "clerk": NOT_CLASS_TEACHER,
        "class teacher": Allowed,
        "support staff": Allowed,
        "other class's teacher": NOT_CLASS_TEACHER,
        "parent": Allowed,
        "other parent": NOT_FOUND,
        "the pupil": Allowed,
        "classmate": NOT_YOUR_AREA,
        "other class's pupil": NOT_FOUND,
    }


def test_S43_a_pupil_without_a_class_is_still_their_family_s_and_nobody_else_s():
    found = table(lambda who: may_read_pupil(who, PUPIL, frozenset()))
    assert [name for name, code in found.items() if code is Allowed] == [
        *sorted(LEAD, key=list(WHO).index),
        "parent",
        "the pupil",
    ]
    assert found["classmate"] is NOT_FOUND


def test_S52_a_child_s_adults_are_shown_to_the_child_s_staff_only():
    found = table(lambda who: may_read_guardians(who, PUPIL, frozenset({CLASS})))
    assert {name for name, code in found.items() if code is Allowed} == {*LEAD, "class teacher", "support staff"}
    assert {found[name] for name in WHO if name not in STAFF} == {NOT_FOUND}
