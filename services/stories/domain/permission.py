"""Who posts and who reads: one pure function a question, default deny (S16, S37, S40, S43, S54, S56).

The principal says what the caller is related to, the roster what the class is related to: both must agree. Another
family is told NOT_FOUND; a colleague that it is the class's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from shared.events.stories import Audience
from shared.policy.clauses import ClauseId
from shared.policy.codes import GUARDIANS_ONLY, LEADERS_ONLY, NOT_CLASS_TEACHER, NOT_FOUND, STAFF_ONLY
from shared.policy.principal import LEADERS, Capacity, Principal
from shared.policy.refusal import Refusal

SCHOOL_TO_HOME, CLASS_STORY, OWN_CLASS = ClauseId("S37"), ClauseId("S40"), ClauseId("S54")


@dataclass(frozen=True, slots=True, kw_only=True)
class Relations:
    """What the roster says now of a class.

    Attributes:
        staff: who works with it, class teachers and support staff.
        pupils: who is in it and on roll.
        guardians: pupil -> adults; of the class's pupils, and of one more who was asked for, if they are on roll.
    """

    staff: frozenset[UUID]
    pupils: frozenset[UUID]
    guardians: Mapping[UUID, frozenset[UUID]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """Whom a story is for. Attributes: pupil_id: whose adults, where it is not for the class."""

    class_id: UUID
    audience: Audience
    pupil_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How much of a class's stories a caller reads.

    Attributes:
        staff: all of them, with whom they show.
        children: the caller's own in the class: theirs are read beside those for the class.
    """

    staff: bool = False
    children: frozenset[UUID] = frozenset()


def may_write(caller: Principal) -> None:
    """Asked before anything is looked up, so that the refusal tells nothing about any class."""
    if caller.capacity is not Capacity.STAFF:
        raise Refusal(STAFF_ONLY, clause=SCHOOL_TO_HOME)


def may_upload(caller: Principal) -> None:
    may_write(caller)
    if not caller.classes:
        raise Refusal(NOT_CLASS_TEACHER, clause=OWN_CLASS)


def may_post(caller: Principal, class_id: UUID, relations: Relations) -> None:
    """Teachers and support staff of the class, and no other colleague, leaders included."""
    may_write(caller)
    if not _works_with(caller, class_id, relations):
        raise Refusal(NOT_CLASS_TEACHER, clause=OWN_CLASS)


def reader_of(caller: Principal, class_id: UUID, relations: Relations) -> Reader:
    """As what the caller reads a class's stories."""
    match caller.capacity:
        case Capacity.STAFF if _works_with(caller, class_id, relations):
            return Reader(staff=True)
        case Capacity.STAFF:
            raise Refusal(NOT_CLASS_TEACHER, clause=CLASS_STORY)
        case Capacity.GUARDIAN if children := _own(caller, relations) & relations.pupils:
            return Reader(children=children)
        case Capacity.PUPIL if class_id in caller.classes and caller.person_id in relations.pupils:
            return Reader()
    raise Refusal(NOT_FOUND)


def may_read(caller: Principal, story: Addressed, relations: Relations) -> Reader:
    """As what the caller reads one story. One for a child's adults follows the child into another class (S43)."""
    if story.audience is Audience.CLASS or caller.capacity is Capacity.STAFF:
        return reader_of(caller, story.class_id, relations)
    own = _own(caller, relations) if caller.capacity is Capacity.GUARDIAN else frozenset[UUID]()
    if story.pupil_id not in own:
        raise Refusal(NOT_FOUND)
    return Reader(children=own)


def may_withdraw(caller: Principal, author_id: UUID, class_id: UUID, relations: Relations) -> None:
    """Its author or a leader; a colleague of the class knows of the story and is told whom to ask."""
    may_write(caller)
    if caller.person_id == author_id or not caller.roles.isdisjoint(LEADERS):
        return
    if not _works_with(caller, class_id, relations):
        raise Refusal(NOT_CLASS_TEACHER, clause=CLASS_STORY)
    raise Refusal(LEADERS_ONLY, clause=OWN_CLASS)


def may_read_notices(caller: Principal) -> None:
    if caller.capacity is not Capacity.GUARDIAN:
        raise Refusal(GUARDIANS_ONLY)


def _works_with(caller: Principal, class_id: UUID, relations: Relations) -> bool:
    known = caller.capacity is Capacity.STAFF and class_id in caller.classes
    return known and caller.person_id in relations.staff


def _own(caller: Principal, relations: Relations) -> frozenset[UUID]:
    """The caller's children among those whom the roster knows them to be an adult of."""
    known = (pupil for pupil, adults in relations.guardians.items() if caller.person_id in adults)
    return caller.children.intersection(known)
