"""What a person is told of themselves over HTTP: their standing, their appeals, what is held about them.

All of it stays open to a suspended or removed guardian. It tells outcomes, never a flag, a case or a record.
"""

from dataclasses import dataclass
from uuid import UUID

import falcon

from services.moderation import shown
from services.moderation.api import SERVICE, TAG, ModerationApi, position_of
from services.moderation.domain.permission import may_appeal, may_hear_appeals
from services.moderation.queries.guardians import OUTCOMES
from services.moderation.schemas import Appeal, AppealShown, HeldByModeration, OwnStanding
from shared.hosting.writes import Written, written
from shared.http.operations import Route, body, operation
from shared.http.paging import PageQuery, page_of, paged
from shared.policy.codes import GUARDIANS_ONLY, NOT_FOUND, NOT_SANCTIONED
from shared.policy.parameters import Parameters
from shared.policy.principal import Capacity
from shared.policy.refusal import Refusal

MOST = 100
"""Decisions, and appeals, that a guardian's standing shows; `/v1/me/held/moderation` goes on where it ends."""


def own_routes(api: ModerationApi) -> list[Route]:
    return [
        Route("/v1/me/standing", MyStanding(api)),
        Route("/v1/me/held/moderation", HeldAboutMe(api)),
        Route("/v1/appeals", Appeals(api)),
        Route("/v1/appeals/{appeal_id:uuid}", OneAppeal(api)),
    ]


@dataclass(frozen=True, slots=True)
class MyStanding:
    api: ModerationApi

    @operation(
        summary="Where I stand: the decisions about me with their reasons, my appeals, the office's number",
        tag=TAG,
        response=OwnStanding,
        clauses=["S73", "S70"],
        codes=[GUARDIANS_ONLY],
        restricted=True,
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        asked, queries = self.api.asks.of(req), self.api.queries
        may_appeal(asked.by)
        me = asked.by.person_id
        school = self.api.roster.school(asked.school_id)
        decisions = queries.guardians.ledger(asked.school_id, me, kinds=OUTCOMES, before=None, limit=MOST)
        told = {
            "decisions": [shown.outcome(row) for row in decisions],
            "appeals": queries.appeals.of(asked.school_id, me, MOST),
            "office_phone": Parameters.from_mapping(school.parameters if school else {}).office_phone,
        }
        resp.media = OwnStanding().dump(shown.standing(queries.guardians.standing(asked.school_id, me)) | told)


@dataclass(frozen=True, slots=True)
class HeldAboutMe:
    api: ModerationApi

    @operation(
        summary="What moderation holds about me that is mine to see",
        tag=TAG,
        response=HeldByModeration,
        query=PageQuery,
        clauses=["S19"],
        restricted=True,
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        asked, page, queries = self.api.asks.of(req), page_of(req), self.api.queries
        me, as_guardian = asked.by.person_id, asked.by.capacity is Capacity.GUARDIAN
        rows = queries.guardians.held(
            asked.school_id, me, as_guardian=as_guardian, before=position_of(page), limit=page.limit + 1
        )
        stands = shown.standing(queries.guardians.standing(asked.school_id, me))
        mine = stands if as_guardian else {"state": None, "warning": None}
        items = paged(rows, page, lambda row: (row.position,), shown.outcome)
        resp.media = HeldByModeration().dump(mine | items)


@dataclass(frozen=True, slots=True)
class Appeals:
    api: ModerationApi

    @operation(
        summary="Appeals, newest first, for leaders and governors",
        tag=TAG,
        response=AppealShown,
        paged=True,
        clauses=["S06"],
        codes=[NOT_FOUND],
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        asked, page, queries = self.api.asks.of(req), page_of(req), self.api.queries
        may_hear_appeals(asked.by)
        rows = queries.appeals.page(asked.school_id, asked.by.person_id, position_of(page), page.limit + 1)
        names = self.api.names(asked.school_id, *rows)
        stands = {row.guardian_id: queries.guardians.standing(asked.school_id, row.guardian_id) for row in rows}
        resp.media = paged(
            rows,
            page,
            lambda row: (row.position,),
            lambda row: AppealShown().dump(shown.appeal(row, names, stands[row.guardian_id])),
        )

    @operation(
        summary="Appeal against a warning, a suspension or a removal; it pauses nothing",
        tag=TAG,
        status=201,
        request=Appeal,
        response=Written,
        clauses=["S06"],
        codes=[GUARDIANS_ONLY, NOT_SANCTIONED],
        restricted=True,
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        fields = body(req, Appeal)
        written(resp, SERVICE, self.api.commands.appeal(self.api.asks.of(req), **fields))


@dataclass(frozen=True, slots=True)
class OneAppeal:
    api: ModerationApi

    @operation(
        summary="An appeal: one's own, or for leaders and governors any",
        tag=TAG,
        response=AppealShown,
        clauses=["S06"],
        codes=[NOT_FOUND],
        restricted=True,
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, appeal_id: UUID) -> None:
        asked, queries = self.api.asks.of(req), self.api.queries
        row = queries.appeals.one(asked.school_id, appeal_id)
        if row is None:
            raise Refusal(NOT_FOUND)
        is_own = asked.by.capacity is Capacity.GUARDIAN and asked.by.person_id == row.guardian_id
        if not is_own:
            may_hear_appeals(asked.by, row.guardian_id)
        stands = queries.guardians.standing(asked.school_id, row.guardian_id)
        resp.media = AppealShown().dump(shown.appeal(row, self.api.names(asked.school_id, row), stands))
