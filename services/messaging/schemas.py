"""The wire forms of messaging: what is sent and what is shown."""

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
    """Both sides by name; `position` rises with each message."""

    conversation_id = Id(required=True)
    guardian = Part(ConversationGuardian, required=True)
    teachers = ListOf(Part(ConversationTeacher), required=True)
    pupil = Part(ConversationPupil, required=True)
    class_ = Part(ConversationClass, required=True, data_key="class", attribute="class")
    position = StrictInt(required=True)
    last_message_at = When(required=True, allow_none=True)


class MessageSender(Schema):
    """A guardian's family name is for staff."""

    given_name = Text(required=True, allow_none=True)
    family_name = Text(required=True, allow_none=True)


class MessageShown(Schema):
    """A message as it was sent; without its text where that was erased."""

    message_id = Id(required=True)
    conversation_id = Id(required=True)
    sender = EnumField(Sender, required=True)
    sent_by = Part(MessageSender, required=True)
    text = Text(1, MESSAGE, required=True, allow_none=True)
    sent_at = When(required=True)


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
