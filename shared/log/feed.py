"""The feed: a service's log served to the others by partition and position, and the client that follows it.

Served by the api process (a frozen worker does not stop it), at paths that the gateway does not route, to consumers
with a credential. One event a line, so that each passes the strict decoder by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import falcon
import orjson

from shared.events.envelope import Envelope, envelope_from_wire, envelope_to_wire
from shared.events.wire import WireError
from shared.http.asking import Asking, NotAnswered
from shared.http.strict_json import decode
from shared.log import read
from shared.log.read import Head
from shared.runtime.database import Pool

LIMIT = 500
SECONDS = 5.0
"""How long the client waits for a connection, and for each read."""


class FeedBroken(Exception):  # noqa: N818 - said as it is
    """A feed could not be read, or answered what is not a log. Its text names the service, never content."""


class HeadsResource:
    """GET /internal/heads."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        with self._pool.connection() as connection:
            heads = read.heads(connection)
        resp.media = {str(number): {"position": h.position, "hash": h.hash.hex()} for number, h in heads.items()}


class FeedResource:
    """GET /internal/feed/{partition}?after=POSITION."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def on_get(self, req: falcon.Request, resp: falcon.Response, partition: int) -> None:
        after = req.get_param_as_int("after", required=True, min_value=0)
        with self._pool.connection() as connection:
            found = read.after(connection, partition, after, LIMIT)
        resp.content_type = "application/x-ndjson"
        resp.data = b"".join(orjson.dumps(envelope_to_wire(envelope)) + b"\n" for envelope in found)


@dataclass(frozen=True, slots=True)
class Feed:
    """Follows another service's log. A source as the projections' runner wants it."""

    service: str
    asking: Asking

    def heads(self) -> Mapping[int, Head]:
        raw = orjson.loads(self._get("/internal/heads"))
        try:
            return {
                int(number): Head(position=int(head["position"]), hash=bytes.fromhex(head["hash"]))
                for number, head in raw.items()
            }
        except (AttributeError, KeyError, TypeError, ValueError):
            raise FeedBroken(f"{self.service}: heads that are none") from None

    def after(self, partition: int, at: Head, limit: int) -> list[Envelope]:
        """At most `limit` events, each with a hash that follows from its fields; links are the cursor's to check."""
        body = self._get(f"/internal/feed/{partition}?after={at.position}")
        try:
            envelopes = [envelope_from_wire(_object(decode(line))) for line in body.splitlines()[:limit]]
        except (WireError, ValueError):
            raise FeedBroken(f"{self.service}: an event that is none") from None
        if not all(envelope.hash_is_right() for envelope in envelopes):
            raise FeedBroken(f"{self.service}: an event whose hash does not follow from it")
        return envelopes

    def _get(self, path: str) -> bytes:
        try:
            answer = self.asking.get(path)
        except NotAnswered as error:
            raise FeedBroken(f"{self.service}: {error}") from None
        if answer.status != HTTPStatus.OK:
            raise FeedBroken(f"{self.service}: answered {answer.status}")
        return answer.body


def feed(service: str, address: str, credential: str, seconds: float = SECONDS) -> Feed:
    """The feed of a service whose api process listens at `address`, read with this service's own credential."""
    return Feed(service, Asking(address, credential, seconds))


def _object(raw: Any) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise WireError("an event that is no object")
    return raw
