"""What is kept of an upload: the picture, upright and small, and nothing of what was sent with it."""

import re
import struct
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image, ImageChops, ImageOps, ImageStat

from shared.http.operations import MAX_UPLOAD
from shared.media.images import MOST_BYTES, Darkroom, Encoded, Reencoded
from shared.media.sniff import MEDIA_TYPES, kind_of, plain
from shared.policy.refusal import Refusal
from tests.pictures import (
    CANARY,
    FORMATS,
    NO_PICTURES,
    SIZE,
    TOO_LARGE,
    a_chunk,
    a_scene,
    ihdr,
    jpeg_with_scans,
    jpeg_with_segments,
    moving,
    png_of,
    saved,
    telling,
    turned,
)


def reencoded(data: bytes) -> Reencoded:
    return Darkroom().reencode(data)


def code_of(data: bytes) -> str:
    with pytest.raises(Refusal) as caught:
        reencoded(data)
    return caught.value.code.name


def opened(encoded: Encoded) -> Image.Image:
    picture = Image.open(BytesIO(encoded.jpeg), formats=["JPEG"])
    assert picture.size == (encoded.width, encoded.height)
    return picture


def look_alike(one: Image.Image, other: Image.Image) -> bool:
    """Two encodings of one picture differ by little on the whole; any other turn of the scene differs by much."""
    assert one.size == other.size
    return max(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean) < 6


def markers(jpeg: bytes) -> list[int]:
    """The segments of a sequential JPEG up to its scan."""
    found: list[int] = []
    at = 2
    while not found or found[-1] != 0xDA:
        found.append(jpeg[at + 1])
        at += 2 + int(struct.unpack_from(">H", jpeg, at + 2)[0])
    return found


@pytest.mark.parametrize("kind", FORMATS)
def test_a_picture_is_known_by_its_content(kind: str):
    assert kind_of(saved(a_scene(), kind)).value == f"image/{kind.lower()}"
    assert f"image/{kind.lower()}" in MEDIA_TYPES


def test_every_picture_that_may_be_taken_gets_through_the_door():
    assert MOST_BYTES <= MAX_UPLOAD


@pytest.mark.parametrize("make", NO_PICTURES.values(), ids=NO_PICTURES)
def test_what_is_no_picture_is_refused(make: Callable[[], bytes]):
    assert code_of(make()) == "MEDIA_NOT_AN_IMAGE"


@pytest.mark.parametrize("make", TOO_LARGE.values(), ids=TOO_LARGE)
def test_what_is_too_large_is_refused(make: Callable[[], bytes]):
    assert code_of(make()) == "MEDIA_TOO_LARGE"


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_moves_is_refused(kind: str):
    assert code_of(moving(kind)) == "MEDIA_ANIMATED"


@pytest.mark.parametrize("kind", FORMATS)
def test_nothing_of_what_was_sent_but_the_picture_comes_out(kind: str):
    sent = telling(kind)
    assert sent.count(CANARY.encode()) >= 4, "else the test looks for what is not there"
    for encoded in (reencoded(sent).picture, reencoded(sent).thumbnail):
        assert CANARY.encode() not in encoded.jpeg
        assert CANARY.encode("utf-16-le") not in encoded.jpeg
        assert not opened(encoded).getexif()
        assert opened(encoded).info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert set(markers(encoded.jpeg)) == {0xE0, 0xDB, 0xC0, 0xC4, 0xDA}
        assert encoded.jpeg.startswith(b"\xff\xd8\xff\xe0\0\x10JFIF")
        assert encoded.jpeg.endswith(b"\xff\xd9")
        assert look_alike(opened(encoded), a_scene())


@pytest.mark.parametrize("kind", FORMATS)
def test_the_decoder_is_shown_nothing_but_the_picture(kind: str):
    """A decoder's readers of text, places and colour profiles have had holes; hostile ones do not get to them."""
    found = plain(telling(kind))
    assert CANARY.encode() not in found.data
    with Image.open(BytesIO(found.data)) as picture:
        assert not picture.getexif()
        assert picture.info.keys().isdisjoint({"exif", "icc_profile", "xmp", "comment", "Comment", "photoshop", "mp"})
        assert picture.tobytes() == Image.open(BytesIO(telling(kind))).tobytes(), "and that unchanged"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", FORMATS)
def test_a_picture_comes_out_upright(kind: str, orientation: int):
    sent = saved(a_scene(), kind, exif=turned(orientation))
    upright = ImageOps.exif_transpose(Image.open(BytesIO(sent)))
    assert look_alike(opened(reencoded(sent).picture), upright)
    assert look_alike(opened(reencoded(sent).thumbnail), upright)


@pytest.mark.parametrize(
    "exif", [b"", b"II*\0", b"MM\0*\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff" + bytes(40), turned(9)]
)
def test_a_picture_whose_orientation_cannot_be_read_is_taken_as_it_lies(exif: bytes):
    for sent in (
        saved(a_scene(), "JPEG", exif=exif),
        saved(a_scene(), "JPEG")[:2]
        + b"\xff\xe1"
        + struct.pack(">H", len(exif) + 8)
        + b"Exif\0\0"
        + exif
        + saved(a_scene(), "JPEG")[2:],
    ):
        assert look_alike(opened(reencoded(sent).picture), a_scene())


