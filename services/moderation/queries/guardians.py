"""What was decided about guardians: where they stand, why, and what of it they are told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.runtime.database import Pool
from shared.runtime.reading import read_row, read_rows


@dataclass(frozen=True, slots=True)
class StandingRow:
    guardian_id: UUID
    warning_id: UUID | None = None
    warned_at: datetime | None = None
    warned_because: str | None = None
    delivered_at: datetime | None = None
    removal_id: UUID | None = None
    removed_at: datetime | None = None
    suspension_id: UUID | None = None
    suspended_at: datetime | None = None

    @property
    def state(self) -> str:
        """In one word, the gravest first."""
        if self.removal_id is not None:
            return "removed"
        if self.suspension_id is not None:
            return "suspended"
        return "active" if self.warning_id is None else "warned"


@dataclass(frozen=True, slots=True)
class LedgerRow:
    event_id: UUID
    position: int
    kind: str
    clause: str
    at: datetime
    cause_id: UUID | None
    about_id: UUID
    decided_as: str | None
    staff_id: UUID | None
    detail: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class HeldRow:
    kind: str
    position: int
    at: datetime
    clause: str
    decided_as: str | None
    text: str | None


OUTCOMES = (
    "warned",
    "delivered",
    "rescinded",
    "removed",
    "reinstated",
    "suspended",
    "suspension_kept",
    "suspension_lifted",
)
"""What of the ledger the guardian learns: outcomes, never what was flagged or found of a flag (S75)."""

_HELD = """
    SELECT kind, position, at, clause, decided_as, text FROM (
        SELECT kind, position, at, clause, decided_as, reason AS text FROM ledger_entry
        WHERE guardian_id = %(guardian)s AND kind = ANY(%(kinds)s)
        UNION ALL
        SELECT 'reshare_report', position, reported_at, 'S69', NULL, account FROM reshare_report
        WHERE reporter_id = %(person)s
    ) held
    WHERE %(before)s::bigint IS NULL OR position < %(before)s ORDER BY position DESC LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class GuardianQueries:
    reader: Pool

    def standing(self, school_id: UUID, guardian_id: UUID) -> StandingRow:
        """Where a guardian stands; of somebody about whom nothing was decided that nothing stands."""
        found = read_row(
            self.reader,
            school_id,
            StandingRow,
            "SELECT guardian_id, warning_id, warned_at, warned_because, delivered_at, removal_id, removed_at,"
            " suspension_id, suspended_at FROM guardian_standing WHERE guardian_id = %s",
            (guardian_id,),
        )
        return found or StandingRow(guardian_id)

    def ledger(
        self, school_id: UUID, guardian_id: UUID, *, kinds: Sequence[str] | None, before: int | None, limit: int
    ) -> Sequence[LedgerRow]:
        """A guardian's ledger, newest first; of all kinds, or of some."""
        return read_rows(
            self.reader,
            school_id,
            LedgerRow,
            "SELECT event_id, position, kind, clause, at, cause_id, about_id, decided_as, staff_id, detail, reason"
            " FROM ledger_entry WHERE guardian_id = %(guardian)s"
            " AND (%(kinds)s::text[] IS NULL OR kind = ANY(%(kinds)s))"
            " AND (%(before)s::bigint IS NULL OR position < %(before)s) ORDER BY position DESC LIMIT %(limit)s",
            {
                "guardian": guardian_id,
                "kinds": None if kinds is None else list(kinds),
                "before": before,
                "limit": limit,
            },
        )

    def held(
        self, school_id: UUID, person_id: UUID, *, as_guardian: bool, before: int | None, limit: int
    ) -> Sequence[HeldRow]:
        """What is held about a person that is theirs to see: outcomes, their appeals, the reports they made."""
        named = {
            "guardian": person_id if as_guardian else None,
            "person": person_id,
            "kinds": [*OUTCOMES, "appealed"],
            "before": before,
            "limit": limit,
        }
        return read_rows(self.reader, school_id, HeldRow, _HELD, named)
