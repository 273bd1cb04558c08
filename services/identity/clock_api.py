"""The school's clock over HTTP, in a development installation alone: what time it is, and setting it forward."""

from dataclasses import dataclass
from datetime import timedelta

import falcon

from services.identity.domain.permission import may_run_the_platform
from services.identity.principals import Principals
from services.identity.schemas import ClockTime
from shared.http.app import caller
from shared.http.operations import body, operation
from shared.policy.codes import CLOCK_FORWARD_ONLY, INVALID_FIELDS, NOT_FOUND, OPERATOR_ONLY
from shared.policy.refusal import Refusal
from shared.runtime.clock import Clock, SchoolClock

TAG = "Clock"
MOST_AHEAD = timedelta(days=3660)
"""At one step: whoever mistypes a year does not find every deadline past, with no way back."""


@dataclass(frozen=True, slots=True)
class SchoolTime:
    """The resource.

    Attributes:
        clock: what the policy counts by, in every process.
        principals: forgets who was signed in: sessions may be over by the new time.
    """

    clock: Clock
    principals: Principals

    @operation(
        summary="What time it is by the school's clock (development installations only)", tag=TAG, response=ClockTime
    )
    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        resp.media = ClockTime().dump({"now": self.clock.now()})

    @operation(
        summary="Set the clock of every school forward: sessions and deadlines go by it (development only)",
        tag=TAG,
        request=ClockTime,
        response=ClockTime,
        codes=[OPERATOR_ONLY, NOT_FOUND, CLOCK_FORWARD_ONLY],
    )
    def on_put(self, req: falcon.Request, resp: falcon.Response) -> None:
        may_run_the_platform(caller(req))
        at = body(req, ClockTime)["now"]
        if not isinstance(self.clock, SchoolClock):
            raise Refusal(NOT_FOUND)
        if at > self.clock.now() + MOST_AHEAD:
            raise Refusal(INVALID_FIELDS, errors={"now": ["Please choose a time within the next ten years."]})
        try:
            self.clock.set_to(at)
        except ValueError:
            raise Refusal(CLOCK_FORWARD_ONLY) from None
        self.principals.forget()
        resp.media = ClockTime().dump({"now": self.clock.now()})
