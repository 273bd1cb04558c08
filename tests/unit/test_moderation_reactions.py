"""What moderation makes of messaging's events, without I/O: messaging's log and moderation's own, both in memory."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.moderation.domain import conduct
from services.moderation.domain.case import case_of, case_stream
from services.moderation.domain.conduct import Conduct, conduct_stream
from services.moderation.domain.record import record_of, record_stream
from services.moderation.reactions import messaging_followed
from shared.events.declaration import Event
from shared.events.identity import GuardianId, PupilId, StaffId
from shared.events.messaging import (
    ConversationId,
    DeliveryId,
    DeliveryMeans,
    FlagCategory,
    FlagId,
    MessageFlagged,
    MessageId,
    ReinstatementRecorded,
    Track,
    WarningHandedOver,
    WarningReceived,
)
from shared.events.moderation import (
    CaseId,
    CaseOpened,
    Consequence,
    DecidedBy,
    DeliveredBy,
    FlagDismissed,
    FlagReceived,
    FlagUpheld,
    ParentReinstated,
    ParentRemoved,
    ParentWarned,
    RecordEntryAdded,
    ReinstatementTookEffect,
    RemovalBasis,
    RemovalId,
    SafeguardingRecordOpened,
    WarningDelivered,
    WarningId,
    WarningRescinded,
)
from shared.log.commands import Drafts
from shared.policy.parameters import Parameters
from shared.testing.memory import MemoryLog

PARENT, PUPIL = GuardianId(UUID(int=1)), PupilId(UUID(int=2))
TEACHER, COLLEAGUE, HEAD = StaffId(UUID(int=3)), StaffId(UUID(int=4)), StaffId(UUID(int=5))
MESSAGE, SECOND = MessageId(UUID(int=6)), MessageId(UUID(int=7))
WARNING, REMOVAL = WarningId(UUID(int=8)), RemovalId(UUID(int=9))
BY_ITSELF = Parameters(flag_warns_by_itself=True)


@dataclass(slots=True)
class TwoLogs:
    """Messaging's log, and moderation's, which follows it."""

    messaging: MemoryLog = field(default_factory=MemoryLog)
    moderation: MemoryLog = field(default_factory=MemoryLog)

    def hear(self, event: Event, parameters: Parameters | None = None, *, after: int = 0) -> Drafts:
        """Messaging records something (behind so much that is not told of), and moderation reacts."""
        for number in range(after):
            self.messaging.record("filler-0", WarningReceived(guardian_id=PARENT, warning_id=_filler(number)))
        stream = f"message-{event.message_id}" if isinstance(event, MessageFlagged) else f"standing-{PARENT}"
        [cause] = self.messaging.record(stream, event)
        return self.moderation.react(messaging_followed, cause, event, parameters)

    @property
    def standing(self) -> Conduct:
        return self.moderation.fold(conduct_stream(PARENT), Conduct(), conduct.evolve)


def _filler(number: int) -> WarningId:
    return WarningId(UUID(int=1_000 + number))


def a_flag(
    message: MessageId = MESSAGE,
    *,
    number: int = 1,
    track: Track = Track.CONDUCT,
    by: StaffId = TEACHER,
    position: int = 3,
) -> MessageFlagged:
    return MessageFlagged(
        flag_id=FlagId(UUID(int=100 + number)),
        message_id=message,
        conversation_id=ConversationId(UUID(int=10)),
        guardian_id=PARENT,
        pupil_id=PUPIL,
        staff_id=by,
        track=track,
        category=FlagCategory.OTHER,
        message_position=position,
        message_sent_at=datetime(2026, 9, 7, 21, 30, tzinfo=UTC),
        message_hash="ab" * 32,
        note=f"Note {number}",
        copy="The words as they were sent",
    )


def warned(warning: WarningId = WARNING) -> ParentWarned:
    return ParentWarned(
        guardian_id=PARENT,
        warning_id=warning,
        case_id=CaseId(UUID(int=11)),
        message_id=MESSAGE,
        by=DecidedBy.HEADTEACHER,
        staff_id=HEAD,
        reason="It was unkind",
    )


def removed() -> ParentRemoved:
    return ParentRemoved(
        guardian_id=PARENT,
        removal_id=REMOVAL,
        basis=RemovalBasis.MISUSE_AFTER_WARNING,
        case_id=CaseId(UUID(int=11)),
        report_id=None,
        warning_id=WARNING,
        by=DecidedBy.HEADTEACHER,
        staff_id=HEAD,
        reason="Again",
    )


RECEIPT = WarningReceived(guardian_id=PARENT, warning_id=WARNING)
REINSTATED = ParentReinstated(guardian_id=PARENT, removal_id=REMOVAL, staff_id=HEAD, reason="We talked")


@pytest.fixture
def logs() -> TwoLogs:
    return TwoLogs()


def kinds(drafts: Drafts) -> list[type[Event]]:
    return [type(event) for _, event in drafts]


def test_S75_S77_the_first_flag_opens_a_case_and_a_record_in_one_append(logs: TwoLogs):
    drafts = logs.hear(a_flag())
    case_id = case_of(MESSAGE, Track.CONDUCT)
    to_case, to_record = case_stream(case_id), record_stream(record_of(case_id))
    assert [(stream, type(event)) for stream, event in drafts] == [
        (to_case, CaseOpened),
        (to_case, FlagReceived),
        (to_record, SafeguardingRecordOpened),
        (to_record, RecordEntryAdded),
    ]


def test_S75_a_second_flag_is_added_to_both(logs: TwoLogs):
    logs.hear(a_flag())
    assert kinds(logs.hear(a_flag(number=2, by=COLLEAGUE))) == [FlagReceived, RecordEntryAdded]


def test_a_flag_that_is_delivered_again_changes_nothing(logs: TwoLogs):
    logs.hear(a_flag())
    assert logs.hear(a_flag()) == []


def test_S75_a_flag_on_a_dismissed_case_is_received_and_reopens_nothing(logs: TwoLogs):
    logs.hear(a_flag())
    case_id = case_of(MESSAGE, Track.CONDUCT)
    logs.moderation.record(
        case_stream(case_id),
        FlagDismissed(
            case_id=case_id,
            guardian_id=PARENT,
            message_id=MESSAGE,
            by=DecidedBy.HEADTEACHER,
            staff_id=HEAD,
            not_headteacher_because=None,
            reason="It is fair",
        ),
    )
    assert kinds(logs.hear(a_flag(number=2), BY_ITSELF)) == [FlagReceived, RecordEntryAdded]
    assert logs.standing == Conduct()


def test_T6_by_default_a_flag_warns_nobody(logs: TwoLogs):
    assert not Parameters().flag_warns_by_itself
    logs.hear(a_flag())
    assert logs.standing == Conduct()


def test_T6_where_the_school_says_so_a_flag_on_conduct_warns_by_itself(logs: TwoLogs):
    drafts = logs.hear(a_flag(), BY_ITSELF)
    assert kinds(drafts) == [
        CaseOpened,
        FlagReceived,
        SafeguardingRecordOpened,
        RecordEntryAdded,
        FlagUpheld,
        ParentWarned,
        RecordEntryAdded,
    ]
    upheld, given_warning = drafts[4][1], drafts[5][1]
    assert isinstance(upheld, FlagUpheld)
    assert (upheld.by, upheld.staff_id, upheld.consequence) == (DecidedBy.SCHOOL_PARAMETER, None, Consequence.WARNING)
    assert isinstance(given_warning, ParentWarned)
    assert (given_warning.by, given_warning.staff_id) == (DecidedBy.SCHOOL_PARAMETER, None)


def test_S75_a_warning_by_itself_tells_the_guardian_nothing_of_the_flag(logs: TwoLogs):
    drafts = logs.hear(a_flag(), BY_ITSELF)
    [reason] = [event.reason for _, event in drafts if isinstance(event, ParentWarned)]
    assert isinstance(reason, str)
    assert "flag" not in reason
    assert "Note 1" not in reason


def test_T6_a_second_flag_never_warns_twice_and_never_removes(logs: TwoLogs):
    logs.hear(a_flag(), BY_ITSELF)
    warning = logs.standing.warning
    assert warning is not None
    assert ParentWarned not in kinds(logs.hear(a_flag(SECOND, number=2), BY_ITSELF))
    logs.hear(WarningReceived(guardian_id=PARENT, warning_id=warning.warning_id))
    third = logs.hear(a_flag(MessageId(UUID(int=60)), number=3, position=99), BY_ITSELF)
    assert kinds(third) == [CaseOpened, FlagReceived, SafeguardingRecordOpened, RecordEntryAdded]
    assert logs.standing.removal is None


def test_T14_a_concern_about_a_child_warns_nobody_also_where_a_flag_warns_by_itself(logs: TwoLogs):
    drafts = logs.hear(a_flag(track=Track.CHILD_CONCERN), BY_ITSELF)
    assert kinds(drafts) == [CaseOpened, FlagReceived, SafeguardingRecordOpened, RecordEntryAdded]
    assert logs.standing == Conduct()


def test_S73_a_receipt_delivers_at_its_place_in_messaging_s_log(logs: TwoLogs):
    logs.moderation.record(conduct_stream(PARENT), warned())
    [(stream, delivered)] = logs.hear(RECEIPT, after=41)
    assert stream == conduct_stream(PARENT)
    assert delivered == WarningDelivered(guardian_id=PARENT, warning_id=WARNING, means=DeliveredBy.RECEIPT, position=42)


@pytest.mark.parametrize("means", DeliveryMeans)
def test_S73_the_headteacher_s_letter_or_meeting_delivers_too(logs: TwoLogs, means: DeliveryMeans):
    logs.moderation.record(conduct_stream(PARENT), warned())
    handed = WarningHandedOver(
        guardian_id=PARENT,
        warning_id=WARNING,
        delivery_id=DeliveryId(UUID(int=12)),
        means=means,
        staff_id=HEAD,
        reason="They do not use the app",
    )
    [(_, delivered)] = logs.hear(handed)
    assert isinstance(delivered, WarningDelivered)
    assert (delivered.means, delivered.position) == (means.value, 1)


def test_S73_later_receipts_change_nothing(logs: TwoLogs):
    logs.moderation.record(conduct_stream(PARENT), warned())
    logs.hear(RECEIPT)
    assert logs.hear(RECEIPT) == []


def test_S73_a_receipt_of_a_warning_that_was_rescinded_meanwhile_changes_nothing(logs: TwoLogs):
    logs.moderation.record(
        conduct_stream(PARENT),
        warned(),
        WarningRescinded(guardian_id=PARENT, warning_id=WARNING, staff_id=HEAD, reason="We talked"),
    )
    assert logs.hear(RECEIPT) == []


def test_S73_a_reinstatement_takes_effect_at_its_place_in_messaging_s_log(logs: TwoLogs):
    logs.moderation.record(conduct_stream(PARENT), warned(), removed(), REINSTATED)
    [(_, effect)] = logs.hear(ReinstatementRecorded(guardian_id=PARENT, removal_id=REMOVAL), after=6)
    assert effect == ReinstatementTookEffect(guardian_id=PARENT, removal_id=REMOVAL, position=7)
    assert logs.hear(ReinstatementRecorded(guardian_id=PARENT, removal_id=REMOVAL)) == []


def test_what_moderation_makes_of_an_event_follows_from_the_event_alone(logs: TwoLogs):
    """However often it is tried before it is committed, it is the same case, the same record and the same warning."""
    assert logs.hear(a_flag(), BY_ITSELF) == TwoLogs().hear(a_flag(), BY_ITSELF)
