"""A pupil's own picture over HTTP: one of a fixed set, and nothing is uploaded (S30)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import falcon

from services.identity.schemas import NewAvatar
from shared.hosting.writes import Written, written
from shared.http.operations import body, operation
from shared.policy.codes import NOT_FOUND, PUPILS_ONLY

if TYPE_CHECKING:
    from services.identity.api import IdentityApi


@dataclass(frozen=True, slots=True)
class OwnAvatar:
    api: "IdentityApi"

    @operation(
        summary="Choose my picture, as a pupil",
        tag="People",
        request=NewAvatar,
        response=Written,
        clauses=["S30"],
        codes=[PUPILS_ONLY, NOT_FOUND],
    )
    def on_put(self, req: falcon.Request, resp: falcon.Response) -> None:
        answer = self.api.commands.choose_avatar(self.api.asks.of(req), **body(req, NewAvatar))
        written(resp, "identity", answer)
