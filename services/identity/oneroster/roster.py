"""What a set says, in our terms and with its own ids (`sourcedId`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from shared.events.identity import ClassPost, Relationship, StaffRole, YearGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterPerson:
    """An adult: staff, guardian or both. Attributes: email: None where the set gives none."""

    sourced_id: str
    given_name: str
    family_name: str
    email: str | None
    roles: frozenset[StaffRole]


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterPupil:
    """Attributes: username: what they sign in with."""

    sourced_id: str
    given_name: str
    family_name: str
    username: str | None
    birth_date: date | None
    year_group: YearGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterPost:
    sourced_id: str
    post: ClassPost


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterClass:
    sourced_id: str
    title: str
    year_group: YearGroup
    pupils: Sequence[str]
    staff: Sequence[RosterPost]


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterGuardianship:
    pupil: str
    guardian: str
    relationship: Relationship


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """Attributes: guardianships: in the set's order, which decides who comes in where a limit leaves some out (S27)."""

    classes: Sequence[RosterClass]
    people: Sequence[RosterPerson]
    pupils: Sequence[RosterPupil]
    guardianships: Sequence[RosterGuardianship]
