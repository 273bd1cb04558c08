"""The expected instants are worked out by hand from the policy and the calendar on the wall: summer time is UTC+1."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from shared.policy.parameters import Parameters
from shared.policy.working_time import ReplyClock, WorkingTime, bank_holidays

SCHOOL = WorkingTime()
NEXT_DAY, HOURS = ReplyClock.NEXT_WORKING_DAY, ReplyClock.WORKING_HOURS


def at(utc: str) -> datetime:
    return datetime.fromisoformat(utc).replace(tzinfo=UTC)


# Monday 12 January 2026: in winter, UTC is what the clock in London shows.
@pytest.mark.parametrize(
    ("instant", "working"),
    [
        ("2026-01-12T07:59:59.999999", False),
        ("2026-01-12T08:00:00", True),
        ("2026-01-12T16:59:59.999999", True),
        ("2026-01-12T17:00:00", False),
        ("2026-01-12T00:00:00", False),
        ("2026-01-16T12:00:00", True),  # Friday
        ("2026-01-17T12:00:00", False),  # Saturday
        ("2026-01-18T12:00:00", False),  # Sunday
        # Monday 8 June 2026, in summer.
        ("2026-06-08T06:59:59.999999", False),
        ("2026-06-08T07:00:00", True),
        ("2026-06-08T15:59:59.999999", True),
        ("2026-06-08T16:00:00", False),
        # The working days beside the two changes of the clock.
        ("2026-03-27T08:00:00", True),
        ("2026-03-27T16:59:59", True),
        ("2026-03-30T07:00:00", True),
        ("2026-03-30T06:59:59", False),
        ("2026-03-30T16:00:00", False),
        ("2026-10-23T07:00:00", True),
        ("2026-10-26T07:59:59", False),
        ("2026-10-26T08:00:00", True),
        ("2026-10-26T16:59:59", True),
    ],
)
def test_S47_working_time_is_eight_to_five_in_london_from_monday_to_friday(instant: str, working: bool) -> None:
    assert SCHOOL.is_working(at(instant)) is working
    assert SCHOOL.received_outside_hours(at(instant)) is not working


@pytest.mark.parametrize(
    ("day", "working"),
    [
        ("2026-01-01", False),  # New Year's Day
        ("2026-04-03", False),  # Good Friday
        ("2026-04-06", False),  # Easter Monday
        ("2026-05-04", False),  # the first Monday in May
        ("2026-05-25", False),  # the last Monday in May
        ("2026-08-31", False),  # the last Monday in August
        ("2026-12-25", False),  # Christmas Day
        ("2026-12-28", False),  # for Boxing Day, a Saturday
        ("2026-12-24", True),
        ("2026-12-29", True),
        ("2027-12-27", False),  # for Christmas Day, a Saturday
        ("2027-12-28", False),  # for Boxing Day, a Sunday
        ("2022-09-19", False),  # the Queen's funeral
        ("2023-05-08", False),  # the coronation
        # Scotland's and Northern Ireland's, which are none of England's.
        ("2026-01-02", True),
        ("2026-08-03", True),
        ("2026-11-30", True),
        ("2026-03-17", True),
        ("2026-07-13", True),
    ],
)
def test_S47_bank_holidays_are_those_of_england(day: str, working: bool) -> None:
    assert SCHOOL.is_working(at(f"{day}T12:00:00")) is working


def test_S47_england_has_eight_bank_holidays_on_weekdays_in_a_plain_year() -> None:
    for year in (2024, 2025, 2026, 2027, 2028):
        assert len([day for day in bank_holidays(year) if day.weekday() < 5]) == 8


def test_S47_a_closure_day_of_one_school_closes_it_and_no_other() -> None:
    closed = Parameters(closure_days="2026-10-22/2026-10-23").working_time
    assert not closed.is_working(at("2026-10-22T12:00:00"))
    assert not closed.is_working(at("2026-10-23T12:00:00"))
    assert closed.is_working(at("2026-10-21T12:00:00"))
    assert SCHOOL.is_working(at("2026-10-22T12:00:00"))


def test_S47_a_closure_day_is_a_day_on_the_school_s_wall() -> None:
    closed = WorkingTime(frozenset({date(2026, 6, 8)}))
    assert closed.next_opening(at("2026-06-07T23:30:00")) == at("2026-06-09T07:00:00")  # 00:30 on the 8th in London


@pytest.mark.parametrize(
    ("instant", "opening"),
    [
        ("2026-01-12T07:59:59.999999", "2026-01-12T08:00:00"),
        ("2026-01-12T08:00:00", "2026-01-12T08:00:00"),
        ("2026-01-12T08:00:00.000001", "2026-01-13T08:00:00"),
        ("2026-01-16T16:59:59.999999", "2026-01-19T08:00:00"),
        ("2026-01-16T17:00:00", "2026-01-19T08:00:00"),
        ("2026-01-17T08:00:00", "2026-01-19T08:00:00"),
        ("2026-06-08T06:00:00", "2026-06-08T07:00:00"),
        ("2026-03-28T12:00:00", "2026-03-30T07:00:00"),
        ("2026-03-29T00:59:59", "2026-03-30T07:00:00"),
        ("2026-10-25T00:30:00", "2026-10-26T08:00:00"),  # 01:30, the first of two
        ("2026-10-25T01:30:00", "2026-10-26T08:00:00"),  # 01:30 again
        ("2026-12-24T17:00:00", "2026-12-29T08:00:00"),
        ("2026-04-02T16:00:00", "2026-04-07T07:00:00"),
    ],
)
def test_S47_the_next_opening_is_eight_o_clock_of_a_working_day(instant: str, opening: str) -> None:
    assert SCHOOL.next_opening(at(instant)) == at(opening)


@pytest.mark.parametrize(
    ("sent", "due"),
    [
        ("2026-01-12T08:00:00", "2026-01-13T08:00:00"),
        ("2026-01-12T16:59:59.999999", "2026-01-13T16:59:59.999999"),
        ("2026-01-12T17:00:00", "2026-01-14T08:00:00"),  # the clock starts on Tuesday at 08:00
        ("2026-01-12T07:59:59.999999", "2026-01-13T08:00:00"),  # it starts a moment later, on the same day
        ("2026-01-16T16:00:00", "2026-01-19T16:00:00"),  # Friday to Monday
        ("2026-01-17T10:00:00", "2026-01-20T08:00:00"),  # Saturday; Monday 08:00; Tuesday 08:00
        ("2026-12-24T10:00:00", "2026-12-29T10:00:00"),  # Thursday over Christmas to Tuesday
        ("2026-12-24T18:00:00", "2026-12-30T08:00:00"),
        ("2026-12-26T10:00:00", "2026-12-30T08:00:00"),
        ("2026-12-31T10:00:00", "2027-01-04T10:00:00"),
        ("2026-04-02T15:00:00", "2026-04-07T15:00:00"),  # 16:00 before Good Friday to Tuesday
        ("2026-03-27T10:00:00", "2026-03-30T09:00:00"),  # 10:00 to 10:00 over the short Sunday
        ("2026-10-23T09:00:00", "2026-10-26T10:00:00"),  # 10:00 to 10:00 over the long Sunday
        ("2026-03-29T12:00:00", "2026-03-31T07:00:00"),
        ("2026-10-25T12:00:00", "2026-10-27T08:00:00"),
    ],
)
def test_S49_an_answer_is_expected_by_the_same_local_time_on_the_next_working_day(sent: str, due: str) -> None:
    assert SCHOOL.expected_by(at(sent), NEXT_DAY) == at(due)


@pytest.mark.parametrize(
    ("sent", "due"),
    [
        ("2026-01-12T08:00:00", "2026-01-14T14:00:00"),  # 9 + 9 + 6
        ("2026-01-12T10:00:00", "2026-01-14T16:00:00"),  # 7 + 9 + 8
        ("2026-01-12T10:59:59.999999", "2026-01-14T16:59:59.999999"),
        ("2026-01-12T11:00:00", "2026-01-15T08:00:00"),  # 6 + 9 + 9 ends at 17:00, which is outside
        ("2026-01-12T11:00:00.000001", "2026-01-15T08:00:00.000001"),
        ("2026-01-12T16:59:59.999999", "2026-01-15T13:59:59.999999"),
        ("2026-01-12T17:00:00", "2026-01-15T14:00:00"),
        ("2026-01-16T16:00:00", "2026-01-21T13:00:00"),  # Friday 1, Monday 9, Tuesday 9, Wednesday 5
        ("2026-01-17T10:00:00", "2026-01-21T14:00:00"),
        ("2026-03-27T10:00:00", "2026-03-31T15:00:00"),  # Friday 7, Monday 9, Tuesday 8: 16:00 in summer
        ("2026-10-23T09:00:00", "2026-10-27T16:00:00"),  # Friday 7, Monday 9, Tuesday 8: 16:00 in winter
        ("2026-12-24T10:00:00", "2026-12-30T16:00:00"),
    ],
)
def test_S49_a_school_may_read_it_as_24_hours_of_working_time(sent: str, due: str) -> None:
    assert SCHOOL.expected_by(at(sent), HOURS) == at(due)


def test_S49_a_day_over_a_clock_change_has_23_or_25_hours() -> None:
    spring, autumn = at("2026-03-27T10:00:00"), at("2026-10-23T09:00:00")
    assert SCHOOL.expected_by(spring, NEXT_DAY) - spring == timedelta(hours=24 + 24 + 23)
    assert SCHOOL.expected_by(autumn, NEXT_DAY) - autumn == timedelta(hours=24 + 24 + 25)


def test_S49_a_long_closure_moves_both_readings_to_its_end() -> None:
    summer = Parameters(closure_days="2026-07-22/2026-09-01").working_time
    sent = at("2026-07-21T11:00:00")  # Tuesday 12:00, five working hours before the school closes
    assert summer.expected_by(sent, NEXT_DAY) == at("2026-09-02T11:00:00")
    assert summer.expected_by(sent, HOURS) == at("2026-09-04T08:00:00")  # 5 + 9 + 9, and one hour of Friday
    assert summer.expected_by(at("2026-08-01T11:00:00"), NEXT_DAY) == at("2026-09-03T07:00:00")


def test_S49_a_closure_announced_later_moves_a_deadline_that_is_not_yet_past() -> None:
    sent, told = at("2026-01-15T10:00:00"), at("2026-01-16T10:00:00")
    snow = WorkingTime(frozenset({date(2026, 1, 16)}))
    moved = snow.still_expected_by(sent, NEXT_DAY, told=told, now=at("2026-01-16T09:59:59.999999"))
    assert moved == at("2026-01-19T10:00:00")


@pytest.mark.parametrize("now", ["2026-01-16T10:00:00", "2026-01-20T10:00:00"])
def test_S49_a_closure_announced_later_leaves_a_deadline_that_is_past(now: str) -> None:
    sent, told = at("2026-01-15T10:00:00"), at("2026-01-16T10:00:00")
    snow = WorkingTime(frozenset({date(2026, 1, 16)}))
    assert snow.still_expected_by(sent, NEXT_DAY, told=told, now=at(now)) == told


@pytest.mark.parametrize(
    ("flagged", "due"),
    [
        ("2026-01-12T10:00:00", "2026-01-12T14:00:00"),
        ("2026-01-12T13:00:00", "2026-01-13T08:00:00"),
        ("2026-01-16T16:30:00", "2026-01-19T11:30:00"),
        ("2026-01-17T23:00:00", "2026-01-19T12:00:00"),
    ],
)
def test_S76_four_working_hours_may_end_on_another_day(flagged: str, due: str) -> None:
    assert SCHOOL.after_working_hours(at(flagged), timedelta(hours=4)) == at(due)


def test_a_clock_that_runs_for_no_time_ends_where_it_starts() -> None:
    for instant in (at("2026-01-12T10:00:00"), at("2026-01-12T17:00:00")):
        assert SCHOOL.after_working_hours(instant, timedelta()) == SCHOOL.clock_start(instant)
        assert SCHOOL.after_working_days(instant, 0) == SCHOOL.clock_start(instant)


def test_the_zone_that_an_instant_is_written_in_does_not_matter_and_answers_are_in_utc() -> None:
    tokyo = at("2026-06-08T07:30:00").astimezone(timezone(timedelta(hours=9)))
    answers = (
        SCHOOL.clock_start(tokyo),
        SCHOOL.next_opening(tokyo),
        SCHOOL.expected_by(tokyo, NEXT_DAY),
        SCHOOL.expected_by(tokyo, HOURS),
        SCHOOL.still_expected_by(tokyo, NEXT_DAY, told=tokyo, now=tokyo),
    )
    assert SCHOOL.is_working(tokyo)
    assert {answer.tzinfo for answer in answers} == {UTC}
    assert answers[2] == at("2026-06-09T07:30:00")


def test_an_instant_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 1, 12, 10)  # noqa: DTZ001 - that is the point
    for ask in (SCHOOL.is_working, SCHOOL.next_opening, SCHOOL.clock_start):
        with pytest.raises(ValueError, match="zone"):
            ask(naive)
