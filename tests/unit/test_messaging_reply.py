"""By when a guardian's message is answered and what answers it; expected times are worked out by hand, in London."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.messaging import shapes
from services.messaging.domain import message
from services.messaging.domain.conversation import Conversation, conversation_id_of
from services.messaging.domain.message import AskToPhone, Message
from services.messaging.domain.permission import may_ask_to_phone, may_ask_what_is_urgent
from services.messaging.domain.reply import (
    STAFF_REPLY,
    Answered,
    ReplyTerms,
    answered,
    wait,
)
from services.messaging.queries import ConversationRow, MessageRow
from services.messaging.schemas import AwaitingMessage, ConversationShown, MessageShown, SentMessage
from shared.events.identity import ClassId, GuardianId, PersonId, PupilId, StaffId
from shared.events.messaging import AskedToPhone, MessageId, MessageSent, Sender
from shared.policy.codes import NOT_ALLOWED, NOT_CLASS_TEACHER, NOT_FOUND, STAFF_ONLY
from shared.policy.parameters import Parameters
from shared.policy.principal import Capacity
from shared.policy.refusal import Refusal
from shared.testing.principals import principal
from shared.testing.specification import specification

LONDON = ZoneInfo("Europe/London")
PHONE = "0151 496 0000"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)


def terms(since: str, **varied: str) -> ReplyTerms:
    return ReplyTerms.of(Parameters(**varied), at(since))  # type: ignore[arg-type]  # texts all


@pytest.mark.parametrize(
    ("sent", "outside", "expected"),
    [
        ("2026-09-07 07:59:59", True, "2026-09-08 08:00"),  # a Monday
        ("2026-09-07 08:00:00", False, "2026-09-08 08:00"),
        ("2026-09-07 16:59:59", False, "2026-09-08 16:59:59"),
        ("2026-09-07 17:00:00", True, "2026-09-09 08:00"),
        ("2026-09-11 16:00", False, "2026-09-14 16:00"),  # Friday to Monday
        ("2026-09-12 10:00", True, "2026-09-15 08:00"),  # Saturday: from Monday 8am
        ("2026-03-27 16:00", False, "2026-03-30 16:00"),  # the clocks go forward between
        ("2026-10-23 16:00", False, "2026-10-26 16:00"),  # and back
        ("2026-12-24 12:00", False, "2026-12-29 12:00"),  # Christmas, and the day in lieu of the 26th
    ],
)
def test_S47_S49_by_when_staff_endeavour_to_answer(sent: str, outside: bool, expected: str):
    found = wait(at(sent), [])
    assert (found.received_outside_hours, found.expected_by) == (outside, at(expected))


def test_S49_a_school_may_read_the_24_hours_as_hours_of_work():
    hours = terms("2026-09-01 09:00", reply_clock="working_hours")
    assert wait(at("2026-09-07 09:00"), [hours]).expected_by == at("2026-09-09 15:00")


def test_S47_a_day_on_which_the_school_is_closed_is_outside_its_hours():
    closed = terms("2026-09-01 09:00", closure_days="2026-09-07")
    found = wait(at("2026-09-07 10:00"), [closed])
    assert (found.received_outside_hours, found.expected_by) == (True, at("2026-09-09 08:00"))


def test_S49_terms_that_were_set_before_the_message_count_from_the_start_and_the_last_of_them():
    old = terms("2026-09-01 09:00", reply_clock="working_hours", closure_days="2026-09-08")
    new = terms("2026-09-02 09:00")
    assert wait(at("2026-09-07 09:00"), [old, new]).expected_by == at("2026-09-08 09:00")


def test_S49_a_closure_that_is_announced_later_moves_a_deadline_that_is_still_to_come():
    snow = terms("2026-09-07 18:00", closure_days="2026-09-08")
    found = wait(at("2026-09-07 10:00"), [snow])
    assert (found.received_outside_hours, found.expected_by) == (False, at("2026-09-09 10:00"))


@pytest.mark.parametrize("announced", ["2026-09-08 10:00", "2026-09-08 10:00:01", "2026-12-01 09:00"])
def test_S49_it_moves_none_that_has_passed(announced: str):
    after = terms(announced, closure_days="2026-09-07/2026-09-09")
    assert wait(at("2026-09-07 10:00"), [after]).expected_by == at("2026-09-08 10:00")


def test_S49_a_deadline_that_was_moved_is_what_the_next_announcement_moves():
    snow = terms("2026-09-08 07:00", closure_days="2026-09-08")
    more_snow = terms("2026-09-09 07:00", closure_days="2026-09-08/2026-09-09")
    assert wait(at("2026-09-07 10:00"), [snow, more_snow]).expected_by == at("2026-09-10 10:00")


def test_S49_it_is_late_only_once_the_moment_has_passed():
    found = wait(at("2026-09-07 10:00"), [])
    assert not found.is_overdue(at("2026-09-08 10:00"))
    assert found.is_overdue(at("2026-09-08 10:00") + timedelta(microseconds=1))


EARLY, LATE = at("2026-09-07 12:00"), at("2026-09-07 13:00")


def test_S53_a_reply_or_a_request_to_phone_ends_the_wait_whichever_came_first():
    assert answered(None, None) is None
    assert answered(EARLY, None) == (EARLY, Answered.REPLIED)
    assert answered(None, LATE) == (LATE, Answered.ASKED_TO_PHONE)
    assert answered(EARLY, LATE) == (EARLY, Answered.REPLIED)
    assert answered(LATE, EARLY) == (EARLY, Answered.ASKED_TO_PHONE)


# -- what people are shown -----------------------------------------------------------------------------------------

SCHOOL = shapes.School(terms=[], office_phone=PHONE)
SENT = at("2026-09-06 20:00")
"""A Sunday evening."""


def row(
    sender: Sender = Sender.GUARDIAN, replied: datetime | None = None, phoned: datetime | None = None
) -> MessageRow:
    return MessageRow(
        message_id=UUID(int=1),
        conversation_id=UUID(int=2),
        guardian_id=UUID(int=3),
        pupil_id=UUID(int=4),
        class_id=UUID(int=5),
        position=6,
        sender=sender.value,
        sender_given_name="Ivy",
        sender_family_name="Fay",
        text="Is there swimming?",
        sent_at=SENT,
        replied_at=replied,
        asked_to_phone_at=phoned,
    )


def shown(found: MessageRow, reader: Sender = Sender.GUARDIAN) -> dict[str, object]:
    dumped: dict[str, object] = MessageShown().dump(shapes.message(found, reader, SCHOOL))
    return {
        name: dumped[name]
        for name in ("received_outside_hours", "expected_by", "answered", "answered_at", "system_message")
    }


@pytest.mark.parametrize("reader", Sender)
def test_S47_S48_S49_a_guardian_s_message_says_by_when_it_will_be_answered(reader: Sender):
    assert shown(row(), reader) == {
        "received_outside_hours": True,
        "expected_by": "2026-09-08T07:00:00.000000Z",
        "answered": None,
        "answered_at": None,
        "system_message": None,
    }


def test_S66_of_a_message_of_staff_s_nothing_is_said_of_hours():
    assert set(shown(row(Sender.STAFF)).values()) == {None}
    sent = SentMessage().dump({"location": "/v1/messages/1", **shapes.wait(Sender.STAFF, SENT, [])})
    assert sent == {"location": "/v1/messages/1", "received_outside_hours": None, "expected_by": None}


def test_S49_once_it_is_answered_nothing_is_expected_any_more():
    found = shown(row(replied=EARLY))
    assert (found["expected_by"], found["answered"]) == (None, "replied")
    assert (found["answered_at"], found["system_message"]) == ("2026-09-07T11:00:00.000000Z", None)


def test_S53_who_is_asked_to_phone_is_told_the_office_s_number():
    found = shown(row(phoned=EARLY))
    assert (found["expected_by"], found["answered"]) == (None, "asked_to_phone")
    assert PHONE in str(found["system_message"])


@pytest.mark.parametrize(("reader", "notice"), [(Sender.GUARDIAN, STAFF_REPLY), (Sender.STAFF, None)])
def test_S47_a_guardian_reads_beside_the_conversation_when_staff_reply(reader: Sender, notice: str | None):
    where = ConversationRow(
        conversation_id=UUID(int=2),
        guardian_id=UUID(int=3),
        guardian_given_name="Ivy",
        guardian_family_name="Fay",
        pupil_id=UUID(int=4),
        pupil_given_name="Ada",
        class_id=UUID(int=5),
        class_name="Wrens",
        position=6,
        last_message_at=SENT,
    )
    assert ConversationShown().dump(shapes.conversation(where, [], reader))["notice"] == notice
    assert STAFF_REPLY == "Staff reply Monday to Friday, 8am to 5pm."


@pytest.mark.parametrize(("now", "overdue"), [("2026-09-08 08:00", False), ("2026-09-08 08:00:01", True)])
def test_S49_a_teacher_sees_which_of_their_own_messages_have_waited_longer(now: str, overdue: bool):
    found = AwaitingMessage().dump(shapes.awaiting(row(), SCHOOL, at(now)))
    assert (found["overdue"], found["expected_by"]) == (overdue, "2026-09-08T07:00:00.000000Z")


def test_S49_no_guardian_is_shown_that_an_answer_is_late():
    assert "overdue" not in MessageShown().fields


# -- asking to phone (S53) -----------------------------------------------------------------------------------------

GUARDIAN, PUPIL, CLASS = GuardianId(UUID(int=3)), PupilId(UUID(int=4)), ClassId(UUID(int=5))
MESSAGE, TEACHER = MessageId(UUID(int=1)), StaffId(UUID(int=20))
WHERE = Conversation(guardian_id=GUARDIAN, pupil_id=PUPIL, class_id=CLASS)
asking = specification(message.ask_to_phone, message.evolve, Message())


def sent_by(sender: Sender) -> MessageSent:
    return MessageSent(
        message_id=MESSAGE,
        conversation_id=conversation_id_of(WHERE),
        guardian_id=GUARDIAN,
        pupil_id=PUPIL,
        class_id=CLASS,
        sender_id=PersonId(GUARDIAN if sender is Sender.GUARDIAN else TEACHER),
        sender=sender,
        roster_position=1,
        text="Is there swimming?",
    )


def ask(*, teaches: bool = True) -> AskToPhone:
    return AskToPhone(message_id=MESSAGE, staff_id=TEACHER, teaches=teaches)


ASKED = AskedToPhone(message_id=MESSAGE, conversation_id=conversation_id_of(WHERE), staff_id=TEACHER)


def test_S53_a_class_teacher_who_cannot_answer_asks_the_guardian_to_phone():
    asking(sent_by(Sender.GUARDIAN)).when(ask()).then(ASKED)


def test_S53_to_ask_once_is_enough():
    asking(sent_by(Sender.GUARDIAN), ASKED).when(ask()).then_nothing()


def test_S53_nobody_but_a_class_teacher_asks_and_only_a_guardian_is_asked():
    asking(sent_by(Sender.GUARDIAN)).when(ask(teaches=False)).then_refused(NOT_CLASS_TEACHER, "S53")
    asking(sent_by(Sender.STAFF)).when(ask()).then_refused(NOT_ALLOWED, "S53")
    asking().when(ask()).then_refused(NOT_FOUND)


@pytest.mark.parametrize("capacity", [Capacity.GUARDIAN, Capacity.PUPIL, Capacity.OPERATOR])
def test_S53_who_is_no_staff_is_refused_before_the_message_is_looked_up(capacity: Capacity):
    with pytest.raises(Refusal) as refused:
        may_ask_to_phone(principal(capacity))
    assert (refused.value.code, refused.value.clause) == (STAFF_ONLY, "S53")


@pytest.mark.parametrize("capacity", [Capacity.STAFF, Capacity.PUPIL, Capacity.OPERATOR])
def test_S51_the_hint_is_for_guardians_who_alone_write_to_staff(capacity: Capacity):
    may_ask_what_is_urgent(principal(Capacity.GUARDIAN))
    with pytest.raises(Refusal) as refused:
        may_ask_what_is_urgent(principal(capacity))
    assert refused.value.code == NOT_FOUND


# -- the hour counts for and against nobody (S78) ------------------------------------------------------------------

HERE = Path(__file__).parents[2]
KNOWS_HOURS = ("working_time", "reply_clock", "expected_by", "outside_hours", "domain.reply")


def test_S78_no_decider_and_no_event_of_messages_or_moderation_knows_of_hours():
    """What decides on sending, flags, cases and warnings, and what is recorded of them, never reads the clock."""
    deciders = [
        *(HERE / "services/messaging/domain").glob("*.py"),
        *(HERE / "services/moderation").rglob("*.py"),
        HERE / "services/messaging/reactions.py",
        HERE / "shared/events/messaging.py",
        HERE / "shared/events/moderation.py",
    ]
    told = {
        path.relative_to(HERE).as_posix(): [word for word in KNOWS_HOURS if word in path.read_text()]
        for path in deciders
        if path.name != "reply.py"
    }
    assert len(told) > 20
    assert {path: words for path, words in told.items() if words} == {}
