"""Pictures and hostile files, made when a test needs them: no file of somebody's camera stands in the project."""

import struct
import zlib
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

from PIL import Image, ImageCms
from PIL.ExifTags import GPS, IFD, Base
from PIL.PngImagePlugin import PngInfo

CANARY = "CANARY-51-36-08-N"
"""Stands wherever a file has room for text: what comes out must not hold it."""
SIZE = (96, 64)
FORMATS = ("JPEG", "PNG", "WEBP")


def a_scene(size: tuple[int, int] = SIZE, mode: str = "RGB") -> Image.Image:
    """A picture whose four corners differ, so that each way of turning it looks different."""
    left_to_right = Image.linear_gradient("L").rotate(90).resize(size)
    top_to_bottom = Image.linear_gradient("L").resize(size)
    return Image.merge("RGB", [left_to_right, top_to_bottom, Image.new("L", size, 40)]).convert(mode)


def saved(picture: Image.Image, kind: str, **more: Any) -> bytes:
    """The file that Pillow makes of a picture."""
    into = BytesIO()
    picture.save(into, kind, **more)
    return into.getvalue()


def turned(orientation: int) -> bytes:
    """EXIF that says which way up."""
    exif = Image.Exif()
    exif[Base.Orientation] = orientation
    return exif.tobytes()


def telling(kind: str, size: tuple[int, int] = SIZE) -> bytes:
    """A picture in a file that tells where and by whom it was taken, in every place that the kind has for it."""
    exif = Image.Exif()
    exif[Base.Artist] = CANARY
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSAreaInformation] = CANARY.encode()
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] = (51.0, 36.0, 8.0)
    xmp = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{CANARY}</x:xmpmeta>".encode()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + CANARY.encode()
    more: dict[str, Any] = {"exif": exif.tobytes(), "icc_profile": profile, "xmp": xmp}
    if kind == "JPEG":
        more["comment"] = CANARY.encode()
    if kind == "PNG":
        more["pnginfo"] = PngInfo()
        more["pnginfo"].add_text("Comment", CANARY)
        more["pnginfo"].add_itxt("XML:com.adobe.xmp", more.pop("xmp").decode())
    return saved(a_scene(size), kind, **more) + CANARY.encode()


def a_chunk(name: bytes, body: bytes = b"") -> bytes:
    """A PNG's chunk with its checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_of(*chunks: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def ihdr(width: int, height: int, depth: int = 8, colours: int = 2) -> bytes:
    return a_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0))


def png_claiming(width: int, height: int) -> bytes:
    """A small file that unpacks to that many pixels, were it unpacked."""
    rows = zlib.compress(bytes(48 << 20), 9)
    return png_of(ihdr(width, height), a_chunk(b"IDAT", rows), a_chunk(b"IEND"))


def a_riff(*chunks: tuple[bytes, bytes]) -> bytes:
    """A WebP file of these chunks."""
    body = b"WEBP" + b"".join(
        name + struct.pack("<I", len(text)) + text + b"\0" * (len(text) % 2) for name, text in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_claiming(width: int, height: int) -> bytes:
    """A lossless WebP's header for that size and next to nothing behind it."""
    bits = (width - 1) | ((height - 1) << 14)
    return a_riff((b"VP8L", b"\x2f" + struct.pack("<I", bits) + bytes(64)))


