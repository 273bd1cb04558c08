"""Stories over HTTP, and nothing else: decode, ask, shape. Pictures are in `media_api.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import falcon

from services.stories.commands import StoriesCommands
from services.stories.domain.expectations import notice_for, reminder_for
from services.stories.domain.permission import Reader, may_read, may_read_notices, reader_of
from services.stories.domain.story import Picture
from services.stories.queries import StoriesQueries, StoryRow
from services.stories.schemas import HeldStory, MediaApproval, NewStory, Notice, StoryFeed, StoryShown
from shared.events.identity import PupilId
from shared.events.stories import MediaId
from shared.hosting.writes import Asks, Written, written
from shared.http.operations import Route, body, operation
from shared.http.paging import Page, PageQuery, page_of, paged
from shared.log.commands import Asked
from shared.media.store import MediaStore
from shared.policy.codes import (
    BAD_CURSOR,
    CONFLICT,
    FULL_NAME_USED,
    GUARDIANS_ONLY,
    INITIAL_NOT_NEEDED,
    LEADERS_ONLY,
    MEDIA_UNTAGGED,
    NAME_DOUBTFUL,
    NO_PHOTO_PERMISSION,
    NOT_CLASS_TEACHER,
    NOT_FOUND,
    PERMISSION_LIST_UNREAD,
    SENSITIVE_IN_STORY,
    STAFF_ONLY,
)
from shared.policy.principal import Capacity
from shared.policy.refusal import Refusal

TAG = "Stories"


@dataclass(frozen=True, slots=True)
class StoriesApi:
    """What the resources work with."""

    asks: Asks
    commands: StoriesCommands
    queries: StoriesQueries
    media: MediaStore

    def routes(self) -> list[Route]:
        return [
            Route("/v1/classes/{class_id:uuid}/stories", ClassStories(self)),
            Route("/v1/stories/{story_id:uuid}", OneStory(self)),
            Route("/v1/stories/{story_id:uuid}/withdrawal", Withdrawal(self)),
            Route("/v1/stories/{story_id:uuid}/media-approval", Approval(self)),
            Route("/v1/notices", Notices(self)),
            Route("/v1/me/held/stories", HeldAboutMe(self)),
        ]

    def story(self, asked: Asked, story_id: UUID) -> tuple[StoryRow, Reader]:
        """A story that the caller may read, and as what."""
        row = self.queries.story(asked.school_id, story_id)
        if row is None:
            raise Refusal(NOT_FOUND)
        relations = self.queries.relations(asked.school_id, row.class_id, row.pupil_id)
        if relations is None:
            raise Refusal(NOT_FOUND)
        return row, may_read(asked.by, row.addressed, relations)


@dataclass(frozen=True, slots=True)
class ClassStories:
    api: StoriesApi

    @operation(
        summary="A class's stories, the newest first. How many there are differs from week to week, and that is fine",
        tag=TAG,
        query=PageQuery,
        response=StoryFeed,
        clauses=["S37", "S40", "S43", "S44", "S45", "S80"],
        codes=[NOT_FOUND, NOT_CLASS_TEACHER, BAD_CURSOR],
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, class_id: UUID) -> None:
        asked, page = self.api.asks.of(req), page_of(req)
        relations = self.api.queries.relations(asked.school_id, class_id)
        if relations is None:
            raise Refusal(NOT_FOUND)
        reader = reader_of(asked.by, class_id, relations)
        rows = self.api.queries.feed(asked.school_id, class_id, reader, _before(page), page.limit + 1)
        found = paged(rows, page, _key, lambda row: _story(row, reader))
        resp.media = StoryFeed().dump(found | {"notice": notice_for(asked.by.capacity)})

    @operation(
        summary="Post a story for a class, or for the adults of one of its children",
        tag=TAG,
        status=201,
        request=NewStory,
        response=Written,
        clauses=["S37", "S38", "S40", "S54", "S56", "S57", "S58", "S61", "S62", "S63"],
        codes=[
            STAFF_ONLY,
            NOT_CLASS_TEACHER,
            NOT_FOUND,
            MEDIA_UNTAGGED,
            PERMISSION_LIST_UNREAD,
            NO_PHOTO_PERMISSION,
            FULL_NAME_USED,
            INITIAL_NOT_NEEDED,
            NAME_DOUBTFUL,
            SENSITIVE_IN_STORY,
            CONFLICT,
        ],
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response, class_id: UUID) -> None:
        fields = body(req, NewStory)
        pictures = [
            Picture(
                media_id=MediaId(one["media_id"]),
                kind=one["kind"],
                shows=tuple(map(PupilId, one["shows"])),
                nobody_shown=one["nobody_shown"],
            )
            for one in fields.pop("pictures")
        ]
        answer = self.api.commands.post(self.api.asks.of(req), class_id=class_id, pictures=pictures, **fields)
        written(resp, "stories", answer)


@dataclass(frozen=True, slots=True)
class OneStory:
    api: StoriesApi

    @operation(
        summary="One story",
        tag=TAG,
        response=StoryShown,
        clauses=["S40", "S43", "S56"],
        codes=[NOT_FOUND, NOT_CLASS_TEACHER],
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, story_id: UUID) -> None:
        row, reader = self.api.story(self.api.asks.of(req), story_id)
        resp.media = StoryShown().dump(_story(row, reader))


@dataclass(frozen=True, slots=True)
class Withdrawal:
    api: StoriesApi

    @operation(
        summary="Withdraw a story: its author, or a leader",
        tag=TAG,
        status=201,
        response=Written,
        clauses=["S54"],
        codes=[STAFF_ONLY, NOT_CLASS_TEACHER, LEADERS_ONLY, NOT_FOUND, CONFLICT],
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response, story_id: UUID) -> None:
        written(resp, "stories", self.api.commands.withdraw(self.api.asks.of(req), story_id=story_id))


@dataclass(frozen=True, slots=True)
class Approval:
    api: StoriesApi

    @operation(
        summary="Show again what a permission that was away had hidden",
        tag=TAG,
        status=201,
        request=MediaApproval,
        response=Written,
        clauses=["S62", "S63", "S64"],
        codes=[
            STAFF_ONLY,
            NOT_CLASS_TEACHER,
            NOT_FOUND,
            PERMISSION_LIST_UNREAD,
            NO_PHOTO_PERMISSION,
            CONFLICT,
        ],
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response, story_id: UUID) -> None:
        fields = body(req, MediaApproval)
        written(resp, "stories", self.api.commands.approve(self.api.asks.of(req), story_id=story_id, **fields))


@dataclass(frozen=True, slots=True)
class Notices:
    """What a guardian needs to know of, sanctioned or not (T10): words alone, no pictures."""

    api: StoriesApi

    @operation(
        summary="Reminders and events of my children's classes, the newest first",
        tag=TAG,
        response=Notice,
        clauses=["S38", "S43"],
        codes=[GUARDIANS_ONLY],
        paged=True,
        restricted=True,
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        asked, page = self.api.asks.of(req), page_of(req)
        may_read_notices(asked.by)
        rows = self.api.queries.notices(
            asked.school_id, asked.by.person_id, sorted(asked.by.children), _before(page), page.limit + 1
        )
        resp.media = paged(rows, page, _key, lambda row: Notice().dump(_words(row)))


@dataclass(frozen=True, slots=True)
class HeldAboutMe:
    api: StoriesApi

    @operation(
        summary="What is held of mine: stories that I posted, or that were posted for my children's adults alone",
        tag=TAG,
        response=HeldStory,
        clauses=["S19"],
        paged=True,
        restricted=True,
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        asked, page = self.api.asks.of(req), page_of(req)
        resp.media = paged(self._rows(asked, page), page, _key, lambda row: HeldStory().dump(_words(row)))

    def _rows(self, asked: Asked, page: Page) -> Sequence[StoryRow]:
        before, limit = _before(page), page.limit + 1
        match asked.by.capacity:
            case Capacity.STAFF:
                return self.api.queries.written_by(asked.school_id, asked.by.person_id, before, limit)
            case Capacity.GUARDIAN:
                return self.api.queries.written_to(asked.school_id, sorted(asked.by.children), before, limit)
            case Capacity.PUPIL:
                return []  # pupils post nothing, and nothing is posted for them alone
        raise Refusal(NOT_FOUND)


def _story(row: StoryRow, reader: Reader) -> dict[str, Any]:
    """Whom a picture shows, and that one is hidden, is for staff."""
    pictures = [
        {
            "media_id": UUID(one["media_id"]),
            "kind": one["kind"],
            "hidden": not one["shown"],
            "shows": [UUID(pupil) for pupil in one["shows"]] if reader.staff else None,
        }
        for one in row.pictures
        if reader.staff or one["shown"]
    ]
    return _words(row) | {
        "author": {"given_name": row.author_given_name, "family_name": row.author_family_name},
        "hidden": not row.text_shown,
        "names": list(row.names) if reader.staff else None,
        "pictures": pictures,
        "reminder": reminder_for(len(pictures), staff=reader.staff),
    }


def _words(row: StoryRow) -> dict[str, Any]:
    return {
        "story_id": row.story_id,
        "class": {"class_id": row.class_id, "name": row.class_name},
        "kind": row.kind,
        "audience": row.audience,
        "pupil_id": row.pupil_id,
        "event_on": row.event_on,
        "text": row.text,
        "posted_at": row.posted_at,
    }


def _key(row: StoryRow) -> tuple[int]:
    return (row.position,)


def _before(page: Page) -> int | None:
    key = page.after_key(int)
    return int(key[0]) if key else None
