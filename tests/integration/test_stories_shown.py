"""What stories shows of a child, on a real PostgreSQL: nothing while it is not known what may be shown.

Points' roles stand in for those that every service has in its own database.
"""

from uuid import UUID, uuid4

import pytest

from services.stories.domain.permission import Reader
from services.stories.projections.stories import stories
from services.stories.queries import StoriesQueries
from shared.events.declaration import Event
from shared.events.envelope import Envelope
from shared.events.identity import (
    ClassId,
    GuardianId,
    GuardianLinked,
    PersonId,
    PupilAdmitted,
    PupilId,
    Relationship,
    SharedKind,
    SharePermissionAnswered,
    StaffId,
    YearGroup,
)
from shared.events.stories import Audience, MediaId, PictureKind, PostedPicture, StoryId, StoryKind, StoryPosted
from shared.projections.declaration import Projection, Tx
from shared.projections.install import install
from shared.projections.parking import park
from shared.projections.roster import roster
from shared.projections.roster_queries import Roster
from shared.testing.envelopes import envelope_of
from tests.integration.conftest import ScratchLog

CLASS, TEACHER = ClassId(UUID(int=1)), StaffId(UUID(int=3))
CHILD, MOTHER = PupilId(UUID(int=10)), GuardianId(UUID(int=20))
STORY, OF_THE_CHILD, OF_NOBODY = StoryId(UUID(int=30)), MediaId(UUID(int=31)), MediaId(UUID(int=32))


class Wall:
    """A class's story that names a child, with a picture of them and one of nobody, and what there is of it to see.

    Attributes:
        up_to_date: whether it is known that the roster has all that identity recorded.
    """

    def __init__(self, scratch: ScratchLog) -> None:
        with scratch.pool("points_owner").connection() as connection:
            install(connection, roster)
            install(connection, stories)
        self.school_id = uuid4()
        self.worker, reader = scratch.connection("points_worker"), scratch.pool("points_reader")
        self.position = 0
        self.up_to_date = True
        self._queries = StoriesQueries(reader, Roster(reader), lambda _school: self.up_to_date)

    def hears(self, model: Projection, event: Event) -> Envelope:
        self.position += 1
        told = self._told(event)
        with self.worker.cursor() as cursor:
            model.handlers[event.event_type](Tx(cursor, model.physical()), event, told)
        return told

    def shows(self) -> tuple[bool, set[UUID], set[UUID]]:
        """Whether the text is shown, which pictures on the page, and which by their links."""
        [row] = self._queries.feed(self.school_id, CLASS, Reader(staff=True), None, 10)
        assert self._queries.story(self.school_id, STORY) == row
        pages = {UUID(one["media_id"]) for one in row.pictures if one["shown"]}
        links: set[UUID] = {one for one in (OF_THE_CHILD, OF_NOBODY) if self._by_link(one)}
        assert (row.text is not None) == row.text_shown
        return row.text_shown, pages, links

    def _by_link(self, media_id: UUID) -> bool:
        found = self._queries.story_of_media(self.school_id, media_id)
        assert found is not None
        return found[1]

    def _told(self, event: Event) -> Envelope:
        of_the_child = {"stream": f"permission-{CHILD}", "data": {"pupil_id": str(CHILD)}}
        return envelope_of(event, school_id=self.school_id, position=self.position, **of_the_child)


EVERYTHING = (True, {OF_THE_CHILD, OF_NOBODY}, {OF_THE_CHILD, OF_NOBODY})
NOTHING_OF_THE_CHILD = (False, {OF_NOBODY}, {OF_NOBODY})


def said(kind: SharedKind, *, allowed: bool) -> SharePermissionAnswered:
    return SharePermissionAnswered(
        pupil_id=CHILD, guardian_id=MOTHER, kind=kind, allowed=allowed, answered_by=PersonId(MOTHER)
    )


@pytest.fixture
def wall(scratch: ScratchLog) -> Wall:
    made = Wall(scratch)
    for event in (
        PupilAdmitted(pupil_id=CHILD, year_group=YearGroup.YEAR_2, given_name="Bo", family_name="Bee", birth_date=None),
        GuardianLinked(pupil_id=CHILD, guardian_id=MOTHER, relationship=Relationship.PARENT),
        said(SharedKind.PHOTO, allowed=True),
        said(SharedKind.MESSAGE, allowed=True),
    ):
        made.hears(roster, event)
    posted = StoryPosted(
        story_id=STORY,
        class_id=CLASS,
        author_id=TEACHER,
        kind=StoryKind.NEWS,
        audience=Audience.CLASS,
        pupil_id=None,
        event_on=None,
        names=(CHILD,),
        pictures=(
            PostedPicture(media_id=OF_THE_CHILD, kind=PictureKind.PHOTO, shows=(CHILD,)),
            PostedPicture(media_id=OF_NOBODY, kind=PictureKind.PHOTO, shows=()),
        ),
        list_version=made.position,
        roster_position=made.position,
        text="Bo found a frog.",
    )
    made.hears(stories, posted)
    return made


def test_S63_what_is_permitted_is_shown(wall: Wall):
    assert wall.shows() == EVERYTHING


def test_S64_nobody_is_shown_in_a_picture_or_by_name_while_the_roster_is_not_known_to_be_up_to_date(wall: Wall):
    wall.up_to_date = False
    assert wall.shows() == NOTHING_OF_THE_CHILD
    wall.up_to_date = True
    assert wall.shows() == EVERYTHING


def test_S64_a_withdrawn_permission_hides_on_the_page_and_by_the_link_alike(wall: Wall):
    wall.hears(roster, said(SharedKind.PHOTO, allowed=False))
    assert wall.shows() == (True, {OF_NOBODY}, {OF_NOBODY})
    wall.hears(roster, said(SharedKind.MESSAGE, allowed=False))
    assert wall.shows() == NOTHING_OF_THE_CHILD


def test_S64_a_child_is_not_shown_while_an_event_about_them_is_parked(wall: Wall, scratch: ScratchLog):
    """It may be the one that withdraws."""
    told = wall.hears(roster, said(SharedKind.PHOTO, allowed=True))
    with scratch.pool("points_worker").connection() as connection:
        park(connection, roster.consumer, roster.source, told, "OperationalError")
    assert wall.shows() == NOTHING_OF_THE_CHILD
