"""What a service asks of its roster: facts that are handed to `decide`, and relations that permission rests on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Cursor
from psycopg.rows import TupleRow

from shared.policy.codes import NOT_YET_VISIBLE
from shared.policy.parameters import Parameters
from shared.policy.refusal import Refusal
from shared.projections.parking import NotYetKnown
from shared.projections.roster import roster
from shared.runtime.database import Pool
from shared.runtime.reading import read_tuples


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolFacts:
    """Attributes: parameters: what the school has set; defaults are the policy's."""

    partition: int
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PupilFacts:
    """What a pupil is related to.

    Attributes:
        roster_position: how far the roster had come when this was read; the event that rests on it records it.
    """

    pupil_id: UUID
    on_roll: bool
    classes: frozenset[UUID]
    guardians: frozenset[UUID]
    roster_position: int


_POSITION = (
    "SELECT c.position FROM projection_cursor c JOIN roster_school s ON s.partition = c.partition"
    " WHERE c.consumer = %s AND c.source = %s"
)
PUPIL_FACTS = (
    "p.on_roll,"  # noqa: S608 - of constants
    " ARRAY(SELECT class_id FROM roster_enrolment e WHERE e.school_id = p.school_id AND e.pupil_id = p.pupil_id),"
    " ARRAY(SELECT guardian_id FROM roster_guardianship g"
    " WHERE g.school_id = p.school_id AND g.pupil_id = p.pupil_id),"
    f" coalesce(({_POSITION}), 0)"
)
"""Of a `roster_pupil p`, for `pupil_facts`; its values are FOLLOWED. One statement, one snapshot: the facts are those
of the position."""
FOLLOWED = (roster.consumer, roster.source)
_PUPIL = f"SELECT {PUPIL_FACTS} FROM roster_pupil p WHERE p.pupil_id = %s"  # noqa: S608 - of constants
_AT_SCHOOL = (
    f"SELECT s.partition, s.parameters, {PUPIL_FACTS} FROM roster_school s"  # noqa: S608 - of constants
    " LEFT JOIN roster_pupil p ON p.school_id = s.school_id AND p.pupil_id = %s"
)


def registered(school: SchoolFacts | None) -> SchoolFacts:
    """The school of somebody who is signed in. Raises Refusal(NOT_YET_VISIBLE) where it is not known here.

    Identity knows it, or there were no session: it is on its way.
    """
    if school is None:
        raise Refusal(NOT_YET_VISIBLE, retry_after=1)
    return school


class Roster:
    """Reads of the roster's tables, each in a transaction that shows one school's rows."""

    def __init__(self, reader: Pool) -> None:
        self._reader = reader

    def school(self, school_id: UUID) -> SchoolFacts | None:
        """What is known of the school; None before its registration has come."""
        found = read_tuples(self._reader, school_id, "SELECT partition, parameters FROM roster_school")
        return _school(*found[0]) if found else None

    def pupil_at_school(self, school_id: UUID, pupil_id: UUID) -> tuple[SchoolFacts | None, PupilFacts | None]:
        """`school` and `pupil`, asked in one question: for a command that needs both."""
        found = read_tuples(self._reader, school_id, _AT_SCHOOL, (*FOLLOWED, pupil_id))
        if not found:
            return None, None
        partition, parameters, *facts = found[0]
        return _school(partition, parameters), None if facts[0] is None else pupil_facts(pupil_id, facts)

    def pupil(self, school_id: UUID, pupil_id: UUID) -> PupilFacts | None:
        """None for a pupil who does not exist or is another school's: the caller cannot tell which."""
        found = read_tuples(self._reader, school_id, _PUPIL, (*FOLLOWED, pupil_id))
        return pupil_facts(pupil_id, found[0]) if found else None

    def has_guardian(self, school_id: UUID, person_id: UUID) -> bool:
        """Whether a person is linked to a child here now."""
        sql = "SELECT FROM roster_guardianship WHERE guardian_id = %s LIMIT 1"
        return bool(read_tuples(self._reader, school_id, sql, (person_id,)))


def _school(partition: int, parameters: Mapping[str, Any] | None) -> SchoolFacts:
    return SchoolFacts(partition=partition, parameters=parameters or {})


def pupil_facts(pupil_id: UUID, found: Sequence[Any]) -> PupilFacts:
    """Of what PUPIL_FACTS found."""
    on_roll, classes, guardians, position = found
    return PupilFacts(
        pupil_id=pupil_id,
        on_roll=on_roll,
        classes=frozenset(classes),
        guardians=frozenset(guardians),
        roster_position=position,
    )


def parameters_of(worker: Pool) -> Callable[[UUID], Parameters]:
    """What a school varies of the policy, for a worker, whose role sees every school's rows.

    What it returns raises NotYetKnown for a school that the roster has not heard of yet.
    """

    def find(school_id: UUID) -> Parameters:
        with worker.connection() as connection:
            row = connection.execute(
                "SELECT parameters FROM roster_school WHERE school_id = %s", (school_id,)
            ).fetchone()
        if row is None:
            raise NotYetKnown
        return Parameters.from_mapping(row[0] or {})

    return find


def roster_position(cursor: Cursor[TupleRow]) -> int:
    """How far the roster has come in the partition of the transaction's school; 0 before its first event."""
    row = cursor.execute(_POSITION, FOLLOWED).fetchone()
    return 0 if row is None else row[0]
