"""Points as things that can be reported: which award, by whom, about whom. Nothing of what was written with them."""

from shared.events.envelope import Envelope
from shared.events.points import PointAwarded
from shared.projections.declaration import Projection, Table, Tx

reportable_awards = Projection(
    name="reportable_awards",
    version=1,
    source="points",
    tables=(
        Table(
            "reportable_award",
            {
                "award_id": "uuid",
                "author_id": "uuid NOT NULL",
                "pupil_id": "uuid NOT NULL",
                "at": "timestamptz NOT NULL",
            },
            ("award_id",),
        ),
    ),
)


@reportable_awards.on(PointAwarded)
def _(tx: Tx, e: PointAwarded, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {reportable_award} (school_id, award_id, author_id, pupil_id, at) VALUES (%s, %s, %s, %s, %s)",
        meta.school_id,
        e.award_id,
        e.staff_id,
        e.pupil_id,
        meta.occurred_at,
    )
