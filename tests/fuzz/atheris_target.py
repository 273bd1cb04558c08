"""`python -m tests.fuzz.atheris_target TARGET [libFuzzer's flags] [CORPUS]`: one target, until it fails or is through.

Run by decoder.py and images.py, each time in a process of its own: libFuzzer ends the process that it runs in.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping

import atheris

with atheris.instrument_imports(include=["shared.http.strict_json", "shared.media"], enable_loader_override=False):
    from shared.http import strict_json
    from shared.media import exif, images, jpeg, png, sniff, webp

from shared.policy.refusal import Refusal

MOST_PIXELS = 1_000_000
"""What is decoded here. Larger ones take longer than a fuzzer may wait; tests/property has them, with bounds."""
READERS = (exif, images, jpeg, png, sniff, webp)
OUTCOMES = {"MEDIA_NOT_AN_IMAGE", "MEDIA_TOO_LARGE", "MEDIA_ANIMATED"}
DARKROOM = images.Darkroom()


def decode(data: bytes) -> None:
    """A refusal, or what the standard library reads, and nothing that cannot be stored."""
    try:
        value = strict_json.decode(data)
    except Refusal:
        return
    assert repr(value) == repr(json.loads(data))
    json.dumps(value, allow_nan=False, ensure_ascii=False).encode()


def reencode(data: bytes) -> None:
    """A refusal, or a small JPEG of our own making, by one of our own readers' word."""
    try:
        found = sniff.plain(data)
        if found.width * found.height > MOST_PIXELS:
            return
        made = DARKROOM.reencode(data)
    except Refusal as refusal:
        if refusal.code.name not in OUTCOMES:
            raise
        return
    assert max(made.picture.width, made.picture.height) <= images.LONG_SIDE
    assert sniff.plain(made.picture.jpeg).kind == "image/jpeg"


def seeded(data: bytes) -> None:
    """The decoder with a fault in it: whether the fuzzer would find one."""
    decode(data)
    if b"[[" in data and b"]]" in data:
        raise AssertionError("the seeded fault")


TARGETS: Mapping[str, Callable[[bytes], None]] = {"decoder": decode, "images": reencode, "seeded": seeded}


def main() -> None:
    name, *flags = sys.argv[1:]
    atheris.Setup([sys.argv[0], *flags], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    main()
