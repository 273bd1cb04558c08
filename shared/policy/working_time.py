"""The school's clock (S47 to S49, S78): when staff work, and by when a message is answered.

Working time is [08:00, 17:00) Europe/London from Monday to Friday, less the bank holidays of England and the school's
closure days. All reckoning is in local wall time, all answers are UTC: a day over a clock change has 23 or 25 hours,
and two instants of one zone must not be subtracted there. Working hours lie far from the hour that a clock change skips
or repeats, so each of their local times is one instant. Everything here raises ValueError for an instant without a
zone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from holidays import country_holidays

LONDON = ZoneInfo("Europe/London")
OPENS, CLOSES = time(8), time(17)
WORKING_DAY = timedelta(hours=9)
"""How long one working day is; no clock change falls within it."""
SATURDAY = 5
MOST_CLOSURE_DAYS = 400
"""How many days a school can name: a year's holidays four times over, and still a few kilobytes."""

_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOSURE = re.compile(f"({_DAY})(?:/({_DAY}))?")
_ONE_DAY = timedelta(days=1)
_NO_TIME = timedelta()


class ReplyClock(StrEnum):
    """How "within 24 hours during working days" (S49) is read."""

    NEXT_WORKING_DAY = "next_working_day"
    """By the same local time on the next working day."""
    WORKING_HOURS = "working_hours"
    """After 24 hours of working time, which is two days and six hours."""


REPLY_WITHIN = timedelta(hours=24)
"""The 24 hours of S49, as the reading `working_hours` counts them."""


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """When the staff of one school work.

    Attributes:
        closure_days: local dates on which the school is closed beside weekends and bank holidays.
    """

    closure_days: frozenset[date] = frozenset()

    def is_working_day(self, day: date) -> bool:
        """Whether staff work on this local date at all."""
        return day.weekday() < SATURDAY and day not in self.closure_days and day not in bank_holidays(day.year)

    def is_working(self, instant: datetime) -> bool:
        """Whether the instant is in working time: 08:00:00 is, 17:00:00 is not."""
        local = _local(instant)
        return OPENS <= local.time() < CLOSES and self.is_working_day(local.date())

    def received_outside_hours(self, instant: datetime) -> bool:
        """Whether the sender is told when staff reply. To send then is a right: it counts against nobody (S78)."""
        return not self.is_working(instant)

    def next_opening(self, instant: datetime) -> datetime:
        """The first 08:00 of a working day that is not before the instant; UTC."""
        local = _local(instant)
        day = local.date()
        if local.time() > OPENS or not self.is_working_day(day):
            day = self._working_day_after(day)
        return _utc(day, OPENS)

    def clock_start(self, instant: datetime) -> datetime:
        """When a clock starts for what came at this instant, and staff may hear of it: now, or the opening; UTC."""
        return instant.astimezone(UTC) if self.is_working(instant) else self.next_opening(instant)

    def after_working_days(self, instant: datetime, days: int) -> datetime:
        """The same local time so many working days after the clock's start; UTC and in working time."""
        local = _local(self.clock_start(instant))
        day = local.date()
        for _ in range(days):
            day = self._working_day_after(day)
        return _utc(day, local.time())

    def after_working_hours(self, instant: datetime, hours: timedelta) -> datetime:
        """When so much working time has passed since the clock's start; UTC and in working time.

        What would end at 17:00:00 ends at the next opening, for 17:00:00 is outside.
        """
        start = self.clock_start(instant)
        local = _local(start)
        left = _utc(local.date(), CLOSES) - start
        if hours < left:
            return start + hours
        day, hours = self._working_day_after(local.date()), hours - left
        while hours >= WORKING_DAY:
            day, hours = self._working_day_after(day), hours - WORKING_DAY
        return _utc(day, OPENS) + hours

    def expected_by(self, instant: datetime, reply_clock: ReplyClock) -> datetime:
        """By when staff endeavour to answer what came at this instant (S49); UTC and in working time."""
        match reply_clock:
            case ReplyClock.NEXT_WORKING_DAY:
                return self.after_working_days(instant, 1)
            case ReplyClock.WORKING_HOURS:
                return self.after_working_hours(instant, REPLY_WITHIN)

    def still_expected_by(
        self, instant: datetime, reply_clock: ReplyClock, *, told: datetime, now: datetime
    ) -> datetime:
        """The deadline, which stood at `told`, as it is now: a closure announced later moves what is not yet past."""
        return told.astimezone(UTC) if told <= now else self.expected_by(instant, reply_clock)

    def _working_day_after(self, day: date) -> date:
        # It ends: closure days are finitely many, and no bank holiday takes a whole week.
        day += _ONE_DAY
        while not self.is_working_day(day):
            day += _ONE_DAY
        return day


@lru_cache(maxsize=256)
def bank_holidays(year: int) -> frozenset[date]:
    """The bank holidays of England in a year, as far as the library's release knows them."""
    # A set of our own: the library's object fills itself a year at a time and is not made for several threads.
    return frozenset(country_holidays("GB", subdiv="ENG", years=year))


@lru_cache(maxsize=1024)
def closure_days(text: str) -> frozenset[date]:
    """The days of a text such as `2026-10-23,2026-12-21/2027-01-01`: dates, and spans with both their ends.

    Raises:
        ValueError: for any other text, a date that is none, a span that ends before it begins, or too many days. The
            exception's text holds nothing of what was given.
    """
    days: set[date] = set()
    for part in text.split(",") if text else ():
        for day in _span(part.strip(" ")):
            days.add(day)
            if len(days) > MOST_CLOSURE_DAYS:
                raise ValueError("too many closure days")
    return frozenset(days)


def _span(text: str) -> Iterator[date]:
    found = _CLOSURE.fullmatch(text)
    if found is None:
        raise ValueError("a closure day is written as 2026-10-23")
    try:
        first = date.fromisoformat(found[1])
        last = first if found[2] is None else date.fromisoformat(found[2])
    except ValueError:
        raise ValueError("a closure day is a day of the calendar") from None
    if last < first:
        raise ValueError("a closure ends when it begins or later")
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _local(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError("an instant needs a zone")
    return instant.astimezone(LONDON)


def _utc(day: date, at: time) -> datetime:
    return datetime.combine(day, at, LONDON).astimezone(UTC)
