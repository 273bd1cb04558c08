"""Moderation over HTTP, and nothing else: alerts and cases; the other routes stand in the modules beside it."""

from dataclasses import dataclass
from uuid import UUID

import falcon

from services.moderation import shown
from services.moderation.commands import ModerationCommands
from services.moderation.domain.permission import may_know
from services.moderation.queries import ModerationQueries
from services.moderation.schemas import (
    Alert,
    CaseDecision,
    CaseListed,
    CaseQuery,
    CaseShown,
    CasesShown,
    ItemShown,
)
from shared.hosting.writes import Asks, Written, written
from shared.http.operations import Route, body, operation, query
from shared.http.paging import Page, page_of, paged
from shared.policy.codes import (
    BAD_CURSOR,
    CASE_WAITS,
    DECIDED_BEFORE,
    LEADERS_ONLY,
    NOT_FOUND,
    SAY_WHY_NOT_HEADTEACHER,
)
from shared.policy.refusal import Refusal
from shared.projections.roster_queries import Roster

TAG = "Moderation"
SERVICE = "moderation"


@dataclass(frozen=True, slots=True)
class ModerationApi:
    """What the resources work with."""

    asks: Asks
    commands: ModerationCommands
    queries: ModerationQueries
    roster: Roster

    def names(self, school_id: UUID, *rows: object) -> shown.Names:
        """The names of everyone whom some rows name."""
        return self.queries.people.names(school_id, shown.people_of(*rows))

    def routes(self) -> list[Route]:
        return [
            Route("/v1/moderation/alerts", Alerts(self)),
            Route("/v1/moderation/cases", Cases(self)),
            Route("/v1/moderation/cases/{case_id:uuid}", OneCase(self)),
            Route("/v1/moderation/cases/{case_id:uuid}/acknowledgement", Acknowledgement(self)),
            Route("/v1/moderation/cases/{case_id:uuid}/decision", CaseDecided(self)),
            Route("/v1/moderation/items/{item_id:uuid}", OneItem(self)),
        ]


def position_of(page: Page) -> int | None:
    """The position that a page of a list goes on from."""
    key = page.after_key(int)
    return int(key[0]) if key else None


def alert_of(page: Page) -> tuple[int, UUID] | None:
    """The alert that a page goes on from; what is no cursor of ours is one that names nothing."""
    key = page.after_key(int, str)
    if key is None:
        return None
    try:
        return int(key[0]), UUID(str(key[1]))
    except ValueError:
        raise Refusal(BAD_CURSOR) from None


@dataclass(frozen=True, slots=True)
class Alerts:
    api: ModerationApi

    @operation(
        summary="What waits for a leader, newest first",
        tag=TAG,
        response=Alert,
        paged=True,
        clauses=["S76"],
        codes=[NOT_FOUND],
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        asked, page = self.api.asks.of(req), page_of(req)
        may_know(asked.by)
        rows = self.api.queries.cases.alerts(asked.school_id, asked.by.person_id, alert_of(page), page.limit + 1)
        names = self.api.names(asked.school_id, *rows)
        resp.media = paged(
            rows, page, lambda row: (row.micros, str(row.alert_id)), lambda row: Alert().dump(shown.alert(row, names))
        )


@dataclass(frozen=True, slots=True)
class Cases:
    api: ModerationApi

    @operation(
        summary="Cases, newest first: the open ones, unless others are asked for",
        tag=TAG,
        response=CaseListed,
        paged=True,
        query=CaseQuery,
        clauses=["S76"],
        codes=[NOT_FOUND],
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        asked, page, state = self.api.asks.of(req), page_of(req), query(req, CaseQuery)["state"]
        may_know(asked.by)
        decided = None if state is CasesShown.ALL else state is CasesShown.DECIDED
        rows = self.api.queries.cases.page(
            asked.school_id, asked.by.person_id, decided=decided, before=position_of(page), limit=page.limit + 1
        )
        names = self.api.names(asked.school_id, *rows)
        resp.media = paged(
            rows, page, lambda row: (row.position,), lambda row: CaseListed().dump(shown.listed_case(row, names))
        )


@dataclass(frozen=True, slots=True)
class OneCase:
    api: ModerationApi

    @operation(
        summary="A case: the message as it was sent, its flags, the decision",
        tag=TAG,
        response=CaseShown,
        clauses=["S75", "S77"],
        codes=[NOT_FOUND],
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, case_id: UUID) -> None:
        asked = self.api.asks.of(req)
        may_know(asked.by)
        row = self.api.queries.cases.one(asked.school_id, case_id)
        if row is None:
            raise Refusal(NOT_FOUND)
        may_know(asked.by, row.guardian_id)
        flags = self.api.queries.cases.flags(asked.school_id, case_id)
        names = self.api.names(asked.school_id, row, *flags)
        resp.media = CaseShown().dump(shown.case(row, flags, names))


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    api: ModerationApi

    @operation(
        summary="Say that a leader has seen it",
        tag=TAG,
        status=201,
        response=Written,
        clauses=["S76"],
        codes=[NOT_FOUND, LEADERS_ONLY],
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response, case_id: UUID) -> None:
        written(resp, SERVICE, self.api.commands.acknowledge(self.api.asks.of(req), case_id=case_id))


@dataclass(frozen=True, slots=True)
class CaseDecided:
    api: ModerationApi

    @operation(
        summary="Uphold or dismiss what was flagged, once",
        tag=TAG,
        status=201,
        request=CaseDecision,
        response=Written,
        clauses=["S06", "S73"],
        codes=[NOT_FOUND, LEADERS_ONLY, SAY_WHY_NOT_HEADTEACHER, DECIDED_BEFORE, CASE_WAITS],
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response, case_id: UUID) -> None:
        fields = body(req, CaseDecision)
        written(resp, SERVICE, self.api.commands.decide(self.api.asks.of(req), case_id=case_id, **fields))


@dataclass(frozen=True, slots=True)
class OneItem:
    api: ModerationApi

    @operation(
        summary="Something that can be reported: what, by whom, for whom; never what it says",
        tag=TAG,
        response=ItemShown,
        clauses=["S16"],
        codes=[NOT_FOUND],
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, item_id: UUID) -> None:
        asked = self.api.asks.of(req)
        may_know(asked.by)
        row = self.api.queries.cases.item(asked.school_id, item_id)
        if row is None:
            raise Refusal(NOT_FOUND)
        may_know(asked.by, row.guardian_id)
        resp.media = ItemShown().dump(shown.item(row, self.api.names(asked.school_id, row)))
