"""What moderation publishes. Positions named here are positions in messaging's log, in the school's partition.

Streams: `case-<id>` (one message on one track), `conduct-<guardian>` (the one-warning rule, suspension, appeals),
`record-<id>` (the safeguarding record), `reshare-<id>`.
"""

from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from shared.events.declaration import Event, Personal, event, personal
from shared.events.identity import GuardianId, PersonId, PupilId, StaffId
from shared.privacy.categories import Category

CaseId = NewType("CaseId", UUID)
WarningId = NewType("WarningId", UUID)
RemovalId = NewType("RemovalId", UUID)
SuspensionId = NewType("SuspensionId", UUID)
ReportId = NewType("ReportId", UUID)
RecordId = NewType("RecordId", UUID)
EntryId = NewType("EntryId", UUID)
AppealId = NewType("AppealId", UUID)


class DecidedBy(StrEnum):
    """Whose decision it was for S06: the Deputy's counts as the Headteacher's; a school may let a flag warn (T6)."""

    HEADTEACHER = "headteacher"
    DEPUTY_HEADTEACHER = "deputy_headteacher"
    SCHOOL_PARAMETER = "school_parameter"


class Consequence(StrEnum):
    """What an upheld misuse came to under the one-warning rule (S73)."""

    NONE = "none"
    WARNING = "warning"
    REMOVAL = "removal"


class DeliveredBy(StrEnum):
    """How a warning reached the guardian."""

    RECEIPT = "receipt"
    LETTER = "letter"
    MEETING = "meeting"


class RemovalBasis(StrEnum):
    """What a removal rests on: S73, the Headteacher's override (S06), or re-sharing (S72)."""

    MISUSE_AFTER_WARNING = "misuse_after_warning"
    OVERRIDE = "override"
    RESHARING = "resharing"


class Shared(StrEnum):
    """What was shared elsewhere (S71)."""

    PHOTOGRAPH = "photograph"
    MESSAGE = "message"
    WORK_SAMPLE = "work_sample"


class ReportedAs(StrEnum):
    """As what the person is reported who is said to have shared (S65, S69)."""

    GUARDIAN = "guardian"
    STAFF = "staff"


class EntryKind(StrEnum):
    """What an entry in a safeguarding record is."""

    ACCOUNT = "account"
    ACTION = "action"
    DECISION = "decision"
    NOTE = "note"


@event("moderation.CaseOpened", version=1)
class CaseOpened(Event):
    case_id: CaseId
    message_id: UUID
    conversation_id: UUID
    guardian_id: GuardianId
    pupil_id: PupilId
    track: str  # messaging's Track, by value: the published language has no cycles
    message_position: int
    message_sent_at: datetime
    message_hash: str
    copy: Personal[str] = personal(subject="case_id", category=Category.CONDUCT)


@event("moderation.FlagReceived", version=1)
class FlagReceived(Event):
    case_id: CaseId
    flag_id: UUID
    staff_id: StaffId
    category: str
    note: Personal[str] = personal(subject="case_id", category=Category.CONDUCT)


@event("moderation.LeaderAcknowledged", version=1)
class LeaderAcknowledged(Event):
    case_id: CaseId
    staff_id: StaffId


@event("moderation.FlagUpheld", version=1)
class FlagUpheld(Event):
    case_id: CaseId
    guardian_id: GuardianId
    message_id: UUID
    message_position: int
    consequence: Consequence
    by: DecidedBy
    staff_id: StaffId | None  # nobody where the school lets a flag warn by itself
    not_headteacher_because: Personal[str | None] = personal(subject="case_id", category=Category.CONDUCT)
    reason: Personal[str] = personal(subject="case_id", category=Category.CONDUCT)


@event("moderation.FlagDismissed", version=1)
class FlagDismissed(Event):
    case_id: CaseId
    guardian_id: GuardianId
    message_id: UUID
    by: DecidedBy
    staff_id: StaffId
    not_headteacher_because: Personal[str | None] = personal(subject="case_id", category=Category.CONDUCT)
    reason: Personal[str] = personal(subject="case_id", category=Category.CONDUCT)


@event("moderation.ParentWarned", version=1)
class ParentWarned(Event):
    guardian_id: GuardianId
    warning_id: WarningId
    case_id: CaseId
    message_id: UUID
    by: DecidedBy
    staff_id: StaffId | None
    reason: Personal[str] = personal(subject="warning_id", category=Category.CONDUCT)


