"""The structure of a PNG file (W3C, third edition): chunks with a checksum each, of which five make the picture."""

import zlib

from shared.media.exif import UPRIGHT, orientation_of
from shared.media.plain import Kind, Plain, part
from shared.policy.codes import MEDIA_ANIMATED, MEDIA_NOT_AN_IMAGE, MEDIA_TOO_LARGE
from shared.policy.refusal import Refusal

MAGIC = b"\x89PNG\r\n\x1a\n"
MOST_CHUNKS = 20_000
"""A picture of 8 MiB in data chunks of 512 bytes has 16,384 of them."""

_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_ANIMATION = frozenset({b"acTL", b"fcTL", b"fdAT"})
_HEADER_BYTES = 13
_CRITICAL = 0x5A
"""Names that begin with a capital, up to Z, are of chunks that a decoder must understand."""


def read(data: bytes) -> Plain:
    """The picture, without what is not the picture.

    Raises:
        Refusal: MEDIA_NOT_AN_IMAGE, also for a wrong checksum; MEDIA_ANIMATED; MEDIA_TOO_LARGE where it has more
            chunks than a picture needs.
    """
    kept, orientation, at = [MAGIC], UPRIGHT, len(MAGIC)
    for number in range(MOST_CHUNKS):
        length = int.from_bytes(part(data, at, 4), "big")
        chunk = part(data, at, length + 12)
        name, at = chunk[4:8], at + len(chunk)
        if (name == b"IHDR") != (number == 0) or (name not in _KEPT and name[0] <= _CRITICAL):
            raise Refusal(MEDIA_NOT_AN_IMAGE)
        if name in _ANIMATION:
            raise Refusal(MEDIA_ANIMATED)
        if name == b"eXIf":
            orientation = orientation_of(chunk[8:-4])
        if name in _KEPT:
            if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
                raise Refusal(MEDIA_NOT_AN_IMAGE)
            kept.append(chunk)
        if name == b"IEND":
            break
    else:
        raise Refusal(MEDIA_TOO_LARGE)
    header = part(kept[1], 8, _HEADER_BYTES)
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    return Plain(kind=Kind.PNG, width=width, height=height, orientation=orientation, data=b"".join(kept))
