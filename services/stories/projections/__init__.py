"""The read models that stories keeps, in the order in which they are brought up to date."""

from services.stories.projections.stories import stories
from services.stories.projections.uploads import uploads
from shared.projections.roster import roster

PROJECTIONS = (roster, stories, uploads)