def jpeg_claiming(width: int, height: int) -> bytes:
    """A JPEG whose frame header says another size than its data was made for."""
    data = bytearray(saved(a_scene(), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def jpeg_with_scans(size: tuple[int, int], scans: int) -> bytes:
    """A progressive JPEG whose last scan is repeated: each is a pass over the whole picture."""
    data = saved(a_scene(size), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * (scans - data.count(b"\xff\xda")) + b"\xff\xd9"


def jpeg_with_segments(count: int) -> bytes:
    """A JPEG with that many empty comments."""
    data = saved(a_scene(), "JPEG")
    return data[:2] + b"\xff\xfe\x00\x02" * count + data[2:]


def moving(kind: str) -> bytes:
    """Two pictures that take turns."""
    return saved(a_scene(), kind, save_all=True, append_images=[a_scene().transpose(Image.Transpose.ROTATE_180)])


NO_PICTURES: Mapping[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "one byte": lambda: b"\xff",
    "text": lambda: b"not a picture at all",
    "SVG": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "GIF": lambda: saved(a_scene(), "GIF"),
    "BMP": lambda: saved(a_scene(), "BMP"),
    "TIFF": lambda: saved(a_scene(), "TIFF"),
    "AVIF": lambda: saved(a_scene(), "AVIF"),
    "HEIC": lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64),
    "PDF": lambda: b"%PDF-1.7\n" + bytes(64),
    "a zip file": lambda: b"PK\x03\x04" + bytes(64),
    "a WAV file": lambda: b"RIFF\x24\0\0\0WAVEfmt " + bytes(32),
    "HTML behind a JPEG's first bytes": lambda: b"\xff\xd8\xff\xe0<html><script>alert(1)</script></html>\xff\xd9",
    "HTML behind a PNG's first bytes": lambda: png_of() + b"<html></html>",
    "HTML behind a WebP's first bytes": lambda: b"RIFF\x20\0\0\0WEBP<html><script></script></html>",
    "a JPEG without its end": lambda: saved(a_scene(), "JPEG")[:-2],
    "a JPEG of another coding": lambda: saved(a_scene(), "JPEG").replace(b"\xff\xc0", b"\xff\xc9", 1),
    "a JPEG that begins twice": lambda: b"\xff\xd8" + saved(a_scene(), "JPEG"),
    "a JPEG with two frames": lambda: saved(a_scene(), "JPEG").replace(
        b"\xff\xda", b"\xff\xc0\0\x08\x08\0\1\0\1\1\xff\xda"
    ),
    "a JPEG without tables": lambda: saved(a_scene(), "JPEG").replace(b"\xff\xdb", b"\xff\xfe"),
    "a JPEG of no height": lambda: jpeg_claiming(96, 0),
    "a PNG of no width": lambda: png_claiming(0, 10),
    "a PNG with two headers": lambda: png_of(ihdr(9, 9), ihdr(9, 9), a_chunk(b"IDAT"), a_chunk(b"IEND")),
    "a PNG whose header is cut": lambda: png_of(a_chunk(b"IHDR", b"\0\0"), a_chunk(b"IEND")),
    "a PNG with a chunk that must be understood": lambda: png_of(ihdr(9, 9), a_chunk(b"ABcD"), a_chunk(b"IEND")),
    "a PNG whose data does not unpack": lambda: png_of(ihdr(9, 9), a_chunk(b"IDAT", b"junk"), a_chunk(b"IEND")),
    "a PNG with a wrong checksum": lambda: saved(a_scene(), "PNG").replace(b"IDAT", b"IDAT\xff", 1),
    "a WebP of no height": lambda: a_riff((b"VP8 ", b"\x30\x01\0\x9d\x01\x2a\x09\0\0\0" + bytes(20)), (b"ALPH", b"\0")),
    "a WebP without a picture": lambda: a_riff((b"EXIF", b"Exif\0\0")),
    "a WebP with two pictures": lambda: a_riff(
        (b"VP8L", webp_claiming(9, 9)[20:]), (b"VP8L", webp_claiming(9, 9)[20:])
    ),
    "a WebP whose data does not unpack": lambda: webp_claiming(9, 9),
}
"""What must be refused as no picture, by what it is."""

TOO_LARGE: Mapping[str, Callable[[], bytes]] = {
    "a PNG of 48 kB that claims 400 megapixels": lambda: png_claiming(20_000, 20_000),
    "a PNG that claims all it can": lambda: png_claiming(2**31 - 1, 2**31 - 1),
    "a PNG that is very long": lambda: png_claiming(12_001, 1),
    "a PNG just above the pixels": lambda: png_claiming(5001, 5000),
    "a PNG in too many chunks": lambda: png_of(ihdr(9, 9), a_chunk(b"IDAT") * 20_000, a_chunk(b"IEND")),
    "a JPEG that claims 64 kilopixels a side": lambda: jpeg_claiming(65_500, 65_500),
    "a JPEG with a scan too many": lambda: jpeg_with_scans(SIZE, 65),
    "a JPEG with a million empty comments": lambda: jpeg_with_segments(1_000_000),
    "a WebP that claims 16 kilopixels a side": lambda: webp_claiming(16_384, 16_384),
    "a WebP in too many chunks": lambda: a_riff(*[(b"JUNK", b"")] * 1001),
    "more than 8 MiB": lambda: saved(a_scene(), "JPEG") + bytes(8 << 20),
}
"""What must be refused as too large, before a pixel is decoded."""