@event("moderation.WarningDelivered", version=1)
class WarningDelivered(Event):
    guardian_id: GuardianId
    warning_id: WarningId
    means: DeliveredBy
    position: int  # of the first delivery


@event("moderation.WarningRescinded", version=1)
class WarningRescinded(Event):
    guardian_id: GuardianId
    warning_id: WarningId
    staff_id: StaffId
    reason: Personal[str] = personal(subject="warning_id", category=Category.CONDUCT)


@event("moderation.ParentRemoved", version=1)
class ParentRemoved(Event):
    guardian_id: GuardianId
    removal_id: RemovalId
    basis: RemovalBasis
    case_id: CaseId | None
    report_id: ReportId | None
    warning_id: WarningId | None
    by: DecidedBy
    staff_id: StaffId
    reason: Personal[str] = personal(subject="removal_id", category=Category.CONDUCT)


@event("moderation.ParentReinstated", version=1)
class ParentReinstated(Event):
    guardian_id: GuardianId
    removal_id: RemovalId
    staff_id: StaffId
    reason: Personal[str] = personal(subject="removal_id", category=Category.CONDUCT)


@event("moderation.ReinstatementTookEffect", version=1)
class ReinstatementTookEffect(Event):
    guardian_id: GuardianId
    removal_id: RemovalId
    position: int


@event("moderation.AccountSuspended", version=1)
class AccountSuspended(Event):
    guardian_id: GuardianId
    suspension_id: SuspensionId
    report_id: ReportId
    by: DecidedBy
    staff_id: StaffId
    reason: Personal[str] = personal(subject="suspension_id", category=Category.CONDUCT)


@event("moderation.SuspensionKept", version=1)
class SuspensionKept(Event):
    guardian_id: GuardianId
    suspension_id: SuspensionId
    staff_id: StaffId
    reason: Personal[str] = personal(subject="suspension_id", category=Category.CONDUCT)


@event("moderation.SuspensionLifted", version=1)
class SuspensionLifted(Event):
    guardian_id: GuardianId
    suspension_id: SuspensionId
    staff_id: StaffId
    reason: Personal[str] = personal(subject="suspension_id", category=Category.CONDUCT)


@event("moderation.AppealLodged", version=1)
class AppealLodged(Event):
    guardian_id: GuardianId
    appeal_id: AppealId
    text: Personal[str] = personal(subject="appeal_id", category=Category.CONDUCT)


@event("moderation.ReshareReported", version=1)
class ReshareReported(Event):
    report_id: ReportId
    reported_as: ReportedAs
    reported_id: PersonId
    shared: Shared
    reporter_id: PersonId
    account: Personal[str] = personal(subject="report_id", category=Category.CONDUCT)


@event("moderation.ReshareConfirmed", version=1)
class ReshareConfirmed(Event):
    report_id: ReportId
    by: DecidedBy
    staff_id: StaffId
    not_headteacher_because: Personal[str | None] = personal(subject="report_id", category=Category.CONDUCT)
    reason: Personal[str] = personal(subject="report_id", category=Category.CONDUCT)


@event("moderation.ReshareDismissed", version=1)
class ReshareDismissed(Event):
    report_id: ReportId
    by: DecidedBy
    staff_id: StaffId
    not_headteacher_because: Personal[str | None] = personal(subject="report_id", category=Category.CONDUCT)
    reason: Personal[str] = personal(subject="report_id", category=Category.CONDUCT)


@event("moderation.SafeguardingRecordOpened", version=1)
class SafeguardingRecordOpened(Event):
    """Opened by a flag (S77), with the message as it was sent and the hash of the event that sent it."""

    record_id: RecordId
    case_id: CaseId
    message_id: UUID
    guardian_id: GuardianId
    pupil_id: PupilId
    track: str
    opened_by: StaffId
    message_position: int
    message_sent_at: datetime
    message_hash: str
    copy: Personal[str] = personal(subject="record_id", category=Category.SAFEGUARDING)


@event("moderation.RecordEntryAdded", version=1)
class RecordEntryAdded(Event):
    record_id: RecordId
    entry_id: EntryId
    kind: EntryKind
    staff_id: StaffId | None
    text: Personal[str] = personal(subject="record_id", category=Category.SAFEGUARDING)
