"""The messages whose guardian was asked to phone the school (S53): that closes the wait for an answer."""

from shared.events.envelope import Envelope
from shared.events.messaging import AskedToPhone
from shared.projections.declaration import Projection, Table, Tx

phone_requests = Projection(
    name="phone_requests",
    version=1,
    source="messaging",
    tables=(
        Table(
            "phone_request",
            {
                "message_id": "uuid",
                "conversation_id": "uuid NOT NULL",
                "staff_id": "uuid NOT NULL",
                "asked_at": "timestamptz NOT NULL",
            },
            ("message_id",),
        ),
    ),
)


@phone_requests.on(AskedToPhone)
def _(tx: Tx, e: AskedToPhone, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {phone_request} (school_id, message_id, conversation_id, staff_id, asked_at)"
        " VALUES (%s, %s, %s, %s, %s)",
        meta.school_id,
        e.message_id,
        e.conversation_id,
        e.staff_id,
        meta.occurred_at,
    )
