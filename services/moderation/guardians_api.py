"""What leaders read and decide about adults over HTTP: the ledger, the Headteacher's decisions, re-sharing."""

from dataclasses import dataclass
from uuid import UUID

import falcon

from services.moderation import shown
from services.moderation.api import SERVICE, TAG, ModerationApi, position_of
from services.moderation.domain.permission import may_know
from services.moderation.schemas import (
    GuardianDecision,
    GuardianLedger,
    ReshareDecision,
    ReshareReport,
    ReshareReportShown,
)
from shared.hosting.writes import Written, written
from shared.http.operations import Route, body, operation
from shared.http.paging import PageQuery, page_of, paged
from shared.policy.codes import (
    CASE_WAITS,
    DECIDED_BEFORE,
    HEADTEACHER_ONLY,
    LEADERS_ONLY,
    NOT_FOUND,
    NOT_SANCTIONED,
    SAY_WHY_NOT_HEADTEACHER,
)
from shared.policy.refusal import Refusal


def guardian_routes(api: ModerationApi) -> list[Route]:
    return [
        Route("/v1/moderation/guardians/{guardian_id:uuid}", OneGuardian(api)),
        Route("/v1/moderation/guardians/{guardian_id:uuid}/decisions", GuardianDecisions(api)),
        Route("/v1/moderation/reshare-reports", ReshareReports(api)),
        Route("/v1/moderation/reshare-reports/{report_id:uuid}", OneReshareReport(api)),
        Route("/v1/moderation/reshare-reports/{report_id:uuid}/decision", ReshareDecided(api)),
    ]


@dataclass(frozen=True, slots=True)
class OneGuardian:
    api: ModerationApi

    @operation(
        summary="Where a guardian stands, and why: each step with its clause, who decided and the reason",
        tag=TAG,
        response=GuardianLedger,
        query=PageQuery,
        clauses=["S06", "S73"],
        codes=[NOT_FOUND],
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, guardian_id: UUID) -> None:
        asked, page, queries = self.api.asks.of(req), page_of(req), self.api.queries
        may_know(asked.by, guardian_id)
        if not queries.people.is_guardian(asked.school_id, guardian_id):
            raise Refusal(NOT_FOUND)
        stands = queries.guardians.standing(asked.school_id, guardian_id)
        rows = queries.guardians.ledger(
            asked.school_id, guardian_id, kinds=None, before=position_of(page), limit=page.limit + 1
        )
        names = self.api.names(asked.school_id, stands, *rows)
        items = paged(rows, page, lambda row: (row.position,), lambda row: shown.entry(row, names))
        guardian = {"guardian": shown.person(names, guardian_id)}
        resp.media = GuardianLedger().dump(shown.standing(stands) | guardian | items)


@dataclass(frozen=True, slots=True)
class GuardianDecisions:
    api: ModerationApi

    @operation(
        summary="The Headteacher rescinds, reinstates, removes, keeps or lifts, with the reason",
        tag=TAG,
        status=201,
        request=GuardianDecision,
        response=Written,
        clauses=["S06", "S70", "S72"],
        codes=[NOT_FOUND, HEADTEACHER_ONLY, NOT_SANCTIONED, CASE_WAITS],
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response, guardian_id: UUID) -> None:
        fields = body(req, GuardianDecision)
        answer = self.api.commands.decide_about(self.api.asks.of(req), guardian_id=guardian_id, **fields)
        written(resp, SERVICE, answer)


@dataclass(frozen=True, slots=True)
class ReshareReports:
    api: ModerationApi

    @operation(
        summary="Reports of things shared elsewhere, newest first",
        tag=TAG,
        response=ReshareReportShown,
        paged=True,
        clauses=["S65", "S69"],
        codes=[NOT_FOUND],
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        asked, page = self.api.asks.of(req), page_of(req)
        may_know(asked.by)
        rows = self.api.queries.reports.page(asked.school_id, asked.by.person_id, position_of(page), page.limit + 1)
        names = self.api.names(asked.school_id, *rows)
        resp.media = paged(
            rows, page, lambda row: (row.position,), lambda row: ReshareReportShown().dump(shown.report(row, names))
        )

    @operation(
        summary="Report that a guardian or a member of staff shared something of the school's elsewhere",
        tag=TAG,
        status=201,
        request=ReshareReport,
        response=Written,
        clauses=["S65", "S69", "S71"],
        codes=[NOT_FOUND],
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        fields = body(req, ReshareReport)
        written(resp, SERVICE, self.api.commands.report_reshare(self.api.asks.of(req), **fields))


@dataclass(frozen=True, slots=True)
class OneReshareReport:
    api: ModerationApi

    @operation(
        summary="A report of something shared elsewhere",
        tag=TAG,
        response=ReshareReportShown,
        clauses=["S65", "S69"],
        codes=[NOT_FOUND],
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, report_id: UUID) -> None:
        asked = self.api.asks.of(req)
        may_know(asked.by)
        row = self.api.queries.reports.one(asked.school_id, report_id)
        if row is None:
            raise Refusal(NOT_FOUND)
        may_know(asked.by, row.reported_id)
        resp.media = ReshareReportShown().dump(shown.report(row, self.api.names(asked.school_id, row)))


@dataclass(frozen=True, slots=True)
class ReshareDecided:
    api: ModerationApi

    @operation(
        summary="Confirm a report, which suspends a guardian at once, or dismiss it",
        tag=TAG,
        status=201,
        request=ReshareDecision,
        response=Written,
        clauses=["S70", "S06"],
        codes=[NOT_FOUND, LEADERS_ONLY, SAY_WHY_NOT_HEADTEACHER, DECIDED_BEFORE, CASE_WAITS],
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response, report_id: UUID) -> None:
        fields = body(req, ReshareDecision)
        answer = self.api.commands.decide_reshare(self.api.asks.of(req), report_id=report_id, **fields)
        written(resp, SERVICE, answer)
