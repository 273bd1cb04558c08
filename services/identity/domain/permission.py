"""Who may do what with schools and their people: one pure function an action, default deny."""

from collections.abc import Collection
from uuid import UUID

from shared.policy.clauses import ClauseId
from shared.policy.codes import (
    GUARDIANS_ONLY,
    HEADTEACHER_ONLY,
    NOT_CLASS_TEACHER,
    NOT_FOUND,
    NOT_YOUR_AREA,
    OFFICE_ONLY,
    OPERATOR_ONLY,
    PUPILS_ONLY,
    STAFF_ONLY,
)
from shared.policy.principal import LEADERS, Capacity, Principal, Role
from shared.policy.refusal import Refusal

KEEPS_THE_ROSTER = frozenset({Role.OFFICE, Role.HEADTEACHER})
DECIDES_ON_ERASURE = KEEPS_THE_ROSTER
SEES_EVERY_CLASS = LEADERS | {Role.OFFICE, Role.SAFEGUARDING_LEAD}


def may_run_the_platform(caller: Principal) -> None:
    if caller.capacity is not Capacity.OPERATOR:
        raise Refusal(OPERATOR_ONLY)


def may_import_roster(caller: Principal) -> None:
    if caller.capacity is not Capacity.STAFF or not caller.has_role(*KEEPS_THE_ROSTER):
        raise Refusal(OFFICE_ONLY)


def may_lead(caller: Principal) -> None:
    """What is the Headteacher's alone: appointments, and what the school varies of the policy (S06)."""
    if caller.capacity is not Capacity.STAFF or not caller.has_role(Role.HEADTEACHER):
        raise Refusal(HEADTEACHER_ONLY)


def may_decide_on_erasure(caller: Principal) -> None:
    if not decides_on_erasure(caller):
        raise Refusal(OFFICE_ONLY, clause=ClauseId("S20"))


def decides_on_erasure(caller: Principal) -> bool:
    return caller.capacity is Capacity.STAFF and caller.has_role(*DECIDES_ON_ERASURE)


def may_ask_for_erasure(caller: Principal, subject_id: UUID) -> None:
    """A guardian for themselves or their child, a pupil for themselves (S20); staff ask the office."""
    match caller.capacity:
        case Capacity.GUARDIAN if subject_id == caller.person_id or subject_id in caller.children:
            return
        case Capacity.PUPIL if subject_id == caller.person_id:
            return
    raise Refusal(NOT_FOUND)


def requests_shown(caller: Principal, subject_id: UUID, askers: Collection[UUID], *, decided: bool) -> frozenset[UUID]:
    """Whose requests for an erasure the caller reads in it: the office everybody's, whoever asked their own (S20).

    A child's adults may be estranged: none of them learns that another asked. Who did not ask reads nothing, but the
    person whom it is about reads what was decided.
    """
    if decides_on_erasure(caller):
        return frozenset(askers)
    if caller.person_id in askers:
        return frozenset({caller.person_id})
    if decided and caller.person_id == subject_id:
        return frozenset()
    raise Refusal(NOT_FOUND)


def may_list_staff(caller: Principal) -> None:
    if caller.capacity is not Capacity.STAFF:
        raise Refusal(STAFF_ONLY, clause=ClauseId("S16"))


def sees_every_class(caller: Principal) -> bool:
    return caller.capacity is Capacity.STAFF and not caller.roles.isdisjoint(SEES_EVERY_CLASS)


def may_read_class(caller: Principal, class_id: UUID) -> None:
    """A class with its pupils' names is for those who work with it (S16); families see their own children elsewhere."""
    if caller.capacity is not Capacity.STAFF:
        raise Refusal(NOT_FOUND)
    if not sees_every_class(caller) and class_id not in caller.classes:
        raise Refusal(NOT_CLASS_TEACHER, clause=ClauseId("S16"))


def may_read_pupil(caller: Principal, pupil_id: UUID, pupil_classes: frozenset[UUID]) -> None:
    match caller.capacity:
        case Capacity.PUPIL if caller.person_id == pupil_id:
            return
        case Capacity.PUPIL if not caller.classes.isdisjoint(pupil_classes):
            raise Refusal(NOT_YOUR_AREA)
        case Capacity.GUARDIAN if pupil_id in caller.children:
            return
        case Capacity.STAFF if sees_every_class(caller) or not caller.classes.isdisjoint(pupil_classes):
            return
        case Capacity.STAFF:
            raise Refusal(NOT_CLASS_TEACHER, clause=ClauseId("S16"))
    raise Refusal(NOT_FOUND)


def may_read_guardians(caller: Principal, pupil_id: UUID, pupil_classes: frozenset[UUID]) -> None:
    """Who a child's adults are is for staff: parents do not see each other's details (S52)."""
    if caller.capacity is not Capacity.STAFF:
        raise Refusal(NOT_FOUND)
    may_read_pupil(caller, pupil_id, pupil_classes)


def may_answer_sharing(caller: Principal, pupil_id: UUID) -> None:
    """A child's own adults alone say what may be shared of them (S63)."""
    if caller.capacity is not Capacity.GUARDIAN:
        raise Refusal(GUARDIANS_ONLY, clause=ClauseId("S63"))
    if pupil_id not in caller.children:
        raise Refusal(NOT_FOUND)


def may_choose_avatar(caller: Principal) -> None:
    """A pupil, for themself (S30): no adult chooses for a child."""
    if caller.capacity is not Capacity.PUPIL:
        raise Refusal(PUPILS_ONLY)


def may_acknowledge_list(caller: Principal, class_id: UUID) -> None:
    """Those who post for the class (S54, S62): a leader who sees the list does not know it for them."""
    if caller.capacity is not Capacity.STAFF:
        raise Refusal(NOT_FOUND)
    if class_id not in caller.classes:
        raise Refusal(NOT_CLASS_TEACHER, clause=ClauseId("S62"))
