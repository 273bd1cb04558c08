"""By when a guardian's message is answered, and what answers it (S47 to S49, S53). Reckoned when it is looked at.

Nothing here is recorded, nor known where a message is sent or flagged: the hour of sending counts for and against
nobody (S78). It is an endeavour: what is late is for the teacher to see, and leads to nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from shared.policy.parameters import Parameters
from shared.policy.working_time import ReplyClock, WorkingTime

STAFF_REPLY = "Staff reply Monday to Friday, 8am to 5pm."
"""What a guardian reads beside every conversation (S47)."""
PLEASE_PHONE = "Your child's teacher asks you to phone the school office: {phone}. The office is glad to help."
"""What stands with a message that a teacher cannot answer here (S53)."""
BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


class Answered(StrEnum):
    """What ended the wait for an answer."""

    REPLIED = "replied"
    ASKED_TO_PHONE = "asked_to_phone"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyTerms:
    """How a school counted from some moment on, until its next terms."""

    since: datetime
    reply_clock: ReplyClock
    working_time: WorkingTime

    @classmethod
    def of(cls, parameters: Parameters, since: datetime) -> "ReplyTerms":
        """As a school's parameters say."""
        return cls(since=since, reply_clock=ReplyClock(parameters.reply_clock), working_time=parameters.working_time)


THE_POLICY_S = ReplyTerms.of(Parameters(), BEFORE_ALL)
"""Before a school has said anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """How a guardian's message waits for its answer."""

    received_outside_hours: bool
    expected_by: datetime

    def is_overdue(self, now: datetime) -> bool:
        return self.expected_by < now


def wait(sent_at: datetime, terms: Sequence[ReplyTerms]) -> Wait:
    """The wait that began when the message was sent, under all the terms that a school has had, oldest first.

    A closure that is announced later moves a deadline that is not yet past, and no other: what a guardian was told and
    saw pass stays as it was.
    """
    stood, later = THE_POLICY_S, list[ReplyTerms]()
    for one in terms:
        if one.since <= sent_at:
            stood = one
        else:
            later.append(one)
    due = stood.working_time.expected_by(sent_at, stood.reply_clock)
    for one in later:
        due = one.working_time.still_expected_by(sent_at, one.reply_clock, told=due, now=one.since)
    return Wait(received_outside_hours=stood.working_time.received_outside_hours(sent_at), expected_by=due)


def answered(replied_at: datetime | None, asked_to_phone_at: datetime | None) -> tuple[datetime, Answered] | None:
    """What came first; None while the message waits."""
    came = [(replied_at, Answered.REPLIED), (asked_to_phone_at, Answered.ASKED_TO_PHONE)]
    return min(((at, how) for at, how in came if at is not None), default=None)
