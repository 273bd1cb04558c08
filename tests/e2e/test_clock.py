"""The school's clock, set forward through the gateway, and what every process then counts by it.

An installation of its own: whoever sets the clock sets it for every school and ends sessions, the other tests' too, and
there is no way back. That is also why this is one story, and not a test for each thing.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from deploy.local.launch import Installation
from shared.policy.working_time import WorkingTime
from shared.testing.driver import Bookbag, Session
from tests.installation import Bench, School, a_school, refused, went

LONDON = ZoneInfo("Europe/London")
FAR = timedelta(days=32)
"""Longer than any session lasts."""


@pytest.fixture(scope="module")
def own_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with Installation(tmp_path_factory.mktemp("clock"), keep=False) as it:
        yield Bench(it)


def a_friday_afternoon(after: datetime) -> datetime:
    """16:00 in London on a Friday that staff work on, as they do on the Monday that follows."""
    days, day = WorkingTime(), after.astimezone(LONDON).date() + timedelta(days=1)
    while not (day.weekday() == 4 and days.is_working_day(day) and days.is_working_day(day + timedelta(days=3))):
        day += timedelta(days=1)
    return datetime.combine(day, time(16), LONDON).astimezone(UTC)


def wire(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"


def times(bench: Bench, service: str, kind: str) -> list[Any]:
    sql = "SELECT occurred_at, recorded_at FROM log_event WHERE type = %s ORDER BY position"
    return bench.ask(service, sql, (kind,))


def test_the_clock_is_set_forward_and_sessions_and_deadlines_go_by_it_and_nothing_else_does(own_bench: Bench):
    with Bookbag(own_bench.it.state["gateway"]) as bookbag:
        operator = signed_in(own_bench, bookbag)
        school = a_school(bookbag, operator, "ashdown-hill", seed=17)
        pupil_id = school.pupil().person_id
        mother = school.guardian_of(school.people.pupil())
        before = went(mother.clock())
        assert refused(mother.set_clock(before + FAR)).code == "OPERATOR_ONLY"
        code = went(operator.one_time_code(school.slug, school.people.teacher(1).login))

        friday = a_friday_afternoon(before + FAR)
        assert went(operator.set_clock(friday)) >= friday
        for session in (operator, mother):
            assert refused(session.clock()).code == "NOT_SIGNED_IN", "its day is over"
        teacher = went(bookbag.sign_in(school.slug, school.people.teacher(1).login, code=code, capacity="staff"))
        operator = school.operator = signed_in(own_bench, bookbag)
        school.sessions.clear()
        mother = school.guardian_of(school.people.pupil())
        answer = refused(operator.set_clock(friday))
        assert (answer.status, answer.code) == (409, "CLOCK_FORWARD_ONLY")

        conversation_id = went(mother.open_conversation(pupil_id)).id
        sent = went(mother.send(conversation_id, "Is there swimming on Monday?"))
        # By London's clock, which may change on the Sunday between.
        monday = (friday.astimezone(LONDON) + timedelta(days=3)).astimezone(UTC)
        seen = went(mother.message(sent.id))
        assert seen["sent_at"] >= wire(friday)
        assert (seen["received_outside_hours"], seen["expected_by"][:16]) == (False, wire(monday)[:16])
        assert [one["overdue"] for one in went(teacher.awaiting_reply())["items"]] == [False]

        case_of(school, teacher, sent.id)
        in_the_log_it_occurred_by_the_school_s_clock_and_was_recorded_by_the_real_one(own_bench)

        own_bench.it.restart("messaging.api")
        went(operator.set_clock(monday + timedelta(hours=1)))
        school.operator = signed_in(own_bench, bookbag)
        teacher = school.newly_signed_in(school.people.teacher(1), "staff")
        assert [one["overdue"] for one in went(teacher.awaiting_reply())["items"]] == [True]
    assert own_bench.faults() == []


def signed_in(bench: Bench, bookbag: Bookbag) -> Session:
    return went(bookbag.sign_in_operator(bench.operator_password()))


def case_of(school: School, teacher: Session, message_id: Any) -> None:
    """A flag, which moderation's worker makes a case of; the Headteacher sees it."""
    went(teacher.flag(message_id))
    assert len(went(school.head.cases())["items"]) == 1


def in_the_log_it_occurred_by_the_school_s_clock_and_was_recorded_by_the_real_one(bench: Bench) -> None:
    for service, kind in (("messaging", "messaging.MessageSent"), ("moderation", "moderation.CaseOpened")):
        [(occurred_at, recorded_at)] = times(bench, service, kind)
        assert occurred_at - recorded_at > FAR
