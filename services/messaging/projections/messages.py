"""Messages as they were sent. Flags are no part of it: a reader cannot tell that a message was flagged (S75)."""

from shared.events.envelope import Envelope
from shared.events.messaging import MessageSent
from shared.projections.declaration import Projection, Table, Tx
from shared.projections.roster import shown

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


@messages.on(MessageSent)
def _(tx: Tx, e: MessageSent, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {message} (school_id, message_id, conversation_id, guardian_id, pupil_id, class_id, position,"
        " sender, sender_id, text, sent_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        meta.school_id,
        e.message_id,
        e.conversation_id,
        e.guardian_id,
        e.pupil_id,
        e.class_id,
        meta.position,
        e.sender,
        e.sender_id,
        shown(e.text),
        meta.occurred_at,
    )
