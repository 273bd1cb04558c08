"""The names of a school's pupils as its roster has them, ready for the check of what staff write (S57, S58)."""

import threading
from dataclasses import dataclass
from uuid import UUID

from shared.policy.school_names import ClassRoll, PupilName, SchoolNames
from shared.projections.roster_queries import roster_position
from shared.runtime.database import Pool, reading

MOST_SCHOOLS = 64
"""Schools whose names a process keeps ready; a few hundred kilobytes each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownNames:
    """Attributes: school: of all pupils on the school's roll; roll: of those of one class."""

    school: SchoolNames
    roll: ClassRoll


class RosterNames:
    """Reads names, and keeps a school's ready while its roster stands where it stood. Safe between threads."""

    def __init__(self, reader: Pool) -> None:
        self._reader = reader
        self._kept: dict[UUID, tuple[int, SchoolNames]] = {}
        self._lock = threading.Lock()

    def of(self, school_id: UUID, class_id: UUID) -> KnownNames:
        """The names to check a text for that families of this class will read."""
        with reading(self._reader, school_id) as cursor:
            position = roster_position(cursor)  # first: the names are at least as new
            rows = cursor.execute(
                "SELECT coalesce(p.given_name, ''), coalesce(p.family_name, ''), EXISTS (SELECT FROM roster_enrolment e"
                " WHERE e.pupil_id = p.pupil_id AND e.class_id = %s) FROM roster_pupil p WHERE p.on_roll",
                (class_id,),
            ).fetchall()
        pupils = [(PupilName(row[0], row[1]), row[2]) for row in rows]
        roll = ClassRoll.of(pupil for pupil, in_class in pupils if in_class)
        return KnownNames(school=self._school(school_id, position, [pupil for pupil, _ in pupils]), roll=roll)

    def _school(self, school_id: UUID, position: int, pupils: list[PupilName]) -> SchoolNames:
        with self._lock:
            kept = self._kept.get(school_id)
        if kept is not None and kept[0] == position:
            return kept[1]
        made = SchoolNames(pupils)
        with self._lock:
            while len(self._kept) >= MOST_SCHOOLS and school_id not in self._kept:
                self._kept.pop(next(iter(self._kept)))
            self._kept[school_id] = position, made
        return made
