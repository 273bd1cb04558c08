"""The one-warning rule in the policy's words (S73): given what stands, when something is decided, then this follows.

Numbers are places in messaging's log: they alone say what was sent after what.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import pytest

from services.moderation.domain import conduct
from services.moderation.domain.conduct import (
    Conduct,
    ConductEvent,
    KeepSuspension,
    LiftSuspension,
    LodgeAppeal,
    Misuse,
    Reinstate,
    RemoveByOverride,
    RemoveForResharing,
    RescindWarning,
    SuspendForResharing,
    conduct_stream,
)
from shared.events.declaration import Erased, Sealed
from shared.events.identity import GuardianId, StaffId
from shared.events.moderation import (
    AccountSuspended,
    AppealId,
    AppealLodged,
    CaseId,
    Consequence,
    DecidedBy,
    DeliveredBy,
    ParentReinstated,
    ParentRemoved,
    ParentWarned,
    ReinstatementTookEffect,
    RemovalBasis,
    RemovalId,
    ReportId,
    SuspensionId,
    SuspensionKept,
    SuspensionLifted,
    WarningDelivered,
    WarningId,
    WarningRescinded,
)
from shared.policy.codes import NOT_SANCTIONED
from shared.testing.specification import specification

PARENT, OTHER_PARENT = GuardianId(UUID(int=1)), GuardianId(UUID(int=2))
HEAD, DEPUTY = StaffId(UUID(int=3)), StaffId(UUID(int=4))
CASE, MESSAGE, REPORT = CaseId(UUID(int=5)), UUID(int=6), ReportId(UUID(int=7))
WARNING, SECOND_WARNING, MADE_NOW = (WarningId(UUID(int=number)) for number in (8, 9, 14))
REMOVAL, NEW_REMOVAL = RemovalId(UUID(int=10)), RemovalId(UUID(int=11))
SUSPENSION, APPEAL = SuspensionId(UUID(int=12)), AppealId(UUID(int=13))
WHY = "It was unkind"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The guardian reads the warning, or is handed it."""

    warning_id: WarningId
    at: int
    means: DeliveredBy = DeliveredBy.RECEIPT


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachedMessaging:
    """Messaging has recorded a reinstatement."""

    removal_id: RemovalId
    at: int


def decide(command: object, state: Conduct) -> Sequence[ConductEvent]:
    match command:
        case Misuse():
            return conduct.uphold(command, state, MADE_NOW, NEW_REMOVAL)
        case SuspendForResharing():
            return conduct.suspend(command, state)
        case LodgeAppeal():
            return conduct.appeal(command, state)
        case Receipt(warning_id=warning, at=at, means=means):
            return conduct.delivered(PARENT, warning, means, at, state)
        case ReachedMessaging(removal_id=removal, at=at):
            return conduct.took_effect(PARENT, removal, at, state)
        case _:
            return conduct.decide(command, state)  # type: ignore[arg-type]  # the rest are the Headteacher's


given = specification(decide, conduct.evolve, Conduct())


def misuse(*, at: int, by: DecidedBy = DecidedBy.HEADTEACHER, staff: StaffId | None = HEAD) -> Misuse:
    return Misuse(
        guardian_id=PARENT,
        case_id=CASE,
        message_id=MESSAGE,
        message_position=at,
        by=by,
        staff_id=staff,
        reason=WHY,
    )


def warned(
    warning: WarningId = WARNING, by: DecidedBy = DecidedBy.HEADTEACHER, staff: StaffId | None = HEAD
) -> ParentWarned:
    return ParentWarned(
        guardian_id=PARENT, warning_id=warning, case_id=CASE, message_id=MESSAGE, by=by, staff_id=staff, reason=WHY
    )


def delivered(at: int, warning: WarningId = WARNING, means: DeliveredBy = DeliveredBy.RECEIPT) -> WarningDelivered:
    return WarningDelivered(guardian_id=PARENT, warning_id=warning, means=means, position=at)


