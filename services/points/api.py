"""Points over HTTP, and nothing else: decode, ask, shape."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import falcon

from services.points.commands import PointsCommands
from services.points.domain.permission import concerned, may_read_class_points, may_read_points
from services.points.queries import AwardRow, PointsQueries
from services.points.schemas import (
    Award,
    Awarded,
    BehaviourDefinition,
    Behaviours,
    ClassPoints,
    PupilPoints,
    Revocation,
    ValueDefinition,
    Values,
)
from shared.hosting.writes import Asks, Written, written
from shared.http.operations import Route, body, operation
from shared.http.paging import PageQuery, page_of, paged
from shared.http.schemas import fields_of
from shared.policy.codes import (
    ALREADY_REVOKED,
    LEADERS_ONLY,
    NOT_CLASS_TEACHER,
    NOT_FOUND,
    NOT_ON_ROLL,
    NOT_YOUR_AREA,
    POINTS_OUT_OF_RANGE,
    POSITIVE_ONLY,
    STAFF_ONLY,
    UNLINKED_BEHAVIOUR,
)
from shared.policy.principal import Capacity
from shared.policy.refusal import Refusal
from shared.projections.roster_queries import Roster

TAG = "Points"


@dataclass(frozen=True, slots=True)
class PointsApi:
    """What the resources work with."""

    asks: Asks
    commands: PointsCommands
    queries: PointsQueries
    roster: Roster

    def routes(self) -> list[Route]:
        return [
            Route("/v1/values", ValueList(self)),
            Route("/v1/values/{value_id:uuid}", OneValue(self)),
            Route("/v1/behaviours", BehaviourList(self)),
            Route("/v1/behaviours/{behaviour_id:uuid}", OneBehaviour(self)),
            Route("/v1/points", AwardList(self)),
            Route("/v1/points/{award_id:uuid}", OneAward(self)),
            Route("/v1/points/{award_id:uuid}/revocation", AwardRevocation(self)),
            Route("/v1/pupils/{pupil_id:uuid}/points", PointsOfPupil(self)),
            Route("/v1/classes/{class_id:uuid}/points", PointsOfClass(self)),
            Route("/v1/me/held/points", HeldAboutMe(self)),
        ]


@dataclass(frozen=True, slots=True)
class ValueList:
    api: PointsApi

    @operation(summary="The school's values and rules", tag=TAG, response=Values, clauses=["S09"])
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        rows = self.api.queries.values(self.api.asks.of(req).school_id)
        resp.media = Values().dump({"items": [fields_of(row) for row in rows]})

    @operation(
        summary="Define a value or a rule",
        tag=TAG,
        status=201,
        request=ValueDefinition,
        response=Written,
        clauses=["S09", "S34"],
        codes=[STAFF_ONLY, LEADERS_ONLY],
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        fields = body(req, ValueDefinition)
        written(resp, "points", self.api.commands.define_value(self.api.asks.of(req), **fields))


@dataclass(frozen=True, slots=True)
class OneValue:
    api: PointsApi

    @operation(
        summary="Take a value or a rule out of use",
        tag=TAG,
        response=Written,
        clauses=["S34"],
        codes=[STAFF_ONLY, LEADERS_ONLY],
    )
    def on_delete(self, req: falcon.Request, resp: falcon.Response, value_id: UUID) -> None:
        written(resp, "points", self.api.commands.retire_value(self.api.asks.of(req), value_id=value_id), status=200)


@dataclass(frozen=True, slots=True)
class BehaviourList:
    api: PointsApi

    @operation(summary="The behaviours that earn points", tag=TAG, response=Behaviours, clauses=["S33", "S34"])
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        rows = self.api.queries.behaviours(self.api.asks.of(req).school_id)
        resp.media = Behaviours().dump({"items": [fields_of(row) for row in rows]})

    @operation(
        summary="Define a behaviour and link it to a value or rule",
        tag=TAG,
        status=201,
        request=BehaviourDefinition,
        response=Written,
        clauses=["S33", "S34"],
        codes=[STAFF_ONLY, LEADERS_ONLY, UNLINKED_BEHAVIOUR, POSITIVE_ONLY, POINTS_OUT_OF_RANGE],
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        fields = body(req, BehaviourDefinition)
        written(resp, "points", self.api.commands.define_behaviour(self.api.asks.of(req), **fields))


@dataclass(frozen=True, slots=True)
class OneBehaviour:
    api: PointsApi

    @operation(
        summary="Take a behaviour out of use",
        tag=TAG,
        response=Written,
        clauses=["S34"],
        codes=[STAFF_ONLY, LEADERS_ONLY],
    )
    def on_delete(self, req: falcon.Request, resp: falcon.Response, behaviour_id: UUID) -> None:
        answer = self.api.commands.retire_behaviour(self.api.asks.of(req), behaviour_id=behaviour_id)
        written(resp, "points", answer, status=200)


@dataclass(frozen=True, slots=True)
class AwardList:
    api: PointsApi

    @operation(
        summary="Award a point for positive behaviour",
        tag=TAG,
        status=201,
        request=Award,
        response=Written,
        clauses=["S32", "S33", "S34"],
        codes=[STAFF_ONLY, NOT_FOUND, NOT_ON_ROLL, UNLINKED_BEHAVIOUR, POSITIVE_ONLY, POINTS_OUT_OF_RANGE],
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        fields = body(req, Award)
        written(resp, "points", self.api.commands.award(self.api.asks.of(req), **fields))


@dataclass(frozen=True, slots=True)
class OneAward:
    api: PointsApi

    @operation(
        summary="One award",
        tag=TAG,
        response=Awarded,
        clauses=["S31", "S36"],
        codes=[NOT_FOUND, NOT_YOUR_AREA, NOT_CLASS_TEACHER],
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, award_id: UUID) -> None:
        asked = self.api.asks.of(req)
        row = self.api.queries.readable_award(asked.school_id, award_id)
        if row is None:
            raise Refusal(NOT_FOUND)
        may_read_points(asked.by, row.pupil_id, frozenset(row.pupil_classes))
        resp.media = Awarded().dump(_shape(row))


@dataclass(frozen=True, slots=True)
class AwardRevocation:
    api: PointsApi

    @operation(
        summary="Take an award back, with the reason",
        tag=TAG,
        status=201,
        request=Revocation,
        response=Written,
        clauses=["S33"],
        codes=[STAFF_ONLY, NOT_FOUND, LEADERS_ONLY, ALREADY_REVOKED],
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response, award_id: UUID) -> None:
        fields = body(req, Revocation)
        written(resp, "points", self.api.commands.revoke(self.api.asks.of(req), award_id=award_id, **fields))


@dataclass(frozen=True, slots=True)
class PointsOfPupil:
    api: PointsApi

    @operation(
        summary="A pupil's points: the total, by value, and each award",
        tag=TAG,
        response=PupilPoints,
        clauses=["S31", "S36", "S43"],
        codes=[NOT_FOUND, NOT_YOUR_AREA, NOT_CLASS_TEACHER],
        query=PageQuery,
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, pupil_id: UUID) -> None:
        asked, page = self.api.asks.of(req), page_of(req)
        pupil = self.api.roster.pupil(asked.school_id, pupil_id)
        if pupil is None:
            raise Refusal(NOT_FOUND)
        may_read_points(asked.by, pupil_id, pupil.classes)
        key = page.after_key(int)
        before = int(key[0]) if key else None
        rows = self.api.queries.awards_of(asked.school_id, pupil_id, before, page.limit + 1)
        totals = self.api.queries.totals_of(asked.school_id, pupil_id)
        shown: dict[str, Any] = {
            "pupil_id": pupil_id,
            "total": sum(total.total for total in totals),
            "by_value": [fields_of(total) for total in totals],
        }
        resp.media = PupilPoints().dump(shown | paged(rows, page, lambda row: (row.position,), _shape))


@dataclass(frozen=True, slots=True)
class PointsOfClass:
    api: PointsApi

    @operation(
        summary="The points of a class, by first name: there is no leader-board",
        tag=TAG,
        response=ClassPoints,
        clauses=["S10", "S32"],
        codes=[NOT_FOUND, NOT_CLASS_TEACHER],
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, class_id: UUID) -> None:
        asked = self.api.asks.of(req)
        if not self.api.queries.class_exists(asked.school_id, class_id):
            raise Refusal(NOT_FOUND)
        may_read_class_points(asked.by, class_id)
        rows = self.api.queries.totals_of_class(asked.school_id, class_id)
        resp.media = ClassPoints().dump({"class_id": class_id, "items": [fields_of(row) for row in rows]})


@dataclass(frozen=True, slots=True)
class HeldAboutMe:
    api: PointsApi

    @operation(
        summary="The awards that are held about me: my children's, my own, or those I gave",
        tag=TAG,
        response=Awarded,
        clauses=["S19", "S36"],
        paged=True,
        restricted=True,
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        asked, page = self.api.asks.of(req), page_of(req)
        key = page.after_key(int)
        rows = self.api.queries.awards_about(
            asked.school_id,
            pupils=concerned(asked.by),
            staff_id=asked.by.person_id if asked.by.capacity is Capacity.STAFF else None,
            before=int(key[0]) if key else None,
            limit=page.limit + 1,
        )
        resp.media = paged(rows, page, lambda row: (row.position,), lambda row: Awarded().dump(_shape(row)))


def _shape(row: AwardRow) -> dict[str, Any]:
    given_by = {
        "staff_id": row.staff_id,
        "given_name": row.staff_given_name,
        "family_name": row.staff_family_name,
    }
    return fields_of(row) | {"given_by": given_by}
