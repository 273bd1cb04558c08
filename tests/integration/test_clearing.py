"""Pictures that nobody needs are taken away, by the school's clock, on a real PostgreSQL; and none that somebody needs.

Points' roles stand in for those that every service has in its own database.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
import pytest

from deploy.operator.config import ROOT
from services.stories.clearing import BATCH, LOCK, Clearing, Kept
from services.stories.commands import StoriesCommands
from services.stories.domain.permission import Relations
from services.stories.domain.story import Picture
from services.stories.projections.uploads import uploads
from services.stories.uploads import Uploads
from shared.events.declaration import Erased
from shared.events.identity import SchoolId, SchoolRegistered
from shared.events.stories import MediaId, PictureKind, StoryKind
from shared.log.commands import Asked, CommandHandler
from shared.media.images import Darkroom
from shared.media.store import MediaStore, Variant
from shared.policy.principal import Capacity
from shared.policy.refusal import Refusal
from shared.privacy.categories import Category
from shared.privacy.keystore import Eraser, Owner
from shared.privacy.vault import Vault
from shared.projections.declaration import Tx
from shared.projections.install import install
from shared.projections.roster import roster
from shared.projections.roster_names import NO_NAMES, KnownNames
from shared.projections.roster_queries import SchoolFacts
from shared.projections.runner import OwnLog, Runner
from shared.projections.sharing import SharingFacts
from shared.runtime.clock import SchoolClock, SystemClock
from shared.runtime.ids import new_id
from shared.testing.envelopes import envelope_of
from shared.testing.principals import SCHOOL, principal
from tests.integration.conftest import ScratchKeys, ScratchLog
from tests.integration.interrupted import Interrupted
from tests.pictures import telling

CLASS, TEACHER = UUID(int=2), UUID(int=3)
A_DAY, A_MONTH = timedelta(hours=24), timedelta(days=30)
A_LITTLE = timedelta(minutes=10)
"""More than a test takes: the school's clock goes on with the real one."""


