"""What leaders look into: what waits for them, the cases with their flags, and single items."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.runtime.database import Pool
from shared.runtime.reading import read_row, read_rows


@dataclass(frozen=True, slots=True)
class AlertRow:
    kind: str
    alert_id: UUID
    at: datetime
    micros: int
    case_id: UUID | None
    message_id: UUID | None
    track: str | None
    guardian_id: UUID | None
    pupil_id: UUID | None


@dataclass(frozen=True, slots=True)
class CaseRow:
    case_id: UUID
    position: int
    opened_at: datetime
    message_id: UUID
    conversation_id: UUID
    guardian_id: UUID
    pupil_id: UUID
    track: str
    message_position: int
    message_sent_at: datetime
    message_hash: str
    copy: str | None
    acknowledged_at: datetime | None
    acknowledged_by: UUID | None
    outcome: str | None
    consequence: str | None
    decided_at: datetime | None
    decided_as: str | None
    decided_by: UUID | None
    not_headteacher_because: str | None
    reason: str | None
    flags: int
    record_id: UUID | None


@dataclass(frozen=True, slots=True)
class FlagRow:
    flag_id: UUID
    flagged_at: datetime
    staff_id: UUID
    category: str
    note: str | None


@dataclass(frozen=True, slots=True)
class ItemRow:
    item_id: UUID
    kind: str
    author_id: UUID
    author_as: str
    pupil_id: UUID | None
    guardian_id: UUID | None
    class_id: UUID | None
    at: datetime


# An adult and a child whom a parked event concerns, as far as the ids in it tell: of several guardians the child's own.
_ALERTS = """
    WITH waiting AS (
        SELECT DISTINCT ON (event_id) event_id, parked_at, concerns FROM parked_event ORDER BY event_id, parked_at
    ), found AS (
        SELECT w.event_id, w.parked_at,
          (SELECT p.pupil_id FROM roster_pupil p WHERE p.pupil_id = ANY(w.concerns) LIMIT 1) AS pupil_id,
          (SELECT g.guardian_id FROM roster_guardianship g WHERE g.guardian_id = ANY(w.concerns)
           ORDER BY g.pupil_id = ANY(w.concerns) DESC, g.guardian_id LIMIT 1) AS guardian_id
        FROM waiting w
        WHERE NOT (%(reader)s = ANY(w.concerns)
                   AND EXISTS (SELECT FROM roster_guardianship g WHERE g.guardian_id = %(reader)s))
    ), alert AS (
        SELECT 'flagged' AS kind, case_id AS alert_id, opened_at AS at, case_id, message_id, track, guardian_id,
          pupil_id
        FROM flagged_case
        WHERE outcome IS NULL AND acknowledged_at IS NULL AND guardian_id <> %(reader)s
        UNION ALL
        SELECT 'waiting', event_id, parked_at, NULL, NULL, NULL, guardian_id, pupil_id FROM found
    ), dated AS (
        SELECT kind, alert_id, at, (extract(epoch FROM at) * 1000000)::bigint AS micros, case_id, message_id, track,
          guardian_id, pupil_id FROM alert
    )
    SELECT kind, alert_id, at, micros, case_id, message_id, track, guardian_id, pupil_id FROM dated
    WHERE %(micros)s::bigint IS NULL OR (micros, alert_id) < (%(micros)s, %(alert_id)s::uuid)
    ORDER BY micros DESC, alert_id DESC LIMIT %(limit)s
"""

_CASES = (
    "SELECT c.case_id, c.position, c.opened_at, c.message_id, c.conversation_id, c.guardian_id, c.pupil_id, c.track,"
    " c.message_position, c.message_sent_at, c.message_hash, c.copy, c.acknowledged_at, c.acknowledged_by, c.outcome,"
    " c.consequence, c.decided_at, c.decided_as, c.decided_by, c.not_headteacher_because, c.reason,"
    " (SELECT count(*) FROM case_flag f WHERE f.case_id = c.case_id) AS flags,"
    " (SELECT r.record_id FROM safeguarding_record r WHERE r.case_id = c.case_id) AS record_id FROM flagged_case c"
)

_ITEM = """
    SELECT message_id AS item_id, 'message' AS kind, author_id, author_as, pupil_id, guardian_id, class_id, at
    FROM reportable_message WHERE message_id = %(item)s
    UNION ALL
    SELECT award_id, 'award', author_id, 'staff', pupil_id, NULL, NULL, at
    FROM reportable_award WHERE award_id = %(item)s
    UNION ALL
    SELECT story_id, 'story', author_id, 'staff', pupil_id, NULL, class_id, at
    FROM reportable_story WHERE story_id = %(item)s
"""


@dataclass(frozen=True, slots=True)
class CaseQueries:
    reader: Pool

    def alerts(self, school_id: UUID, reader: UUID, after: tuple[int, UUID] | None, limit: int) -> Sequence[AlertRow]:
        """What waits for a leader, newest first: flags that nobody has acknowledged, and events that are parked."""
        micros, alert_id = after or (None, None)
        named = {"reader": reader, "micros": micros, "alert_id": alert_id, "limit": limit}
        return read_rows(self.reader, school_id, AlertRow, _ALERTS, named)

    def page(
        self, school_id: UUID, not_about: UUID, *, decided: bool | None, before: int | None, limit: int
    ) -> Sequence[CaseRow]:
        """Cases, newest first; open ones, decided ones or (None) all."""
        return read_rows(
            self.reader,
            school_id,
            CaseRow,
            f"{_CASES} WHERE c.guardian_id <> %(reader)s"
            " AND (%(decided)s::boolean IS NULL OR (c.outcome IS NOT NULL) = %(decided)s)"
            " AND (%(before)s::bigint IS NULL OR c.position < %(before)s) ORDER BY c.position DESC LIMIT %(limit)s",
            {"reader": not_about, "decided": decided, "before": before, "limit": limit},
        )

    def one(self, school_id: UUID, case_id: UUID) -> CaseRow | None:
        return read_row(self.reader, school_id, CaseRow, f"{_CASES} WHERE c.case_id = %s", (case_id,))

    def flags(self, school_id: UUID, case_id: UUID) -> Sequence[FlagRow]:
        """The flags of a case in the order in which they came: as many as the staff who received the message."""
        return read_rows(
            self.reader,
            school_id,
            FlagRow,
            "SELECT flag_id, flagged_at, staff_id, category, note FROM case_flag WHERE case_id = %s ORDER BY position",
            (case_id,),
        )

    def item(self, school_id: UUID, item_id: UUID) -> ItemRow | None:
        return read_row(self.reader, school_id, ItemRow, _ITEM, {"item": item_id})
