"""What a picture's file says of itself before anything is decoded, and the file with nothing but the picture in it."""

from dataclasses import dataclass
from enum import StrEnum

from shared.policy.codes import MEDIA_NOT_AN_IMAGE
from shared.policy.refusal import Refusal


class Kind(StrEnum):
    """The three kinds of pictures that are taken, by media type."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """A still picture, not decoded.

    Attributes:
        width: in pixels, as stored: before the orientation is applied.
        height: the same.
        orientation: 1 to 8 as EXIF counts them; 1 where the file says nothing that can be read.
        data: a file of the same kind with what the decoder needs and nothing else: no place, no camera, no thumbnail,
            no text, no colour profile, nothing after the picture's end.
    """

    kind: Kind
    width: int
    height: int
    orientation: int
    data: bytes


def part(data: bytes, start: int, length: int) -> bytes:
    """So many bytes from there. Raises Refusal(MEDIA_NOT_AN_IMAGE) where the file ends before."""
    found = data[start : start + length]
    if len(found) != length:
        raise Refusal(MEDIA_NOT_AN_IMAGE)
    return found