class Album:
    """Stories' commands and its clearing on a log of their own, and a clock that can be set.

    Attributes:
        posting, clearing: where something can be put between a decision and its append.
    """

    def __init__(self, scratch: ScratchLog, keys: ScratchKeys, folder: Path) -> None:
        owner = scratch.connection("points_owner")
        for file in sorted((ROOT / "shared/media/migrations").glob("*.sql")):
            owner.execute(file.read_text())
        with scratch.pool("points_owner").connection() as connection:
            install(connection, roster)
            install(connection, uploads)
        self.clock, self._scratch, self._worker = (
            SchoolClock(folder / "clock", SystemClock()),
            scratch,
            scratch.pool("points_worker"),
        )
        self.store, self.reader = keys.store("stories"), scratch.pool("points_reader")
        self.media, vault = MediaStore(self.store), Vault("stories", self.store, lambda: 0.0)
        self.posting = Interrupted(CommandHandler(scratch.pool(), vault, SystemClock(), new_id))
        self.clearing = Interrupted(CommandHandler(self._worker, vault, SystemClock(), new_id))
        self._runner = Runner(self._worker, vault, {"stories": OwnLog(self._worker)})
        self.uploads = Uploads(darkroom=Darkroom(), media=self.media, writer=scratch.pool(), clock=self.clock)
        self.commands = StoriesCommands(
            handler=self.posting,  # type: ignore[arg-type]  # the handler, with something in between
            roster=self,
            sharing=self,
            names=self,
            uploads=self.uploads,
            clock=self.clock,
            new_id=new_id,
        )
        self.clearer = Clearing(
            connect=lambda: scratch.connection("points_worker"),
            handler=self.clearing,  # type: ignore[arg-type]  # the same
            eraser=Eraser(keys.pool("keys_clearer")),
            clock=self.clock,
            new_id=new_id,
            kept=Kept(),
        )
        self._hears_of_the_school()

    # -- what the roster says: a teacher, a class, and no child in any picture ----------------------------------

    def school(self, _school_id: UUID) -> SchoolFacts:
        return SchoolFacts(partition=1, parameters={})

    def relations(self, _school_id: UUID, _class_id: UUID, _pupil_id: UUID | None = None) -> Relations:
        return Relations(staff=frozenset({TEACHER}), pupils=frozenset(), guardians={})

    def facts(self, _school: UUID, _class: UUID, _staff: UUID, _pupils: Collection[UUID]) -> SharingFacts:
        return SharingFacts(allowed={}, list_known=True, list_version=1, roster_position=1)

    def of(self, _school_id: UUID, _class_id: UUID, _at: int) -> KnownNames:
        return NO_NAMES

    def _hears_of_the_school(self) -> None:
        event = SchoolRegistered(school_id=SchoolId(SCHOOL), slug="a-school", name="A School", partition=1)
        told = envelope_of(event, at=self.clock.now())
        with self._worker.connection() as connection, connection.cursor() as cursor:
            roster.handlers[event.event_type](Tx(cursor, roster.physical()), event, told)

    # -- what people do -------------------------------------------------------------------------------------------

    def upload(self) -> UUID:
        return UUID(self.commands.upload(_asked(), data=telling("JPEG")).location.rpartition("/")[2])

    def post(self, picture: UUID) -> UUID:
        shown = Picture(media_id=MediaId(picture), kind=PictureKind.PHOTO, shows=(), nobody_shown=True)
        answer = self.commands.post(
            _asked(),
            class_id=CLASS,
            kind=StoryKind.NEWS,
            text="We found a frog.",
            pupil_id=None,
            event_on=None,
            names=(),
            pictures=[shown],
            confirmed=False,
        )
        return UUID(answer.location.rpartition("/")[2])

    def withdraw(self, story: UUID) -> None:
        self.commands.withdraw(_asked(), story_id=story)

    def passes(self, time: timedelta) -> None:
        self.clock.set_to(self.clock.now() + time)

    def clear(self) -> int:
        """A run of the timer, once the read model has followed."""
        self.follow()
        return self.clearer.run(datetime.now(UTC))

    def follow(self) -> None:
        while self._runner.catch_up(uploads, self._runner.heads("stories")):
            pass

    # -- what is left -----------------------------------------------------------------------------------------------

    def shows(self, picture: UUID) -> bool:
        return isinstance(self.media.read(self.reader, SCHOOL, picture, Variant.PICTURE), bytes)

    def rows(self) -> int:
        [(count,)] = self.ask("SELECT count(*) FROM media_item")
        return int(count)

    def events(self) -> list[str]:
        return [row[0] for row in self.ask("SELECT type FROM log_event ORDER BY position")]

    def ask(self, sql: LiteralString) -> list[tuple[Any, ...]]:
        return self._scratch.connection("points_worker").execute(sql).fetchall()

    def has_key(self, picture: UUID, eraser: Eraser) -> bool:
        owner = Owner(SCHOOL, picture, Category.MEDIA)
        return bool(eraser.held([owner])) and not eraser.destroyed([owner])


def _asked() -> Asked:
    return Asked(by=principal(Capacity.STAFF, person=TEACHER, classes=(CLASS,)), correlation_id=uuid4(), claim=None)


@pytest.fixture
def album(scratch: ScratchLog, keys: ScratchKeys, tmp_path: Path) -> Album:
    return Album(scratch, keys, tmp_path)


@pytest.fixture
def eraser(keys: ScratchKeys) -> Eraser:
    return keys.eraser()


def test_S18_an_upload_that_no_story_names_is_taken_away_with_its_key_after_a_day(album: Album, eraser: Eraser):
    picture = album.upload()
    album.passes(A_DAY - A_LITTLE)
    assert album.clear() == 0
    assert album.shows(picture)
    album.passes(A_LITTLE)
    assert album.clear() == 1
    assert album.rows() == 0
    assert not album.has_key(picture, eraser)
    assert album.events() == ["stories.MediaUploaded", "stories.MediaCleared"]
    with pytest.raises(Refusal):
        album.post(picture)


def test_a_picture_of_a_story_that_stands_is_never_taken_away(album: Album):
    picture = album.upload()
    album.post(picture)
    album.passes(A_DAY + A_MONTH + A_LITTLE)
    assert album.clear() == 0
    assert album.shows(picture)


def test_S18_a_withdrawn_story_s_picture_is_kept_for_a_month_and_then_taken_away(album: Album, eraser: Eraser):
    picture = album.upload()
    story = album.post(picture)
    album.passes(A_MONTH)
    album.withdraw(story)
    album.passes(A_MONTH - A_LITTLE)
    assert album.clear() == 0
    assert album.shows(picture)
    album.passes(A_LITTLE)
    assert album.clear() == 1
    assert album.rows() == 0
    assert not album.has_key(picture, eraser)


