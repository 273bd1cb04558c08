"""Who is here and what they are called, and about whom something waits."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from shared.runtime.database import Pool
from shared.runtime.reading import read_tuples


@dataclass(frozen=True, slots=True)
class Name:
    given_name: str | None
    family_name: str | None


@dataclass(frozen=True, slots=True)
class PeopleQueries:
    reader: Pool

    def names(self, school_id: UUID, people: Collection[UUID | None]) -> Mapping[UUID, Name]:
        """The names of adults and pupils that the roster knows."""
        sql = (
            "SELECT person_id, given_name, family_name FROM roster_person WHERE person_id = ANY(%(ids)s)"
            " UNION ALL SELECT pupil_id, given_name, family_name FROM roster_pupil WHERE pupil_id = ANY(%(ids)s)"
        )
        ids = [person for person in set(people) if person is not None]
        return {row[0]: Name(row[1], row[2]) for row in read_tuples(self.reader, school_id, sql, {"ids": ids})}

    def is_guardian(self, school_id: UUID, person_id: UUID) -> bool:
        """Whether a person is linked to a child here, or was when something was decided about them."""
        sql = (
            "SELECT 1 FROM roster_guardianship WHERE guardian_id = %(person)s"
            " UNION ALL SELECT 1 FROM ledger_entry WHERE guardian_id = %(person)s"
        )
        return self._found(school_id, sql, person_id)

    def is_staff(self, school_id: UUID, person_id: UUID) -> bool:
        return self._found(school_id, "SELECT 1 FROM roster_role WHERE staff_id = %(person)s", person_id)

    def waits(self, school_id: UUID, people: Collection[UUID]) -> bool:
        """Whether an event about any of these people is parked in one of moderation's consumers."""
        sql = "SELECT EXISTS (SELECT FROM parked_event WHERE concerns && %s::uuid[])"
        ((waiting,),) = read_tuples(self.reader, school_id, sql, (list(people),))
        return bool(waiting)

    def _found(self, school_id: UUID, sql: str, person_id: UUID) -> bool:
        return bool(read_tuples(self.reader, school_id, f"{sql} LIMIT 1", {"person": person_id}))
