"""Reads of moderation's read models: plain SQL, each in a transaction that shows one school's rows.

Lists for staff leave out what is about the reader (`not_about`): nobody reads of their own case.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from shared.runtime.database import Pool
from shared.runtime.reading import read_rows, read_tuples

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Name:
    given_name: str | None
    family_name: str | None


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


@dataclass(frozen=True, slots=True)
class AppealRow:
    appeal_id: UUID
    position: int
    lodged_at: datetime
    guardian_id: UUID
    text: str | None


@dataclass(frozen=True, slots=True)
class HeldRow:
    kind: str
    position: int
    at: datetime
    clause: str
    decided_as: str | None
    text: str | None


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

_CASES = (
    "SELECT c.case_id, c.position, c.opened_at, c.message_id, c.conversation_id, c.guardian_id, c.pupil_id, c.track,"
    " c.message_position, c.message_sent_at, c.message_hash, c.copy, c.acknowledged_at, c.acknowledged_by, c.outcome,"
    " c.consequence, c.decided_at, c.decided_as, c.decided_by, c.not_headteacher_because, c.reason,"
    " (SELECT count(*) FROM case_flag f WHERE f.case_id = c.case_id) AS flags,"
    " (SELECT r.record_id FROM safeguarding_record r WHERE r.case_id = c.case_id) AS record_id FROM flagged_case c"
)

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

_RECORDS = (
    "SELECT r.record_id, r.position, r.opened_at, r.opened_by, r.case_id, r.message_id, r.guardian_id, r.pupil_id,"
    " r.track, r.message_position, r.message_sent_at, r.message_hash, r.copy,"
    " (SELECT count(*) FROM record_entry e WHERE e.record_id = r.record_id) AS entries FROM safeguarding_record r"
)

_REPORTS = (
    "SELECT report_id, position, reported_at, reported_as, reported_id, shared, reporter_id, account, outcome,"
    " decided_at, decided_as, decided_by, not_headteacher_because, reason FROM reshare_report"
)

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
class ModerationQueries:
    reader: Pool

    def waits(self, school_id: UUID, people: Collection[UUID]) -> bool:
        """Whether an event about any of these people is parked in one of moderation's consumers."""
        sql = "SELECT EXISTS (SELECT FROM parked_event WHERE concerns && %s::uuid[])"
        ((waiting,),) = read_tuples(self.reader, school_id, sql, (list(people),))
        return bool(waiting)

    def alerts(self, school_id: UUID, reader: UUID, after: tuple[int, UUID] | None, limit: int) -> Sequence[AlertRow]:
        """What waits for a leader, newest first: flags that nobody has acknowledged, and events that are parked."""
        micros, alert_id = after or (None, None)
        named = {"reader": reader, "micros": micros, "alert_id": alert_id, "limit": limit}
        return self._rows(AlertRow, school_id, _ALERTS, named)

    def cases(
        self, school_id: UUID, not_about: UUID, *, decided: bool | None, before: int | None, limit: int
    ) -> Sequence[CaseRow]:
        """Cases, newest first; open ones, decided ones or (None) all."""
        return self._rows(
            CaseRow,
            school_id,
            f"{_CASES} WHERE c.guardian_id <> %(reader)s"
            " AND (%(decided)s::boolean IS NULL OR (c.outcome IS NOT NULL) = %(decided)s)"
            " AND (%(before)s::bigint IS NULL OR c.position < %(before)s) ORDER BY c.position DESC LIMIT %(limit)s",
            {"reader": not_about, "decided": decided, "before": before, "limit": limit},
        )

    def case(self, school_id: UUID, case_id: UUID) -> CaseRow | None:
        return self._row(CaseRow, school_id, f"{_CASES} WHERE c.case_id = %s", (case_id,))

    def flags(self, school_id: UUID, case_id: UUID) -> Sequence[FlagRow]:
        """The flags of a case in the order in which they came: as many as the staff who received the message."""
        return self._rows(
            FlagRow,
            school_id,
            "SELECT flag_id, flagged_at, staff_id, category, note FROM case_flag WHERE case_id = %s ORDER BY position",
            (case_id,),
        )

    def is_guardian(self, school_id: UUID, person_id: UUID) -> bool:
        """Whether a person is linked to a child here, or was when something was decided about them."""
        return self._exists(
            school_id,
            "SELECT 1 FROM roster_guardianship WHERE guardian_id = %(person)s"
            " UNION ALL SELECT 1 FROM ledger_entry WHERE guardian_id = %(person)s",
            {"person": person_id},
        )

    def is_staff(self, school_id: UUID, person_id: UUID) -> bool:
        sql = "SELECT 1 FROM roster_role WHERE staff_id = %(person)s"
        return self._exists(school_id, sql, {"person": person_id})

    def standing(self, school_id: UUID, guardian_id: UUID) -> StandingRow:
        """Where a guardian stands; of somebody about whom nothing was decided that nothing stands."""
        found = self._row(
            StandingRow,
            school_id,
            "SELECT guardian_id, warning_id, warned_at, warned_because, delivered_at, removal_id, removed_at,"
            " suspension_id, suspended_at FROM guardian_standing WHERE guardian_id = %s",
            (guardian_id,),
        )
        return found or StandingRow(guardian_id)

    def ledger(
        self, school_id: UUID, guardian_id: UUID, *, kinds: Sequence[str] | None, before: int | None, limit: int
    ) -> Sequence[LedgerRow]:
        """A guardian's ledger, newest first; of all kinds, or of some."""
        return self._rows(
            LedgerRow,
            school_id,
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

    def records(self, school_id: UUID, not_about: UUID, before: int | None, limit: int) -> Sequence[RecordRow]:
        return self._rows(
            RecordRow,
            school_id,
            f"{_RECORDS} WHERE r.guardian_id <> %(reader)s"
            " AND (%(before)s::bigint IS NULL OR r.position < %(before)s) ORDER BY r.position DESC LIMIT %(limit)s",
            {"reader": not_about, "before": before, "limit": limit},
        )

    def record(self, school_id: UUID, record_id: UUID) -> RecordRow | None:
        return self._row(RecordRow, school_id, f"{_RECORDS} WHERE r.record_id = %s", (record_id,))

    def entries(self, school_id: UUID, record_id: UUID, after: int | None, limit: int) -> Sequence[EntryRow]:
        """A record's entries in the order in which they were written."""
        return self._rows(
            EntryRow,
            school_id,
            "SELECT entry_id, position, at, kind, staff_id, text FROM record_entry WHERE record_id = %(record)s"
            " AND (%(after)s::bigint IS NULL OR position > %(after)s) ORDER BY position LIMIT %(limit)s",
            {"record": record_id, "after": after, "limit": limit},
        )

    def reports(self, school_id: UUID, not_about: UUID, before: int | None, limit: int) -> Sequence[ReportRow]:
        return self._rows(
            ReportRow,
            school_id,
            f"{_REPORTS} WHERE reported_id <> %(reader)s AND (%(before)s::bigint IS NULL OR position < %(before)s)"
            " ORDER BY position DESC LIMIT %(limit)s",
            {"reader": not_about, "before": before, "limit": limit},
        )

    def report(self, school_id: UUID, report_id: UUID) -> ReportRow | None:
        return self._row(ReportRow, school_id, f"{_REPORTS} WHERE report_id = %s", (report_id,))

    def appeals(self, school_id: UUID, not_about: UUID, before: int | None, limit: int) -> Sequence[AppealRow]:
        return self._rows(
            AppealRow,
            school_id,
            "SELECT appeal_id, position, lodged_at, guardian_id, text FROM appeal WHERE guardian_id <> %(reader)s"
            " AND (%(before)s::bigint IS NULL OR position < %(before)s) ORDER BY position DESC LIMIT %(limit)s",
            {"reader": not_about, "before": before, "limit": limit},
        )

    def appeals_of(self, school_id: UUID, guardian_id: UUID, limit: int) -> Sequence[AppealRow]:
        return self._rows(
            AppealRow,
            school_id,
            "SELECT appeal_id, position, lodged_at, guardian_id, text FROM appeal WHERE guardian_id = %s"
            " ORDER BY position DESC LIMIT %s",
            (guardian_id, limit),
        )

    def appeal(self, school_id: UUID, appeal_id: UUID) -> AppealRow | None:
        sql = "SELECT appeal_id, position, lodged_at, guardian_id, text FROM appeal WHERE appeal_id = %s"
        return self._row(AppealRow, school_id, sql, (appeal_id,))

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
        return self._rows(HeldRow, school_id, _HELD, named)

    def item(self, school_id: UUID, item_id: UUID) -> ItemRow | None:
        return self._row(ItemRow, school_id, _ITEM, {"item": item_id})

    def names(self, school_id: UUID, people: Collection[UUID | None]) -> Mapping[UUID, Name]:
        """The names of adults and pupils that the roster knows."""
        sql = (
            "SELECT person_id, given_name, family_name FROM roster_person WHERE person_id = ANY(%(ids)s)"
            " UNION ALL SELECT pupil_id, given_name, family_name FROM roster_pupil WHERE pupil_id = ANY(%(ids)s)"
        )
        ids = [person for person in set(people) if person is not None]
        return {row[0]: Name(row[1], row[2]) for row in read_tuples(self.reader, school_id, sql, {"ids": ids})}

    def _exists(self, school_id: UUID, sql: str, parameters: Mapping[str, Any]) -> bool:
        return bool(read_tuples(self.reader, school_id, f"{sql} LIMIT 1", parameters))

    def _row(self, kind: type[R], school_id: UUID, sql: str, parameters: Any) -> R | None:
        rows = self._rows(kind, school_id, sql, parameters)
        return rows[0] if rows else None

    def _rows(self, kind: type[R], school_id: UUID, sql: str, parameters: Any) -> list[R]:
        return read_rows(self.reader, school_id, kind, sql, parameters)
