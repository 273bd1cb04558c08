"""Reports of re-sharing (S65, S69 to S72): made by anyone, found by a leader once."""

from uuid import UUID

from services.moderation.domain import reshare
from services.moderation.domain.reshare import DecideReport, Report, ReportReshare
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
from shared.policy.codes import CONFLICT, DECIDED_BEFORE, NOT_FOUND, SAY_WHY_NOT_HEADTEACHER
from shared.testing.specification import specification

REPORT, PARENT, CHILD = ReportId(UUID(int=1)), PersonId(UUID(int=2)), PersonId(UUID(int=3))
HEAD, DEPUTY = StaffId(UUID(int=4)), StaffId(UUID(int=5))


def decide(command: object, state: Report) -> list[reshare.ReshareEvent]:
    match command:
        case ReportReshare():
            return reshare.report(command, state)
        case DecideReport():
            return reshare.decide(command, state)
    raise AssertionError


given = specification(decide, reshare.evolve, Report())

MAKE = ReportReshare(
    report_id=REPORT,
    reported_as=ReportedAs.GUARDIAN,
    reported_id=PARENT,
    shared=Shared.PHOTOGRAPH,
    reporter_id=CHILD,
    account="It is on a public page",
)
MADE = ReshareReported(
    report_id=REPORT,
    reported_as=ReportedAs.GUARDIAN,
    reported_id=PARENT,
    shared=Shared.PHOTOGRAPH,
    reporter_id=CHILD,
    account="It is on a public page",
)


def finding(
    *,
    confirmed: bool = True,
    by: DecidedBy = DecidedBy.HEADTEACHER,
    staff: StaffId = HEAD,
    because: str | None = None,
) -> DecideReport:
    return DecideReport(
        report_id=REPORT,
        confirmed=confirmed,
        by=by,
        staff_id=staff,
        reason="The page was there",
        not_headteacher_because=because,
    )


CONFIRMED = ReshareConfirmed(
    report_id=REPORT,
    by=DecidedBy.HEADTEACHER,
    staff_id=HEAD,
    not_headteacher_because=None,
    reason="The page was there",
)
DISMISSED = ReshareDismissed(
    report_id=REPORT,
    by=DecidedBy.HEADTEACHER,
    staff_id=HEAD,
    not_headteacher_because=None,
    reason="The page was there",
)


def test_S69_S71_a_report_says_who_shared_what_and_what_the_reporter_saw():
    given().when(MAKE).then(MADE)
    given(MADE).when(MAKE).then_refused(CONFLICT)


def test_S70_a_leader_confirms_or_dismisses():
    given(MADE).when(finding()).then(CONFIRMED)
    given(MADE).when(finding(confirmed=False)).then(DISMISSED)


def test_S06_a_finding_is_final():
    for before in (CONFIRMED, DISMISSED):
        for again in (finding(), finding(confirmed=False)):
            given(MADE, before).when(again).then_refused(DECIDED_BEFORE)


def test_S06_the_deputy_says_why_the_headteacher_did_not_find():
    given(MADE).when(finding(by=DecidedBy.DEPUTY_HEADTEACHER, staff=DEPUTY)).then_refused(SAY_WHY_NOT_HEADTEACHER)
    said = finding(by=DecidedBy.DEPUTY_HEADTEACHER, staff=DEPUTY, because="She is away today")
    given(MADE).when(said).then(
        ReshareConfirmed(
            report_id=REPORT,
            by=DecidedBy.DEPUTY_HEADTEACHER,
            staff_id=DEPUTY,
            not_headteacher_because="She is away today",
            reason="The page was there",
        )
    )


def test_what_nobody_reported_cannot_be_found():
    given().when(finding()).then_refused(NOT_FOUND)
