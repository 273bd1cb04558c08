"""Whom the personal texts of stories concern: a story goes with any child it names, a picture with any it shows."""

from shared.events.stories import StoryPosted
from shared.privacy.categories import Category
from shared.privacy.erasure import Concerns, Items

CONCERNS: Concerns = {
    StoryPosted: (
        "pupil_id",
        "names",
        Items(field="pictures", who="shows", item="media_id", category=Category.MEDIA),
    ),
}
