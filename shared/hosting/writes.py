"""What a write takes from its request, and how its answer looks: status, Location, position; never a body of its own.

The answer's body follows from the location alone, so that a repeated request is answered the same from what was kept.
"""

from dataclasses import dataclass, field

from falcon import Request, Response

from shared.http import idempotency
from shared.http.app import caller
from shared.http.operations import raw_body
from shared.http.position import LogPosition
from shared.http.schemas import Schema, Text
from shared.log.append import Answer, Claim
from shared.log.commands import Asked
from shared.runtime import correlation


class Written(Schema):
    """Where the thing that was written can be read."""

    location = Text(required=True)


@dataclass(frozen=True, slots=True)
class Asks:
    """Makes of a request what a command wants to know of it.

    Attributes:
        mac_key: the key for the MAC of a request's body, the service's own.
    """

    mac_key: bytes = field(repr=False)

    def of(self, req: Request) -> Asked:
        """Who asks; with the idempotency key where the operation takes one."""
        by, claim = caller(req), None
        if req.context.idempotency_key is not None:
            claim = Claim(
                person_id=by.person_id,
                key=req.context.idempotency_key,
                body_mac=idempotency.body_mac(self.mac_key, req.method, req.path, raw_body(req)),
            )
        return Asked(by=by, correlation_id=correlation.current(), claim=claim)


def written(resp: Response, service: str, answer: Answer, status: int | None = None) -> None:
    """Answers a write. `status` is another than the answer's for what is not kept under a key."""
    resp.status = status or answer.status
    resp.location = answer.location
    if answer.position:  # else nothing was ever recorded of it: there is nothing to wait for
        resp.context.position = LogPosition(service=service, partition=answer.partition, position=answer.position)
    resp.media = {"location": answer.location}
