"""Pictures are encoded anew: what comes out holds the picture, upright and small, and nothing of what was sent.

Bounds are checked on the file's structure before a pixel is decoded: a PNG of 48 kB can claim 400 megapixels.
"""

import threading
import warnings
from dataclasses import dataclass, field
from io import BytesIO

from PIL import Image, ImageFile, WebPImagePlugin

from shared.media.plain import Kind, Plain
from shared.media.sniff import plain
from shared.policy.codes import MEDIA_NOT_AN_IMAGE, MEDIA_TOO_LARGE, UNAVAILABLE
from shared.policy.refusal import Refusal

MOST_BYTES = 8 * 1024 * 1024
MOST_PIXELS = 25_000_000
"""What cameras sell as 24 megapixels comes to as much as 5712 by 4284."""
MOST_SIDE = 12_000
LONG_SIDE = 1600
THUMBNAIL_SIDE = 320
"""Pixels of the long side of what is kept. A smaller picture is not enlarged."""
QUALITY = 82
AT_ONCE = 1
"""Pictures that a process works on at a time: the largest takes some hundred megabytes while it is decoded."""
WAIT_SECONDS = 5.0

Image.MAX_IMAGE_PIXELS = MOST_PIXELS
ImageFile.LOAD_TRUNCATED_IMAGES = False
# A decoder's warning is a refusal. Set once: changing filters for a while is not safe between threads.
warnings.filterwarnings("error", module=r"PIL(\.|$)")

_FORMATS = {Kind.JPEG: "JPEG", Kind.PNG: "PNG", Kind.WEBP: WebPImagePlugin.WebPImageFile.format}
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Encoded:
    """A JPEG of our own making and its size in pixels."""

    jpeg: bytes = field(repr=False)
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Reencoded:
    """What is kept of an upload."""

    picture: Encoded
    thumbnail: Encoded


class Darkroom:
    """Encodes uploads anew, a few at a time. Safe between threads."""

    def __init__(self, at_once: int = AT_ONCE, wait_seconds: float = WAIT_SECONDS) -> None:
        self._places, self._wait = threading.BoundedSemaphore(at_once), wait_seconds

    def reencode(self, data: bytes) -> Reencoded:
        """The picture upright in RGB, at most LONG_SIDE long, and its thumbnail.

        Raises:
            Refusal: MEDIA_NOT_AN_IMAGE; MEDIA_ANIMATED; MEDIA_TOO_LARGE in bytes, pixels, a side, or in what decoding
                it would take; UNAVAILABLE where others wait already. Nothing else, whatever the bytes are.
        """
        if len(data) > MOST_BYTES:
            raise Refusal(MEDIA_TOO_LARGE)
        found = _bounded(plain(data))
        if not self._places.acquire(timeout=self._wait):
            raise Refusal(UNAVAILABLE, retry_after=1)
        try:
            return _reencoded(found)
        except Refusal:
            raise
        except MemoryError:
            raise Refusal(MEDIA_TOO_LARGE) from None
        except Exception:  # noqa: BLE001 - what a decoder makes of hostile bytes has no common kind
            raise Refusal(MEDIA_NOT_AN_IMAGE) from None
        finally:
            self._places.release()


def _bounded(found: Plain) -> Plain:
    if not found.width or not found.height:
        raise Refusal(MEDIA_NOT_AN_IMAGE)
    if max(found.width, found.height) > MOST_SIDE or found.width * found.height > MOST_PIXELS:
        raise Refusal(MEDIA_TOO_LARGE)
    return found


def _reencoded(found: Plain) -> Reencoded:
    picture = _decoded(found)
    if found.orientation in _UPRIGHT:
        picture = picture.transpose(_UPRIGHT[found.orientation])
    return Reencoded(_encoded(picture), _encoded(_fitted(picture, THUMBNAIL_SIDE)))


def _decoded(found: Plain) -> Image.Image:
    with Image.open(BytesIO(found.data), formats=[_FORMATS[found.kind]]) as image:
        if image.size != (found.width, found.height):
            raise Refusal(MEDIA_NOT_AN_IMAGE)
        image.draft("RGB", _size_within(image, LONG_SIDE))  # a JPEG is made smaller while it is decoded
        image.load()
        return _in_rgb(_fitted(_with_whole_colours(image), LONG_SIDE))


def _with_whole_colours(image: Image.Image) -> Image.Image:
    """A mode whose pixels can be averaged: no palette, no 16-bit greys (which would all be cut off at white)."""
    if image.mode.startswith("I"):
        image.info.pop("transparency", None)
        return image.point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in {"RGB", "RGBA", "L", "LA"} and "transparency" not in image.info:
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _in_rgb(image: Image.Image) -> Image.Image:
    """What is transparent becomes white."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    on_white = Image.new("RGB", image.size, "white")
    on_white.paste(image, mask=image.getchannel("A"))
    return on_white


def _fitted(image: Image.Image, long_side: int) -> Image.Image:
    size = _size_within(image, long_side)
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _size_within(image: Image.Image, long_side: int) -> tuple[int, int]:
    scale = min(1.0, long_side / max(image.size))
    return max(1, round(image.width * scale)), max(1, round(image.height * scale))


def _encoded(picture: Image.Image) -> Encoded:
    into = BytesIO()
    picture.save(into, "JPEG", quality=QUALITY)
    return Encoded(into.getvalue(), picture.width, picture.height)
