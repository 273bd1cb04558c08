"""Who may do what with points: one pure function an action, default deny.

Who may not know that a thing exists is told NOT_FOUND; who may know of it but not do this is told why.
"""

from uuid import UUID

from shared.policy.clauses import ClauseId
from shared.policy.codes import LEADERS_ONLY, NOT_CLASS_TEACHER, NOT_FOUND, NOT_YOUR_AREA, STAFF_ONLY
from shared.policy.principal import LEADERS, Capacity, Principal, Role
from shared.policy.refusal import Refusal

GIVES_POINTS = LEADERS | {Role.TEACHER, Role.SUPPORT_STAFF}
"""The staff members that pupils collect points from (S32)."""


def may_award(caller: Principal) -> None:
    """Asked before the pupil is looked up, so that the refusal tells nothing about any child."""
    if caller.capacity is not Capacity.STAFF or caller.roles.isdisjoint(GIVES_POINTS):
        raise Refusal(STAFF_ONLY)


def may_define_values(caller: Principal) -> None:
    if caller.capacity is not Capacity.STAFF:
        raise Refusal(STAFF_ONLY)
    if caller.roles.isdisjoint(LEADERS):
        raise Refusal(LEADERS_ONLY)


def may_read_points(caller: Principal, pupil_id: UUID, pupil_classes: frozenset[UUID]) -> None:
    match caller.capacity:
        case Capacity.PUPIL if caller.person_id == pupil_id:
            return
        case Capacity.PUPIL if not caller.classes.isdisjoint(pupil_classes):
            raise Refusal(NOT_YOUR_AREA)
        case Capacity.GUARDIAN if pupil_id in caller.children:
            return
        case Capacity.STAFF if leads(caller) or not caller.classes.isdisjoint(pupil_classes):
            return
        case Capacity.STAFF:
            raise Refusal(NOT_CLASS_TEACHER, clause=ClauseId("S16"))
    raise Refusal(NOT_FOUND)


def may_read_class_points(caller: Principal, class_id: UUID) -> None:
    match caller.capacity:
        case Capacity.STAFF if leads(caller) or class_id in caller.classes:
            return
        case Capacity.STAFF:
            raise Refusal(NOT_CLASS_TEACHER, clause=ClauseId("S16"))
    raise Refusal(NOT_FOUND)


def concerned(caller: Principal) -> list[UUID]:
    """The pupils whose awards are the caller's own information (S19, S36): themselves, or their children."""
    match caller.capacity:
        case Capacity.PUPIL:
            return [caller.person_id]
        case Capacity.GUARDIAN:
            return sorted(caller.children)
        case _:
            return []


def leads(caller: Principal) -> bool:
    return caller.capacity is Capacity.STAFF and not caller.roles.isdisjoint(LEADERS)
