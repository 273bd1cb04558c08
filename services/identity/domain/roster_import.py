"""What a roster changes: the difference between the school as it is recorded and as the roster says it is.

A bulk set is the whole truth: who is not on it any more has left. What staff were appointed to otherwise stays. An
adult beyond the limit of S27 is reported and kept out, and so is who was erased before (S20); the rest goes on.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from services.identity.domain.people import People
from shared.events.declaration import Event
from shared.events.identity import (
    AccountClosed,
    AccountOpened,
    ClassClosed,
    ClassId,
    ClassOpened,
    ClassPost,
    GuardianId,
    GuardianLinked,
    GuardianUnlinked,
    Holder,
    LoginClaimed,
    LoginReleased,
    PersonId,
    PersonRegistered,
    PersonRenamed,
    PupilAdmitted,
    PupilEnrolled,
    PupilId,
    PupilLeft,
    PupilParticularsChanged,
    PupilWithdrawn,
    RefusedLink,
    Relationship,
    RoleAppointed,
    RoleEnded,
    RosterImported,
    SchoolId,
    StaffAssigned,
    StaffId,
    StaffRole,
    StaffUnassigned,
    YearGroup,
)

Drafts = list[tuple[str, Event]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAdult:
    """Attributes: login_index: None for who has no e-mail address, and so no account."""

    person_id: PersonId
    given_name: str
    family_name: str
    email: str | None
    login_index: str | None
    roles: frozenset[StaffRole]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPupil:
    pupil_id: PupilId
    given_name: str
    family_name: str
    birth_date: date | None
    year_group: YearGroup
    login_index: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedClass:
    class_id: ClassId
    name: str
    year_group: YearGroup
    pupils: frozenset[PupilId]
    staff: Mapping[StaffId, ClassPost]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRoster:
    """A roster with our ids in the place of its own. Attributes: guardians: by pupil, in the roster's order."""

    import_id: UUID
    school_id: SchoolId
    adults: Sequence[PlannedAdult]
    pupils: Sequence[PlannedPupil]
    classes: Sequence[PlannedClass]
    guardians: Mapping[PupilId, Mapping[GuardianId, Relationship]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFacts:
    """Particulars as they stand in the read model, by person; what is not there yet is taken as unchanged."""

    adults: Mapping[UUID, tuple[str | None, ...]]
    pupils: Mapping[UUID, tuple[str | date | None, ...]]
    max_parents: int


def decide(command: ImportRoster, state: People, facts: ImportFacts) -> Drafts:
    """The events that lead from the state to the roster, each with its stream; the import's own receipt is the last."""
    command, left_out = _without_the_erased(command, state.erased)
    adults, refused = _guardians(command, state, facts.max_parents)
    drafts = [
        *_adults(command, state, facts),
        *_pupils(command, state, facts),
        *_classes(command, state),
        *adults,
    ]
    drafts += _accounts(command, state, refused)
    receipt = RosterImported(
        school_id=command.school_id,
        import_id=command.import_id,
        adults=len(command.adults),
        pupils=len(command.pupils),
        classes=len(command.classes),
        refused_links=tuple(refused),
        left_out=tuple(left_out),
    )
    return [*drafts, (f"roster-{command.school_id}", receipt)]


def _without_the_erased(command: ImportRoster, erased: frozenset[UUID]) -> tuple[ImportRoster, list[PersonId]]:
    """The roster as if those were not on it, and which of them are."""
    told = [*(adult.person_id for adult in command.adults), *(PersonId(pupil.pupil_id) for pupil in command.pupils)]
    left_out = [person for person in told if person in erased]
    if not left_out:
        return command, []
    kept = replace(
        command,
        adults=[adult for adult in command.adults if adult.person_id not in erased],
        pupils=[pupil for pupil in command.pupils if pupil.pupil_id not in erased],
        classes=[
            replace(
                found,
                pupils=found.pupils - erased,
                staff={staff: post for staff, post in found.staff.items() if staff not in erased},
            )
            for found in command.classes
        ],
        guardians={
            pupil: {guardian: how for guardian, how in adults.items() if guardian not in erased}
            for pupil, adults in command.guardians.items()
            if pupil not in erased
        },
    )
    return kept, left_out


def _adults(command: ImportRoster, state: People, facts: ImportFacts) -> Iterator[tuple[str, Event]]:
    for adult in command.adults:
        stream = f"person-{adult.person_id}"
        told = (adult.given_name, adult.family_name, adult.email)
        if adult.person_id not in state.adults:
            yield stream, PersonRegistered(person_id=adult.person_id, **_named(adult), email=adult.email)
        elif facts.adults.get(adult.person_id, told) != told:
            yield stream, PersonRenamed(person_id=adult.person_id, **_named(adult), email=adult.email)
        held = state.adults.get(adult.person_id, {})
        for role in sorted(adult.roles - held.keys()):
            yield stream, RoleAppointed(staff_id=StaffId(adult.person_id), role=role, by_roster=True)
        for role in sorted(role for role, by_roster in held.items() if by_roster and role not in adult.roles):
            yield stream, RoleEnded(staff_id=StaffId(adult.person_id), role=role)
    present = {adult.person_id for adult in command.adults}
    for person, roles in state.adults.items():
        if person not in present:
            for role in sorted(roles):
                yield f"person-{person}", RoleEnded(staff_id=StaffId(person), role=role)


def _named(who: PlannedAdult | PlannedPupil) -> dict[str, str]:
    return {"given_name": who.given_name, "family_name": who.family_name}


def _pupils(command: ImportRoster, state: People, facts: ImportFacts) -> Iterator[tuple[str, Event]]:
    for pupil in command.pupils:
        stream, known = f"pupil-{pupil.pupil_id}", state.pupils.get(pupil.pupil_id)
        told = (pupil.given_name, pupil.family_name, pupil.birth_date)
        year, born = pupil.year_group, pupil.birth_date
        if known is None or not known.on_roll:
            yield stream, PupilAdmitted(pupil_id=pupil.pupil_id, year_group=year, **_named(pupil), birth_date=born)
        elif known.year_group is not year or facts.pupils.get(pupil.pupil_id, told) != told:
            yield (
                stream,
                PupilParticularsChanged(pupil_id=pupil.pupil_id, year_group=year, **_named(pupil), birth_date=born),
            )
    present = {pupil.pupil_id for pupil in command.pupils}
    for pupil_id, recorded in state.pupils.items():
        if recorded.on_roll and pupil_id not in present:
            yield f"pupil-{pupil_id}", PupilLeft(pupil_id=pupil_id)


def _classes(command: ImportRoster, state: People) -> Iterator[tuple[str, Event]]:
    for planned in command.classes:
        stream, known = f"class-{planned.class_id}", state.classes.get(planned.class_id)
        if known is None or not known.open or (known.name, known.year_group) != (planned.name, planned.year_group):
            yield stream, ClassOpened(class_id=planned.class_id, name=planned.name, year_group=planned.year_group)
        pupils, staff = (known.pupils, known.staff) if known else (frozenset[PupilId](), {})
        yield from _members(planned, pupils, staff)
    present = {planned.class_id for planned in command.classes}
    for class_id, recorded in state.classes.items():
        if class_id not in present and recorded.open:
            gone = PlannedClass(
                class_id=class_id, name="", year_group=recorded.year_group, pupils=frozenset(), staff={}
            )
            yield from _members(gone, recorded.pupils, recorded.staff)
            yield f"class-{class_id}", ClassClosed(class_id=class_id)


def _members(
    planned: PlannedClass, pupils: frozenset[PupilId], staff: Mapping[StaffId, ClassPost]
) -> Iterator[tuple[str, Event]]:
    stream, class_id = f"class-{planned.class_id}", planned.class_id
    for pupil_id in sorted(pupils - planned.pupils):
        yield stream, PupilWithdrawn(class_id=class_id, pupil_id=pupil_id)
    for pupil_id in sorted(planned.pupils - pupils):
        yield stream, PupilEnrolled(class_id=class_id, pupil_id=pupil_id)
    for staff_id in sorted(staff.keys() - planned.staff.keys()):
        yield stream, StaffUnassigned(class_id=class_id, staff_id=staff_id)
    for staff_id, post in sorted(planned.staff.items()):
        if staff.get(staff_id) is not post:
            yield stream, StaffAssigned(class_id=class_id, staff_id=staff_id, post=post)


def _guardians(command: ImportRoster, state: People, max_parents: int) -> tuple[Drafts, list[RefusedLink]]:
    """Links and unlinks by child; who is linked stays, and of the new ones as many come in as the limit leaves."""
    drafts: Drafts = []
    refused: list[RefusedLink] = []
    for pupil_id in sorted({*state.guardians, *command.guardians}):
        stream = f"guardianship-{pupil_id}"
        linked, wanted = state.guardians.get(pupil_id, {}), command.guardians.get(pupil_id, {})
        for guardian in sorted(linked.keys() - wanted.keys()):
            drafts.append((stream, GuardianUnlinked(pupil_id=pupil_id, guardian_id=guardian)))
        places = max_parents - len(linked.keys() & wanted.keys())
        for guardian, relationship in wanted.items():
            if linked.get(guardian) is relationship:
                continue
            if guardian not in linked:
                places -= 1
                if places < 0:
                    refused.append(RefusedLink(pupil_id=pupil_id, guardian_id=guardian))
                    continue
            link = GuardianLinked(pupil_id=pupil_id, guardian_id=guardian, relationship=relationship)
            drafts.append((stream, link))
    return drafts, refused


def _accounts(command: ImportRoster, state: People, refused: Sequence[RefusedLink]) -> Iterator[tuple[str, Event]]:
    """An account for whoever has a place at the school and a login; a login is one person's."""
    wanted = _logins(command, refused)
    held = {person: index for index, person in state.logins.items()}
    pupils = {PersonId(pupil.pupil_id) for pupil in command.pupils}
    for person, index in held.items():
        if wanted.get(person) != index:
            yield f"login-{index}", LoginReleased(person_id=person, login_index=index)
    for person in sorted(state.accounts - wanted.keys()):
        yield f"account-{person}", AccountClosed(person_id=person)
    for person, index in wanted.items():
        if person not in state.accounts:
            holder = Holder.PUPIL if person in pupils else Holder.ADULT
            yield f"account-{person}", AccountOpened(person_id=person, holder=holder)
        if held.get(person) != index:
            yield f"login-{index}", LoginClaimed(person_id=person, login_index=index)


def _logins(command: ImportRoster, refused: Sequence[RefusedLink]) -> dict[PersonId, str]:
    kept_out = {(link.pupil_id, link.guardian_id) for link in refused}
    guardians = {
        PersonId(guardian)
        for pupil, adults in command.guardians.items()
        for guardian in adults
        if (pupil, guardian) not in kept_out
    }
    found = {
        adult.person_id: adult.login_index
        for adult in command.adults
        if adult.login_index and (adult.roles or adult.person_id in guardians)
    }
    return found | {PersonId(pupil.pupil_id): pupil.login_index for pupil in command.pupils if pupil.login_index}
