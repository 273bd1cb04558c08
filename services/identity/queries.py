"""Reads of identity's read models: plain SQL, each in a transaction that shows one school's rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from shared.runtime.database import Pool, reading
from shared.runtime.reading import read_row, read_rows


@dataclass(frozen=True, slots=True)
class ClassRow:
    class_id: UUID
    name: str
    year_group: str


@dataclass(frozen=True, slots=True)
class PupilRow:
    pupil_id: UUID
    given_name: str | None
    family_name: str | None
    year_group: str


@dataclass(frozen=True, slots=True)
class ClassPupilRow(PupilRow):
    avatar: str | None


@dataclass(frozen=True, slots=True)
class PostRow:
    staff_id: UUID
    given_name: str | None
    family_name: str | None
    post: str


@dataclass(frozen=True, slots=True)
class GuardianRow:
    guardian_id: UUID
    given_name: str | None
    family_name: str | None
    relationship: str


@dataclass(frozen=True, slots=True)
class StaffRow:
    staff_id: UUID
    given_name: str | None
    family_name: str | None
    roles: Sequence[str]


@dataclass(frozen=True, slots=True)
class ImportRow:
    import_id: UUID
    imported_at: datetime
    adults: int
    pupils: int
    classes: int
    refused_links: Sequence[dict[str, str]]
    left_out: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class ErasureRow:
    """Attributes: askers, asked_at: who asked and when, side by side, the first first."""

    erasure_id: UUID
    subject_id: UUID
    askers: Sequence[UUID]
    asked_at: Sequence[datetime]
    decided_at: datetime | None
    carried_out_at: datetime | None
    backups_expire_on: date | None
    erased: Sequence[str]
    refused: Sequence[dict[str, str]]


@dataclass(frozen=True, slots=True)
class NameRow:
    given_name: str | None
    family_name: str | None


@dataclass(frozen=True, slots=True)
class HeldRow:
    given_name: str | None
    family_name: str | None
    email: str | None
    birth_date: date | None
    year_group: str | None
    avatar: str | None
    roles: Sequence[str]


@dataclass(frozen=True, slots=True)
class HeldChildRow:
    pupil_id: UUID
    given_name: str | None
    relationship: str


@dataclass(frozen=True, slots=True)
class HeldPostRow:
    class_id: UUID
    name: str
    post: str | None


_ERASURES = (
    "SELECT e.erasure_id, e.subject_id, coalesce(a.askers, '{}') AS askers, coalesce(a.asked_at, '{}') AS asked_at,"
    " e.decided_at, e.carried_out_at, e.backups_expire_on, e.erased, e.refused FROM erasure e LEFT JOIN LATERAL ("
    "SELECT array_agg(person_id ORDER BY requested_at, person_id) AS askers,"
    " array_agg(requested_at ORDER BY requested_at, person_id) AS asked_at"
    " FROM erasure_asker WHERE erasure_id = e.erasure_id) a ON true"
)


@dataclass(frozen=True, slots=True)
class IdentityQueries:
    reader: Pool

    def capacities(self, school_id: UUID, person_id: UUID) -> list[str]:
        """As what a person may sign in now."""
        with reading(self.reader, school_id) as cursor:
            row = cursor.execute(
                "SELECT EXISTS (SELECT FROM roster_guardianship WHERE guardian_id = %s),"
                " EXISTS (SELECT FROM roster_role WHERE staff_id = %s),"
                " EXISTS (SELECT FROM roster_pupil WHERE pupil_id = %s AND on_roll)",
                (person_id, person_id, person_id),
            ).fetchone()
        return [name for name, holds in zip(("guardian", "staff", "pupil"), row or (), strict=False) if holds]

    def sanctions_of(self, school_id: UUID, person_id: UUID) -> int:
        """How many removals and suspensions a person has had as a guardian, those that were lifted among them."""
        with reading(self.reader, school_id) as cursor:
            row = cursor.execute(
                "SELECT sanctions FROM guardian_access WHERE guardian_id = %s", (person_id,)
            ).fetchone()
        return 0 if row is None else row[0]

    def name_of(self, school_id: UUID, person_id: UUID) -> NameRow | None:
        """A person's name, adult or pupil."""
        sql = (
            "SELECT given_name, family_name FROM roster_person WHERE person_id = %s"
            " UNION ALL SELECT given_name, family_name FROM roster_pupil WHERE pupil_id = %s LIMIT 1"
        )
        return read_row(self.reader, school_id, NameRow, sql, (person_id, person_id))

    def avatar_of(self, school_id: UUID, pupil_id: UUID) -> str | None:
        """The picture that a pupil has chosen."""
        with reading(self.reader, school_id) as cursor:
            row = cursor.execute("SELECT avatar FROM avatar WHERE pupil_id = %s", (pupil_id,)).fetchone()
        return None if row is None else row[0]

    def school_name(self, school_id: UUID) -> str:
        with reading(self.reader, school_id) as cursor:
            row = cursor.execute("SELECT name FROM roster_school").fetchone()
        return row[0] if row else ""

    def classes(self, school_id: UUID, only: Sequence[UUID] | None) -> Sequence[ClassRow]:
        """Open classes by year and name; `only` those, where it is given."""
        return self._rows(
            ClassRow,
            school_id,
            "SELECT class_id, name, year_group FROM roster_class"
            " WHERE open AND (%s::uuid[] IS NULL OR class_id = ANY(%s))"
            " ORDER BY array_position(ARRAY['N','R','Y1','Y2','Y3','Y4','Y5','Y6'], year_group), name, class_id",
            None if only is None else list(only),
            None if only is None else list(only),
        )

    def pupils_of_class(self, school_id: UUID, class_id: UUID) -> Sequence[ClassPupilRow]:
        return self._rows(
            ClassPupilRow,
            school_id,
            "SELECT p.pupil_id, p.given_name, p.family_name, p.year_group, a.avatar FROM roster_enrolment e"
            " JOIN roster_pupil p ON p.pupil_id = e.pupil_id AND p.on_roll"
            " LEFT JOIN avatar a ON a.pupil_id = e.pupil_id WHERE e.class_id = %s"
            " ORDER BY p.given_name, p.family_name, p.pupil_id",
            class_id,
        )

    def staff_of_class(self, school_id: UUID, class_id: UUID) -> Sequence[PostRow]:
        return self._rows(
            PostRow,
            school_id,
            "SELECT s.staff_id, p.given_name, p.family_name, s.post FROM roster_class_staff s"
            " JOIN roster_person p ON p.person_id = s.staff_id WHERE s.class_id = %s"
            " ORDER BY s.post, p.family_name, s.staff_id",
            class_id,
        )

    def pupils(self, school_id: UUID, pupil_ids: Sequence[UUID]) -> Sequence[PupilRow]:
        return self._rows(
            PupilRow,
            school_id,
            "SELECT pupil_id, given_name, family_name, year_group FROM roster_pupil"
            " WHERE pupil_id = ANY(%s) AND on_roll ORDER BY given_name, family_name, pupil_id",
            list(pupil_ids),
        )

    def guardians_of(self, school_id: UUID, pupil_id: UUID) -> Sequence[GuardianRow]:
        return self._rows(
            GuardianRow,
            school_id,
            "SELECT g.guardian_id, p.given_name, p.family_name, g.relationship FROM roster_guardianship g"
            " JOIN roster_person p ON p.person_id = g.guardian_id WHERE g.pupil_id = %s"
            " ORDER BY p.family_name, p.given_name, g.guardian_id",
            pupil_id,
        )

    def staff(self, school_id: UUID) -> Sequence[StaffRow]:
        return self._rows(
            StaffRow,
            school_id,
            "SELECT r.staff_id, p.given_name, p.family_name, array_agg(r.role ORDER BY r.role) AS roles"
            " FROM roster_role r JOIN roster_person p ON p.person_id = r.staff_id"
            " GROUP BY r.staff_id, p.given_name, p.family_name ORDER BY p.family_name, p.given_name, r.staff_id",
        )

    def roster_import(self, school_id: UUID, import_id: UUID) -> ImportRow | None:
        sql = (
            "SELECT import_id, imported_at, adults, pupils, classes, refused_links, left_out FROM roster_import"
            " WHERE import_id = %s"
        )
        return read_row(self.reader, school_id, ImportRow, sql, (import_id,))

    def erasures(self, school_id: UUID) -> Sequence[ErasureRow]:
        """Those that wait for a decision first, then the newest."""
        return self._rows(
            ErasureRow, school_id, f"{_ERASURES} ORDER BY e.decided_at DESC NULLS FIRST, a.asked_at[1], e.erasure_id"
        )

    def erasure(self, school_id: UUID, erasure_id: UUID) -> ErasureRow | None:
        return read_row(self.reader, school_id, ErasureRow, f"{_ERASURES} WHERE e.erasure_id = %s", (erasure_id,))

    def held(self, school_id: UUID, person_id: UUID) -> HeldRow:
        """A person's particulars; nothing but None where there are none (any more)."""
        rows: Sequence[HeldRow] = self._rows(
            HeldRow,
            school_id,
            "SELECT coalesce(a.given_name, p.given_name) AS given_name,"
            " coalesce(a.family_name, p.family_name) AS family_name, a.email, p.birth_date, r.year_group,"
            " (SELECT avatar FROM avatar WHERE pupil_id = w.id) AS avatar,"
            " ARRAY(SELECT role FROM roster_role WHERE staff_id = w.id ORDER BY role) AS roles"
            " FROM (SELECT %s::uuid AS id) w LEFT JOIN adult_particulars a ON a.person_id = w.id"
            " LEFT JOIN pupil_particulars p ON p.pupil_id = w.id LEFT JOIN roster_pupil r ON r.pupil_id = w.id",
            person_id,
        )
        return rows[0]

    def held_children(self, school_id: UUID, person_id: UUID) -> Sequence[HeldChildRow]:
        return self._rows(
            HeldChildRow,
            school_id,
            "SELECT g.pupil_id, p.given_name, g.relationship FROM roster_guardianship g"
            " LEFT JOIN roster_pupil p ON p.pupil_id = g.pupil_id WHERE g.guardian_id = %s"
            " ORDER BY p.given_name, g.pupil_id",
            person_id,
        )

    def held_posts(self, school_id: UUID, person_id: UUID) -> Sequence[HeldPostRow]:
        """The classes that a member of staff works with, and a pupil's own."""
        return self._rows(
            HeldPostRow,
            school_id,
            "SELECT c.class_id, c.name, m.post FROM ("
            "SELECT class_id, post FROM roster_class_staff WHERE staff_id = %s"
            " UNION ALL SELECT class_id, NULL FROM roster_enrolment WHERE pupil_id = %s) m"
            " JOIN roster_class c ON c.class_id = m.class_id ORDER BY c.name, c.class_id, m.post",
            person_id,
            person_id,
        )

    def roster_imported_at(self, school_id: UUID) -> Sequence[datetime]:
        """When rosters were brought in, which is where particulars and links come from."""
        with reading(self.reader, school_id) as cursor:
            rows = cursor.execute("SELECT imported_at FROM roster_import ORDER BY imported_at").fetchall()
        return [row[0] for row in rows]

    def particulars(
        self, school_id: UUID
    ) -> tuple[dict[UUID, tuple[str | None, ...]], dict[UUID, tuple[str | date | None, ...]]]:
        """Adults (given name, family name, e-mail) and pupils (given name, family name, birth date) by id."""
        with reading(self.reader, school_id) as cursor:
            adults = cursor.execute("SELECT person_id, given_name, family_name, email FROM adult_particulars")
            found = {row[0]: tuple(row[1:]) for row in adults}
            pupils = cursor.execute("SELECT pupil_id, given_name, family_name, birth_date FROM pupil_particulars")
            return found, {row[0]: tuple(row[1:]) for row in pupils}

    def _rows(self, kind: type[Any], school_id: UUID, sql: str, *parameters: Any) -> list[Any]:
        return read_rows(self.reader, school_id, kind, sql, parameters)
