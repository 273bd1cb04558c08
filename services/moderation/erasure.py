"""Whom the personal texts of moderation concern. A request erases none of them: others decide (S20, T1)."""

from shared.events.moderation import (
    AccountSuspended,
    AppealLodged,
    CaseOpened,
    FlagDismissed,
    FlagReceived,
    FlagUpheld,
    ParentReinstated,
    ParentRemoved,
    ParentWarned,
    RecordEntryAdded,
    ReshareConfirmed,
    ReshareDismissed,
    ReshareReported,
    SafeguardingRecordOpened,
    SuspensionKept,
    SuspensionLifted,
    WarningRescinded,
)
from shared.privacy.erasure import Concerns

CONCERNS: Concerns = {
    CaseOpened: ("guardian_id", "pupil_id"),
    FlagReceived: (),  # the case's opening names them
    FlagUpheld: ("guardian_id",),
    FlagDismissed: ("guardian_id",),
    ParentWarned: ("guardian_id",),
    WarningRescinded: ("guardian_id",),
    ParentRemoved: ("guardian_id",),
    ParentReinstated: ("guardian_id",),
    AccountSuspended: ("guardian_id",),
    SuspensionKept: ("guardian_id",),
    SuspensionLifted: ("guardian_id",),
    AppealLodged: ("guardian_id",),
    ReshareReported: ("reported_id", "reporter_id"),
    ReshareConfirmed: (),  # the report names them
    ReshareDismissed: (),
    SafeguardingRecordOpened: ("guardian_id", "pupil_id"),
    RecordEntryAdded: (),  # the record's opening names them
}
