"""An uploaded picture: whose it is, the one story that it is used in, and its end. Stream `media-<id>`.

Posting and clearing both rest on the stream's version: whichever comes first, the other is decided anew and finds it.
"""

from dataclasses import dataclass, replace

from shared.events.identity import StaffId
from shared.events.stories import MediaCleared, MediaId, MediaPosted, MediaUploaded, StoryId
from shared.policy.codes import CONFLICT
from shared.policy.refusal import Refusal

MediaEvent = MediaUploaded | MediaPosted | MediaCleared


@dataclass(frozen=True, slots=True)
class Media:
    """Attributes: uploader: None while there is no such picture; story: None while it is in none."""

    uploader: StaffId | None = None
    story: StoryId | None = None
    cleared: bool = False

    def usable_by(self, staff_id: StaffId) -> bool:
        """Whether the one who uploaded it may still put it into a story."""
        return self.uploader == staff_id and self.story is None and not self.cleared


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadMedia:
    media_id: MediaId
    staff_id: StaffId
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearMedia:
    """Attributes: story_id: the story that the picture was found in; None where it was found in none."""

    media_id: MediaId
    story_id: StoryId | None


def upload(command: UploadMedia, state: Media) -> list[MediaUploaded]:
    if state.uploader is not None or state.cleared:
        raise Refusal(CONFLICT)
    return [
        MediaUploaded(media_id=command.media_id, staff_id=command.staff_id, width=command.width, height=command.height)
    ]


def clear(command: ClearMedia, state: Media, *, withdrawn: bool) -> list[MediaCleared]:
    """Nothing where the picture is in another story than it was found in, or in one that stands.

    What was found in none and is in one by now, however short, is kept as long as that story's pictures are.
    """
    if state.cleared or state.story != command.story_id or (state.story is not None and not withdrawn):
        return []
    return [MediaCleared(media_id=command.media_id, story_id=state.story)]


def evolve(state: Media, event: MediaEvent) -> Media:
    match event:
        case MediaUploaded(staff_id=staff):
            return replace(state, uploader=staff)
        case MediaPosted(story_id=story):
            return replace(state, story=story)
        case MediaCleared():
            return replace(state, cleared=True)
