"""Pictures on a real PostgreSQL: who may do what with their rows, and that without its key none can be seen again.

Points stands in for the service that keeps pictures: its roles are those that every service has.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg
import pytest
from PIL import Image
from psycopg.rows import TupleRow

from deploy.operator.config import ROOT
from shared.events.declaration import Erased
from shared.media.images import Darkroom
from shared.media.store import MediaStore, SealedMedia, Variant, delete, insert
from shared.privacy.categories import CATEGORIES, Category
from shared.privacy.keystore import Destroyed, KeyMissing, KeyStore, Owner
from shared.privacy.vault import Tampered
from shared.runtime.database import Pool
from tests.integration.conftest import ScratchKeys, ScratchLog
from tests.pictures import a_scene, saved

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
PICTURES = {Variant.PICTURE: b"\xff\xd8 the picture", Variant.THUMBNAIL: b"\xff\xd8 the thumbnail"}
COUNT = "SELECT count(*) FROM media_item"


@pytest.fixture
def album(scratch: ScratchLog) -> ScratchLog:
    """A service's database with its pictures' table."""
    owner = scratch.connection("points_owner")
    for file in sorted((ROOT / "shared/media/migrations").glob("*.sql")):
        owner.execute(file.read_text())
    return scratch


@pytest.fixture
def picture_keys(keys: ScratchKeys) -> ScratchKeys:
    with keys.pool("keys_owner").connection() as connection:
        connection.execute("INSERT INTO category_access (role, category) VALUES ('keys_points', 'media')")
    return keys


@pytest.fixture
def media(picture_keys: ScratchKeys) -> MediaStore:
    return MediaStore(picture_keys.store("points"))


def stored(album: ScratchLog, sealed: SealedMedia) -> SealedMedia:
    with album.pool().connection() as connection:
        insert(connection, sealed, NOW)
    return sealed


@contextmanager
def refused() -> Iterator[None]:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        yield


@pytest.fixture
def reader(album: ScratchLog) -> Pool:
    return album.pool("points_reader")


def test_an_item_comes_back_as_it_was_stored(album: ScratchLog, reader: Pool, media: MediaStore, school_id: UUID):
    item = stored(album, media.seal(school_id, uuid4(), PICTURES))
    for variant, picture in PICTURES.items():
        assert media.read(reader, school_id, item.media_id, variant) == picture


def test_the_largest_picture_that_is_made_can_be_stored(
    album: ScratchLog, reader: Pool, media: MediaStore, school_id: UUID
):
    noise = Image.merge("RGB", [Image.effect_noise((1600, 1600), 200) for _ in range(3)])
    made = Darkroom().reencode(saved(noise, "JPEG", quality=92)).picture
    item = stored(album, media.seal(school_id, uuid4(), {Variant.PICTURE: made.jpeg}))
    assert media.read(reader, school_id, item.media_id, Variant.PICTURE) == made.jpeg


def test_what_was_never_stored_is_nothing(album: ScratchLog, reader: Pool, media: MediaStore, school_id: UUID):
    item = stored(album, media.seal(school_id, uuid4(), {Variant.PICTURE: b"one"}))
    assert media.read(reader, school_id, item.media_id, Variant.THUMBNAIL) is None
    assert media.read(reader, school_id, uuid4(), Variant.PICTURE) is None


def test_no_school_sees_another_s_picture(album: ScratchLog, reader: Pool, media: MediaStore, school_id: UUID):
    item = stored(album, media.seal(school_id, uuid4(), PICTURES))
    assert media.read(reader, uuid4(), item.media_id, Variant.PICTURE) is None


def test_a_picture_whose_key_was_destroyed_is_gone_for_good_and_its_like_is_untouched(
    album: ScratchLog, reader: Pool, media: MediaStore, picture_keys: ScratchKeys, school_id: UUID
):
    erased, other = (stored(album, media.seal(school_id, uuid4(), PICTURES)) for _ in range(2))
    assert media.read(reader, school_id, erased.media_id, Variant.PICTURE) == PICTURES[Variant.PICTURE]
    assert picture_keys.eraser().destroy([Owner(school_id, erased.media_id, Category.MEDIA)], NOW) == 1
    for variant, picture in PICTURES.items():
        assert media.read(reader, school_id, erased.media_id, variant) == Erased()
        assert media.read(reader, school_id, other.media_id, variant) == picture
    with pytest.raises(Destroyed):
        media.seal(school_id, erased.media_id, PICTURES)


def test_the_table_holds_nothing_that_can_be_looked_at(
    album: ScratchLog, media: MediaStore, school_id: UUID, reader: Pool
):
    jpeg = Darkroom().reencode(saved(a_scene(), "JPEG")).picture.jpeg
    item = stored(album, media.seal(school_id, uuid4(), {Variant.PICTURE: jpeg, Variant.THUMBNAIL: jpeg}))
    with reader.connection() as connection:
        connection.execute("SELECT set_config('bookbag.school_id', %s, true)", (str(school_id),))
        rows = connection.execute("SELECT nonce, ciphertext FROM media_item").fetchall()
    assert len({nonce for nonce, _ in rows}) == len({text for _, text in rows}) == 2, "each variant has its own nonce"
    for _, text in rows:
        assert len(text) == len(jpeg) + 16
        assert b"JFIF" not in text
    assert "boxes" not in repr(item)


@pytest.mark.parametrize("moved", ["variant", "media_id", "school_id"])
def test_a_picture_does_not_open_in_another_s_place(
    moved: str, album: ScratchLog, reader: Pool, media: MediaStore, school_id: UUID
):
    item = media.seal(school_id, uuid4(), PICTURES)
    place = {"school_id": school_id, "media_id": item.media_id, "variant": Variant.PICTURE}
    place[moved] = Variant.THUMBNAIL if moved == "variant" else uuid4()
    nonce, text = item.boxes[Variant.PICTURE]
    stored(
        album,
        SealedMedia(
            school_id=place["school_id"],  # type: ignore[arg-type]
            media_id=place["media_id"],  # type: ignore[arg-type]
            key_id=item.key_id,
            boxes={place["variant"]: (nonce, text)},  # type: ignore[dict-item]
        ),
    )
    with pytest.raises(Tampered):
        media.read(reader, **place)  # type: ignore[arg-type]


def test_an_item_is_stored_once(album: ScratchLog, media: MediaStore, school_id: UUID):
    item = stored(album, media.seal(school_id, uuid4(), PICTURES))
    with pytest.raises(psycopg.errors.UniqueViolation):
        stored(album, item)


def test_an_item_whose_transaction_ends_badly_is_not_there(
    album: ScratchLog, reader: Pool, media: MediaStore, school_id: UUID
):
    item = media.seal(school_id, uuid4(), PICTURES)
    with pytest.raises(psycopg.errors.UniqueViolation), album.pool().connection() as connection:
        _insert_twice(connection, item)
    assert media.read(reader, school_id, item.media_id, Variant.PICTURE) is None


def _insert_twice(connection: psycopg.Connection[TupleRow], item: SealedMedia) -> None:
    insert(connection, item, NOW)
    insert(connection, item, NOW)


@pytest.mark.parametrize("role", ["points_writer", "points_worker", "points_reader"])
def test_nobody_changes_a_picture(album: ScratchLog, role: str):
    connection = album.connection(role)
    for column in ("school_id", "media_id", "variant", "key_id", "nonce", "ciphertext", "stored_at"):
        with refused():
            connection.execute(f"UPDATE media_item SET {column} = NULL")  # reads nothing, so only UPDATE is asked for
    with refused():
        connection.execute("TRUNCATE media_item")


def test_a_writer_adds_and_does_nothing_else(album: ScratchLog):
    connection = album.connection("points_writer")
    for statement in (COUNT, "DELETE FROM media_item"):
        with refused():
            connection.execute(statement)


def test_a_reader_sees_its_school_s_and_writes_none(album: ScratchLog, media: MediaStore, school_id: UUID):
    item = stored(album, media.seal(school_id, uuid4(), PICTURES))
    connection = album.connection("points_reader")
    assert connection.execute(COUNT).fetchone() == (0,), "without a school: no rows"
    for school, count in ((school_id, 2), (uuid4(), 0), ("", 0)):
        connection.execute("SELECT set_config('bookbag.school_id', %s, false)", (str(school),))
        assert connection.execute(COUNT).fetchone() == (count,)
    with refused():
        connection.execute("DELETE FROM media_item")
    with refused():
        insert(connection, item, NOW)


def test_a_worker_takes_an_item_away_and_sees_no_picture(
    album: ScratchLog, media: MediaStore, school_id: UUID, reader: Pool
):
    gone, other = (stored(album, media.seal(school_id, uuid4(), PICTURES)) for _ in range(2))
    worker = album.connection("points_worker")
    for column in ("ciphertext", "nonce", "key_id"):
        with refused():
            worker.execute(f"SELECT {column} FROM media_item")
    with refused():
        insert(worker, gone, NOW)
    assert delete(worker, uuid4(), gone.media_id) == 0, "not under another school"
    assert delete(worker, school_id, gone.media_id) == 2
    assert media.read(reader, school_id, gone.media_id, Variant.PICTURE) is None
    assert media.read(reader, school_id, other.media_id, Variant.PICTURE) == PICTURES[Variant.PICTURE]


def test_not_even_the_owner_is_let_past_the_row_policy(album: ScratchLog, media: MediaStore, school_id: UUID):
    stored(album, media.seal(school_id, uuid4(), PICTURES))
    assert album.connection("points_owner").execute(COUNT).fetchone() == (0,)


def test_only_the_service_that_shows_pictures_can_open_one(
    album: ScratchLog, reader: Pool, media: MediaStore, keys: ScratchKeys, school_id: UUID
):
    assert CATEGORIES[Category.MEDIA].opened_by == {"stories"}
    assert CATEGORIES[Category.MEDIA].added_by == frozenset()
    item = stored(album, media.seal(school_id, uuid4(), PICTURES))
    other: KeyStore = keys.store("identity")
    with pytest.raises(KeyMissing):
        MediaStore(other).read(reader, school_id, item.media_id, Variant.PICTURE)
    with refused():
        MediaStore(other).seal(school_id, uuid4(), PICTURES)
