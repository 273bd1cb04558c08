"""The read models that identity keeps, in the order in which they are brought up to date."""

from services.identity.projections.access import guardian_access
from services.identity.projections.avatars import avatars
from services.identity.projections.erasures import erasures
from services.identity.projections.particulars import particulars
from services.identity.projections.roster_imports import roster_imports
from shared.projections.roster import roster

PROJECTIONS = (roster, particulars, roster_imports, erasures, avatars, guardian_access)
