"""What was flagged: the case with the message as it was sent, its flags, and what a leader decided (S75, S76)."""

from shared.events.envelope import Envelope
from shared.events.moderation import CaseOpened, FlagDismissed, FlagReceived, FlagUpheld, LeaderAcknowledged
from shared.projections.declaration import Projection, Table, Tx
from shared.projections.roster import shown

cases = Projection(
    name="cases",
    version=1,
    source="moderation",
    tables=(
        Table(
            "flagged_case",
            {
                "case_id": "uuid",
                "position": "bigint NOT NULL",
                "opened_at": "timestamptz NOT NULL",
                "message_id": "uuid NOT NULL",
                "conversation_id": "uuid NOT NULL",
                "guardian_id": "uuid NOT NULL",
                "pupil_id": "uuid NOT NULL",
                "track": "text NOT NULL",
                "message_position": "bigint NOT NULL",
                "message_sent_at": "timestamptz NOT NULL",
                "message_hash": "text NOT NULL",
                "copy": "text",
                "acknowledged_at": "timestamptz",
                "acknowledged_by": "uuid",
                "outcome": "text",
                "consequence": "text",
                "decided_at": "timestamptz",
                "decided_as": "text",
                "decided_by": "uuid",
                "not_headteacher_because": "text",
                "reason": "text",
            },
            ("case_id",),
            (("position",), ("guardian_id",)),
        ),
        Table(
            "case_flag",
            {
                "flag_id": "uuid",
                "case_id": "uuid NOT NULL",
                "position": "bigint NOT NULL",
                "flagged_at": "timestamptz NOT NULL",
                "staff_id": "uuid NOT NULL",
                "category": "text NOT NULL",
                "note": "text",
            },
            ("flag_id",),
            (("case_id", "position"),),
        ),
    ),
)


@cases.on(CaseOpened)
def _(tx: Tx, e: CaseOpened, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {flagged_case} (school_id, case_id, position, opened_at, message_id, conversation_id, guardian_id,"
        " pupil_id, track, message_position, message_sent_at, message_hash, copy)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        meta.school_id,
        e.case_id,
        meta.position,
        meta.occurred_at,
        e.message_id,
        e.conversation_id,
        e.guardian_id,
        e.pupil_id,
        e.track,
        e.message_position,
        e.message_sent_at,
        e.message_hash,
        shown(e.copy),
    )


@cases.on(FlagReceived)
def _(tx: Tx, e: FlagReceived, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {case_flag} (school_id, flag_id, case_id, position, flagged_at, staff_id, category, note)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        meta.school_id,
        e.flag_id,
        e.case_id,
        meta.position,
        meta.occurred_at,
        e.staff_id,
        e.category,
        shown(e.note),
    )


@cases.on(LeaderAcknowledged)
def _(tx: Tx, e: LeaderAcknowledged, meta: Envelope) -> None:
    tx.execute(
        "UPDATE {flagged_case} SET acknowledged_at = %s, acknowledged_by = %s WHERE school_id = %s AND case_id = %s",
        meta.occurred_at,
        e.staff_id,
        meta.school_id,
        e.case_id,
    )


@cases.on(FlagUpheld)
def _(tx: Tx, e: FlagUpheld, meta: Envelope) -> None:
    _decided(tx, e, meta, "upheld", e.consequence)


@cases.on(FlagDismissed)
def _(tx: Tx, e: FlagDismissed, meta: Envelope) -> None:
    _decided(tx, e, meta, "dismissed", None)


def _decided(tx: Tx, e: FlagUpheld | FlagDismissed, meta: Envelope, outcome: str, consequence: str | None) -> None:
    tx.execute(
        "UPDATE {flagged_case} SET outcome = %s, consequence = %s, decided_at = %s, decided_as = %s, decided_by = %s,"
        " not_headteacher_because = %s, reason = %s WHERE school_id = %s AND case_id = %s",
        outcome,
        consequence,
        meta.occurred_at,
        e.by,
        e.staff_id,
        shown(e.not_headteacher_because),
        shown(e.reason),
        meta.school_id,
        e.case_id,
    )
