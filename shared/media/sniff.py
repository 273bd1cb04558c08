"""What kind of picture it is, by its content: a name and a Content-Type are the sender's word and decide nothing."""

from shared.media import jpeg, png, webp
from shared.media.plain import Kind, Plain
from shared.policy.codes import MEDIA_NOT_AN_IMAGE
from shared.policy.refusal import Refusal

MEDIA_TYPES: tuple[str, ...] = tuple(kind.value for kind in Kind)
"""What an upload may call itself."""


def kind_of(data: bytes) -> Kind:
    """JPEG, PNG or WebP, by the first bytes. Raises Refusal(MEDIA_NOT_AN_IMAGE) for everything else."""
    if data.startswith(jpeg.MAGIC):
        return Kind.JPEG
    if data.startswith(png.MAGIC):
        return Kind.PNG
    if data.startswith(webp.RIFF) and data[8:12] == webp.WEBP:
        return Kind.WEBP
    raise Refusal(MEDIA_NOT_AN_IMAGE)


def plain(data: bytes) -> Plain:
    """The picture's kind, size and orientation, and the file without anything else. Decodes nothing.

    Raises:
        Refusal: MEDIA_NOT_AN_IMAGE, MEDIA_ANIMATED, MEDIA_TOO_LARGE.
    """
    readers = {Kind.JPEG: jpeg.read, Kind.PNG: png.read, Kind.WEBP: webp.read}
    return readers[kind_of(data)](data)