def removed(
    removal: RemovalId = NEW_REMOVAL,
    *,
    warning: WarningId = WARNING,
    by: DecidedBy = DecidedBy.HEADTEACHER,
    staff: StaffId = HEAD,
) -> ParentRemoved:
    return ParentRemoved(
        guardian_id=PARENT,
        removal_id=removal,
        basis=RemovalBasis.MISUSE_AFTER_WARNING,
        case_id=CASE,
        report_id=None,
        warning_id=warning,
        by=by,
        staff_id=staff,
        reason=WHY,
    )


def removed_by_the_headteacher(basis: RemovalBasis, removal: RemovalId = NEW_REMOVAL) -> ParentRemoved:
    return ParentRemoved(
        guardian_id=PARENT,
        removal_id=removal,
        basis=basis,
        case_id=None,
        report_id=None,
        warning_id=None,
        by=DecidedBy.HEADTEACHER,
        staff_id=HEAD,
        reason=WHY,
    )


def reinstated(removal: RemovalId = NEW_REMOVAL) -> ParentReinstated:
    return ParentReinstated(guardian_id=PARENT, removal_id=removal, staff_id=HEAD, reason=WHY)


def took_effect(at: int, removal: RemovalId = NEW_REMOVAL) -> ReinstatementTookEffect:
    return ReinstatementTookEffect(guardian_id=PARENT, removal_id=removal, position=at)


def rescinded(warning: WarningId = WARNING) -> WarningRescinded:
    return WarningRescinded(guardian_id=PARENT, warning_id=warning, staff_id=HEAD, reason=WHY)


def suspended() -> AccountSuspended:
    return AccountSuspended(
        guardian_id=PARENT,
        suspension_id=SUSPENSION,
        report_id=REPORT,
        by=DecidedBy.HEADTEACHER,
        staff_id=HEAD,
        reason=WHY,
    )


SUSPEND = SuspendForResharing(
    guardian_id=PARENT,
    suspension_id=SUSPENSION,
    report_id=REPORT,
    by=DecidedBy.HEADTEACHER,
    staff_id=HEAD,
    reason=WHY,
)
RESCIND = RescindWarning(guardian_id=PARENT, staff_id=HEAD, reason=WHY)
REINSTATE = Reinstate(guardian_id=PARENT, staff_id=HEAD, reason=WHY)
OVERRIDE = RemoveByOverride(guardian_id=PARENT, removal_id=NEW_REMOVAL, staff_id=HEAD, reason=WHY)
REMOVE_FOR_RESHARING = RemoveForResharing(guardian_id=PARENT, removal_id=NEW_REMOVAL, staff_id=HEAD, reason=WHY)
KEEP = KeepSuspension(guardian_id=PARENT, staff_id=HEAD, reason=WHY)
LIFT = LiftSuspension(guardian_id=PARENT, staff_id=HEAD, reason=WHY)
LODGE = LodgeAppeal(guardian_id=PARENT, appeal_id=APPEAL, text="Please look at this again")


# -- one warning, then removal -------------------------------------------------------------------------------


def test_S73_the_first_upheld_misuse_warns():
    given().when(misuse(at=5)).then(warned(MADE_NOW))


def test_S73_misuse_upheld_before_the_warning_was_delivered_counts_once():
    given(warned()).when(misuse(at=6)).then_nothing()


def test_S73_a_message_sent_before_the_delivery_never_removes_even_when_it_is_upheld_after_it():
    given(warned(), delivered(20)).when(misuse(at=19)).then_nothing()


def test_S73_a_message_sent_after_the_delivery_and_upheld_removes():
    given(warned(), delivered(20)).when(misuse(at=21)).then(removed())


def test_S73_only_the_first_delivery_counts():
    given(warned(), delivered(20)).when(Receipt(warning_id=WARNING, at=30)).then_nothing()


@pytest.mark.parametrize("means", DeliveredBy)
def test_S73_a_warning_is_delivered_by_receipt_or_by_the_headteacher_s_letter_or_meeting(means: DeliveredBy):
    given(warned()).when(Receipt(warning_id=WARNING, at=20, means=means)).then(delivered(20, means=means))


