"""Erasure over HTTP (S20): guardians and pupils ask, the office decides, and both read what it came to."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import falcon

from services.identity.domain.permission import may_decide_on_erasure, requests_shown
from services.identity.erasures import Erasures as ErasureCommands
from services.identity.queries import ErasureRow
from services.identity.schemas import ErasureRequest, Erasures, ErasureShown, NewErasure
from shared.hosting.writes import Written, written
from shared.http.app import caller
from shared.http.operations import Route, body, operation
from shared.policy.codes import CODES, ERASED_BEFORE, NOT_FOUND, OFFICE_ONLY, WORKS_HERE
from shared.policy.refusal import Refusal

if TYPE_CHECKING:
    from services.identity.api import IdentityApi

TAG = "Erasure"


def erasure_routes(api: "IdentityApi") -> list[Route]:
    return [
        Route("/v1/erasure-requests", ErasureRequests(api)),
        Route("/v1/erasures", AllErasures(api)),
        Route("/v1/erasures/{erasure_id:uuid}", OneErasure(api)),
    ]


@dataclass(frozen=True, slots=True)
class ErasureRequests:
    api: "IdentityApi"

    @operation(
        summary="Ask for my data, or my child's, to be deleted",
        tag=TAG,
        status=201,
        request=ErasureRequest,
        response=Written,
        clauses=["S20"],
        codes=[NOT_FOUND, ERASED_BEFORE],
        restricted=True,
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        answer = _commands(self.api).request(self.api.asks.of(req), **body(req, ErasureRequest))
        written(resp, "identity", answer)


@dataclass(frozen=True, slots=True)
class AllErasures:
    api: "IdentityApi"

    @operation(
        summary="What was asked for, decided and carried out",
        tag=TAG,
        response=Erasures,
        clauses=["S18", "S20"],
        codes=[OFFICE_ONLY],
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        may_decide_on_erasure(caller(req))
        found = self.api.queries.erasures(self.api.asks.of(req).school_id)
        resp.media = Erasures().dump({"items": [_shown(row, row.askers) for row in found]})

    @operation(
        summary="Decide that a person's data is erased; they leave the school",
        tag=TAG,
        status=201,
        request=NewErasure,
        response=Written,
        clauses=["S18", "S20"],
        codes=[OFFICE_ONLY, NOT_FOUND, ERASED_BEFORE, WORKS_HERE],
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        fields = body(req, NewErasure)
        may_decide_on_erasure(caller(req))
        written(resp, "identity", _commands(self.api).decide(self.api.asks.of(req), **fields))


@dataclass(frozen=True, slots=True)
class OneErasure:
    api: "IdentityApi"

    @operation(
        summary="What an erasure came to: what is erased, what is kept and why, and how to complain",
        tag=TAG,
        response=ErasureShown,
        clauses=["S20"],
        codes=[NOT_FOUND],
        restricted=True,
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, erasure_id: UUID) -> None:
        by = caller(req)
        found = self.api.queries.erasure(self.api.asks.of(req).school_id, erasure_id)
        if found is None:
            raise Refusal(NOT_FOUND)
        shown = requests_shown(by, found.subject_id, found.askers, decided=found.decided_at is not None)
        resp.media = ErasureShown().dump(_shown(found, shown))


def _commands(api: "IdentityApi") -> ErasureCommands:
    return ErasureCommands(api.commands.handler, api.clock)


def _shown(row: ErasureRow, told_of: Collection[UUID]) -> dict[str, Any]:
    """The erasure, with the requests of those whom the reader is told of."""
    requests = [
        {"person_id": person, "requested_at": at}
        for person, at in zip(row.askers, row.asked_at, strict=True)
        if person in told_of
    ]
    kept = [one | {"detail": CODES[one["code"]].detail} for one in row.refused]
    first = requests[0]["requested_at"] if requests else None
    return asdict(row) | {"kept": kept, "requests": requests, "requested_at": first}
