"""The wire forms of messaging: what is sent and what is shown."""

from services.messaging.domain.reply import Answered
from shared.events.messaging import DeliveryMeans, FlagCategory, Sender, Track
from shared.http.schemas import EnumField, Flag, Id, ListOf, Part, Schema, StrictInt, Text, When

MESSAGE = 4000
NOTE = 2000
REASON = 2000


class ConversationOpening(Schema):
    """A guardian names the child; staff the guardian too; who has several classes to choose from, the class."""

    pupil_id = Id(required=True)
    guardian_id = Id(load_default=None, allow_none=True)
    class_id = Id(load_default=None, allow_none=True)


class NewMessage(Schema):
    """`confirmed`: a member of staff looked at the names again, and none is a child's full one."""

    text = Text(1, MESSAGE, required=True)
    confirmed = Flag(load_default=False)


class NewFlag(Schema):
    track = EnumField(Track, required=True)
    category = EnumField(FlagCategory, required=True)
    note = Text(1, NOTE, required=True)


class WarningDelivery(Schema):
    guardian_id = Id(required=True)
    means = EnumField(DeliveryMeans, required=True)
    reason = Text(1, REASON, required=True)


class ConversationGuardian(Schema):
    guardian_id = Id(required=True)
    given_name = Text(required=True, allow_none=True)
    family_name = Text(required=True, allow_none=True)


class ConversationTeacher(Schema):
    staff_id = Id(required=True)
    given_name = Text(required=True, allow_none=True)
    family_name = Text(required=True, allow_none=True)


class ConversationPupil(Schema):
    pupil_id = Id(required=True)
    given_name = Text(required=True, allow_none=True)


class ConversationClass(Schema):
    class_id = Id(required=True)
    name = Text(required=True, allow_none=True)


class ConversationShown(Schema):
    """Both sides by name; `position` rises with each message. `notice` tells guardians when staff reply."""

    conversation_id = Id(required=True)
    guardian = Part(ConversationGuardian, required=True)
    teachers = ListOf(Part(ConversationTeacher), required=True)
    pupil = Part(ConversationPupil, required=True)
    class_ = Part(ConversationClass, required=True, data_key="class", attribute="class")
    position = StrictInt(required=True)
    last_message_at = When(required=True, allow_none=True)
    notice = Text(required=True, allow_none=True)


class MessageSender(Schema):
    """A guardian's family name is for staff."""

    given_name = Text(required=True, allow_none=True)
    family_name = Text(required=True, allow_none=True)


class WaitShown(Schema):
    """Of a guardian's message: by when staff endeavour to answer, until something does. Nothing of that for staff's."""

    received_outside_hours = Flag(required=True, allow_none=True)
    expected_by = When(required=True, allow_none=True)


class SentMessage(WaitShown):
    """Where the message can be read, and by when it will be answered."""

    location = Text(required=True)


class MessageShown(WaitShown):
    """A message as it was sent; without its text where that was erased.

    `answered` and `answered_at`: what ended the wait, and when. `system_message` stands where the guardian was asked to
    phone the school.
    """

    message_id = Id(required=True)
    conversation_id = Id(required=True)
    sender = EnumField(Sender, required=True)
    sent_by = Part(MessageSender, required=True)
    text = Text(1, MESSAGE, required=True, allow_none=True)
    sent_at = When(required=True)
    answered = EnumField(Answered, required=True, allow_none=True)
    answered_at = When(required=True, allow_none=True)
    system_message = Text(required=True, allow_none=True)


class AwaitingMessage(MessageShown):
    """One that waits for an answer; `overdue` where staff endeavour to be earlier. The teacher's own view."""

    overdue = Flag(required=True)


class UrgencyQuestion(Schema):
    """A text that is about to be sent."""

    text = Text(1, MESSAGE, required=True)


class UrgencyHint(Schema):
    """What to show before it is sent, if anything. It can be sent all the same."""

    hint = Text(required=True, allow_none=True)


class MessagePage(Schema):
    """The newest messages, newest last; `next` leads to the ones before."""

    items = ListOf(Part(MessageShown), required=True)
    next = Text(required=True, allow_none=True)


class HeldMessage(Schema):
    """What is held of a person's own conversations, oldest first."""

    message_id = Id(required=True)
    conversation_id = Id(required=True)
    pupil_id = Id(required=True)
    sender = EnumField(Sender, required=True)
    text = Text(1, MESSAGE, required=True, allow_none=True)
    sent_at = When(required=True)
