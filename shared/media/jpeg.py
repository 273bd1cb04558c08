"""The structure of a JPEG file (ITU-T T.81, annex B), walked as libjpeg walks it: neither sees what the other does not.

Ordinary camera files are taken: Huffman-coded, 8 bits, sequential or progressive. A file of several pictures (MPF, as
phones write it) gives its first.
"""

import re
from collections.abc import Iterator

from shared.media.exif import UPRIGHT, orientation_of
from shared.media.plain import Kind, Plain, part
from shared.policy.codes import MEDIA_NOT_AN_IMAGE, MEDIA_TOO_LARGE
from shared.policy.refusal import Refusal

MAGIC = b"\xff\xd8\xff"
MOST_SEGMENTS = 1000
MOST_SCANS = 64
"""Cameras and editors write ten or so. Each is a pass over the whole picture, and an empty one costs a few bytes."""

_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_JFIF, _APP1, _ADOBE, _COMMENT = 0xE0, 0xE1, 0xEE, 0xFE
_TEXTS = frozenset({*range(0xE0, 0xF0), _COMMENT})
_OTHERS = _TEXTS | {0xC4, 0xDB, 0xDD, _END}  # Huffman and quantisation tables, restart interval
_LENGTH_BYTES = 2
_COMPONENTS = frozenset({1, 3, 4})
_BITS = 8
_EXIF = b"Exif\0\0"
_PLAIN_JFIF = bytes.fromhex("ffe000104a46494600010100000100010000")
# Neither stuffing (00), fill (FF) nor a restart marker, which all stand inside a scan.
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")


def read(data: bytes) -> Plain:
    """The picture, without what is not the picture.

    Raises:
        Refusal: MEDIA_NOT_AN_IMAGE; MEDIA_TOO_LARGE where it has more scans or segments than a picture needs.
    """
    size: tuple[int, int] | None = None
    kept, scans, orientation = [MAGIC[:2]], 0, UPRIGHT
    for before, marker, segment in _segments(data):
        if scans:
            kept.append(before)
        if marker in _FRAMES and size is None:
            size = _size(segment)
        elif marker == _SCAN and size is not None:
            scans += 1
        elif marker == _APP1 and segment[4:10] == _EXIF:
            orientation = orientation_of(segment[10:])
        elif marker not in _OTHERS:
            raise Refusal(MEDIA_NOT_AN_IMAGE)
        kept.append(_kept(marker, segment))
    if size is None or not scans:
        raise Refusal(MEDIA_NOT_AN_IMAGE)
    if scans > MOST_SCANS:
        raise Refusal(MEDIA_TOO_LARGE)
    width, height = size
    return Plain(kind=Kind.JPEG, width=width, height=height, orientation=orientation, data=b"".join(kept))


def _segments(data: bytes) -> Iterator[tuple[bytes, int, bytes]]:
    """What stands before each marker, the marker, and the marker with its segment; the end's own is the last."""
    at = len(MAGIC[:2])
    for _ in range(MOST_SEGMENTS):
        found = _MARKER.search(data, at)
        if found is None:
            raise Refusal(MEDIA_NOT_AN_IMAGE)
        marker, start = found[1][0], found.start()
        segment = found[0] if marker == _END else _segment(data, start)
        yield data[at:start], marker, segment
        if marker == _END:
            return
        at = start + len(segment)
    raise Refusal(MEDIA_TOO_LARGE)


def _segment(data: bytes, start: int) -> bytes:
    """A marker and what follows it. Markers without a length (a second start, reserved ones) are in no picture."""
    length = int.from_bytes(part(data, start + 2, 2), "big")
    if data[start + 1] < min(_FRAMES) or data[start + 1] == _START or length < _LENGTH_BYTES:
        raise Refusal(MEDIA_NOT_AN_IMAGE)
    return part(data, start, 2 + length)


def _size(frame: bytes) -> tuple[int, int]:
    """Width and height of a frame header (B.2.2)."""
    if len(frame) < 10 or frame[4] != _BITS or frame[9] not in _COMPONENTS:  # noqa: PLR2004 - up to the count
        raise Refusal(MEDIA_NOT_AN_IMAGE)
    return int.from_bytes(frame[7:9], "big"), int.from_bytes(frame[5:7], "big")


def _kept(marker: int, segment: bytes) -> bytes:
    """What the decoder is given of a segment. JFIF and Adobe say how colours are to be read; no other may speak."""
    if marker == _JFIF:
        return _PLAIN_JFIF if segment[4:9] == b"JFIF\0" else b""
    if marker == _ADOBE:
        return segment if segment[4:9] == b"Adobe" else b""
    return b"" if marker in _TEXTS else segment
