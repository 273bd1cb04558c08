"""A conversation: one guardian, one of their children, one of the child's classes, and whoever teaches it (S46, S52).

Stream `conversation-<id>`. The id follows from the three, so that opening it again finds it.
"""

from dataclasses import dataclass
from uuid import uuid5

from shared.events.identity import ClassId, GuardianId, PupilId
from shared.events.messaging import ConversationId, ConversationOpened, Sender


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Whose it is. Two guardians of one child have two, and neither is in the other's."""

    guardian_id: GuardianId
    pupil_id: PupilId
    class_id: ClassId


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenConversation:
    """Attributes: by: as what the caller takes part, which permission has found out."""

    conversation: Conversation
    by: Sender
    roster_position: int


def conversation_id_of(conversation: Conversation) -> ConversationId:
    """The same three have the same conversation, whoever of them opens it and however often."""
    return ConversationId(uuid5(conversation.guardian_id, f"{conversation.pupil_id}:{conversation.class_id}"))


def open_(command: OpenConversation, state: Conversation | None) -> list[ConversationOpened]:
    """Opening what is open changes nothing."""
    if state is not None:
        return []
    return [
        ConversationOpened(
            conversation_id=conversation_id_of(command.conversation),
            guardian_id=command.conversation.guardian_id,
            pupil_id=command.conversation.pupil_id,
            class_id=command.conversation.class_id,
            by=command.by,
            roster_position=command.roster_position,
        )
    ]


def evolve(_state: Conversation | None, event: ConversationOpened) -> Conversation | None:
    return Conversation(guardian_id=event.guardian_id, pupil_id=event.pupil_id, class_id=event.class_id)
