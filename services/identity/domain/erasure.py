"""The erasure of a person's data (S18, S20): asked for, decided category by category, carried out. `erasure-<person>`.

Each adult of a child asks for themselves, and their requests stand side by side: none of them is told of another's.
Who is erased leaves the school in the same decision. What a request does not erase is said whether or not anything of
it is held: an answer tells nobody that there is a safeguarding record.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID, uuid5

from services.identity.domain.people import People
from shared.events.declaration import Event
from shared.events.identity import (
    AccountClosed,
    ErasedKeys,
    ErasureDecided,
    ErasureId,
    ErasureReason,
    ErasureRequested,
    GuardianId,
    GuardianUnlinked,
    Holder,
    LoginReleased,
    PersonalDataErased,
    PersonId,
    PupilId,
    PupilLeft,
    PupilWithdrawn,
    RefusedErasure,
    StaffId,
)
from shared.policy.codes import ERASED_BEFORE, NOT_FOUND, WORKS_HERE
from shared.policy.refusal import Refusal
from shared.privacy.categories import CATEGORIES, Category
from shared.privacy.exemptions import EXEMPTIONS

ERASURES = UUID("0c6b6a44-5a0e-5c8f-9d43-7e1f4b8a2c90")
"""The name space of erasures: a person of a school has one, for ever."""

PARTICULARS = {Holder.PUPIL: Category.PUPIL_PARTICULARS, Holder.ADULT: Category.ADULT_PARTICULARS}

Drafts = list[tuple[str, Event]]
ErasureEvent = ErasureRequested | ErasureDecided | PersonalDataErased


def erasure_id_of(school_id: UUID, subject_id: UUID) -> ErasureId:
    return ErasureId(uuid5(ERASURES, f"{school_id}/{subject_id}"))


def stream_of(subject_id: UUID) -> str:
    return f"erasure-{subject_id}"


@dataclass(frozen=True, slots=True)
class Erasure:
    """Attributes: askers: whoever asked, in the order in which they did."""

    askers: tuple[PersonId, ...] = ()
    decided: ErasureDecided | None = None
    carried_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestErasure:
    erasure_id: ErasureId
    subject_id: PersonId
    requested_by: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideErasure:
    erasure_id: ErasureId
    subject_id: PersonId
    reason: ErasureReason
    decided_by: StaffId


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordErasure:
    """What the operator carried out, with the proof that the certificate bears."""

    erasure_id: ErasureId
    subject_id: PersonId
    keys: Sequence[ErasedKeys]
    backups_expire_on: date
    proof: str


def request(command: RequestErasure, state: Erasure) -> list[ErasureRequested]:
    """Nothing where this person asked before, whoever else did."""
    if state.decided is not None:
        raise Refusal(ERASED_BEFORE)
    if command.requested_by in state.askers:
        return []
    return [
        ErasureRequested(
            erasure_id=command.erasure_id, subject_id=command.subject_id, requested_by=command.requested_by
        )
    ]


def decide(command: DecideErasure, state: Erasure, school: People) -> Drafts:
    """The decision, and what makes the person leave."""
    kind = _kind(command.subject_id, school)
    if kind is None:
        raise Refusal(NOT_FOUND)
    if state.decided is not None:
        raise Refusal(ERASED_BEFORE)
    if school.adults.get(command.subject_id):
        raise Refusal(WORKS_HERE)
    decision = ErasureDecided(
        erasure_id=command.erasure_id,
        subject_id=command.subject_id,
        subject_kind=kind,
        reason=command.reason,
        requested_by=state.askers[0] if state.askers else None,
        decided_by=command.decided_by,
        erased=erased_of(kind),
        refused=tuple(
            RefusedErasure(category=category, code=found.code.name, exemption=found.law)
            for category, found in EXEMPTIONS.items()
        ),
    )
    return [(stream_of(command.subject_id), decision), *_leaving(command.subject_id, school)]


def record(command: RecordErasure, state: Erasure) -> list[PersonalDataErased]:
    """Nothing where it is recorded before. Raises Refusal(NOT_FOUND) for what nobody at the school decided."""
    if state.decided is None:
        raise Refusal(NOT_FOUND)
    if state.carried_out:
        return []
    return [
        PersonalDataErased(
            erasure_id=command.erasure_id,
            subject_id=command.subject_id,
            keys=tuple(command.keys),
            backups_expire_on=command.backups_expire_on,
            proof=command.proof,
        )
    ]


def evolve(state: Erasure, event: ErasureEvent) -> Erasure:
    match event:
        case ErasureRequested(requested_by=person):
            return replace(state, askers=(*state.askers, person))
        case ErasureDecided():
            return replace(state, decided=event)
        case PersonalDataErased():
            return replace(state, carried_out=True)


def erased_of(kind: Holder) -> tuple[Category, ...]:
    """What a request erases: every category that nobody else decides on, but the other kind's particulars."""
    others = {particulars for holder, particulars in PARTICULARS.items() if holder is not kind}
    return tuple(
        category for category, rule in CATEGORIES.items() if rule.erasure_decided_by is None and category not in others
    )


def _kind(subject: PersonId, school: People) -> Holder | None:
    if PupilId(subject) in school.pupils:
        return Holder.PUPIL
    return Holder.ADULT if subject in school.adults else None


def _leaving(subject: PersonId, school: People) -> Iterator[tuple[str, Event]]:
    pupil, guardian = PupilId(subject), GuardianId(subject)
    for class_id, found in school.classes.items():
        if pupil in found.pupils:
            yield f"class-{class_id}", PupilWithdrawn(class_id=class_id, pupil_id=pupil)
    for child, adults in school.guardians.items():
        for adult in adults:
            if child == pupil or adult == guardian:
                yield f"guardianship-{child}", GuardianUnlinked(pupil_id=child, guardian_id=adult)
    if pupil in school.pupils and school.pupils[pupil].on_roll:
        yield f"pupil-{pupil}", PupilLeft(pupil_id=pupil)
    for index, person in school.logins.items():
        if person == subject:
            yield f"login-{index}", LoginReleased(person_id=subject, login_index=index)
    if subject in school.accounts:
        yield f"account-{subject}", AccountClosed(person_id=subject)
