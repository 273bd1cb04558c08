"""The reports of re-sharing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.runtime.database import Pool
from shared.runtime.reading import read_row, read_rows


@dataclass(frozen=True, slots=True)
class ReportRow:
    report_id: UUID
    position: int
    reported_at: datetime
    reported_as: str
    reported_id: UUID
    shared: str
    reporter_id: UUID
    account: str | None
    outcome: str | None
    decided_at: datetime | None
    decided_as: str | None
    decided_by: UUID | None
    not_headteacher_because: str | None
    reason: str | None


_REPORTS = (
    "SELECT report_id, position, reported_at, reported_as, reported_id, shared, reporter_id, account, outcome,"
    " decided_at, decided_as, decided_by, not_headteacher_because, reason FROM reshare_report"
)


@dataclass(frozen=True, slots=True)
class ReportQueries:
    reader: Pool

    def page(self, school_id: UUID, not_about: UUID, before: int | None, limit: int) -> Sequence[ReportRow]:
        return read_rows(
            self.reader,
            school_id,
            ReportRow,
            f"{_REPORTS} WHERE reported_id <> %(reader)s AND (%(before)s::bigint IS NULL OR position < %(before)s)"
            " ORDER BY position DESC LIMIT %(limit)s",
            {"reader": not_about, "before": before, "limit": limit},
        )

    def one(self, school_id: UUID, report_id: UUID) -> ReportRow | None:
        return read_row(self.reader, school_id, ReportRow, f"{_REPORTS} WHERE report_id = %s", (report_id,))
