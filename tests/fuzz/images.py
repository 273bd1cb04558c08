"""atheris over what says of a file which kind of picture it is, reads its structure, and encodes it anew."""

from tests.fuzz.libfuzzer import fuzz
from tests.fuzz.plan import Finding, Plan
from tests.pictures import FORMATS, a_riff, a_scene, ihdr, jpeg_with_scans, png_of, saved, telling, turned

RUNS = 60_000
SMALL = (16, 12)
CORPUS = {
    **{f"telling-{kind}": telling(kind, SMALL) for kind in FORMATS},
    **{f"plain-{kind}": saved(a_scene(SMALL), kind) for kind in FORMATS},
    "progressive": saved(a_scene(SMALL), "JPEG", progressive=True),
    "turned": saved(a_scene(SMALL), "JPEG", exif=turned(6)),
    "scans": jpeg_with_scans(SMALL, 20),
    "palette": saved(a_scene(SMALL, "P"), "PNG", transparency=0),
    "alpha": saved(a_scene(SMALL, "RGBA"), "WEBP"),
    "lossless": saved(a_scene(SMALL, "RGBA"), "WEBP", lossless=True),
    "moving": saved(a_scene(SMALL), "WEBP", save_all=True, append_images=[a_scene(SMALL).rotate(180)]),
    "nothing": png_of(ihdr(9, 9)),
    "riff": a_riff((b"VP8X", bytes(10)), (b"EXIF", b"II*\0")),
}
WORDS = [
    b"\xff\xd8\xff",
    b"\xff\xda",
    b"\xff\xc0",
    b"\xff\xc2",
    b"\xff\xd9",
    b"\xff\xe1",
    b"Exif\0\0",
    b"Adobe",
    b"JFIF\0",
]
WORDS += [b"IHDR", b"IDAT", b"PLTE", b"tRNS", b"IEND", b"acTL", b"eXIf", b"RIFF", b"WEBP", b"VP8 ", b"VP8L", b"VP8X"]
WORDS += [b"ALPH", b"ANIM", b"ANMF", b"EXIF", b"II*\0", b"MM\0*", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x12\x01"]


def play(plan: Plan) -> list[Finding]:
    """One round."""
    return fuzz("images", CORPUS, plan, plan.enough(RUNS), WORDS)
