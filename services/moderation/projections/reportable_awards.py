"""Points as things that can be reported: which award, by whom, about whom. Nothing of what was written with them."""

from shared.events.points import PointAwarded
from shared.projections.declaration import Projection, Table
from shared.projections.effects import OCCURRED_AT, Insert, of

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


reportable_awards.writes(
    PointAwarded,
    Insert("reportable_award", of("award_id", "pupil_id", author_id="staff_id") | {"at": OCCURRED_AT}),
)
