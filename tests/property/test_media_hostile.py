"""Whatever is sent as a picture: an answer in our words, within bounds that the system enforces."""

import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from shared.media.images import Darkroom
from shared.policy.refusal import Refusal
from tests.pictures import CANARY, FORMATS, TOO_LARGE, a_chunk, a_scene, ihdr, jpeg_with_scans, png_of, saved, telling

ROOT = Path(__file__).resolve().parents[2]
MEMORY = 640 << 20
"""Bytes of address space beyond what Python and its libraries have taken before the picture comes."""
SECONDS = 60
"""Of the processor, for one picture."""
ANSWERS = {"MEDIA_NOT_AN_IMAGE", "MEDIA_TOO_LARGE", "MEDIA_ANIMATED"}
SAMPLES = [
    *(telling(kind, (40, 24)) for kind in FORMATS),
    saved(a_scene((40, 24)), "JPEG", progressive=True),
    saved(a_scene((40, 24), "P"), "PNG"),
    saved(a_scene((40, 24), "RGBA"), "WEBP", lossless=True),
    saved(a_scene((40, 24), "RGBA"), "WEBP"),
    saved(a_scene((40, 24)), "WEBP", save_all=True, append_images=[a_scene((40, 24)).rotate(180)]),
    saved(a_scene((40, 24)), "MPO", save_all=True, append_images=[a_scene((9, 9))]),
]
# Few and early places are where headers stand; the rest is the picture's data.
places = st.integers(0, 200) | st.integers(0, 5000)
changes = st.lists(st.tuples(places, st.integers(0, 255)), max_size=12)


def came_to(data: bytes) -> str:
    """The refusal's code, or nothing for a picture that is whole and silent."""
    try:
        found = Darkroom().reencode(data)
    except Refusal as refusal:
        return refusal.code.name
    for encoded, longest in ((found.picture, 1600), (found.thumbnail, 320)):
        with Image.open(BytesIO(encoded.jpeg), formats=["JPEG"]) as picture:
            picture.load()
            assert max(picture.size) <= longest
        assert CANARY.encode() not in encoded.jpeg
    return ""


@settings(deadline=None, max_examples=600)
@given(st.sampled_from(SAMPLES), changes, places, st.binary(max_size=40), st.none() | places)
def test_a_damaged_picture_is_a_picture_or_a_refusal(
    sample: bytes, changed: list[tuple[int, int]], at: int, more: bytes, cut: int | None
):
    data = bytearray(sample)
    for place, value in changed:
        data[place % len(data)] = value
    data[at % len(data) : at % len(data)] = more
    assert came_to(bytes(data if cut is None else data[: cut % len(data)])) in {"", *ANSWERS}


@settings(deadline=None)
@given(st.sampled_from([sample[:64] for sample in SAMPLES]), st.integers(0, 64), st.binary(max_size=400))
def test_anything_behind_the_first_bytes_of_a_picture_is_a_picture_or_a_refusal(head: bytes, length: int, rest: bytes):
    assert came_to(head[:length] + rest) in {"", *ANSWERS}


@settings(deadline=None)
@given(
    st.sampled_from([1, 2, 4, 8, 16]),
    st.sampled_from([0, 2, 3, 4, 6]),
    st.binary(max_size=2000),
    st.binary(max_size=99),
)
def test_a_png_whose_checksums_are_right_is_a_picture_or_a_refusal(depth: int, colours: int, rows: bytes, other: bytes):
    chunks = [a_chunk(b"PLTE", other), a_chunk(b"tRNS", other), a_chunk(b"IDAT", zlib.compress(rows))]
    for data in (chunks, chunks[1:], chunks[2:], [a_chunk(b"IDAT", rows)]):
        assert came_to(png_of(ihdr(20, 20, depth, colours), *data, a_chunk(b"IEND"))) in {"", *ANSWERS}


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_anything_at_all_is_a_refusal(data: bytes):
    assert came_to(data) in ANSWERS


LIMITED = """
import resource, sys
from pathlib import Path
from shared.media.images import Darkroom
from shared.policy.refusal import Refusal
data = sys.stdin.buffer.read()
taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + int(sys.argv[1]),) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[2]),) * 2)
try:
    print(len(Darkroom().reencode(data).picture.jpeg))
except Refusal as refusal:
    print(refusal.code.name)
"""


def came_to_within(memory: int, data: bytes) -> str:
    """What a process of its own prints that has so much memory and SECONDS of the processor."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(memory), str(SECONDS)],
        input=data,
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode().strip()


@pytest.mark.parametrize("make", TOO_LARGE.values(), ids=TOO_LARGE)
def test_what_is_too_large_is_refused_with_hardly_any_memory(make: Callable[[], bytes]):
    assert came_to_within(64 << 20, make()) == "MEDIA_TOO_LARGE"


LARGEST = (5712, 4284)


@pytest.mark.parametrize(
    "make",
    [
        lambda: saved(a_scene(LARGEST, "RGBA"), "PNG"),
        lambda: saved(Image.new("P", LARGEST), "PNG", transparency=0),
        lambda: saved(Image.new("I;16", LARGEST), "PNG"),
        lambda: saved(a_scene(LARGEST, "RGBA"), "WEBP", method=0),
        lambda: saved(a_scene(LARGEST, "RGBA"), "WEBP", method=0, lossless=True, quality=0),
        lambda: saved(a_scene(LARGEST, "CMYK"), "JPEG", progressive=True),
        lambda: jpeg_with_scans(LARGEST, 64),
    ],
    ids=["PNG", "palette", "grey PNG", "WebP", "lossless WebP", "CMYK", "64 scans"],
)
def test_the_largest_pictures_are_taken_within_the_memory_that_we_name(make: Callable[[], bytes]):
    assert int(came_to_within(MEMORY, make())) > 0


@pytest.mark.parametrize("kind", FORMATS)
def test_a_picture_for_which_memory_does_not_suffice_is_refused_and_the_process_goes_on(kind: str):
    assert came_to_within(8 << 20, saved(a_scene((3000, 2000)), kind)) in ANSWERS
