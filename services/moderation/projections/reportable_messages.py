"""Messages as things that can be reported: which message, by whom, between whom. Never what it says."""

from shared.events.envelope import Envelope
from shared.events.messaging import MessageSent
from shared.projections.declaration import Projection, Table, Tx

reportable_messages = Projection(
    name="reportable_messages",
    version=1,
    source="messaging",
    tables=(
        Table(
            "reportable_message",
            {
                "message_id": "uuid",
                "author_id": "uuid NOT NULL",
                "author_as": "text NOT NULL",
                "guardian_id": "uuid NOT NULL",
                "pupil_id": "uuid NOT NULL",
                "class_id": "uuid NOT NULL",
                "at": "timestamptz NOT NULL",
            },
            ("message_id",),
        ),
    ),
)


@reportable_messages.on(MessageSent)
def _(tx: Tx, e: MessageSent, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {reportable_message} (school_id, message_id, author_id, author_as, guardian_id, pupil_id,"
        " class_id, at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        meta.school_id,
        e.message_id,
        e.sender_id,
        e.sender,
        e.guardian_id,
        e.pupil_id,
        e.class_id,
        meta.occurred_at,
    )
