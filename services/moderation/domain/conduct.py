"""One guardian's conduct: one warning, then removal (S73, S74, S06); re-sharing suspends (S70); appeals pause nothing.

Stream `conduct-<guardian>`. The rule runs per guardian. Positions are messaging's: they alone say whether a message
stands after the warning was delivered, and after a reinstatement.
"""

from dataclasses import dataclass, replace
from uuid import UUID

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
from shared.policy.refusal import Refusal

ConductEvent = (
    ParentWarned
    | WarningDelivered
    | WarningRescinded
    | ParentRemoved
    | ParentReinstated
    | ReinstatementTookEffect
    | AccountSuspended
    | SuspensionKept
    | SuspensionLifted
    | AppealLodged
)


@dataclass(frozen=True, slots=True)
class WarningGiven:
    """Attributes: delivered_at: the position of its first delivery; None until then."""

    warning_id: WarningId
    delivered_at: int | None = None


@dataclass(frozen=True, slots=True)
class Conduct:
    """What stands.

    Attributes:
        warning: the one that stands; None before the first and after a rescission.
        removal: the one that stands.
        reinstated: the removal that was undone last.
        counts_after: where in messaging's log that took effect: only what stands after it counts. None while it is on
            its way there: then nothing that we can know of stands after it.
        suspension: the one that stands.
    """

    warning: WarningGiven | None = None
    removal: RemovalId | None = None
    reinstated: RemovalId | None = None
    counts_after: int | None = 0
    suspension: SuspensionId | None = None

    def consequence_of(self, message_position: int) -> Consequence:
        """What a misuse upheld now comes to (S73)."""
        match self:
            case Conduct(warning=None):
                return Consequence.WARNING
            case Conduct(
                removal=None, warning=WarningGiven(delivered_at=int(delivered)), counts_after=int(reinstated)
            ) if message_position > delivered and message_position > reinstated:
                return Consequence.REMOVAL
            case _:
                return Consequence.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Misuse:
    """A message found to be misuse, and who found so."""

    guardian_id: GuardianId
    case_id: CaseId
    message_id: UUID
    message_position: int
    by: DecidedBy
    staff_id: StaffId | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RescindWarning:
    guardian_id: GuardianId
    staff_id: StaffId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reinstate:
    guardian_id: GuardianId
    staff_id: StaffId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveByOverride:
    """The Headteacher's own course of action (S06), with no warning asked for."""

    guardian_id: GuardianId
    removal_id: RemovalId
    staff_id: StaffId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepSuspension:
    guardian_id: GuardianId
    staff_id: StaffId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftSuspension:
    guardian_id: GuardianId
    staff_id: StaffId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveForResharing:
    """The Headteacher removes a guardian whose account re-sharing has suspended (S72)."""

    guardian_id: GuardianId
    removal_id: RemovalId
    staff_id: StaffId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspendForResharing:
    """Re-sharing was confirmed: suspension at once, with no warning asked for and none used (S70, S74)."""

    guardian_id: GuardianId
    suspension_id: SuspensionId
    report_id: ReportId
    by: DecidedBy
    staff_id: StaffId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LodgeAppeal:
    guardian_id: GuardianId
    appeal_id: AppealId
    text: str


HeadteachersDecision = (
    RescindWarning | Reinstate | RemoveByOverride | KeepSuspension | LiftSuspension | RemoveForResharing
)


def conduct_stream(guardian_id: UUID) -> str:
    return f"conduct-{guardian_id}"


def uphold(misuse: Misuse, state: Conduct, warning_id: WarningId, removal_id: RemovalId) -> list[ConductEvent]:
    """The one-warning rule. A flag that warns by itself (a school's parameter) warns and never removes."""
    match state.consequence_of(misuse.message_position):
        case Consequence.WARNING:
            return [
                ParentWarned(
                    guardian_id=misuse.guardian_id,
                    warning_id=warning_id,
                    case_id=misuse.case_id,
                    message_id=misuse.message_id,
                    by=misuse.by,
                    staff_id=misuse.staff_id,
                    reason=misuse.reason,
                )
            ]
        case Consequence.REMOVAL if misuse.staff_id is not None and state.warning is not None:
            return [
                ParentRemoved(
                    guardian_id=misuse.guardian_id,
                    removal_id=removal_id,
                    basis=RemovalBasis.MISUSE_AFTER_WARNING,
                    case_id=misuse.case_id,
                    report_id=None,
                    warning_id=state.warning.warning_id,
                    by=misuse.by,
                    staff_id=misuse.staff_id,
                    reason=misuse.reason,
                )
            ]
        case _:
            return []


