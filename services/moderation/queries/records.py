"""The safeguarding records (S77)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.runtime.database import Pool
from shared.runtime.reading import read_row, read_rows


@dataclass(frozen=True, slots=True)
class RecordRow:
    record_id: UUID
    position: int
    opened_at: datetime
    opened_by: UUID
    case_id: UUID
    message_id: UUID
    guardian_id: UUID
    pupil_id: UUID
    track: str
    message_position: int
    message_sent_at: datetime
    message_hash: str
    copy: str | None
    entries: int


@dataclass(frozen=True, slots=True)
class EntryRow:
    entry_id: UUID
    position: int
    at: datetime
    kind: str
    staff_id: UUID | None
    text: str | None


_RECORDS = (
    "SELECT r.record_id, r.position, r.opened_at, r.opened_by, r.case_id, r.message_id, r.guardian_id, r.pupil_id,"
    " r.track, r.message_position, r.message_sent_at, r.message_hash, r.copy,"
    " (SELECT count(*) FROM record_entry e WHERE e.record_id = r.record_id) AS entries FROM safeguarding_record r"
)


@dataclass(frozen=True, slots=True)
class RecordQueries:
    reader: Pool

    def page(self, school_id: UUID, not_about: UUID, before: int | None, limit: int) -> Sequence[RecordRow]:
        return read_rows(
            self.reader,
            school_id,
            RecordRow,
            f"{_RECORDS} WHERE r.guardian_id <> %(reader)s"
            " AND (%(before)s::bigint IS NULL OR r.position < %(before)s) ORDER BY r.position DESC LIMIT %(limit)s",
            {"reader": not_about, "before": before, "limit": limit},
        )

    def one(self, school_id: UUID, record_id: UUID) -> RecordRow | None:
        return read_row(self.reader, school_id, RecordRow, f"{_RECORDS} WHERE r.record_id = %s", (record_id,))

    def entries(self, school_id: UUID, record_id: UUID, after: int | None, limit: int) -> Sequence[EntryRow]:
        """A record's entries in the order in which they were written."""
        return read_rows(
            self.reader,
            school_id,
            EntryRow,
            "SELECT entry_id, position, at, kind, staff_id, text FROM record_entry WHERE record_id = %(record)s"
            " AND (%(after)s::bigint IS NULL OR position > %(after)s) ORDER BY position LIMIT %(limit)s",
            {"record": record_id, "after": after, "limit": limit},
        )
