"""Appeals, for leaders and governors. An appeal pauses nothing (T7)."""

from shared.events.envelope import Envelope
from shared.events.moderation import AppealLodged
from shared.projections.declaration import Projection, Table, Tx
from shared.projections.roster import shown

appeals = Projection(
    name="appeals",
    version=1,
    source="moderation",
    tables=(
        Table(
            "appeal",
            {
                "appeal_id": "uuid",
                "position": "bigint NOT NULL",
                "lodged_at": "timestamptz NOT NULL",
                "guardian_id": "uuid NOT NULL",
                "text": "text",
            },
            ("appeal_id",),
            (("position",), ("guardian_id", "position")),
        ),
    ),
)


@appeals.on(AppealLodged)
def _(tx: Tx, e: AppealLodged, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {appeal} (school_id, appeal_id, position, lodged_at, guardian_id, text)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        meta.school_id,
        e.appeal_id,
        meta.position,
        meta.occurred_at,
        e.guardian_id,
        shown(e.text),
    )
