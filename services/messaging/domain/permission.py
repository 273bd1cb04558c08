"""Who takes part in which conversation: one pure function a question, default deny (S46, S52).

The principal says what the caller is related to, the roster what the child and the class are: both must agree. Another
family is told NOT_FOUND; a colleague, leaders among them, that it is the class teacher's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from services.messaging.domain.conversation import Conversation
from shared.events.identity import ClassId, GuardianId, PupilId
from shared.events.messaging import Sender
from shared.policy.clauses import ClauseId
from shared.policy.codes import (
    HEADTEACHER_ONLY,
    INVALID_FIELDS,
    NOT_CLASS_TEACHER,
    NOT_FOUND,
    NOT_YOUR_CHILDS_TEACHER,
    STAFF_ONLY,
)
from shared.policy.principal import Capacity, Principal, Role
from shared.policy.refusal import Refusal

CONFIDENTIAL = ClauseId("S52")
CLASS_TEACHER = ClauseId("S46")


@dataclass(frozen=True, slots=True, kw_only=True)
class Relations:
    """What the roster says now of a child and of the classes in question.

    Attributes:
        guardians: the adults who are linked to the child.
        classes: the child's open classes; none for a child who has left.
        teachers: class -> its class teachers. A class that is not there has none.
        roster_position: how far the roster had come; the event that rests on it records it.
    """

    pupil_id: UUID
    guardians: frozenset[UUID]
    classes: frozenset[UUID]
    teachers: Mapping[UUID, frozenset[UUID]]
    roster_position: int

    def taught_by(self, class_id: UUID) -> frozenset[UUID]:
        return self.teachers.get(class_id, frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Attributes: guardian_id: for staff to name; class_id: where the child is in several."""

    guardian_id: UUID | None = None
    class_id: UUID | None = None


def may_open(caller: Principal, wanted: Wanted, relations: Relations) -> tuple[Conversation, Sender]:
    """The conversation that the caller may open about the child, and as what."""
    match caller.capacity:
        case Capacity.GUARDIAN:
            return _own(caller, wanted, relations), Sender.GUARDIAN
        case Capacity.STAFF:
            return _taught(caller, wanted, relations), Sender.STAFF
    raise Refusal(NOT_FOUND)


def part_in(caller: Principal, guardian_id: UUID, class_id: UUID, class_teachers: frozenset[UUID]) -> Sender:
    """As what the caller takes part in a conversation, to read it or to write in it."""
    match caller.capacity:
        case Capacity.GUARDIAN if caller.person_id == guardian_id:
            return Sender.GUARDIAN
        case Capacity.STAFF if teaches(caller, class_id, class_teachers):
            return Sender.STAFF
        case Capacity.STAFF:
            raise Refusal(NOT_CLASS_TEACHER, clause=CONFIDENTIAL)
    raise Refusal(NOT_FOUND)


def teaches(caller: Principal, class_id: UUID, class_teachers: frozenset[UUID]) -> bool:
    """Class teachers only: support staff work in the class too, and are not whom parents write to."""
    return caller.capacity is Capacity.STAFF and class_id in caller.classes and caller.person_id in class_teachers


def still_linked(caller: Principal, conversation: Conversation, relations: Relations) -> bool:
    """Whether the guardian is still an adult of the child: a link that was cut counts where it is known first."""
    known = caller.capacity is not Capacity.GUARDIAN or conversation.pupil_id in caller.children
    return known and conversation.guardian_id in relations.guardians


def may_flag(caller: Principal) -> None:
    """Asked before the message is looked up, so that the refusal tells nothing about any message."""
    if caller.capacity is not Capacity.STAFF:
        raise Refusal(STAFF_ONLY, clause=ClauseId("S75"))


def may_ask_to_phone(caller: Principal) -> None:
    """As with a flag: asked before the message is looked up."""
    if caller.capacity is not Capacity.STAFF:
        raise Refusal(STAFF_ONLY, clause=ClauseId("S53"))


def may_ask_what_is_urgent(caller: Principal) -> None:
    """The hint is for who writes to staff (S51)."""
    if caller.capacity is not Capacity.GUARDIAN:
        raise Refusal(NOT_FOUND)


def may_receive_warning(caller: Principal) -> None:
    if caller.capacity is not Capacity.GUARDIAN:
        raise Refusal(NOT_FOUND)


def may_hand_over_warning(caller: Principal, guardian_id: UUID) -> None:
    """The Headteacher alone, and not to themself, should they be a parent here as well."""
    if caller.capacity is not Capacity.STAFF or not caller.has_role(Role.HEADTEACHER):
        raise Refusal(HEADTEACHER_ONLY)
    if caller.person_id == guardian_id:
        raise Refusal(NOT_FOUND)


def _own(caller: Principal, wanted: Wanted, relations: Relations) -> Conversation:
    linked = relations.pupil_id in caller.children and caller.person_id in relations.guardians
    if not linked or wanted.guardian_id not in (None, caller.person_id):
        raise Refusal(NOT_FOUND)
    if wanted.class_id is not None and wanted.class_id not in relations.classes:
        raise Refusal(NOT_YOUR_CHILDS_TEACHER)
    if not relations.classes:
        raise Refusal(NOT_YOUR_CHILDS_TEACHER)
    return _between(caller.person_id, relations, _one(wanted.class_id, relations.classes))


def _taught(caller: Principal, wanted: Wanted, relations: Relations) -> Conversation:
    taught = frozenset(one for one in relations.classes if teaches(caller, one, relations.taught_by(one)))
    if not taught or wanted.class_id not in (None, *taught):
        raise Refusal(NOT_CLASS_TEACHER, clause=CLASS_TEACHER)
    if wanted.guardian_id is None:
        raise Refusal(INVALID_FIELDS, errors={"guardian_id": ["Please say to whom you want to write."]})
    if wanted.guardian_id not in relations.guardians:
        raise Refusal(NOT_FOUND)
    return _between(wanted.guardian_id, relations, _one(wanted.class_id, taught))


def _one(class_id: UUID | None, classes: frozenset[UUID]) -> UUID:
    if class_id is not None:
        return class_id
    if len(classes) > 1:
        raise Refusal(INVALID_FIELDS, errors={"class_id": ["Please say which class: there are several."]})
    return next(iter(classes))


def _between(guardian_id: UUID, relations: Relations, class_id: UUID) -> Conversation:
    return Conversation(
        guardian_id=GuardianId(guardian_id), pupil_id=PupilId(relations.pupil_id), class_id=ClassId(class_id)
    )