def suspend(command: SuspendForResharing, state: Conduct) -> list[ConductEvent]:
    """S70. An account that is suspended already stays so: there is nothing to do twice."""
    if state.suspension is not None:
        return []
    return [
        AccountSuspended(
            guardian_id=command.guardian_id,
            suspension_id=command.suspension_id,
            report_id=command.report_id,
            by=command.by,
            staff_id=command.staff_id,
            reason=command.reason,
        )
    ]


def decide(command: HeadteachersDecision, state: Conduct) -> list[ConductEvent]:
    """What is the Headteacher's alone: lift, rescind, reinstate, override (S06)."""
    match command, state:
        case RescindWarning(guardian_id=guardian, staff_id=staff, reason=reason), Conduct(
            warning=WarningGiven() as warning
        ):
            return [
                WarningRescinded(guardian_id=guardian, warning_id=warning.warning_id, staff_id=staff, reason=reason)
            ]
        case Reinstate(guardian_id=guardian, staff_id=staff, reason=reason), Conduct(removal=removal) if removal:
            return [ParentReinstated(guardian_id=guardian, removal_id=removal, staff_id=staff, reason=reason)]
        case RemoveByOverride(), Conduct(removal=None):
            return [_removed(command, RemovalBasis.OVERRIDE)]
        case RemoveForResharing(), Conduct(removal=None, suspension=suspension) if suspension:
            return [_removed(command, RemovalBasis.RESHARING)]
        case KeepSuspension(guardian_id=guardian, staff_id=staff, reason=reason), Conduct(suspension=kept) if kept:
            return [SuspensionKept(guardian_id=guardian, suspension_id=kept, staff_id=staff, reason=reason)]
        case LiftSuspension(guardian_id=guardian, staff_id=staff, reason=reason), Conduct(suspension=lifted) if lifted:
            return [SuspensionLifted(guardian_id=guardian, suspension_id=lifted, staff_id=staff, reason=reason)]
        case (RemoveByOverride(), _):
            return []
    raise Refusal(NOT_SANCTIONED)


def appeal(command: LodgeAppeal, state: Conduct) -> list[ConductEvent]:
    """Whoever has been warned, suspended or removed may appeal (T7). It is recorded and pauses nothing."""
    if state.warning is None and state.removal is None and state.suspension is None:
        raise Refusal(NOT_SANCTIONED)
    return [AppealLodged(guardian_id=command.guardian_id, appeal_id=command.appeal_id, text=command.text)]


def delivered(
    guardian: GuardianId, warning: WarningId, means: DeliveredBy, position: int, state: Conduct
) -> list[ConductEvent]:
    """The first delivery of the warning that stands; any other changes nothing."""
    if state.warning is None or state.warning.warning_id != warning or state.warning.delivered_at is not None:
        return []
    return [WarningDelivered(guardian_id=guardian, warning_id=warning, means=means, position=position)]


def took_effect(guardian: GuardianId, removal: RemovalId, position: int, state: Conduct) -> list[ConductEvent]:
    """Where in messaging's log the latest reinstatement stands."""
    if state.reinstated != removal or state.counts_after is not None:
        return []
    return [ReinstatementTookEffect(guardian_id=guardian, removal_id=removal, position=position)]


def evolve(state: Conduct, event: ConductEvent) -> Conduct:
    match event:
        case ParentWarned(warning_id=warning):
            return replace(state, warning=WarningGiven(warning))
        case WarningDelivered(warning_id=warning, position=position):
            return replace(state, warning=WarningGiven(warning, position))
        case WarningRescinded():
            return replace(state, warning=None)
        case ParentRemoved(removal_id=removal):
            return replace(state, removal=removal)
        case ParentReinstated(removal_id=removal):
            return replace(state, removal=None, reinstated=removal, counts_after=None)
        case ReinstatementTookEffect(position=position):
            return replace(state, counts_after=position)
        case AccountSuspended(suspension_id=suspension):
            return replace(state, suspension=suspension)
        case SuspensionLifted():
            return replace(state, suspension=None)
        case SuspensionKept() | AppealLodged():
            return state


def _removed(command: RemoveByOverride | RemoveForResharing, basis: RemovalBasis) -> ParentRemoved:
    return ParentRemoved(
        guardian_id=command.guardian_id,
        removal_id=command.removal_id,
        basis=basis,
        case_id=None,
        report_id=None,
        warning_id=None,
        by=DecidedBy.HEADTEACHER,
        staff_id=command.staff_id,
        reason=command.reason,
    )
