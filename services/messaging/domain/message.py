"""A message: sent at any hour (S47, S78), kept as sent, and flagged by staff who received it (S75).

Stream `message-<id>`. A flag stands beside the message and changes nothing of it. The decider knows no time at all.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from services.messaging.domain.conversation import Conversation, conversation_id_of
from services.messaging.domain.standing import Standing, may_send
from shared.events.identity import PersonId, StaffId
from shared.events.messaging import (
    CATEGORIES_OF,
    AskedToPhone,
    FlagCategory,
    FlagId,
    MessageFlagged,
    MessageId,
    MessageSent,
    Sender,
    Track,
)
from shared.policy import first_names
from shared.policy.clauses import ClauseId
from shared.policy.codes import (
    CLASS_HAS_MOVED_ON,
    NOT_A_RECIPIENT,
    NOT_ALLOWED,
    NOT_CLASS_TEACHER,
    NOT_FOUND,
    NOT_YOUR_CHILDS_TEACHER,
    WRONG_CATEGORY,
)
from shared.policy.findings import refuse
from shared.policy.refusal import Refusal
from shared.policy.school_names import ClassRoll, SchoolNames

ASKS_TO_PHONE = ClauseId("S53")

MessageEvent = MessageSent | MessageFlagged | AskedToPhone


@dataclass(frozen=True, slots=True)
class Message:
    """Attributes: conversation: where it was sent; None while it was not. flags: who flagged it on which track."""

    conversation: Conversation | None = None
    sender: Sender = Sender.GUARDIAN
    flags: frozenset[tuple[StaffId, Track]] = field(default_factory=frozenset)
    asked_to_phone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMessage:
    """What is to be sent.

    Attributes:
        sender: as what the caller takes part in the conversation, which permission has found out.
        confirmed: the writer has looked at the names in it again.
    """

    message_id: MessageId
    conversation: Conversation
    sender_id: PersonId
    sender: Sender
    text: str
    confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SendFacts:
    """What the decision to send rests on.

    Attributes:
        standing: the guardian's; read in the same history, so that a warning recorded meanwhile is a conflict.
        linked: the guardian is still an adult of the child.
        in_class: the child is still in the conversation's class.
        school_names: of the school's pupils: staff write first names only (S57), and only their texts are checked.
        roll: of the conversation's class.
    """

    standing: Standing
    office_phone: str
    linked: bool
    in_class: bool
    school_names: SchoolNames
    roll: ClassRoll
    roster_position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagMessage:
    """What a member of staff found in a message."""

    flag_id: FlagId
    message_id: MessageId
    staff_id: StaffId
    track: Track
    category: FlagCategory
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskToPhone:
    """Attributes: teaches: whether who asks is a class teacher of the conversation's class."""

    message_id: MessageId
    staff_id: StaffId
    teaches: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagFacts:
    """The message as the log holds it.

    Attributes:
        teaches: whether who flags is a class teacher of the conversation's class.
        text: as it was sent; None where it was erased.
    """

    teaches: bool
    position: int
    sent_at: datetime
    hash: bytes
    text: str | None


def send(command: SendMessage, facts: SendFacts) -> list[MessageEvent]:
    if command.sender is Sender.GUARDIAN:
        may_send(facts.standing, facts.office_phone)
        if not facts.linked:
            raise Refusal(NOT_YOUR_CHILDS_TEACHER)
        if not facts.in_class:
            raise Refusal(CLASS_HAS_MOVED_ON)
    elif not (facts.linked and facts.in_class):
        raise Refusal(NOT_ALLOWED, clause=ClauseId("S46"))
    else:
        found = first_names.check(command.text, facts.roll, facts.school_names)
        refuse(found, field="text", confirmed=command.confirmed)
    return [
        MessageSent(
            message_id=command.message_id,
            conversation_id=conversation_id_of(command.conversation),
            guardian_id=command.conversation.guardian_id,
            pupil_id=command.conversation.pupil_id,
            class_id=command.conversation.class_id,
            sender_id=command.sender_id,
            sender=command.sender,
            roster_position=facts.roster_position,
            text=command.text,
        )
    ]


def flag(command: FlagMessage, state: Message, facts: FlagFacts) -> list[MessageEvent]:
    """The same member of staff flags a message once a track; what they say again is not recorded."""
    if state.conversation is None or facts.text is None:
        raise Refusal(NOT_FOUND)
    if not facts.teaches or state.sender is not Sender.GUARDIAN:
        raise Refusal(NOT_A_RECIPIENT)
    if state.conversation.guardian_id == command.staff_id:  # wrote it as a parent, in a class they teach themself
        raise Refusal(NOT_A_RECIPIENT)
    if command.category not in CATEGORIES_OF[command.track]:
        raise Refusal(WRONG_CATEGORY)
    if (command.staff_id, command.track) in state.flags:
        return []
    return [
        MessageFlagged(
            flag_id=command.flag_id,
            message_id=command.message_id,
            conversation_id=conversation_id_of(state.conversation),
            guardian_id=state.conversation.guardian_id,
            pupil_id=state.conversation.pupil_id,
            staff_id=command.staff_id,
            track=command.track,
            category=command.category,
            message_position=facts.position,
            message_sent_at=facts.sent_at,
            message_hash=facts.hash.hex(),
            note=command.note,
            copy=facts.text,
        )
    ]


def ask_to_phone(command: AskToPhone, state: Message) -> list[MessageEvent]:
    """S53. To be asked once is enough, by whichever class teacher."""
    if state.conversation is None:
        raise Refusal(NOT_FOUND)
    if not command.teaches:
        raise Refusal(NOT_CLASS_TEACHER, clause=ASKS_TO_PHONE)
    if state.sender is not Sender.GUARDIAN:
        raise Refusal(NOT_ALLOWED, clause=ASKS_TO_PHONE)
    if state.asked_to_phone:
        return []
    return [
        AskedToPhone(
            message_id=command.message_id,
            conversation_id=conversation_id_of(state.conversation),
            staff_id=command.staff_id,
        )
    ]


def evolve(state: Message, event: MessageEvent) -> Message:
    match event:
        case MessageSent():
            conversation = Conversation(guardian_id=event.guardian_id, pupil_id=event.pupil_id, class_id=event.class_id)
            return replace(state, conversation=conversation, sender=event.sender)
        case MessageFlagged(staff_id=staff, track=track):
            return replace(state, flags=state.flags | {(staff, track)})
        case AskedToPhone():
            return replace(state, asked_to_phone=True)
