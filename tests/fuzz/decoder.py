"""atheris over the strict decoder; and first over one with a seeded fault, which it has to find."""

from tests.fuzz.libfuzzer import fuzz
from tests.fuzz.plan import Finding, Plan

RUNS = 300_000
ENOUGH_TO_FIND_IT = 200_000
CORPUS = {
    "object": b'{"pupil_id": "0199d2a0-0000-7000-8000-000000000001", "points": 1, "note": null}',
    "numbers": b"[0, -1, 1.5e3, 9007199254740991, true, false]",
    "text": b'{"text": "\\u00e9\\ud83d\\ude00 \\n\\t\\"\\\\\\/"}',
    "deep": b"[" * 20 + b"1" + b"]" * 20,
}
WORDS = [b"\\u0000", b"\\ud800", b"NaN", b"Infinity", b"-Infinity", b"1e400", b"9007199254740992", b"[[", b"]]", b"{}"]
WORDS += [b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80", b'"a":', b"/*", b"\x00", b"\xc2\x85", b"-0", b"1E-999", b"\\u"]


def play(plan: Plan) -> list[Finding]:
    """One round."""
    if not fuzz("seeded", CORPUS, plan, ENOUGH_TO_FIND_IT, WORDS):
        return [Finding("the fuzzer does not find a seeded fault")]
    return fuzz("decoder", CORPUS, plan, plan.enough(RUNS), WORDS)
