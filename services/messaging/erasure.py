"""Whom the personal texts of messaging concern: a conversation is about its pupil and its guardian alike."""

from shared.events.messaging import MessageFlagged, MessageSent, WarningHandedOver
from shared.privacy.erasure import Concerns

CONCERNS: Concerns = {
    MessageSent: ("guardian_id", "pupil_id"),
    MessageFlagged: ("guardian_id", "pupil_id"),
    WarningHandedOver: ("guardian_id",),
}
