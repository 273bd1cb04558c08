"""What moderation decides reaches the guardian's standing in messaging, once, however often it is told."""

from dataclasses import replace
from uuid import UUID

import pytest

from services.messaging.domain import standing
from services.messaging.domain.standing import Standing, may_send
from services.messaging.reactions import REACTIONS, outcomes, standing_stream
from shared.events.declaration import Event, Sealed
from shared.events.identity import GuardianId
from shared.events.messaging import (
    ReinstatementRecorded,
    RemovalRecorded,
    SuspensionEndRecorded,
    SuspensionRecorded,
    WarningReceived,
    WarningRecorded,
    WarningRescissionRecorded,
)
from shared.events.moderation import (
    AccountSuspended,
    AppealLodged,
    FlagDismissed,
    FlagUpheld,
    ParentReinstated,
    ParentRemoved,
    ParentWarned,
    RemovalId,
    SuspensionId,
    SuspensionKept,
    SuspensionLifted,
    WarningId,
    WarningRescinded,
)
from shared.policy.codes import REMOVED, SUSPENDED, WARNING_UNREAD, Code
from shared.policy.refusal import Refusal
from shared.testing.examples import example_of
from shared.testing.memory import MemoryLog

GUARDIAN, OTHER = GuardianId(UUID(int=1)), GuardianId(UUID(int=2))
WARNING, REMOVAL, SUSPENSION = WarningId(UUID(int=3)), RemovalId(UUID(int=4)), SuspensionId(UUID(int=5))

WHO = {"guardian_id": GUARDIAN, "reason": Sealed()}  # moderation's reasons are not messaging's to open
WARNED = replace(example_of(ParentWarned), warning_id=WARNING, **WHO)
RESCINDED = replace(example_of(WarningRescinded), warning_id=WARNING, **WHO)
OUT = replace(example_of(ParentRemoved), removal_id=REMOVAL, **WHO)
BACK = replace(example_of(ParentReinstated), removal_id=REMOVAL, **WHO)
PAUSED = replace(example_of(AccountSuspended), suspension_id=SUSPENSION, **WHO)
LIFTED = replace(example_of(SuspensionLifted), suspension_id=SUSPENSION, **WHO)


class Told:
    """Messaging's log, and moderation's as it is followed."""

    def __init__(self) -> None:
        self.own, self._moderation = MemoryLog(), MemoryLog()

    def of(self, *events: Event) -> list[Event]:
        """What each of moderation's events leads to."""
        found: list[Event] = []
        for event in events:
            told = replace(event, reason="told in moderation alone") if hasattr(event, "reason") else event
            cause = self._moderation.record(f"conduct-{GUARDIAN}", told)[0]
            found += [draft for _, draft in self.own.react(outcomes, cause, event)]
        return found

    def answer(self, guardian: GuardianId = GUARDIAN) -> Code | None:
        """What a guardian who sends now is answered."""
        state = self.own.fold(standing_stream(guardian), Standing(), standing.evolve)
        try:
            may_send(state, "0151 496 0000")
        except Refusal as refusal:
            return refusal.code
        return None


@pytest.mark.parametrize(
    ("decided", "recorded"),
    [
        (WARNED, WarningRecorded(guardian_id=GUARDIAN, warning_id=WARNING)),
        (RESCINDED, WarningRescissionRecorded(guardian_id=GUARDIAN, warning_id=WARNING)),
        (OUT, RemovalRecorded(guardian_id=GUARDIAN, removal_id=REMOVAL)),
        (BACK, ReinstatementRecorded(guardian_id=GUARDIAN, removal_id=REMOVAL)),
        (PAUSED, SuspensionRecorded(guardian_id=GUARDIAN, suspension_id=SUSPENSION)),
        (LIFTED, SuspensionEndRecorded(guardian_id=GUARDIAN, suspension_id=SUSPENSION)),
    ],
    ids=lambda event: type(event).__name__,
)
def test_S73_S70_each_outcome_is_recorded_once_in_the_guardian_s_standing(decided: Event, recorded: Event):
    told = Told()
    assert told.of(decided) == [recorded]
    assert told.of(decided) == []
    assert [envelope.stream for envelope in told.own.envelopes] == [f"standing-{GUARDIAN}"]


@pytest.mark.parametrize(
    ("decisions", "expected"),
    [
        ([WARNED], WARNING_UNREAD),
        ([WARNED, RESCINDED], None),
        ([WARNED, RESCINDED, WARNED], None),  # a warning told again, late
        ([WARNED, OUT], REMOVED),
        ([OUT, BACK], None),
        ([OUT, BACK, OUT], None),
        ([PAUSED], SUSPENDED),
        ([PAUSED, LIFTED], None),
        ([PAUSED, OUT, LIFTED], REMOVED),
    ],
)
def test_S73_S70_the_guardian_s_next_message_is_answered_by_what_was_decided(
    decisions: list[Event], expected: Code | None
):
    told = Told()
    told.of(*decisions)
    assert told.answer() == expected


def test_S73_a_warning_that_is_told_again_after_its_receipt_is_not_unread_again():
    told = Told()
    told.of(WARNED)
    told.own.record(standing_stream(GUARDIAN), WarningReceived(guardian_id=GUARDIAN, warning_id=WARNING))
    assert told.of(WARNED) == []
    assert told.answer() is None


def test_S73_one_parent_s_warning_is_not_the_other_s():
    told = Told()
    told.of(WARNED, OUT, PAUSED)
    assert told.answer(OTHER) is None


@pytest.mark.parametrize(
    "kind", [FlagUpheld, FlagDismissed, AppealLodged, SuspensionKept], ids=lambda kind: kind.__name__
)
def test_S75_what_is_no_outcome_for_messaging_leaves_no_trace_there(kind: type[Event]):
    assert Told().of(example_of(kind)) == []


def test_moderation_alone_is_followed():
    assert {reaction.source for reaction in REACTIONS} == {"moderation"}
