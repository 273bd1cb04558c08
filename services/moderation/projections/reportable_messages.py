"""Messages as things that can be reported: which message, by whom, between whom. Never what it says."""

from shared.events.messaging import MessageSent
from shared.projections.declaration import Projection, Table
from shared.projections.effects import OCCURRED_AT, Insert, of

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


reportable_messages.writes(
    MessageSent,
    Insert(
        "reportable_message",
        of("message_id", "guardian_id", "pupil_id", "class_id", author_id="sender_id", author_as="sender")
        | {"at": OCCURRED_AT},
    ),
)
