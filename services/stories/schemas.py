"""The wire forms of stories: what is sent and what is shown."""

from marshmallow import validate

from services.stories.domain.story import MOST_PICTURES
from shared.events.stories import Audience, PictureKind, StoryKind
from shared.http.problems import Calm
from shared.http.schemas import DateField, EnumField, Flag, Id, ListOf, Part, Schema, Text, When
from shared.media.store import Variant

STORY = 2000
MOST_NAMED = 60
"""Pupils of one class, and some."""


def _at_most(count: int) -> validate.Length:
    return validate.Length(max=count, error=Calm(f"Please give {count} or fewer."))


class NewPicture(Schema):
    """An upload, what it shares, and every pupil whom it shows; or the word that it shows none."""

    media_id = Id(required=True)
    kind = EnumField(PictureKind, load_default=PictureKind.PHOTO)
    shows = ListOf(Id(), load_default=list, validate=_at_most(MOST_NAMED))
    nobody_shown = Flag(load_default=False)


class NewStory(Schema):
    """For the class, or for the adults of one child. `confirmed`: the words were looked at again and are fine."""

    kind = EnumField(StoryKind, required=True)
    text = Text(1, STORY, required=True)
    pupil_id = Id(load_default=None, allow_none=True)
    event_on = DateField(load_default=None, allow_none=True)
    names = ListOf(Id(), load_default=list, validate=_at_most(MOST_NAMED))
    pictures = ListOf(Part(NewPicture), load_default=list, validate=_at_most(MOST_PICTURES))
    confirmed = Flag(load_default=False)


class MediaApproval(Schema):
    media_ids = ListOf(Id(), load_default=list, validate=_at_most(MOST_PICTURES))
    text = Flag(load_default=False)


class MediaQuery(Schema):
    size = EnumField(Variant, load_default=Variant.PICTURE)


class StoryClass(Schema):
    class_id = Id(required=True)
    name = Text(required=True, allow_none=True)


class StoryAuthor(Schema):
    given_name = Text(required=True, allow_none=True)
    family_name = Text(required=True, allow_none=True)


class StoryPicture(Schema):
    """`shows` is for staff: None to others. Staff are told of one that is hidden, and see no more of it than others."""

    media_id = Id(required=True)
    kind = EnumField(PictureKind, required=True)
    hidden = Flag(required=True)
    shows = ListOf(Id(), required=True, allow_none=True)


class StoryShown(Schema):
    """`text` is None where it was erased, or `hidden` because it names a child who may not be named now.

    `reminder` stands beside pictures, for families: they stay here.
    """

    story_id = Id(required=True)
    class_ = Part(StoryClass, required=True, data_key="class", attribute="class")
    kind = EnumField(StoryKind, required=True)
    audience = EnumField(Audience, required=True)
    pupil_id = Id(required=True, allow_none=True)
    event_on = DateField(required=True, allow_none=True)
    author = Part(StoryAuthor, required=True)
    text = Text(1, STORY, required=True, allow_none=True)
    hidden = Flag(required=True)
    names = ListOf(Id(), required=True, allow_none=True)
    pictures = ListOf(Part(StoryPicture), required=True)
    reminder = Text(required=True, allow_none=True)
    posted_at = When(required=True)


class StoryFeed(Schema):
    """One page of a class's stories. `notice` tells parents and carers what to expect; None to others."""

    items = ListOf(Part(StoryShown), required=True)
    next = Text(required=True, allow_none=True)
    notice = Text(required=True, allow_none=True)


class Notice(Schema):
    """What the school reminds of, in words alone."""

    story_id = Id(required=True)
    class_ = Part(StoryClass, required=True, data_key="class", attribute="class")
    kind = EnumField(StoryKind, required=True)
    event_on = DateField(required=True, allow_none=True)
    text = Text(1, STORY, required=True, allow_none=True)
    posted_at = When(required=True)


class HeldStory(Notice):
    """What a member of staff posted, or what was posted for the adults of a guardian's own children."""

    audience = EnumField(Audience, required=True)
    pupil_id = Id(required=True, allow_none=True)
