"""The structure of a WebP file (RFC 9649): a RIFF with one picture, lossy (VP8, RFC 6386) or lossless (VP8L)."""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.media.exif import UPRIGHT, orientation_of
from shared.media.plain import Kind, Plain, part
from shared.policy.codes import MEDIA_ANIMATED, MEDIA_NOT_AN_IMAGE, MEDIA_TOO_LARGE
from shared.policy.refusal import Refusal

RIFF, WEBP = b"RIFF", b"WEBP"
MOST_CHUNKS = 1000
_ANIMATION = frozenset({b"ANIM", b"ANMF"})
_HAS_ANIMATION, _HAS_ALPHA = 0x02, 0x10
_PICTURES = frozenset({b"VP8 ", b"VP8L"})
_EXIF = b"Exif\0\0"


@dataclass(frozen=True, slots=True)
class _Chunk:
    name: bytes
    body: bytes

    def whole(self) -> bytes:
        return self.name + len(self.body).to_bytes(4, "little") + self.body + b"\0" * (len(self.body) % 2)


def read(data: bytes) -> Plain:
    """The picture, without what is not the picture.

    Raises:
        Refusal: MEDIA_NOT_AN_IMAGE; MEDIA_ANIMATED; MEDIA_TOO_LARGE where it has more chunks than a picture needs.
    """
    picture: _Chunk | None = None
    alpha: _Chunk | None = None
    orientation = UPRIGHT
    for chunk in _chunks(data):
        if chunk.name in _ANIMATION or (chunk.name == b"VP8X" and part(chunk.body, 0, 1)[0] & _HAS_ANIMATION):
            raise Refusal(MEDIA_ANIMATED)
        if chunk.name in _PICTURES:
            if picture is not None:
                raise Refusal(MEDIA_NOT_AN_IMAGE)
            picture = chunk
        elif chunk.name == b"ALPH":
            alpha = chunk
        elif chunk.name == b"EXIF":
            orientation = orientation_of(chunk.body.removeprefix(_EXIF))
    if picture is None:
        raise Refusal(MEDIA_NOT_AN_IMAGE)
    width, height = _size(picture)
    chunks = [picture]
    if alpha is not None and picture.name == b"VP8 ":
        chunks = [_extended(width, height), alpha, picture]
    return Plain(kind=Kind.WEBP, width=width, height=height, orientation=orientation, data=_file(chunks))


def _chunks(data: bytes) -> Iterator[_Chunk]:
    end = 8 + int.from_bytes(part(data, 4, 4), "little")
    at, count = 12, 0
    while at < end:
        count += 1
        if count > MOST_CHUNKS:
            raise Refusal(MEDIA_TOO_LARGE)
        head = part(data, at, 8)
        length = int.from_bytes(head[4:], "little")
        yield _Chunk(head[:4], part(data, at + 8, length))
        at += 8 + length + length % 2


def _size(picture: _Chunk) -> tuple[int, int]:
    """From the picture's own header: it is this that the decoder unpacks, whatever the file's canvas says."""
    if picture.name == b"VP8L":
        head = part(picture.body, 0, 5)
        bits = int.from_bytes(head[1:], "little")
        return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
    head = part(picture.body, 0, 10)
    return int.from_bytes(head[6:8], "little") & 0x3FFF, int.from_bytes(head[8:], "little") & 0x3FFF


def _extended(width: int, height: int) -> _Chunk:
    """The header that a lossy picture with an alpha channel needs."""
    if not width or not height:
        raise Refusal(MEDIA_NOT_AN_IMAGE)
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return _Chunk(b"VP8X", bytes([_HAS_ALPHA, 0, 0, 0]) + sides)


def _file(chunks: list[_Chunk]) -> bytes:
    body = WEBP + b"".join(chunk.whole() for chunk in chunks)
    return RIFF + len(body).to_bytes(4, "little") + body
