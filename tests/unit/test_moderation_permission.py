"""Who may do what in moderation, as a table: for whoever may not know of a case there is none."""

from collections.abc import Callable
from uuid import UUID

import pytest

from services.moderation.domain.permission import (
    decides_as,
    may_appeal,
    may_decide,
    may_decide_about,
    may_hear_appeals,
    may_know,
    may_report,
)
from shared.events.moderation import DecidedBy
from shared.policy.codes import GUARDIANS_ONLY, HEADTEACHER_ONLY, LEADERS_ONLY, NOT_FOUND, Code
from shared.policy.principal import Capacity, Principal, Role
from shared.policy.refusal import Refusal
from shared.testing.principals import SOMEONE, principal

PARENT = UUID(int=2)
"""Whom a case is about; nobody below, unless the test says so."""

WHO = {
    "headteacher": principal(Capacity.STAFF, Role.HEADTEACHER),
    "deputy": principal(Capacity.STAFF, Role.DEPUTY_HEADTEACHER),
    "both": principal(Capacity.STAFF, Role.HEADTEACHER, Role.DEPUTY_HEADTEACHER),
    "safeguarding lead": principal(Capacity.STAFF, Role.SAFEGUARDING_LEAD),
    "deputy who is lead": principal(Capacity.STAFF, Role.DEPUTY_HEADTEACHER, Role.SAFEGUARDING_LEAD),
    "governor": principal(Capacity.STAFF, Role.GOVERNOR),
    "clerk": principal(Capacity.STAFF, Role.CLERK),
    "office": principal(Capacity.STAFF, Role.OFFICE),
    "teacher": principal(Capacity.STAFF, Role.TEACHER, classes=(UUID(int=5),)),
    "support staff": principal(Capacity.STAFF, Role.SUPPORT_STAFF),
    "staff without a role": principal(Capacity.STAFF),
    "parent": principal(Capacity.GUARDIAN, children=(UUID(int=6),)),
    "pupil": principal(Capacity.PUPIL),
    "operator": principal(Capacity.OPERATOR),
}

TABLES: dict[str, tuple[Callable[[Principal], None], dict[str, Code | None], Code | None]] = {
    # what is asked, the answers that differ, and the answer to all others; None is yes
    "read": (
        lambda who: may_know(who, PARENT),
        dict.fromkeys(("headteacher", "deputy", "both", "safeguarding lead", "deputy who is lead")),
        NOT_FOUND,
    ),
    "decide": (
        lambda who: may_decide(who, PARENT),
        dict.fromkeys(("headteacher", "deputy", "both", "deputy who is lead")) | {"safeguarding lead": LEADERS_ONLY},
        NOT_FOUND,
    ),
    "decide about a guardian": (
        lambda who: may_decide_about(who, PARENT),
        dict.fromkeys(("headteacher", "both"))
        | dict.fromkeys(("deputy", "safeguarding lead", "deputy who is lead"), HEADTEACHER_ONLY),
        NOT_FOUND,
    ),
    "hear appeals": (
        lambda who: may_hear_appeals(who, PARENT),
        dict.fromkeys(("headteacher", "deputy", "both", "governor", "deputy who is lead")),
        NOT_FOUND,
    ),
    "appeal": (may_appeal, {"parent": None}, GUARDIANS_ONLY),
    "report re-sharing": (may_report, {"operator": NOT_FOUND}, None),
}


def refusal_of(ask: Callable[[], object]) -> Code | None:
    try:
        ask()
    except Refusal as refusal:
        return refusal.code
    return None


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("what", TABLES)
def test_S16_each_may_do_what_the_table_says_and_nothing_else(what: str, who: str):
    ask, answers, others = TABLES[what]
    assert refusal_of(lambda: ask(WHO[who])) == answers.get(who, others)


@pytest.mark.parametrize("ask", [may_know, may_decide, may_decide_about, may_hear_appeals])
@pytest.mark.parametrize("who", [name for name, caller in WHO.items() if caller.capacity is Capacity.STAFF])
def test_S75_nobody_reads_or_decides_their_own_case_whatever_they_are_at_the_school(
    who: str, ask: Callable[[Principal, UUID], None]
):
    assert refusal_of(lambda: ask(WHO[who], SOMEONE)) == NOT_FOUND


def test_S06_the_headteacher_decides_and_the_deputy_in_their_place():
    assert decides_as(WHO["headteacher"]) is DecidedBy.HEADTEACHER
    assert decides_as(WHO["both"]) is DecidedBy.HEADTEACHER
    assert decides_as(WHO["deputy"]) is DecidedBy.DEPUTY_HEADTEACHER
