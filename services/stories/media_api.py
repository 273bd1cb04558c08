"""Pictures over HTTP: in as they come from a camera, out as they were encoded anew, to who may see them now."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import falcon

from services.stories.schemas import MediaQuery
from shared.hosting.writes import Written, written
from shared.http.operations import Route, operation, query, raw_body
from shared.media import answer
from shared.media.plain import Kind
from shared.media.sniff import MEDIA_TYPES
from shared.policy.codes import (
    MEDIA_ANIMATED,
    MEDIA_NOT_AN_IMAGE,
    MEDIA_TOO_LARGE,
    NOT_CLASS_TEACHER,
    NOT_FOUND,
    STAFF_ONLY,
)
from shared.policy.refusal import Refusal

if TYPE_CHECKING:
    from services.stories.api import StoriesApi

TAG = "Pictures"


def media_routes(api: "StoriesApi") -> list[Route]:
    return [Route("/v1/media", MediaList(api)), Route("/v1/media/{media_id:uuid}", OneMedia(api))]


@dataclass(frozen=True, slots=True)
class MediaList:
    api: "StoriesApi"

    @operation(
        summary="Upload a picture, to be used in one story; until then nobody sees it",
        tag=TAG,
        status=201,
        upload=MEDIA_TYPES,
        response=Written,
        clauses=["S37", "S54"],
        codes=[STAFF_ONLY, NOT_CLASS_TEACHER, MEDIA_NOT_AN_IMAGE, MEDIA_TOO_LARGE, MEDIA_ANIMATED],
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        written(resp, "stories", self.api.commands.upload(self.api.asks.of(req), data=raw_body(req)))


@dataclass(frozen=True, slots=True)
class OneMedia:
    api: "StoriesApi"

    @operation(
        summary="A picture of a story that I may read; what stays in Bookbag stays in Bookbag",
        tag=TAG,
        answers=Kind.JPEG,
        query=MediaQuery,
        clauses=["S16", "S64", "S69"],
        codes=[NOT_FOUND, NOT_CLASS_TEACHER],
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, media_id: UUID) -> None:
        """One that is hidden is hidden from everyone, and looks like one that is not there."""
        asked, size = self.api.asks.of(req), query(req, MediaQuery)["size"]
        found = self.api.queries.story_of_media(asked.school_id, media_id)
        if found is None:
            raise Refusal(NOT_FOUND)
        story_id, shown = found
        self.api.story(asked, story_id)
        if not shown:
            raise Refusal(NOT_FOUND)
        answer.show(resp, self.api.media.read(self.api.queries.reader, asked.school_id, media_id, size))
