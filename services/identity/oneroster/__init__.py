"""OneRoster 1.2 CSV sets: what a school's own system says of its people.

https://www.imsglobal.org/spec/oneroster/v1p2/bind/csv
"""

from services.identity.oneroster.archive import unzip_roster
from services.identity.oneroster.problems import RosterInvalid, RosterProblem
from services.identity.oneroster.reading import read_roster
from services.identity.oneroster.roster import (
    Roster,
    RosterClass,
    RosterGuardianship,
    RosterPerson,
    RosterPost,
    RosterPupil,
)

__all__ = [
    "Roster",
    "RosterClass",
    "RosterGuardianship",
    "RosterInvalid",
    "RosterPerson",
    "RosterPost",
    "RosterProblem",
    "RosterPupil",
    "read_roster",
    "unzip_roster",
]
