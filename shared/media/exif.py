"""The one thing that is read of a sender's EXIF: which way up the picture is. Never raises, never keeps a byte."""

from typing import Literal

UPRIGHT = 1
_TAG = 0x0112
_ENTRY = 12
_MOST_ENTRIES = 512
_ORDERS: dict[bytes, Literal["little", "big"]] = {b"II*\0": "little", b"MM\0*": "big"}


def orientation_of(exif: bytes) -> int:
    """1 to 8, from the first directory of a TIFF structure; UPRIGHT where it cannot be read."""
    order = _ORDERS.get(exif[:4])
    if order is None:
        return UPRIGHT
    directory = int.from_bytes(exif[4:8], order)
    count = int.from_bytes(exif[directory : directory + 2], order)
    for number in range(min(count, _MOST_ENTRIES)):
        start = directory + 2 + number * _ENTRY
        entry = exif[start : start + _ENTRY]
        if len(entry) == _ENTRY and int.from_bytes(entry[:2], order) == _TAG:
            value = int.from_bytes(entry[8:10], order)
            return value if value in range(1, 9) else UPRIGHT
    return UPRIGHT
