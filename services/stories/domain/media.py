"""An uploaded picture: whose it is, and the one story that it is used in. Stream `media-<id>`."""

from dataclasses import dataclass, replace

from shared.events.identity import StaffId
from shared.events.stories import MediaId, MediaPosted, MediaUploaded, StoryId
from shared.policy.codes import CONFLICT
from shared.policy.refusal import Refusal

MediaEvent = MediaUploaded | MediaPosted


@dataclass(frozen=True, slots=True)
class Media:
    """Attributes: uploader: None while there is no such picture; story: None while it is in none."""

    uploader: StaffId | None = None
    story: StoryId | None = None

    def usable_by(self, staff_id: StaffId) -> bool:
        """Whether the one who uploaded it may still put it into a story."""
        return self.uploader == staff_id and self.story is None


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadMedia:
    media_id: MediaId
    staff_id: StaffId
    width: int
    height: int


def upload(command: UploadMedia, state: Media) -> list[MediaUploaded]:
    if state.uploader is not None:
        raise Refusal(CONFLICT)
    return [
        MediaUploaded(media_id=command.media_id, staff_id=command.staff_id, width=command.width, height=command.height)
    ]


def evolve(state: Media, event: MediaEvent) -> Media:
    match event:
        case MediaUploaded(staff_id=staff):
            return replace(state, uploader=staff)
        case MediaPosted(story_id=story):
            return replace(state, story=story)
