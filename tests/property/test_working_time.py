from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from shared.policy.working_time import ReplyClock, WorkingTime

LONDON = ZoneInfo("Europe/London")
# Years whose bank holidays are known, with several clock changes and Christmases on every day of the week.
instants = st.datetimes(datetime(2020, 1, 1), datetime(2029, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001
edges = st.builds(
    lambda day, hour, microseconds: (
        datetime(day.year, day.month, day.day, hour, tzinfo=UTC) + timedelta(microseconds=microseconds)
    ),
    st.dates(date(2020, 1, 1), date(2029, 12, 1)),
    st.sampled_from([7, 8, 16, 17]),
    st.integers(-2, 2),
)
closures = st.builds(
    lambda first, length: frozenset(first + timedelta(days=number) for number in range(length)),
    st.dates(date(2020, 1, 1), date(2029, 12, 1)),
    st.integers(0, 90),
)
calendars = st.builds(WorkingTime, closures)
clocks = st.sampled_from(ReplyClock)
moments = instants | edges


def minutes_of_work(calendar: WorkingTime, start: datetime, end: datetime) -> int:
    """An oracle that looks at every minute's beginning."""
    minute = start
    count = 0
    while minute < end:
        count += calendar.is_working(minute)
        minute += timedelta(minutes=1)
    return count


@given(calendars, moments, clocks)
def test_S49_an_answer_is_expected_after_the_instant_and_in_working_time(
    calendar: WorkingTime, instant: datetime, clock: ReplyClock
) -> None:
    due = calendar.expected_by(instant, clock)
    assert due > instant
    assert calendar.is_working(due)


@given(calendars, st.lists(moments, min_size=2, max_size=6), clocks)
def test_S49_who_writes_later_is_never_answered_earlier(
    calendar: WorkingTime, sent: list[datetime], clock: ReplyClock
) -> None:
    due = [calendar.expected_by(instant, clock) for instant in sorted(sent)]
    assert all(earlier <= later for earlier, later in pairwise(due))


@given(calendars, moments)
def test_S47_the_next_opening_is_a_working_day_s_eight_o_clock_with_no_opening_before_it(
    calendar: WorkingTime, instant: datetime
) -> None:
    opening = calendar.next_opening(instant)
    local = opening.astimezone(LONDON)
    assert opening >= instant
    assert (local.hour, local.minute, local.second, local.microsecond) == (8, 0, 0, 0)
    assert calendar.is_working(opening)
    assert not calendar.is_working(opening - timedelta(microseconds=1))
    # What lies between holds at most the rest of the day that the instant is in.
    day_after = instant.astimezone(LONDON).date() + timedelta(days=1)
    between = [day_after + timedelta(days=number) for number in range((local.date() - day_after).days)]
    assert not any(map(calendar.is_working_day, between))


@given(calendars, moments)
def test_S47_a_clock_starts_at_once_or_at_the_next_opening(calendar: WorkingTime, instant: datetime) -> None:
    start = calendar.clock_start(instant)
    assert start == (instant if calendar.is_working(instant) else calendar.next_opening(instant))


@given(
    calendars,
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(0, 30 * 60),
)
def test_so_many_working_hours_are_so_many_minutes_of_work(
    calendar: WorkingTime, instant: datetime, minutes: int
) -> None:
    instant = instant.replace(second=0, microsecond=0)
    due = calendar.after_working_hours(instant, timedelta(minutes=minutes))
    assert minutes_of_work(calendar, instant, due) == minutes


@given(calendars, closures, moments, clocks)
def test_S49_one_closure_more_never_brings_a_deadline_nearer(
    calendar: WorkingTime, more: frozenset[date], instant: datetime, clock: ReplyClock
) -> None:
    closed = WorkingTime(calendar.closure_days | more)
    assert closed.expected_by(instant, clock) >= calendar.expected_by(instant, clock)
