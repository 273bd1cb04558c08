"""Messages as they were sent. Flags are no part of it: a reader cannot tell that a message was flagged (S75)."""

from shared.events.messaging import MessageSent
from shared.projections.declaration import Projection, Table
from shared.projections.effects import OCCURRED_AT, POSITION, Insert, of

messages = Projection(
    name="messages",
    version=1,
    source="messaging",
    tables=(
        Table(
            "message",
            {
                "message_id": "uuid",
                "conversation_id": "uuid NOT NULL",
                "guardian_id": "uuid NOT NULL",
                "pupil_id": "uuid NOT NULL",
                "class_id": "uuid NOT NULL",
                "position": "bigint NOT NULL",
                "sender": "text NOT NULL",
                "sender_id": "uuid NOT NULL",
                "text": "text",
                "sent_at": "timestamptz NOT NULL",
            },
            ("message_id",),
            (("conversation_id", "position"), ("guardian_id", "position"), ("sender_id", "position")),
        ),
    ),
)


messages.writes(
    MessageSent,
    Insert(
        "message",
        of("message_id", "conversation_id", "guardian_id", "pupil_id", "class_id", "sender", "sender_id", "text")
        | {"position": POSITION, "sent_at": OCCURRED_AT},
    ),
)