def test_S73_a_receipt_never_removes_anyone_after_the_fact():
    """Misuse at 6 and at 7, both upheld, and only then the receipt at 8: it delivers the warning and no more."""
    given(warned()).when(misuse(at=7)).then_nothing()
    given(warned()).when(Receipt(warning_id=WARNING, at=8)).then(delivered(8))


def test_S73_a_receipt_of_a_warning_that_was_rescinded_delivers_nothing():
    given(warned(), rescinded()).when(Receipt(warning_id=WARNING, at=8)).then_nothing()


def test_S73_a_receipt_of_an_old_warning_does_not_deliver_the_new_one():
    given(warned(), rescinded(), warned(SECOND_WARNING)).when(Receipt(warning_id=WARNING, at=8)).then_nothing()


def test_S73_whoever_is_removed_is_not_removed_twice():
    given(warned(), delivered(20), removed()).when(misuse(at=22)).then_nothing()


# -- what the Headteacher undoes -----------------------------------------------------------------------------


def test_S06_rescinding_clears_the_warning_so_that_the_next_misuse_warns_anew():
    given(warned(), delivered(20)).when(RESCIND).then(rescinded())
    given(warned(), delivered(20), rescinded()).when(misuse(at=25)).then(warned(MADE_NOW))


def test_S73_after_a_rescission_the_old_delivery_does_not_count():
    given(warned(), delivered(20), rescinded(), warned(SECOND_WARNING)).when(misuse(at=30)).then_nothing()


def test_S06_reinstating_undoes_the_removal_and_keeps_the_warning():
    given(warned(), delivered(20), removed()).when(REINSTATE).then(reinstated())
    state = Conduct()
    for event in (warned(), delivered(20), removed(), reinstated(), took_effect(40)):
        state = conduct.evolve(state, event)
    assert state.warning == conduct.WarningGiven(WARNING, 20)
    assert state.removal is None


def test_S73_after_a_reinstatement_only_messages_after_it_count():
    back = (warned(), delivered(20), removed(REMOVAL), reinstated(REMOVAL), took_effect(40, REMOVAL))
    given(*back).when(misuse(at=39)).then_nothing()
    given(*back).when(misuse(at=41)).then(removed())


def test_S73_until_messaging_has_recorded_the_reinstatement_nothing_stands_after_it():
    given(warned(), delivered(20), removed(REMOVAL), reinstated(REMOVAL)).when(misuse(at=99)).then_nothing()


def test_S73_a_reinstatement_takes_effect_once_and_where_messaging_recorded_it():
    on_its_way = (warned(), delivered(20), removed(REMOVAL), reinstated(REMOVAL))
    given(*on_its_way).when(ReachedMessaging(removal_id=REMOVAL, at=40)).then(took_effect(40, REMOVAL))
    there = (*on_its_way, took_effect(40, REMOVAL))
    given(*there).when(ReachedMessaging(removal_id=REMOVAL, at=50)).then_nothing()
    given(*on_its_way).when(ReachedMessaging(removal_id=NEW_REMOVAL, at=40)).then_nothing()


def test_S06_rescinding_while_removed_leaves_the_removal():
    state = Conduct()
    for event in (warned(), delivered(20), removed(), rescinded()):
        state = conduct.evolve(state, event)
    assert state.removal == NEW_REMOVAL


def test_S06_the_headteacher_may_remove_by_override_without_a_warning():
    given().when(OVERRIDE).then(removed_by_the_headteacher(RemovalBasis.OVERRIDE))


def test_S06_an_override_of_somebody_who_is_removed_changes_nothing():
    given(warned(), delivered(20), removed(REMOVAL)).when(OVERRIDE).then_nothing()


@pytest.mark.parametrize("command", [RESCIND, REINSTATE, KEEP, LIFT, REMOVE_FOR_RESHARING, LODGE])
def test_S06_what_does_not_stand_cannot_be_undone_kept_or_appealed(command: object):
    given().when(command).then_refused(NOT_SANCTIONED, "S06")


# -- who decides ---------------------------------------------------------------------------------------------


