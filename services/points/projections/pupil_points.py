"""A pupil's points as pupil, guardians and staff read them: one total, one list, the same for all (S31, S36)."""

from shared.events.envelope import Envelope
from shared.events.points import PointAwarded, PointRevoked
from shared.projections.declaration import Projection, Table, Tx
from shared.projections.effects import OCCURRED_AT, POSITION, Add, Insert, of
from shared.projections.roster import shown

pupil_points = Projection(
    name="pupil_points",
    version=1,
    source="points",
    tables=(
        Table(
            "award",
            {
                "award_id": "uuid",
                "pupil_id": "uuid NOT NULL",
                "position": "bigint NOT NULL",
                "behaviour_id": "uuid NOT NULL",
                "value_id": "uuid NOT NULL",
                "staff_id": "uuid NOT NULL",
                "points": "integer NOT NULL",
                "note": "text",
                "awarded_at": "timestamptz NOT NULL",
                "revoked_at": "timestamptz",
                "revoked_because": "text",
            },
            ("award_id",),
            (("pupil_id", "position"), ("staff_id", "position")),
        ),
        Table(
            "pupil_total",
            {"pupil_id": "uuid", "value_id": "uuid", "total": "bigint NOT NULL"},
            ("pupil_id", "value_id"),
        ),
    ),
)


pupil_points.writes(
    PointAwarded,
    Insert(
        "award",
        of("award_id", "pupil_id", "behaviour_id", "value_id", "staff_id", "points", "note")
        | {"position": POSITION, "awarded_at": OCCURRED_AT},
    ),
    Add("pupil_total", of("pupil_id", "value_id"), of(total="points")),
)


@pupil_points.on(PointRevoked, commutes=True)
def _(tx: Tx, e: PointRevoked, meta: Envelope) -> None:
    tx.execute(
        "UPDATE {pupil_total} t SET total = t.total - a.points FROM {award} a WHERE a.school_id = %s"
        " AND a.award_id = %s AND t.school_id = a.school_id AND t.pupil_id = a.pupil_id AND t.value_id = a.value_id",
        meta.school_id,
        e.award_id,
    )
    tx.execute(
        "UPDATE {award} SET revoked_at = %s, revoked_because = %s WHERE school_id = %s AND award_id = %s",
        meta.occurred_at,
        shown(e.reason),
        meta.school_id,
        e.award_id,
    )
