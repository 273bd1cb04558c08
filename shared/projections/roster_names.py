"""The names of a school's pupils as its roster has them, ready for the check of what staff write (S57, S58)."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.policy.school_names import ClassRoll, PupilName, SchoolNames
from shared.runtime.database import Pool
from shared.runtime.reading import read_tuples

MOST_SCHOOLS = 64
"""Schools whose names a process keeps ready; a few hundred kilobytes each."""

_NAMES = (
    "SELECT coalesce(p.given_name, ''), coalesce(p.family_name, ''), ARRAY(SELECT e.class_id FROM roster_enrolment e"
    " WHERE e.school_id = p.school_id AND e.pupil_id = p.pupil_id) FROM roster_pupil p WHERE p.on_roll"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownNames:
    """Attributes: school: of all pupils on the school's roll; roll: of those of one class."""

    school: SchoolNames
    roll: ClassRoll


NOBODY = ClassRoll.of(())
NO_NAMES = KnownNames(school=SchoolNames(()), roll=NOBODY)
"""For a text that is not checked for names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """Attributes: at: how far the roster had come, at least, when these were read."""

    at: int
    school: SchoolNames
    rolls: Mapping[UUID, ClassRoll]


class RosterNames:
    """Reads names, and keeps a school's ready while its roster stands where it stood. Safe between threads."""

    def __init__(self, reader: Pool) -> None:
        self._reader = reader
        self._kept: dict[UUID, _Kept] = {}
        self._lock = threading.Lock()

    def of(self, school_id: UUID, class_id: UUID, at: int) -> KnownNames:
        """The names to check a text for that families of this class will read.

        Args:
            school_id: whose pupils.
            class_id: whose families read it.
            at: how far the roster had come in the school's partition, asked for before this: the names are as new.
        """
        with self._lock:
            kept = self._kept.get(school_id)
        if kept is None or kept.at != at:
            kept = _ready(at, read_tuples(self._reader, school_id, _NAMES))
            self._keep(school_id, kept)
        return KnownNames(school=kept.school, roll=kept.rolls.get(class_id, NOBODY))

    def _keep(self, school_id: UUID, kept: _Kept) -> None:
        with self._lock:
            while len(self._kept) >= MOST_SCHOOLS and school_id not in self._kept:
                self._kept.pop(next(iter(self._kept)))
            self._kept[school_id] = kept


def _ready(at: int, rows: Sequence[tuple[str, str, Sequence[UUID]]]) -> _Kept:
    classes: dict[UUID, list[PupilName]] = {}
    pupils: list[PupilName] = []
    for given_name, family_name, class_ids in rows:
        pupils.append(PupilName(given_name, family_name))
        for class_id in class_ids:
            classes.setdefault(class_id, []).append(pupils[-1])
    rolls = {class_id: ClassRoll.of(names) for class_id, names in classes.items()}
    return _Kept(at=at, school=SchoolNames(pupils), rolls=rolls)
