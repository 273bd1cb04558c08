"""Messaging over HTTP, and nothing else: decode, ask, shape."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

import falcon

from services.messaging import shapes
from services.messaging.commands import MessagingCommands
from services.messaging.domain.permission import part_in
from services.messaging.queries import Before, ConversationRow, MessageRow, MessagingQueries
from services.messaging.replies_api import position_of, reply_routes
from services.messaging.schemas import (
    ConversationOpening,
    ConversationShown,
    HeldMessage,
    MessagePage,
    MessageShown,
    NewFlag,
    NewMessage,
    SentMessage,
    WarningDelivery,
)
from shared.events.messaging import Sender
from shared.hosting.writes import Asks, Written, written
from shared.http.operations import Route, body, operation
from shared.http.paging import Page, PageQuery, page_of, paged
from shared.log.commands import Asked
from shared.policy.codes import (
    BAD_CURSOR,
    CLASS_HAS_MOVED_ON,
    CONFLICT,
    FULL_NAME_USED,
    HEADTEACHER_ONLY,
    INITIAL_NOT_NEEDED,
    NAME_DOUBTFUL,
    NOT_A_RECIPIENT,
    NOT_ALLOWED,
    NOT_CLASS_TEACHER,
    NOT_FOUND,
    NOT_YOUR_CHILDS_TEACHER,
    REMOVED,
    STAFF_ONLY,
    SUSPENDED,
    WARNING_UNREAD,
    WRONG_CATEGORY,
)
from shared.policy.principal import Capacity
from shared.policy.refusal import Refusal
from shared.runtime.clock import Clock

TAG = "Messages"


@dataclass(frozen=True, slots=True)
class MessagingApi:
    """What the resources work with. Attributes: clock: the school's, by which an answer is late."""

    asks: Asks
    commands: MessagingCommands
    queries: MessagingQueries
    clock: Clock

    def routes(self) -> list[Route]:
        return [
            Route("/v1/conversations", ConversationList(self)),
            Route("/v1/conversations/{conversation_id:uuid}", OneConversation(self)),
            Route("/v1/conversations/{conversation_id:uuid}/messages", MessageList(self)),
            Route("/v1/messages/{message_id:uuid}", OneMessage(self)),
            Route("/v1/messages/{message_id:uuid}/flags", FlagList(self)),
            Route("/v1/warnings/{warning_id:uuid}/receipt", WarningReceipt(self)),
            Route("/v1/warnings/{warning_id:uuid}/delivery", WarningHandOver(self)),
            Route("/v1/me/held/messaging", HeldAboutMe(self)),
            *reply_routes(self),
        ]

    def conversation(self, asked: Asked, conversation_id: UUID) -> tuple[ConversationRow, Sender]:
        """A conversation that the caller takes part in, and as what. Nobody else reads one, leaders included (S52)."""
        row = self.queries.conversation(asked.school_id, conversation_id)
        if row is None:
            raise Refusal(NOT_FOUND)
        return row, self.part_in(asked, row)

    def part_in(self, asked: Asked, row: ConversationRow | MessageRow) -> Sender:
        teachers = self.queries.class_teachers(asked.school_id, [row.class_id])
        return part_in(asked.by, row.guardian_id, row.class_id, teachers.get(row.class_id, frozenset()))