def test_a_picture_that_is_posted_while_it_is_being_cleared_stays(album: Album):
    picture = album.upload()
    album.passes(A_DAY)
    album.clearing.meanwhile.append(lambda: album.post(picture))
    assert album.clear() == 0
    assert album.shows(picture)
    assert album.events() == ["stories.MediaUploaded", "stories.StoryPosted", "stories.MediaPosted"]


def test_a_picture_that_is_cleared_while_it_is_being_posted_is_in_no_story(album: Album):
    """Else there would be a story with a picture that nobody can open."""
    picture = album.upload()
    album.passes(A_DAY)
    album.posting.meanwhile.append(album.clear)
    with pytest.raises(Refusal) as refusal:
        album.post(picture)
    assert refusal.value.code.name == "INVALID_FIELDS"
    assert album.events() == ["stories.MediaUploaded", "stories.MediaCleared"]


def test_a_picture_that_was_posted_and_withdrawn_while_it_was_being_cleared_is_kept_for_its_month(album: Album):
    picture = album.upload()
    album.passes(A_DAY)
    album.clearing.meanwhile.append(lambda: album.withdraw(album.post(picture)))
    assert album.clear() == 0
    assert album.shows(picture)


def test_what_was_stored_and_its_upload_never_recorded_is_taken_away_too(album: Album, eraser: Eraser):
    picture = uuid4()
    album.uploads.keeping(SCHOOL, picture, telling("JPEG"))()
    assert album.clear() == 0
    album.passes(A_DAY)
    assert album.clear() == 1
    assert album.rows() == 0
    assert not album.has_key(picture, eraser)


class Dies(Exception):  # noqa: N818 - what a kill is to who calls
    """The process ended here."""


class DyingEraser(Eraser):
    """It ends before any key is destroyed."""

    def destroy(self, owners: object, at: object) -> int:  # noqa: ARG002 - the eraser's signature
        raise Dies


def test_what_an_interrupted_run_left_over_the_next_one_takes_away(album: Album, eraser: Eraser, keys: ScratchKeys):
    picture = album.upload()
    album.passes(A_DAY)
    album.follow()
    dying = replace(album.clearer, eraser=DyingEraser(keys.pool("keys_clearer")))
    with pytest.raises(Dies):
        dying.run(datetime.now(UTC))
    assert album.rows() > 0
    assert album.clear() == 1
    assert (album.rows(), album.has_key(picture, eraser)) == (0, False)


def test_one_worker_clears_at_a_time(album: Album, scratch: ScratchLog):
    album.upload()
    album.passes(A_DAY)
    other = scratch.connection("points_worker")
    other.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
    assert album.clear() == 0
    other.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))
    assert album.clear() == 1


def test_a_run_takes_a_bounded_batch(album: Album):
    for _ in range(BATCH + 1):
        album.upload()
    album.passes(A_DAY)
    assert [album.clear(), album.clear(), album.clear()] == [BATCH, 1, 0]


def test_who_clears_pictures_destroys_no_other_key_and_reads_none(keys: ScratchKeys, school_id: UUID):
    picture, pupil = Owner(school_id, uuid4(), Category.MEDIA), Owner(school_id, uuid4(), Category.PUPIL_PARTICULARS)
    keys.store("stories").obtain([picture])
    keys.store("identity").obtain([pupil])
    clearer = keys.pool("keys_clearer")
    assert Eraser(clearer).destroy([picture, pupil], datetime.now(UTC)) == 1
    assert keys.eraser().held([picture, pupil]) == {pupil}
    with clearer.connection() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT wrapped FROM subject_key")
    with clearer.connection() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(
            "INSERT INTO destroyed_key (key_id, school_id, subject_id, category, destroyed_at)"
            " VALUES (%s, %s, %s, %s, now())",
            (uuid4(), school_id, pupil.subject_id, pupil.category),
        )


def test_a_picture_without_its_key_opens_no_more_where_its_rows_came_back(album: Album, keys: ScratchKeys):
    """As from a backup."""
    picture = album.upload()
    Eraser(keys.pool("keys_clearer")).destroy([Owner(SCHOOL, picture, Category.MEDIA)], datetime.now(UTC))
    assert album.media.read(album.reader, SCHOOL, picture, Variant.PICTURE) == Erased()
