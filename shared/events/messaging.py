"""What messaging publishes. Streams: `conversation-<id>`, `message-<id>`, `standing-<guardian>`.

`standing-<guardian>` holds moderation's outcomes as they reached messaging, beside the guardian's own receipt: what
stands after what is decided by positions in this log alone.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from shared.events.declaration import Event, Personal, event, personal
from shared.events.identity import ClassId, GuardianId, PersonId, PupilId, StaffId
from shared.events.moderation import RemovalId, SuspensionId, WarningId
from shared.privacy.categories import Category

ConversationId = NewType("ConversationId", UUID)
MessageId = NewType("MessageId", UUID)
FlagId = NewType("FlagId", UUID)
DeliveryId = NewType("DeliveryId", UUID)


class Sender(StrEnum):
    """As what a message was written."""

    GUARDIAN = "guardian"
    STAFF = "staff"


class Track(StrEnum):
    """Which of two things a flag is: how an adult behaved, or a worry about a child, which is never misuse (T14)."""

    CONDUCT = "conduct"
    CHILD_CONCERN = "child_concern"


class FlagCategory(StrEnum):
    """What a member of staff found in a message."""

    ABUSIVE = "abusive"
    THREATENING = "threatening"
    DISCRIMINATORY = "discriminatory"
    HARASSING = "harassing"
    NEGLECT = "neglect"
    PHYSICAL_HARM = "physical_harm"
    EMOTIONAL_HARM = "emotional_harm"
    SEXUAL_HARM = "sexual_harm"
    ONLINE_SAFETY = "online_safety"
    OTHER = "other"


CATEGORIES_OF: Mapping[Track, frozenset[FlagCategory]] = {
    Track.CONDUCT: frozenset(
        {
            FlagCategory.ABUSIVE,
            FlagCategory.THREATENING,
            FlagCategory.DISCRIMINATORY,
            FlagCategory.HARASSING,
            FlagCategory.OTHER,
        }
    ),
    Track.CHILD_CONCERN: frozenset(
        {
            FlagCategory.NEGLECT,
            FlagCategory.PHYSICAL_HARM,
            FlagCategory.EMOTIONAL_HARM,
            FlagCategory.SEXUAL_HARM,
            FlagCategory.ONLINE_SAFETY,
            FlagCategory.OTHER,
        }
    ),
}
"""Which findings belong to which track."""


class DeliveryMeans(StrEnum):
    """How the Headteacher may have delivered a warning instead of the guardian's own receipt."""

    LETTER = "letter"
    MEETING = "meeting"


@event("messaging.ConversationOpened", version=1)
class ConversationOpened(Event):
    conversation_id: ConversationId
    guardian_id: GuardianId
    pupil_id: PupilId
    class_id: ClassId
    by: Sender
    roster_position: int  # how far the roster was known when the relation was judged


@event("messaging.MessageSent", version=1)
class MessageSent(Event):
    message_id: MessageId
    conversation_id: ConversationId
    guardian_id: GuardianId
    pupil_id: PupilId
    class_id: ClassId
    sender_id: PersonId
    sender: Sender
    roster_position: int
    text: Personal[str] = personal(subject="conversation_id", category=Category.MESSAGE)


@event("messaging.MessageFlagged", version=1)
class MessageFlagged(Event):
    """Carries the message as it was sent, sealed for moderation, and the place and hash of its event."""

    flag_id: FlagId
    message_id: MessageId
    conversation_id: ConversationId
    guardian_id: GuardianId
    pupil_id: PupilId
    staff_id: StaffId
    track: Track
    category: FlagCategory
    message_position: int
    message_sent_at: datetime
    message_hash: str  # hex, of the event that sent it
    note: Personal[str] = personal(subject="flag_id", category=Category.FLAGGED_COPY)
    copy: Personal[str] = personal(subject="flag_id", category=Category.FLAGGED_COPY)


@event("messaging.AskedToPhone", version=1)
class AskedToPhone(Event):
    """A class teacher cannot answer this message here and asks the guardian to phone the school (S53)."""

    message_id: MessageId
    conversation_id: ConversationId
    staff_id: StaffId


@event("messaging.WarningRecorded", version=1)
class WarningRecorded(Event):
    guardian_id: GuardianId
    warning_id: WarningId


@event("messaging.WarningReceived", version=1)
class WarningReceived(Event):
    """The guardian's own receipt: from here on the warning is delivered."""

    guardian_id: GuardianId
    warning_id: WarningId


@event("messaging.WarningHandedOver", version=1)
class WarningHandedOver(Event):
    """The Headteacher delivered the warning by letter or in a meeting, and says why.

    The delivery is the reason's subject: the warning's own key is moderation's, and messaging can only add new ones.
    """

    delivery_id: DeliveryId
    guardian_id: GuardianId
    warning_id: WarningId
    means: DeliveryMeans
    staff_id: StaffId
    reason: Personal[str] = personal(subject="delivery_id", category=Category.CONDUCT)


@event("messaging.WarningRescissionRecorded", version=1)
class WarningRescissionRecorded(Event):
    guardian_id: GuardianId
    warning_id: WarningId


@event("messaging.RemovalRecorded", version=1)
class RemovalRecorded(Event):
    guardian_id: GuardianId
    removal_id: RemovalId


@event("messaging.ReinstatementRecorded", version=1)
class ReinstatementRecorded(Event):
    guardian_id: GuardianId
    removal_id: RemovalId


@event("messaging.SuspensionRecorded", version=1)
class SuspensionRecorded(Event):
    guardian_id: GuardianId
    suspension_id: SuspensionId


@event("messaging.SuspensionEndRecorded", version=1)
class SuspensionEndRecorded(Event):
    guardian_id: GuardianId
    suspension_id: SuspensionId
