"""Where a guardian stands in messaging: what moderation decided as it arrived here, and the guardian's own receipt.

Stream `standing-<guardian>`. A position in this log says what was sent after what; nothing here judges anybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from shared.events.identity import GuardianId, StaffId
from shared.events.messaging import (
    DeliveryId,
    DeliveryMeans,
    ReinstatementRecorded,
    RemovalRecorded,
    SuspensionEndRecorded,
    SuspensionRecorded,
    WarningHandedOver,
    WarningReceived,
    WarningRecorded,
    WarningRescissionRecorded,
)
from shared.events.moderation import RemovalId, SuspensionId, WarningId
from shared.policy.codes import NOT_FOUND, REMOVED, SUSPENDED, WARNING_UNREAD
from shared.policy.refusal import Refusal

StandingEvent = (
    WarningRecorded
    | WarningReceived
    | WarningHandedOver
    | WarningRescissionRecorded
    | RemovalRecorded
    | ReinstatementRecorded
    | SuspensionRecorded
    | SuspensionEndRecorded
)


class Told(StrEnum):
    """How far a warning has come."""

    UNREAD = "unread"
    DELIVERED = "delivered"
    RESCINDED = "rescinded"


@dataclass(frozen=True, slots=True)
class Standing:
    warnings: Mapping[WarningId, Told] = field(default_factory=dict)
    removals: Mapping[RemovalId, bool] = field(default_factory=dict)
    suspensions: Mapping[SuspensionId, bool] = field(default_factory=dict)

    @property
    def unread(self) -> bool:
        """Whether a warning waits to be read."""
        return Told.UNREAD in self.warnings.values()

    @property
    def removed(self) -> bool:
        return any(self.removals.values())

    @property
    def suspended(self) -> bool:
        return any(self.suspensions.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveWarning:
    """The guardian has read the warning and says so."""

    guardian_id: GuardianId
    warning_id: WarningId


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverWarning:
    """The Headteacher delivered it by letter or in a meeting."""

    delivery_id: DeliveryId
    guardian_id: GuardianId
    warning_id: WarningId
    means: DeliveryMeans
    staff_id: StaffId
    reason: str


def may_send(standing: Standing, office_phone: str) -> None:
    """S73: removed and suspended guardians do not send; a warning is read first. The hour is never looked at (S78)."""
    if standing.removed:
        raise Refusal(REMOVED, phone=office_phone)
    if standing.suspended:
        raise Refusal(SUSPENDED, phone=office_phone)
    if standing.unread:
        raise Refusal(WARNING_UNREAD)


def deliver(command: ReceiveWarning | HandOverWarning, state: Standing) -> list[StandingEvent]:
    """The first delivery counts; a later one, or one of a warning that was rescinded, changes nothing."""
    told = state.warnings.get(command.warning_id)
    if told is None:
        raise Refusal(NOT_FOUND)
    if told is not Told.UNREAD:
        return []
    match command:
        case ReceiveWarning(guardian_id=guardian, warning_id=warning):
            return [WarningReceived(guardian_id=guardian, warning_id=warning)]
        case HandOverWarning():
            return [
                WarningHandedOver(
                    delivery_id=command.delivery_id,
                    guardian_id=command.guardian_id,
                    warning_id=command.warning_id,
                    means=command.means,
                    staff_id=command.staff_id,
                    reason=command.reason,
                )
            ]


def evolve(state: Standing, event: StandingEvent) -> Standing:
    match event:
        case WarningRecorded(warning_id=warning):
            return replace(state, warnings={**state.warnings, warning: Told.UNREAD})
        case WarningReceived(warning_id=warning) | WarningHandedOver(warning_id=warning):
            return replace(state, warnings={**state.warnings, warning: Told.DELIVERED})
        case WarningRescissionRecorded(warning_id=warning):
            return replace(state, warnings={**state.warnings, warning: Told.RESCINDED})
        case RemovalRecorded(removal_id=removal):
            return replace(state, removals={**state.removals, removal: True})
        case ReinstatementRecorded(removal_id=removal):
            return replace(state, removals={**state.removals, removal: False})
        case SuspensionRecorded(suspension_id=suspension):
            return replace(state, suspensions={**state.suspensions, suspension: True})
        case SuspensionEndRecorded(suspension_id=suspension):
            return replace(state, suspensions={**state.suspensions, suspension: False})