def test_S06_the_deputy_s_finding_counts_as_the_headteacher_s():
    by_deputy = misuse(at=21, by=DecidedBy.DEPUTY_HEADTEACHER, staff=DEPUTY)
    given().when(by_deputy).then(warned(MADE_NOW, by=DecidedBy.DEPUTY_HEADTEACHER, staff=DEPUTY))
    given(warned(), delivered(20)).when(by_deputy).then(removed(by=DecidedBy.DEPUTY_HEADTEACHER, staff=DEPUTY))


def test_T6_a_flag_that_warns_by_itself_warns_and_never_removes():
    by_itself = misuse(at=21, by=DecidedBy.SCHOOL_PARAMETER, staff=None)
    given().when(by_itself).then(warned(MADE_NOW, by=DecidedBy.SCHOOL_PARAMETER, staff=None))
    given(warned(), delivered(20)).when(by_itself).then_nothing()


def test_S73_the_rule_runs_for_each_guardian_and_not_for_a_child_or_a_family():
    """The stream is the guardian's: neither a child nor the other parent stands in its name or in what it holds."""
    assert conduct_stream(PARENT) != conduct_stream(OTHER_PARENT)
    assert "pupil_id" not in ParentWarned.__dataclass_fields__
    assert "pupil_id" not in ParentRemoved.__dataclass_fields__


def test_S78_what_counts_is_the_order_of_events_and_never_an_hour():
    """A misuse has a place and no time: the hour of sending cannot reach the rule."""
    assert not {"sent_at", "message_sent_at", "occurred_at"} & set(Misuse.__dataclass_fields__)


# -- re-sharing, appeals -------------------------------------------------------------------------------------


def test_S70_resharing_suspends_at_once_with_no_warning_before():
    given().when(SUSPEND).then(suspended())


def test_S74_resharing_neither_uses_nor_needs_the_warning():
    given(warned(), delivered(20)).when(SUSPEND).then(suspended())
    given(suspended()).when(misuse(at=5)).then(warned(MADE_NOW))
    given(warned(), suspended()).when(misuse(at=50)).then_nothing()


def test_S70_an_account_is_suspended_once():
    given(suspended()).when(SUSPEND).then_nothing()


def test_S72_the_headteacher_keeps_lifts_or_removes():
    given(suspended()).when(KEEP).then(
        SuspensionKept(guardian_id=PARENT, suspension_id=SUSPENSION, staff_id=HEAD, reason=WHY)
    )
    given(suspended()).when(LIFT).then(
        SuspensionLifted(guardian_id=PARENT, suspension_id=SUSPENSION, staff_id=HEAD, reason=WHY)
    )
    given(suspended()).when(REMOVE_FOR_RESHARING).then(removed_by_the_headteacher(RemovalBasis.RESHARING))


def test_T7_an_appeal_is_recorded_and_pauses_nothing():
    lodged = AppealLodged(guardian_id=PARENT, appeal_id=APPEAL, text="Please look at this again")
    given(warned(), delivered(20)).when(LODGE).then(lodged)
    given(warned(), delivered(20), lodged).when(misuse(at=21)).then(removed())
    state = Conduct(removal=REMOVAL, suspension=SUSPENSION)
    assert conduct.evolve(state, lodged) == state


@pytest.mark.parametrize("stands", [warned(), removed(), suspended()], ids=["warned", "removed", "suspended"])
def test_T7_whoever_was_warned_removed_or_suspended_may_appeal(stands: ConductEvent):
    given(stands).when(LODGE).then(AppealLodged(guardian_id=PARENT, appeal_id=APPEAL, text="Please look at this again"))


@pytest.mark.parametrize("gone", [Erased(), Sealed()], ids=["erased", "sealed"])
def test_a_history_whose_reasons_are_gone_decides_the_same(gone: Erased | Sealed):
    told = ParentWarned(
        guardian_id=PARENT,
        warning_id=WARNING,
        case_id=CASE,
        message_id=MESSAGE,
        by=DecidedBy.HEADTEACHER,
        staff_id=HEAD,
        reason=gone,
    )
    given(told, delivered(20)).when(misuse(at=21)).then(removed())
    assert conduct.evolve(Conduct(), told).consequence_of(3) is Consequence.NONE
