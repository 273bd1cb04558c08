"""Conversations as their two sides list them: whose, about whom, and how recent. Nothing says what was read (S50)."""

from shared.events.envelope import Envelope
from shared.events.messaging import ConversationOpened, MessageSent
from shared.projections.declaration import Projection, Table, Tx

conversations = Projection(
    name="conversations",
    version=1,
    source="messaging",
    tables=(
        Table(
            "conversation",
            {
                "conversation_id": "uuid",
                "guardian_id": "uuid NOT NULL",
                "pupil_id": "uuid NOT NULL",
                "class_id": "uuid NOT NULL",
                "position": "bigint NOT NULL",
                "last_message_at": "timestamptz",
            },
            ("conversation_id",),
            (("guardian_id", "position"), ("class_id", "position")),
        ),
    ),
)


@conversations.on(ConversationOpened)
def _(tx: Tx, e: ConversationOpened, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {conversation} (school_id, conversation_id, guardian_id, pupil_id, class_id, position)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        meta.school_id,
        e.conversation_id,
        e.guardian_id,
        e.pupil_id,
        e.class_id,
        meta.position,
    )


@conversations.on(MessageSent)
def _(tx: Tx, e: MessageSent, meta: Envelope) -> None:
    # Another stream: the conversation's own event may come later, or again. The last is the last in the log: a clock
    # that was set back says nothing of that.
    tx.execute(
        "INSERT INTO {conversation} AS c"
        " (school_id, conversation_id, guardian_id, pupil_id, class_id, position, last_message_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (school_id, conversation_id) DO UPDATE SET"
        " position = greatest(c.position, excluded.position), last_message_at ="
        " CASE WHEN excluded.position < c.position AND c.last_message_at IS NOT NULL THEN c.last_message_at"
        " ELSE excluded.last_message_at END",
        meta.school_id,
        e.conversation_id,
        e.guardian_id,
        e.pupil_id,
        e.class_id,
        meta.position,
        meta.occurred_at,
    )
