"""What families may expect of a class's stories, and that nothing lets anybody demand one."""

from deploy.gateway.document import made
from services.stories.domain.expectations import notice_for, reminder_for
from services.stories.schemas import NewStory, StoryFeed
from shared.events.messaging import FlagCategory
from shared.policy.principal import Capacity
from tests.repo.test_promises import WORD

DEMANDS = {"demand", "demanded", "wanted", "wish", "due", "target", "quota", "minimum", "frequency", "missing", "late"}


def test_S80_parents_and_carers_are_told_with_the_feed_that_how_much_is_posted_varies():
    said = notice_for(Capacity.GUARDIAN) or ""
    assert "from week to week" in said
    assert "year groups" in said
    assert StoryFeed().dump({"items": [], "next": None, "notice": said})["notice"] == said
    assert notice_for(Capacity.STAFF) is notice_for(Capacity.PUPIL) is None


def test_S80_nothing_lets_anybody_demand_a_post():
    """Stories are asked for by no path and no field, and how often a class posts is no ground to flag anyone."""
    paths = {path: item for path, item in made()["paths"].items() if item["x-service"] == "stories"}
    writes = {path for path, item in paths.items() if item.keys() & {"post", "put", "patch", "delete"}}
    assert writes == {
        "/v1/classes/{class_id}/stories",
        "/v1/media",
        "/v1/stories/{story_id}/media-approval",
        "/v1/stories/{story_id}/withdrawal",
    }, "posting itself, its pictures, and what its staff do with it later"
    names = [*paths, *NewStory().fields, *StoryFeed().fields, *FlagCategory]
    assert [name for name in names if {word.lower() for word in WORD.findall(name)} & DEMANDS] == []


def test_S69_beside_every_picture_families_are_reminded_that_it_stays_here():
    assert "keep pictures here" in (reminder_for(1, staff=False) or "")
    assert reminder_for(0, staff=False) is None, "words alone need no reminder"
    assert reminder_for(1, staff=True) is None
