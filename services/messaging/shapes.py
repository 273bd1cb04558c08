"""How conversations and messages look to those who take part in them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.messaging.domain import reply
from services.messaging.domain.reply import ReplyTerms, Wait
from services.messaging.queries import ConversationRow, MessageRow, MessagingQueries, TeacherRow
from shared.events.messaging import Sender
from shared.http.caller import NO_PHONE


@dataclass(frozen=True, slots=True, kw_only=True)
class School:
    """What the looks of a message rest on beside the message.

    Attributes:
        terms: how the school has counted the time for a reply, oldest first.
    """

    terms: Sequence[ReplyTerms]
    office_phone: str


def school(queries: MessagingQueries, school_id: UUID) -> School:
    return School(terms=queries.reply_terms(school_id), office_phone=queries.office_phone(school_id) or NO_PHONE)


def conversation(row: ConversationRow, teachers: Sequence[TeacherRow], reader: Sender) -> dict[str, Any]:
    return {
        "conversation_id": row.conversation_id,
        "guardian": {
            "guardian_id": row.guardian_id,
            "given_name": row.guardian_given_name,
            "family_name": row.guardian_family_name,
        },
        "teachers": [asdict(teacher) for teacher in teachers if teacher.class_id == row.class_id],
        "pupil": {"pupil_id": row.pupil_id, "given_name": row.pupil_given_name},
        "class": {"class_id": row.class_id, "name": row.class_name},
        "position": row.position,
        "last_message_at": row.last_message_at,
        "notice": reply.STAFF_REPLY if reader is Sender.GUARDIAN else None,
    }


def message(row: MessageRow, reader: Sender, school: School) -> dict[str, Any]:
    by_guardian = row.sender == Sender.GUARDIAN
    surname = None if by_guardian and reader is Sender.GUARDIAN else row.sender_family_name
    at, how = reply.answered(row.replied_at, row.asked_to_phone_at) or (None, None)
    asked = row.asked_to_phone_at is not None
    return {
        **asdict(row),
        "sent_by": {"given_name": row.sender_given_name, "family_name": surname},
        **wait(Sender(row.sender), row.sent_at, school.terms, waits=at is None),
        "answered": how,
        "answered_at": at,
        "system_message": reply.PLEASE_PHONE.format(phone=school.office_phone) if asked else None,
    }


def awaiting(row: MessageRow, school: School, now: datetime) -> dict[str, Any]:
    """To a class teacher."""
    waits: Wait = reply.wait(row.sent_at, school.terms)
    return {**message(row, Sender.STAFF, school), "overdue": waits.is_overdue(now)}


def wait(sender: Sender, sent_at: datetime, terms: Sequence[ReplyTerms], *, waits: bool = True) -> dict[str, Any]:
    """Of a guardian's message. Of staff's nobody is to expect an answer, or to see at what hour they worked."""
    if sender is not Sender.GUARDIAN:
        return {"received_outside_hours": None, "expected_by": None}
    found = reply.wait(sent_at, terms)
    return {
        "received_outside_hours": found.received_outside_hours,
        "expected_by": found.expected_by if waits else None,
    }
