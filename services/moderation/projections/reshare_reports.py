"""Reports that something of the school's was shared elsewhere, and what a leader found (S65, S69 to S72)."""

from shared.events.envelope import Envelope
from shared.events.moderation import ReshareConfirmed, ReshareDismissed, ReshareReported
from shared.projections.declaration import Projection, Table, Tx
from shared.projections.roster import shown

reshare_reports = Projection(
    name="reshare_reports",
    version=1,
    source="moderation",
    tables=(
        Table(
            "reshare_report",
            {
                "report_id": "uuid",
                "position": "bigint NOT NULL",
                "reported_at": "timestamptz NOT NULL",
                "reported_as": "text NOT NULL",
                "reported_id": "uuid NOT NULL",
                "shared": "text NOT NULL",
                "reporter_id": "uuid NOT NULL",
                "account": "text",
                "outcome": "text",
                "decided_at": "timestamptz",
                "decided_as": "text",
                "decided_by": "uuid",
                "not_headteacher_because": "text",
                "reason": "text",
            },
            ("report_id",),
            (("position",), ("reporter_id",)),
        ),
    ),
)


@reshare_reports.on(ReshareReported)
def _(tx: Tx, e: ReshareReported, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {reshare_report} (school_id, report_id, position, reported_at, reported_as, reported_id, shared,"
        " reporter_id, account) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        meta.school_id,
        e.report_id,
        meta.position,
        meta.occurred_at,
        e.reported_as,
        e.reported_id,
        e.shared,
        e.reporter_id,
        shown(e.account),
    )


@reshare_reports.on(ReshareConfirmed)
def _(tx: Tx, e: ReshareConfirmed, meta: Envelope) -> None:
    _decided(tx, e, meta, "confirmed")


@reshare_reports.on(ReshareDismissed)
def _(tx: Tx, e: ReshareDismissed, meta: Envelope) -> None:
    _decided(tx, e, meta, "dismissed")


def _decided(tx: Tx, e: ReshareConfirmed | ReshareDismissed, meta: Envelope, outcome: str) -> None:
    tx.execute(
        "UPDATE {reshare_report} SET outcome = %s, decided_at = %s, decided_as = %s, decided_by = %s,"
        " not_headteacher_because = %s, reason = %s WHERE school_id = %s AND report_id = %s",
        outcome,
        meta.occurred_at,
        e.by,
        e.staff_id,
        shown(e.not_headteacher_because),
        shown(e.reason),
        meta.school_id,
        e.report_id,
    )
