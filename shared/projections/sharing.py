"""What may be shared of which child, as a service's roster knows it: asked at each post and at each reading.

For a child and a kind some guardian who is linked now said yes, and none said no (S63, T8). An absent answer is a no.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Cursor
from psycopg.rows import TupleRow

from shared.events.identity import SharedKind
from shared.projections.roster_queries import roster_position
from shared.runtime.database import Pool, reading

_KINDS = """
    ARRAY(
        SELECT s.kind FROM roster_sharing s
        JOIN roster_guardianship g ON g.pupil_id = s.pupil_id AND g.guardian_id = s.guardian_id
        WHERE s.pupil_id = p.pupil_id GROUP BY s.kind HAVING bool_and(s.allowed)
    )
"""
_LIST = f"""
    SELECT p.pupil_id, p.given_name, p.family_name, {_KINDS}
    FROM roster_enrolment e JOIN roster_pupil p ON p.pupil_id = e.pupil_id AND p.on_roll
    WHERE e.class_id = %s ORDER BY p.given_name, p.family_name, p.pupil_id
"""  # noqa: S608 - constants
_ALLOWED = f"SELECT p.pupil_id, {_KINDS} FROM roster_pupil p WHERE p.on_roll AND p.pupil_id = ANY(%s)"  # noqa: S608
_VERSION = """
    SELECT (
        SELECT coalesce(max(c.position), 0) FROM roster_sharing_change c WHERE c.subject_id = %(class_id)s
        OR c.subject_id IN (SELECT pupil_id FROM roster_enrolment WHERE class_id = %(class_id)s)
    ), (
        SELECT list_version FROM roster_list_acknowledged WHERE class_id = %(class_id)s AND staff_id = %(staff_id)s
    )
"""
_SHOWABLE = """(
    EXISTS (SELECT FROM roster_pupil p WHERE p.pupil_id = {pupil} AND p.on_roll)
    AND coalesce((
        SELECT bool_and(s.allowed) FROM roster_sharing s
        JOIN roster_guardianship g ON g.pupil_id = s.pupil_id AND g.guardian_id = s.guardian_id
        WHERE s.pupil_id = {pupil} AND s.kind = {kind}
    ), false)
    AND NOT EXISTS (
        SELECT FROM roster_sharing_lapse l
        WHERE l.pupil_id = {pupil} AND l.kind = {kind} AND l.position > {approved}
    )
)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharingPupil:
    """A pupil on a class's list. Attributes: allowed: the kinds that may be shared."""

    pupil_id: UUID
    given_name: str | None
    family_name: str | None
    allowed: frozenset[SharedKind]


@dataclass(frozen=True, slots=True, kw_only=True)
class SharingList:
    """What may be shared of each child of a class.

    Attributes:
        version: the position of the last event that changed the list: an answer, a leaver, a joiner, another adult.
        acknowledged: the version that the reader knows; None before the first.
    """

    class_id: UUID
    version: int
    acknowledged: int | None
    pupils: tuple[SharingPupil, ...]

    @property
    def known(self) -> bool:
        """Whether the reader knows the list as it is."""
        return self.acknowledged == self.version


@dataclass(frozen=True, slots=True, kw_only=True)
class SharingFacts:
    """What a decision to share rests on.

    Attributes:
        allowed: pupil -> kinds; a pupil who is not on roll has none.
        list_known: whether who shares has acknowledged the class's list as it is now.
        list_version: of that list.
        roster_position: how far the roster had come; what changed after it was not known.
    """

    allowed: Mapping[UUID, frozenset[SharedKind]]
    list_known: bool
    list_version: int
    roster_position: int


class Sharing:
    """Reads of the roster's permissions, each in a transaction that shows one school's rows."""

    def __init__(self, reader: Pool) -> None:
        self._reader = reader

    def list_of(self, school_id: UUID, class_id: UUID, staff_id: UUID) -> SharingList:
        """A class's list, for a member of staff."""
        with reading(self._reader, school_id) as cursor:
            version, acknowledged = _version(cursor, class_id, staff_id)
            rows = cursor.execute(_LIST, (class_id,)).fetchall()
        pupils = tuple(
            SharingPupil(pupil_id=row[0], given_name=row[1], family_name=row[2], allowed=_kinds(row[3])) for row in rows
        )
        return SharingList(class_id=class_id, version=version, acknowledged=acknowledged, pupils=pupils)

    def facts(self, school_id: UUID, class_id: UUID, staff_id: UUID, pupils: Collection[UUID]) -> SharingFacts:
        """What a member of staff may share of these pupils in this class."""
        with reading(self._reader, school_id) as cursor:
            position = roster_position(cursor)  # first: the facts are at least as new
            version, acknowledged = _version(cursor, class_id, staff_id)
            rows = cursor.execute(_ALLOWED, (list(pupils),)).fetchall()
        return SharingFacts(
            allowed={row[0]: _kinds(row[1]) for row in rows},
            list_known=acknowledged == version,
            list_version=version,
            roster_position=position,
        )

    def answers_of(self, school_id: UUID, pupil_id: UUID, guardian_id: UUID) -> Mapping[SharedKind, bool]:
        """What one guardian said of a child; nobody else's answers."""
        with reading(self._reader, school_id) as cursor:
            rows = cursor.execute(
                "SELECT kind, allowed FROM roster_sharing WHERE pupil_id = %s AND guardian_id = %s",
                (pupil_id, guardian_id),
            ).fetchall()
        return {SharedKind(row[0]): row[1] for row in rows}


def showable(pupil: str, kind: str, approved: str) -> str:
    """SQL: whether what was approved at a position of identity's log may still be shown.

    The child is here, and the permission is given now and was not away since: one that was away and came back needs a
    new approval (S64). The arguments are names of columns, never what somebody sent.
    """
    return _SHOWABLE.format(pupil=pupil, kind=kind, approved=approved)


def _version(cursor: Cursor[TupleRow], class_id: UUID, staff_id: UUID) -> tuple[int, int | None]:
    row: Any = cursor.execute(_VERSION, {"class_id": class_id, "staff_id": staff_id}).fetchone()
    return row[0], row[1]


def _kinds(found: list[str]) -> frozenset[SharedKind]:
    return frozenset(map(SharedKind, found))
