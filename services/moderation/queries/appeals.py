"""The appeals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.runtime.database import Pool
from shared.runtime.reading import read_row, read_rows


@dataclass(frozen=True, slots=True)
class AppealRow:
    appeal_id: UUID
    position: int
    lodged_at: datetime
    guardian_id: UUID
    text: str | None


_APPEALS = "SELECT appeal_id, position, lodged_at, guardian_id, text FROM appeal"


@dataclass(frozen=True, slots=True)
class AppealQueries:
    reader: Pool

    def page(self, school_id: UUID, not_about: UUID, before: int | None, limit: int) -> Sequence[AppealRow]:
        """Appeals, newest first."""
        return read_rows(
            self.reader,
            school_id,
            AppealRow,
            f"{_APPEALS} WHERE guardian_id <> %(reader)s AND (%(before)s::bigint IS NULL OR position < %(before)s)"
            " ORDER BY position DESC LIMIT %(limit)s",
            {"reader": not_about, "before": before, "limit": limit},
        )

    def of(self, school_id: UUID, guardian_id: UUID, limit: int) -> Sequence[AppealRow]:
        """One guardian's own, newest first."""
        sql = f"{_APPEALS} WHERE guardian_id = %s ORDER BY position DESC LIMIT %s"
        return read_rows(self.reader, school_id, AppealRow, sql, (guardian_id, limit))

    def one(self, school_id: UUID, appeal_id: UUID) -> AppealRow | None:
        return read_row(self.reader, school_id, AppealRow, f"{_APPEALS} WHERE appeal_id = %s", (appeal_id,))
