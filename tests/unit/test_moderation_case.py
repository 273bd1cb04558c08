"""Cases in the policy's words: flagged, acknowledged, decided once, and what the decision comes to over all streams."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.moderation.domain import case, conduct, decision, record
from services.moderation.domain.case import Case, CaseEvent, Decision, case_of, case_stream
from services.moderation.domain.conduct import Conduct, WarningGiven, conduct_stream
from services.moderation.domain.decision import Ids, Known
from services.moderation.domain.record import Record, record_of, record_stream
from shared.events.declaration import Event
from shared.events.identity import GuardianId, PupilId, StaffId
from shared.events.messaging import ConversationId, FlagCategory, FlagId, MessageFlagged, MessageId, Track
from shared.events.moderation import (
    CaseOpened,
    Consequence,
    DecidedBy,
    EntryId,
    EntryKind,
    FlagDismissed,
    FlagReceived,
    FlagUpheld,
    LeaderAcknowledged,
    ParentRemoved,
    ParentWarned,
    RecordEntryAdded,
    RemovalId,
    WarningId,
)
from shared.policy.codes import DECIDED_BEFORE, NOT_FOUND, SAY_WHY_NOT_HEADTEACHER
from shared.policy.refusal import Refusal

PARENT, PUPIL = GuardianId(UUID(int=1)), PupilId(UUID(int=2))
TEACHER, HEAD, DEPUTY = StaffId(UUID(int=3)), StaffId(UUID(int=4)), StaffId(UUID(int=5))
MESSAGE, CONVERSATION = MessageId(UUID(int=6)), ConversationId(UUID(int=7))
SENT = datetime(2026, 9, 7, 21, 30, tzinfo=UTC)
IDS = Ids(warning_id=WarningId(UUID(int=8)), removal_id=RemovalId(UUID(int=9)), entry_id=EntryId(UUID(int=10)))
HASH = "ab" * 32


def a_flag(
    *, number: int = 1, track: Track = Track.CONDUCT, message: MessageId = MESSAGE, position: int = 30
) -> MessageFlagged:
    return MessageFlagged(
        flag_id=FlagId(UUID(int=100 + number)),
        message_id=message,
        conversation_id=CONVERSATION,
        guardian_id=PARENT,
        pupil_id=PUPIL,
        staff_id=TEACHER,
        track=track,
        category=FlagCategory.ABUSIVE if track is Track.CONDUCT else FlagCategory.NEGLECT,
        message_position=position,
        message_sent_at=SENT,
        message_hash=HASH,
        note="It reads as a threat",
        copy="The words as they were sent",
    )


def received(*flags: MessageFlagged, then: Sequence[CaseEvent] = ()) -> Case:
    state = Case()
    for flag in flags:
        for event in case.receive(flag, state):
            state = case.evolve(state, event)
    for event in then:
        state = case.evolve(state, event)
    return state


def filed(*flags: MessageFlagged) -> Record:
    state = Record()
    for flag in flags:
        for event in record.receive(flag, state):
            state = record.evolve(state, event)
    return state


def a_decision(
    track: Track = Track.CONDUCT,
    *,
    by: DecidedBy = DecidedBy.HEADTEACHER,
    staff: StaffId | None = HEAD,
    because: str | None = None,
) -> Decision:
    return Decision(
        case_id=case_of(MESSAGE, track), by=by, staff_id=staff, reason="It was unkind", not_headteacher_because=because
    )


def known(*flags: MessageFlagged, standing: Conduct | None = None, then: Sequence[CaseEvent] = ()) -> Known:
    return Known(case=received(*flags, then=then), conduct=standing or Conduct(), record=filed(*flags))


def of(kind: type[Event], drafts: decision.Decided) -> list[tuple[str, Event]]:
    return [(stream, event) for stream, event in drafts if isinstance(event, kind)]


def test_S75_S77_the_first_flag_opens_the_case_with_the_message_as_it_was_sent():
    opened, flagged = case.receive(a_flag(), Case())
    assert isinstance(opened, CaseOpened)
    assert opened.copy == "The words as they were sent"
    assert (opened.message_hash, opened.message_position, opened.message_sent_at) == (HASH, 30, SENT)
    assert flagged == FlagReceived(
        case_id=opened.case_id,
        flag_id=FlagId(UUID(int=101)),
        staff_id=TEACHER,
        category="abusive",
        note="It reads as a threat",
    )


def test_S75_flags_on_one_message_and_track_are_one_incident():
    [again] = case.receive(a_flag(number=2), received(a_flag()))
    assert isinstance(again, FlagReceived)
    assert case_of(MESSAGE, Track.CONDUCT) == again.case_id


def test_T14_one_message_may_carry_both_tracks_and_then_has_two_cases():
    assert case_of(MESSAGE, Track.CONDUCT) != case_of(MESSAGE, Track.CHILD_CONCERN)


def test_a_flag_that_was_received_is_not_received_again():
    assert case.receive(a_flag(), received(a_flag())) == []


def test_S76_the_first_leader_who_acknowledges_says_it_for_both():
    case_id = case_of(MESSAGE, Track.CONDUCT)
    seen = LeaderAcknowledged(case_id=case_id, staff_id=DEPUTY)
    assert case.acknowledge(case_id, DEPUTY, received(a_flag())) == [seen]
    assert case.acknowledge(case_id, HEAD, received(a_flag(), then=[seen])) == []


def test_S73_upholding_misuse_decides_the_case_warns_and_is_recorded_in_one():
    drafts = decision.uphold(a_decision(), known(a_flag()), IDS)
    case_id = case_of(MESSAGE, Track.CONDUCT)
    assert [stream for stream, _ in drafts] == [
        case_stream(case_id),
        conduct_stream(PARENT),
        record_stream(record_of(case_id)),
    ]
    upheld, warned, entry = (event for _, event in drafts)
    assert isinstance(upheld, FlagUpheld)
    assert (upheld.consequence, upheld.by, upheld.staff_id) == (Consequence.WARNING, DecidedBy.HEADTEACHER, HEAD)
    assert isinstance(warned, ParentWarned)
    assert isinstance(entry, RecordEntryAdded)
    assert (entry.kind, entry.text, entry.staff_id) == (EntryKind.DECISION, "It was unkind", HEAD)


def test_S73_misuse_after_a_delivered_warning_removes_and_the_case_says_so():
    standing = Conduct(warning=WarningGiven(WarningId(UUID(int=20)), delivered_at=29))
    drafts = decision.uphold(a_decision(), known(a_flag(position=30), standing=standing), IDS)
    assert [event.consequence for _, event in of(FlagUpheld, drafts) if isinstance(event, FlagUpheld)] == [
        Consequence.REMOVAL
    ]
    assert len(of(ParentRemoved, drafts)) == 1


def test_S73_upheld_before_the_delivery_the_case_says_that_nothing_more_follows():
    standing = Conduct(warning=WarningGiven(WarningId(UUID(int=20))))
    drafts = decision.uphold(a_decision(), known(a_flag(), standing=standing), IDS)
    assert [event.consequence for _, event in of(FlagUpheld, drafts) if isinstance(event, FlagUpheld)] == [
        Consequence.NONE
    ]
    assert of(ParentWarned, drafts) == of(ParentRemoved, drafts) == []


@pytest.mark.parametrize(
    "standing",
    [Conduct(), Conduct(warning=WarningGiven(WarningId(UUID(int=20)), delivered_at=1))],
    ids=["nobody was warned", "a warning was delivered"],
)
def test_T14_a_concern_about_a_child_is_never_misuse(standing: Conduct):
    drafts = decision.uphold(
        a_decision(Track.CHILD_CONCERN), known(a_flag(track=Track.CHILD_CONCERN), standing=standing), IDS
    )
    assert conduct_stream(PARENT) not in {stream for stream, _ in drafts}
    [(_, upheld)] = of(FlagUpheld, drafts)
    assert isinstance(upheld, FlagUpheld)
    assert upheld.consequence is Consequence.NONE


def test_S06_a_dismissal_changes_nothing_about_the_guardian_and_is_recorded():
    dismissed, entry = (event for _, event in decision.dismiss(a_decision(), HEAD, known(a_flag()), IDS))
    assert isinstance(dismissed, FlagDismissed)
    assert isinstance(entry, RecordEntryAdded)
    assert entry.kind is EntryKind.DECISION


def dismissal() -> CaseEvent:
    [found] = case.dismiss(a_decision(), HEAD, received(a_flag()))
    return found


def upholding() -> CaseEvent:
    [found] = case.uphold(a_decision(), received(a_flag()), Consequence.WARNING)
    return found


@pytest.mark.parametrize("first", [dismissal, upholding])
def test_S06_a_decision_is_final(first: object):
    decided = known(a_flag(), then=[first()])  # type: ignore[operator]
    for again in (
        lambda: decision.uphold(a_decision(), decided, IDS),
        lambda: decision.dismiss(a_decision(), HEAD, decided, IDS),
    ):
        with pytest.raises(Refusal) as raised:
            again()
        assert raised.value.code is DECIDED_BEFORE


def test_S75_a_message_that_was_dismissed_and_is_flagged_again_is_not_reopened():
    state = received(a_flag(), then=[dismissal()])
    later = case.receive(a_flag(number=2), state)
    assert [type(event) for event in later] == [FlagReceived]
    for event in later:
        state = case.evolve(state, event)
    assert state.decided
    with pytest.raises(Refusal) as raised:
        case.uphold(a_decision(), state, Consequence.WARNING)
    assert raised.value.code is DECIDED_BEFORE


def test_S06_the_deputy_says_why_the_headteacher_did_not_decide():
    by_deputy = a_decision(by=DecidedBy.DEPUTY_HEADTEACHER, staff=DEPUTY)
    for silent in (
        lambda: decision.uphold(by_deputy, known(a_flag()), IDS),
        lambda: decision.dismiss(by_deputy, DEPUTY, known(a_flag()), IDS),
    ):
        with pytest.raises(Refusal) as raised:
            silent()
        assert (raised.value.code, raised.value.clause) == (SAY_WHY_NOT_HEADTEACHER, "S06")


def test_S06_what_the_deputy_says_is_kept_with_the_decision():
    said = a_decision(by=DecidedBy.DEPUTY_HEADTEACHER, staff=DEPUTY, because="She is away today")
    [upheld] = case.uphold(said, received(a_flag()), Consequence.WARNING)
    assert isinstance(upheld, FlagUpheld)
    assert (upheld.not_headteacher_because, upheld.by) == ("She is away today", DecidedBy.DEPUTY_HEADTEACHER)


def test_what_nobody_flagged_is_no_case():
    nothing = Known(case=Case(), conduct=Conduct(), record=Record())
    with pytest.raises(Refusal) as raised:
        decision.uphold(a_decision(), nothing, IDS)
    assert raised.value.code is NOT_FOUND
    with pytest.raises(Refusal):
        _ = Case().opened


def test_a_decision_s_conduct_is_what_the_rule_says_and_no_second_one():
    """Two messages upheld at once before any delivery: decided one after the other they come to one warning."""
    first = decision.uphold(a_decision(), known(a_flag()), IDS)
    standing = Conduct()
    for _, event in of(ParentWarned, first):
        standing = conduct.evolve(standing, event)  # type: ignore[arg-type]
    second = decision.uphold(a_decision(), known(a_flag(), standing=standing), IDS)
    assert of(ParentWarned, second) == []
