"""Reads of the points read models: plain SQL, each in a transaction that shows one school's rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.runtime.database import Pool
from shared.runtime.reading import read_rows, read_tuples


@dataclass(frozen=True, slots=True)
class AwardRow:
    award_id: UUID
    pupil_id: UUID
    position: int
    behaviour_id: UUID
    behaviour: str
    value_id: UUID
    value: str
    staff_id: UUID
    staff_given_name: str | None
    staff_family_name: str | None
    points: int
    note: str | None
    awarded_at: datetime
    revoked_at: datetime | None
    revoked_because: str | None


@dataclass(frozen=True, slots=True)
class OneAwardRow(AwardRow):
    """Attributes: pupil_classes: what the pupil is related to, for who may read it."""

    pupil_classes: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class ValueTotal:
    value_id: UUID
    kind: str
    name: str
    total: int


@dataclass(frozen=True, slots=True)
class PupilTotal:
    pupil_id: UUID
    given_name: str | None
    total: int


@dataclass(frozen=True, slots=True)
class ValueRow:
    value_id: UUID
    kind: str
    name: str
    active: bool


@dataclass(frozen=True, slots=True)
class BehaviourRow:
    behaviour_id: UUID
    value_id: UUID
    value: str
    name: str
    points: int
    active: bool


_AWARDS = (
    "SELECT a.award_id, a.pupil_id, a.position, a.behaviour_id, b.name AS behaviour, a.value_id, v.name AS value,"
    " a.staff_id, s.given_name AS staff_given_name, s.family_name AS staff_family_name, a.points, a.note,"
    " a.awarded_at, a.revoked_at, a.revoked_because FROM award a JOIN behaviour b USING (behaviour_id)"
    " JOIN school_value v ON v.value_id = a.value_id LEFT JOIN roster_person s ON s.person_id = a.staff_id"
)

# With its pupil's classes, in one question: the roster is in the same database. No row where the pupil is not known.
_ONE_AWARD = _AWARDS.replace(
    " FROM award a ",
    ", ARRAY(SELECT e.class_id FROM roster_enrolment e WHERE e.school_id = p.school_id AND e.pupil_id = p.pupil_id)"
    " AS pupil_classes FROM award a JOIN roster_pupil p ON p.school_id = a.school_id AND p.pupil_id = a.pupil_id ",
)


@dataclass(frozen=True, slots=True)
class PointsQueries:
    reader: Pool

    def award(self, school_id: UUID, award_id: UUID) -> AwardRow | None:
        found = self._rows(AwardRow, school_id, f"{_AWARDS} WHERE a.award_id = %s", award_id)
        return found[0] if found else None

    def readable_award(self, school_id: UUID, award_id: UUID) -> OneAwardRow | None:
        """An award with what decides who may read it."""
        found = self._rows(OneAwardRow, school_id, f"{_ONE_AWARD} WHERE a.award_id = %s", award_id)
        return found[0] if found else None

    def awards_of(self, school_id: UUID, pupil_id: UUID, before: int | None, limit: int) -> Sequence[AwardRow]:
        """A pupil's awards, newest first; `before` is the position of the last one seen."""
        return self._rows(
            AwardRow,
            school_id,
            f"{_AWARDS} WHERE a.pupil_id = %s AND (%s::bigint IS NULL OR a.position < %s)"
            " ORDER BY a.position DESC LIMIT %s",
            pupil_id,
            before,
            before,
            limit,
        )

    def awards_about(
        self, school_id: UUID, pupils: Sequence[UUID], staff_id: UUID | None, before: int | None, limit: int
    ) -> Sequence[AwardRow]:
        """Awards by a member of staff or, where none is named, to any of these pupils; newest first."""
        # One or the other, each along an index of its own: with OR, all that a school ever awarded would be looked at.
        whose = "a.pupil_id = ANY(%s)" if staff_id is None else "a.staff_id = %s"
        return self._rows(
            AwardRow,
            school_id,
            f"{_AWARDS} WHERE {whose} AND (%s::bigint IS NULL OR a.position < %s) ORDER BY a.position DESC LIMIT %s",
            list(pupils) if staff_id is None else staff_id,
            before,
            before,
            limit,
        )

    def totals_of(self, school_id: UUID, pupil_id: UUID) -> Sequence[ValueTotal]:
        """A pupil's points by value or rule; the total is their sum."""
        return self._rows(
            ValueTotal,
            school_id,
            "SELECT t.value_id, v.kind, v.name, t.total FROM pupil_total t JOIN school_value v USING (value_id)"
            " WHERE t.pupil_id = %s ORDER BY v.name, t.value_id",
            pupil_id,
        )

    def totals_of_class(self, school_id: UUID, class_id: UUID) -> Sequence[PupilTotal]:
        """Every pupil of a class, by first name: the product has no leader-board (S10)."""
        return self._rows(
            PupilTotal,
            school_id,
            "SELECT p.pupil_id, p.given_name, coalesce(sum(t.total), 0)::bigint AS total FROM roster_enrolment e"
            " JOIN roster_pupil p ON p.pupil_id = e.pupil_id AND p.on_roll"
            " LEFT JOIN pupil_total t ON t.pupil_id = p.pupil_id WHERE e.class_id = %s"
            " GROUP BY p.pupil_id, p.given_name, p.family_name ORDER BY p.given_name, p.family_name, p.pupil_id",
            class_id,
        )

    def class_exists(self, school_id: UUID, class_id: UUID) -> bool:
        return bool(read_tuples(self.reader, school_id, "SELECT FROM roster_class WHERE class_id = %s", (class_id,)))

    def values(self, school_id: UUID) -> Sequence[ValueRow]:
        sql = "SELECT value_id, kind, name, active FROM school_value WHERE active ORDER BY kind DESC, name, value_id"
        return self._rows(ValueRow, school_id, sql)

    def behaviours(self, school_id: UUID) -> Sequence[BehaviourRow]:
        """The behaviours that earn points now."""
        return self._rows(
            BehaviourRow,
            school_id,
            "SELECT b.behaviour_id, b.value_id, v.name AS value, b.name, b.points, b.active FROM behaviour b"
            " JOIN school_value v USING (value_id) WHERE b.active AND v.active ORDER BY v.name, b.name, b.behaviour_id",
        )

    def _rows(self, kind: type[Any], school_id: UUID, sql: str, *parameters: Any) -> list[Any]:
        return read_rows(self.reader, school_id, kind, sql, parameters)
