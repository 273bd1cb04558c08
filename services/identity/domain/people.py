"""The school's people and how they are related: one state of all their streams, in the order of the log.

A roster import decides over the whole school at once, so the state is the school's, not one stream's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar
from uuid import UUID

from shared.events.identity import (
    AccountClosed,
    AccountOpened,
    ClassClosed,
    ClassId,
    ClassOpened,
    ClassPost,
    ErasureDecided,
    ErasureRequested,
    GuardianId,
    GuardianLinked,
    GuardianUnlinked,
    LoginClaimed,
    LoginReleased,
    PersonalDataErased,
    PersonId,
    PersonRegistered,
    PersonRenamed,
    PupilAdmitted,
    PupilEnrolled,
    PupilId,
    PupilLeft,
    PupilParticularsChanged,
    PupilWithdrawn,
    Relationship,
    RoleAppointed,
    RoleEnded,
    StaffAssigned,
    StaffId,
    StaffRole,
    StaffUnassigned,
    YearGroup,
)

CATEGORIES = ("person", "pupil", "class", "guardianship", "account", "login", "erasure")
"""The streams that make up the state."""

K = TypeVar("K")
V = TypeVar("V")

PeopleEvent = (
    PersonRegistered
    | PersonRenamed
    | RoleAppointed
    | RoleEnded
    | PupilAdmitted
    | PupilParticularsChanged
    | PupilLeft
    | ClassOpened
    | ClassClosed
    | PupilEnrolled
    | PupilWithdrawn
    | StaffAssigned
    | StaffUnassigned
    | GuardianLinked
    | GuardianUnlinked
    | AccountOpened
    | AccountClosed
    | LoginClaimed
    | LoginReleased
    | ErasureRequested
    | ErasureDecided
    | PersonalDataErased
)


@dataclass(frozen=True, slots=True)
class SchoolClass:
    name: str
    year_group: YearGroup
    open: bool = True
    pupils: frozenset[PupilId] = frozenset()
    staff: Mapping[StaffId, ClassPost] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pupil:
    year_group: YearGroup
    on_roll: bool = True


@dataclass(frozen=True, slots=True)
class People:
    """Who is at the school.

    Attributes:
        adults: everyone ever registered, with their roles; True for a role that the roster gave.
        guardians: by pupil.
        accounts: whose account is open.
        logins: login index -> whose it is.
        erased: whose data is decided to be erased, or is: they are no part of the school again.
    """

    adults: Mapping[PersonId, Mapping[StaffRole, bool]] = field(default_factory=dict)
    pupils: Mapping[PupilId, Pupil] = field(default_factory=dict)
    classes: Mapping[ClassId, SchoolClass] = field(default_factory=dict)
    guardians: Mapping[PupilId, Mapping[GuardianId, Relationship]] = field(default_factory=dict)
    accounts: frozenset[PersonId] = frozenset()
    logins: Mapping[str, PersonId] = field(default_factory=dict)
    erased: frozenset[UUID] = frozenset()

    def children_of(self, guardian: UUID) -> frozenset[PupilId]:
        return frozenset(pupil for pupil, adults in self.guardians.items() if GuardianId(guardian) in adults)


def evolve(state: People, event: PeopleEvent) -> People:  # noqa: C901, PLR0912 - one line an event is the table one wants
    match event:
        case PersonRegistered(person_id=person):
            return replace(state, adults=_with(state.adults, person, state.adults.get(person, {})))
        case RoleAppointed(staff_id=staff, role=role, by_roster=by_roster):
            roles = _with(state.adults[PersonId(staff)], role, by_roster)
            return replace(state, adults=_with(state.adults, PersonId(staff), roles))
        case RoleEnded(staff_id=staff, role=role):
            roles = _without(state.adults[PersonId(staff)], role)
            return replace(state, adults=_with(state.adults, PersonId(staff), roles))
        case PupilAdmitted(pupil_id=pupil, year_group=year) | PupilParticularsChanged(pupil_id=pupil, year_group=year):
            return replace(state, pupils=_with(state.pupils, pupil, Pupil(year)))
        case PupilLeft(pupil_id=pupil):
            return replace(state, pupils=_with(state.pupils, pupil, replace(state.pupils[pupil], on_roll=False)))
        case ClassOpened(class_id=class_id, name=name, year_group=year):
            known = state.classes.get(class_id, SchoolClass(name, year))
            return _class(state, class_id, replace(known, name=name, year_group=year, open=True))
        case ClassClosed(class_id=class_id):
            return _class(state, class_id, replace(state.classes[class_id], open=False))
        case PupilEnrolled(class_id=class_id, pupil_id=pupil):
            found = state.classes[class_id]
            return _class(state, class_id, replace(found, pupils=found.pupils | {pupil}))
        case PupilWithdrawn(class_id=class_id, pupil_id=pupil):
            found = state.classes[class_id]
            return _class(state, class_id, replace(found, pupils=found.pupils - {pupil}))
        case StaffAssigned(class_id=class_id, staff_id=staff, post=post):
            found = state.classes[class_id]
            return _class(state, class_id, replace(found, staff=_with(found.staff, staff, post)))
        case StaffUnassigned(class_id=class_id, staff_id=staff):
            found = state.classes[class_id]
            return _class(state, class_id, replace(found, staff=_without(found.staff, staff)))
        case GuardianLinked(pupil_id=pupil, guardian_id=guardian, relationship=relationship):
            adults = _with(state.guardians.get(pupil, {}), guardian, relationship)
            return replace(state, guardians=_with(state.guardians, pupil, adults))
        case GuardianUnlinked(pupil_id=pupil, guardian_id=guardian):
            adults = _without(state.guardians[pupil], guardian)
            return replace(state, guardians=_with(state.guardians, pupil, adults))
        case AccountOpened(person_id=person):
            return replace(state, accounts=state.accounts | {person})
        case AccountClosed(person_id=person):
            return replace(state, accounts=state.accounts - {person})
        case LoginClaimed(person_id=person, login_index=index):
            return replace(state, logins=_with(state.logins, index, person))
        case LoginReleased(login_index=index):
            return replace(state, logins=_without(state.logins, index))
        case ErasureDecided(subject_id=subject):
            return replace(state, erased=state.erased | {subject})
        case _:  # a new name changes no relation, nor does a request or a proof
            return state


def _class(state: People, class_id: ClassId, changed: SchoolClass) -> People:
    return replace(state, classes=_with(state.classes, class_id, changed))


def _with(known: Mapping[K, V], key: K, value: V) -> dict[K, V]:
    return {**known, key: value}


def _without(known: Mapping[K, V], key: K) -> dict[K, V]:
    return {k: v for k, v in known.items() if k != key}