@dataclass(frozen=True, slots=True)
class ConversationList:
    api: MessagingApi

    @operation(
        summary="My conversations, the most recent first",
        tag=TAG,
        response=ConversationShown,
        clauses=["S46", "S50", "S52"],
        paged=True,
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        asked, page = self.api.asks.of(req), page_of(req)
        rows = self._rows(asked, page)
        teachers = self.api.queries.teachers(asked.school_id, {row.class_id for row in rows})
        resp.media = paged(
            rows,
            page,
            lambda row: (row.position, str(row.conversation_id)),
            lambda row: ConversationShown().dump(shapes.conversation(row, teachers, _as(asked))),
        )

    @operation(
        summary="Open a conversation between a guardian and the class teacher of their child",
        tag=TAG,
        status=201,
        request=ConversationOpening,
        response=Written,
        clauses=["S46"],
        codes=[NOT_FOUND, NOT_YOUR_CHILDS_TEACHER, NOT_CLASS_TEACHER, CONFLICT],
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        fields = body(req, ConversationOpening)
        written(resp, "messaging", self.api.commands.open_conversation(self.api.asks.of(req), **fields))

    def _rows(self, asked: Asked, page: Page) -> Sequence[ConversationRow]:
        school, who, before, limit = asked.school_id, asked.by.person_id, _before(page), page.limit + 1
        match asked.by.capacity:
            case Capacity.GUARDIAN:
                return self.api.queries.conversations_of_guardian(school, who, before, limit)
            case Capacity.STAFF:
                return self.api.queries.conversations_of_teacher(school, who, asked.by.classes, before, limit)
        raise Refusal(NOT_FOUND)


@dataclass(frozen=True, slots=True)
class OneConversation:
    api: MessagingApi

    @operation(
        summary="One conversation",
        tag=TAG,
        response=ConversationShown,
        clauses=["S46", "S52"],
        codes=[NOT_FOUND, NOT_CLASS_TEACHER],
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, conversation_id: UUID) -> None:
        asked = self.api.asks.of(req)
        row, reader = self.api.conversation(asked, conversation_id)
        teachers = self.api.queries.teachers(asked.school_id, [row.class_id])
        resp.media = ConversationShown().dump(shapes.conversation(row, teachers, reader))


@dataclass(frozen=True, slots=True)
class MessageList:
    api: MessagingApi

    @operation(
        summary="The messages of a conversation: the newest page, newest last",
        tag=TAG,
        response=MessagePage,
        clauses=["S47", "S49", "S50", "S52", "S53"],
        codes=[NOT_FOUND, NOT_CLASS_TEACHER, BAD_CURSOR],
        query=PageQuery,
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, conversation_id: UUID) -> None:
        asked, page = self.api.asks.of(req), page_of(req)
        _, reader = self.api.conversation(asked, conversation_id)
        rows = self.api.queries.messages_of(asked.school_id, conversation_id, position_of(page), page.limit + 1)
        school = shapes.school(self.api.queries, asked.school_id)
        shown = paged(rows, page, lambda row: (row.position,), lambda row: shapes.message(row, reader, school))
        resp.media = MessagePage().dump(shown | {"items": shown["items"][::-1]})

    @operation(
        summary="Send a message, at any hour",
        tag=TAG,
        status=201,
        request=NewMessage,
        response=SentMessage,
        clauses=["S46", "S47", "S52", "S57", "S58", "S73", "S78"],
        codes=[
            NOT_FOUND,
            NOT_CLASS_TEACHER,
            NOT_YOUR_CHILDS_TEACHER,
            CLASS_HAS_MOVED_ON,
            NOT_ALLOWED,
            WARNING_UNREAD,
            REMOVED,
            SUSPENDED,
            FULL_NAME_USED,
            INITIAL_NOT_NEEDED,
            NAME_DOUBTFUL,
            CONFLICT,
        ],
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response, conversation_id: UUID) -> None:
        fields = body(req, NewMessage)
        asked = self.api.asks.of(req)
        sent = self.api.commands.send(asked, conversation_id=conversation_id, **fields)
        written(resp, "messaging", sent.answer)
        terms = self.api.queries.reply_terms(asked.school_id)
        resp.media = SentMessage().dump({"location": sent.answer.location, **shapes.wait(sent.sender, sent.at, terms)})


@dataclass(frozen=True, slots=True)
class OneMessage:
    api: MessagingApi

    @operation(
        summary="One message, as it was sent",
        tag=TAG,
        response=MessageShown,
        clauses=["S47", "S49", "S50", "S52"],
        codes=[NOT_FOUND, NOT_CLASS_TEACHER],
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, message_id: UUID) -> None:
        asked = self.api.asks.of(req)
        row = self.api.queries.message(asked.school_id, message_id)
        if row is None:
            raise Refusal(NOT_FOUND)
        reader = self.api.part_in(asked, row)
        school = shapes.school(self.api.queries, asked.school_id)
        resp.media = MessageShown().dump(shapes.message(row, reader, school))


@dataclass(frozen=True, slots=True)
class FlagList:
    api: MessagingApi

    @operation(
        summary="Flag a message that was received: the leaders are told, the message stays as it is",
        tag=TAG,
        status=201,
        request=NewFlag,
        response=Written,
        clauses=["S75", "S76", "S77"],
        codes=[STAFF_ONLY, NOT_FOUND, NOT_A_RECIPIENT, WRONG_CATEGORY, CONFLICT],
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response, message_id: UUID) -> None:
        fields = body(req, NewFlag)
        written(resp, "messaging", self.api.commands.flag(self.api.asks.of(req), message_id=message_id, **fields))


@dataclass(frozen=True, slots=True)
class WarningReceipt:
    api: MessagingApi

    @operation(
        summary="Say that a warning was read: from here on it is delivered",
        tag=TAG,
        status=201,
        response=Written,
        clauses=["S73"],
        codes=[NOT_FOUND, CONFLICT],
        restricted=True,
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response, warning_id: UUID) -> None:
        answer = self.api.commands.receive_warning(self.api.asks.of(req), warning_id=warning_id)
        written(resp, "messaging", answer)


@dataclass(frozen=True, slots=True)
class WarningHandOver:
    api: MessagingApi

    @operation(
        summary="Record that a warning was delivered by letter or in a meeting",
        tag=TAG,
        status=201,
        request=WarningDelivery,
        response=Written,
        clauses=["S06", "S73"],
        codes=[HEADTEACHER_ONLY, NOT_FOUND, CONFLICT],
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response, warning_id: UUID) -> None:
        fields = body(req, WarningDelivery)
        answer = self.api.commands.hand_over_warning(self.api.asks.of(req), warning_id=warning_id, **fields)
        written(resp, "messaging", answer)


@dataclass(frozen=True, slots=True)
class HeldAboutMe:
    api: MessagingApi

    @operation(
        summary="What is held of my own conversations, oldest first",
        tag=TAG,
        response=HeldMessage,
        clauses=["S19"],
        paged=True,
        restricted=True,
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        asked, page = self.api.asks.of(req), page_of(req)
        rows = self._rows(asked, page)
        resp.media = paged(rows, page, lambda row: (row.position,), lambda row: HeldMessage().dump(asdict(row)))

    def _rows(self, asked: Asked, page: Page) -> Sequence[MessageRow]:
        school, who, after, limit = asked.school_id, asked.by.person_id, position_of(page), page.limit + 1
        match asked.by.capacity:
            case Capacity.GUARDIAN:
                return self.api.queries.held_about_guardian(school, who, after, limit)
            case Capacity.STAFF:
                return self.api.queries.held_about_staff(school, who, after, limit)
        return []  # pupils write nothing here


def _as(asked: Asked) -> Sender:
    """As what somebody takes part in the conversations that are listed for them."""
    return Sender.GUARDIAN if asked.by.capacity is Capacity.GUARDIAN else Sender.STAFF


def _before(page: Page) -> Before:
    key = page.after_key(int, str)
    if key is None:
        return None
    try:
        return int(key[0]), UUID(str(key[1]))
    except ValueError:
        raise Refusal(BAD_CURSOR) from None
