"""Waiting for an answer over HTTP: what is urgent before it is sent, what waits, and asking a guardian to phone.

Nothing here is pushed to anybody, at no hour: staff look when they work.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import falcon

from services.messaging import shapes
from services.messaging.domain.permission import may_ask_what_is_urgent
from services.messaging.schemas import AwaitingMessage, UrgencyHint, UrgencyQuestion
from shared.hosting.writes import Written, written
from shared.http.app import caller
from shared.http.operations import Route, body, operation
from shared.http.paging import Page, page_of, paged
from shared.policy import urgent
from shared.policy.codes import CONFLICT, NOT_ALLOWED, NOT_CLASS_TEACHER, NOT_FOUND, STAFF_ONLY
from shared.policy.principal import Capacity
from shared.policy.refusal import Refusal

if TYPE_CHECKING:
    from services.messaging.api import MessagingApi

TAG = "Messages"


def reply_routes(api: "MessagingApi") -> list[Route]:
    return [
        Route("/v1/messages/urgency", Urgency(api)),
        Route("/v1/messages/{message_id:uuid}/phone-request", PhoneRequest(api)),
        Route("/v1/me/awaiting-reply", AwaitingReply(api)),
    ]


@dataclass(frozen=True, slots=True)
class Urgency:
    api: "MessagingApi"

    @operation(
        summary="Ask before sending whether a text sounds as if it cannot wait. It is not kept, and can be sent anyway",
        tag=TAG,
        request=UrgencyQuestion,
        response=UrgencyHint,
        clauses=["S51"],
        codes=[NOT_FOUND],
        idempotent=False,
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        asked, text = self.api.asks.of(req), body(req, UrgencyQuestion)["text"]
        may_ask_what_is_urgent(caller(req))
        phone = self.api.queries.office_phone(asked.school_id)
        resp.media = UrgencyHint().dump({"hint": urgent.hint(text, phone)})


@dataclass(frozen=True, slots=True)
class PhoneRequest:
    api: "MessagingApi"

    @operation(
        summary="Ask the guardian who wrote this to phone the school: the message then waits for no answer here",
        tag=TAG,
        status=201,
        response=Written,
        clauses=["S53"],
        codes=[STAFF_ONLY, NOT_FOUND, NOT_CLASS_TEACHER, NOT_ALLOWED, CONFLICT],
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response, message_id: UUID) -> None:
        written(resp, "messaging", self.api.commands.ask_to_phone(self.api.asks.of(req), message_id=message_id))


@dataclass(frozen=True, slots=True)
class AwaitingReply:
    api: "MessagingApi"

    @operation(
        summary="What guardians of my classes wrote and nobody has answered, the oldest first",
        tag=TAG,
        response=AwaitingMessage,
        clauses=["S48", "S49"],
        codes=[NOT_FOUND],
        paged=True,
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        by, page = caller(req), page_of(req)
        if by.capacity is not Capacity.STAFF or by.school_id is None:
            raise Refusal(NOT_FOUND)
        queries, now = self.api.queries, self.api.clock.now()
        rows = queries.awaiting_reply(by.school_id, by.person_id, by.classes, position_of(page), page.limit + 1)
        school = shapes.school(queries, by.school_id)
        resp.media = paged(
            rows,
            page,
            lambda row: (row.position,),
            lambda row: AwaitingMessage().dump(shapes.awaiting(row, school, now)),
        )


def position_of(page: Page) -> int | None:
    """The position that the page comes after."""
    key = page.after_key(int)
    return int(key[0]) if key else None
