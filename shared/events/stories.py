"""What stories publishes. Streams: `story-<id>`, `media-<id>` (an upload, the one story it is used in, its end)."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NewType
from uuid import UUID

from shared.events.declaration import Event, Personal, event, personal
from shared.events.identity import ClassId, PupilId, SharedKind, StaffId
from shared.privacy.categories import Category

StoryId = NewType("StoryId", UUID)
MediaId = NewType("MediaId", UUID)


class StoryKind(StrEnum):
    """What a story is (S38, S40)."""

    NEWS = "news"
    CELEBRATION = "celebration"
    REMINDER = "reminder"
    UPDATE = "update"
    EVENT = "event"


class Audience(StrEnum):
    """Whom a story is for (S56): the whole class, or the adults of one child."""

    CLASS = "class"
    GUARDIANS = "guardians"


class PictureKind(StrEnum):
    """What a picture shares of a child: how they look, or what they made."""

    PHOTO = SharedKind.PHOTO
    WORK_SAMPLE = SharedKind.WORK_SAMPLE


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedPicture:
    """A picture in a story and every pupil whom it shows; none where the one who posted said so (S63)."""

    media_id: MediaId
    kind: PictureKind
    shows: tuple[PupilId, ...]


@event("stories.MediaUploaded", version=1)
class MediaUploaded(Event):
    media_id: MediaId
    staff_id: StaffId
    width: int
    height: int


@event("stories.MediaPosted", version=1)
class MediaPosted(Event):
    media_id: MediaId
    story_id: StoryId


@event("stories.MediaCleared", version=1)
class MediaCleared(Event):
    """The picture is taken away for good, its key first; from here on it can be posted no more."""

    media_id: MediaId
    story_id: StoryId | None  # the withdrawn one that it was in; None where it was never posted


@event("stories.StoryPosted", version=1)
class StoryPosted(Event):
    story_id: StoryId
    class_id: ClassId
    author_id: StaffId
    kind: StoryKind
    audience: Audience
    pupil_id: PupilId | None  # whose adults it is for, where it is not for the class
    event_on: date | None
    names: tuple[PupilId, ...]  # whom the text names
    pictures: tuple[PostedPicture, ...]
    list_version: int  # of the class's list of permissions, as it was
    roster_position: int  # how far permissions were known; what was withdrawn after it hides what is shared
    text: Personal[str] = personal(subject="story_id", category=Category.STORY)


@event("stories.StoryMediaApproved", version=1)
class StoryMediaApproved(Event):
    """After a permission was given again, staff looked again at some pictures of a story, or at its text (S64)."""

    story_id: StoryId
    staff_id: StaffId
    media_ids: tuple[MediaId, ...]
    text: bool
    roster_position: int


@event("stories.StoryWithdrawn", version=1)
class StoryWithdrawn(Event):
    story_id: StoryId
    staff_id: StaffId
