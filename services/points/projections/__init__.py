"""The read models that points keeps, in the order in which they are brought up to date."""

from services.points.projections.pupil_points import pupil_points
from services.points.projections.taxonomy import taxonomy
from shared.projections.roster import roster

PROJECTIONS = (roster, taxonomy, pupil_points)
