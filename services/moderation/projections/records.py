"""The safeguarding records and their entries, for the safeguarding lead and the leaders alone (S77)."""

from shared.events.envelope import Envelope
from shared.events.moderation import RecordEntryAdded, SafeguardingRecordOpened
from shared.projections.declaration import Projection, Table, Tx
from shared.projections.roster import shown

records = Projection(
    name="records",
    version=1,
    source="moderation",
    tables=(
        Table(
            "safeguarding_record",
            {
                "record_id": "uuid",
                "position": "bigint NOT NULL",
                "opened_at": "timestamptz NOT NULL",
                "opened_by": "uuid NOT NULL",
                "case_id": "uuid NOT NULL",
                "message_id": "uuid NOT NULL",
                "guardian_id": "uuid NOT NULL",
                "pupil_id": "uuid NOT NULL",
                "track": "text NOT NULL",
                "message_position": "bigint NOT NULL",
                "message_sent_at": "timestamptz NOT NULL",
                "message_hash": "text NOT NULL",
                "copy": "text",
            },
            ("record_id",),
            (("position",),),
        ),
        Table(
            "record_entry",
            {
                "entry_id": "uuid",
                "record_id": "uuid NOT NULL",
                "position": "bigint NOT NULL",
                "at": "timestamptz NOT NULL",
                "kind": "text NOT NULL",
                "staff_id": "uuid",
                "text": "text",
            },
            ("entry_id",),
            (("record_id", "position"),),
        ),
    ),
)


@records.on(SafeguardingRecordOpened)
def _(tx: Tx, e: SafeguardingRecordOpened, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {safeguarding_record} (school_id, record_id, position, opened_at, opened_by, case_id, message_id,"
        " guardian_id, pupil_id, track, message_position, message_sent_at, message_hash, copy)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        meta.school_id,
        e.record_id,
        meta.position,
        meta.occurred_at,
        e.opened_by,
        e.case_id,
        e.message_id,
        e.guardian_id,
        e.pupil_id,
        e.track,
        e.message_position,
        e.message_sent_at,
        e.message_hash,
        shown(e.copy),
    )


@records.on(RecordEntryAdded)
def _(tx: Tx, e: RecordEntryAdded, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {record_entry} (school_id, entry_id, record_id, position, at, kind, staff_id, text)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        meta.school_id,
        e.entry_id,
        e.record_id,
        meta.position,
        meta.occurred_at,
        e.kind,
        e.staff_id,
        shown(e.text),
    )