@pytest.mark.parametrize(
    ("size", "picture", "thumbnail"),
    [
        ((2000, 1500), (1600, 1200), (320, 240)),
        ((1500, 2000), (1200, 1600), (240, 320)),
        ((1600, 40), (1600, 40), (320, 8)),
        ((300, 200), (300, 200), (300, 200)),
        ((1, 1), (1, 1), (1, 1)),
        ((12_000, 1), (1600, 1), (320, 1)),
    ],
)
@pytest.mark.parametrize("kind", FORMATS)
def test_a_large_picture_becomes_smaller_and_a_small_one_stays(
    kind: str, size: tuple[int, int], picture: tuple[int, int], thumbnail: tuple[int, int]
):
    found = reencoded(saved(a_scene(size), kind))
    assert opened(found.picture).size == picture
    assert opened(found.thumbnail).size == thumbnail
    assert look_alike(opened(found.picture), a_scene(picture))
    assert look_alike(opened(found.thumbnail), a_scene(thumbnail))


def test_a_picture_at_the_bound_is_taken():
    assert opened(reencoded(saved(Image.new("RGB", (5000, 5000)), "PNG")).picture).size == (1600, 1600)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("JPEG", "L"), ("JPEG", "CMYK"), *(("PNG", m) for m in ("1", "L", "LA", "P", "RGBA")), ("WEBP", "RGBA")],
)
def test_every_way_to_write_colours_comes_out_in_plain_ones(kind: str, mode: str):
    sent = a_scene(mode=mode)
    picture = opened(reencoded(saved(sent, kind)).picture)
    assert picture.mode == "RGB"
    assert look_alike(picture.reduce(8), sent.convert("RGB").reduce(8))


def test_greys_of_sixteen_bits_stay_grey():
    grey = Image.new("I;16", SIZE, 128 << 8)
    assert opened(reencoded(saved(grey, "PNG")).picture).getpixel((9, 9)) == (128, 128, 128)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_is_transparent_becomes_white(kind: str):
    clear = Image.new("RGBA", SIZE, (255, 0, 0, 0))
    assert opened(reencoded(saved(clear, kind, **({"exact": True} if kind == "WEBP" else {}))).picture).getpixel(
        (9, 9)
    ) == (255, 255, 255)


def test_a_colour_that_stands_for_transparent_becomes_white():
    sent = saved(Image.new("RGB", SIZE, (1, 2, 3)), "PNG", transparency=(1, 2, 3))
    assert opened(reencoded(sent).picture).getpixel((9, 9)) == (255, 255, 255)


def test_of_several_pictures_in_one_jpeg_as_phones_write_it_the_first_is_taken():
    other = Image.new("RGB", (32, 32), "white")
    sent = saved(a_scene(), "MPO", save_all=True, append_images=[other])
    assert Image.open(BytesIO(sent)).format == "MPO"
    assert look_alike(opened(reencoded(sent).picture), a_scene())


def test_a_progressive_picture_and_one_with_restarts_are_taken():
    for more in ({"progressive": True}, {"restart_marker_rows": 1}, {"subsampling": 0}):
        assert look_alike(opened(reencoded(saved(a_scene(), "JPEG", **more)).picture), a_scene())


def test_as_many_scans_and_segments_as_the_bounds_are_taken():
    assert look_alike(opened(reencoded(jpeg_with_scans(SIZE, 64)).picture), a_scene())
    assert look_alike(opened(reencoded(jpeg_with_segments(900)).picture), a_scene())


def test_a_picture_in_many_chunks_is_taken():
    whole = saved(a_scene(), "PNG")
    [data] = re.findall(rb"IDAT(.*).{4}\0\0\0\0IEND", whole, re.DOTALL)
    pieces = [a_chunk(b"IDAT", data[at : at + 1]) for at in range(len(data))]
    assert look_alike(opened(reencoded(png_of(ihdr(*SIZE), *pieces, a_chunk(b"IEND"))).picture), a_scene())


def test_a_process_works_on_so_many_pictures_and_tells_one_more_to_come_again():
    darkroom = Darkroom(at_once=1, wait_seconds=0)
    darkroom._places.acquire()
    with pytest.raises(Refusal) as caught:
        darkroom.reencode(saved(a_scene(), "JPEG"))
    assert (caught.value.code.name, caught.value.retry_after) == ("UNAVAILABLE", 1)
    darkroom._places.release()
    with pytest.raises(Refusal):
        darkroom.reencode(png_of(ihdr(9, 9), a_chunk(b"IDAT", b"junk"), a_chunk(b"IEND")))
    assert darkroom.reencode(saved(a_scene(), "JPEG")).picture.width == SIZE[0], "its place is free again"


def test_a_decoder_that_runs_out_of_memory_is_a_refusal(monkeypatch: pytest.MonkeyPatch):
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Image, "open", full)
    assert code_of(saved(a_scene(), "JPEG")) == "MEDIA_TOO_LARGE"


def test_what_is_encoded_is_in_no_repr():
    assert "jpeg=" not in repr(reencoded(saved(a_scene(), "JPEG")))
