"""A report that something of the school's was shared elsewhere (S65, S69, S71), by anyone at the school about an adult.

Stream `reshare-<id>`. Confirmed about a guardian it suspends at once (S70): see `conduct.suspend`. About a member of
staff it is recorded, and what follows is the Headteacher's to do (S06).
"""

from dataclasses import dataclass, replace
from uuid import UUID

from services.moderation.domain.deciding import because
from shared.events.identity import PersonId, StaffId
from shared.events.moderation import (
    DecidedBy,
    ReportedAs,
    ReportId,
    ReshareConfirmed,
    ReshareDismissed,
    ReshareReported,
    Shared,
)
from shared.policy.codes import CONFLICT, DECIDED_BEFORE, NOT_FOUND
from shared.policy.refusal import Refusal

ReshareEvent = ReshareReported | ReshareConfirmed | ReshareDismissed


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """Of whom it is said, and in which capacity."""

    reported_as: ReportedAs
    reported_id: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Attributes: about: None before it is made."""

    about: Reported | None = None
    decided: bool = False

    @property
    def made(self) -> Reported:
        """Whom the report is about. Raises Refusal(NOT_FOUND) where there is none."""
        if self.about is None:
            raise Refusal(NOT_FOUND)
        return self.about


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportReshare:
    report_id: ReportId
    reported_as: ReportedAs
    reported_id: PersonId
    shared: Shared
    reporter_id: PersonId
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideReport:
    """A leader's finding; `not_headteacher_because` is what the Deputy says."""

    report_id: ReportId
    confirmed: bool
    by: DecidedBy
    staff_id: StaffId
    reason: str
    not_headteacher_because: str | None = None


def reshare_stream(report_id: UUID) -> str:
    return f"reshare-{report_id}"


def report(command: ReportReshare, state: Report) -> list[ReshareEvent]:
    if state.about is not None:
        raise Refusal(CONFLICT)
    return [
        ReshareReported(
            report_id=command.report_id,
            reported_as=command.reported_as,
            reported_id=command.reported_id,
            shared=command.shared,
            reporter_id=command.reporter_id,
            account=command.account,
        )
    ]


def decide(command: DecideReport, state: Report) -> list[ReshareEvent]:
    """Confirmed or dismissed, once."""
    _ = state.made
    if state.decided:
        raise Refusal(DECIDED_BEFORE)
    finding = ReshareConfirmed if command.confirmed else ReshareDismissed
    return [
        finding(
            report_id=command.report_id,
            by=command.by,
            staff_id=command.staff_id,
            not_headteacher_because=because(command.by, command.not_headteacher_because),
            reason=command.reason,
        )
    ]


def evolve(state: Report, event: ReshareEvent) -> Report:
    match event:
        case ReshareReported(reported_as=reported_as, reported_id=reported_id):
            return replace(state, about=Reported(reported_as=reported_as, reported_id=reported_id))
        case ReshareConfirmed() | ReshareDismissed():
            return replace(state, decided=True)
