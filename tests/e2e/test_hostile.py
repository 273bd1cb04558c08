"""What no client should send, on every path that takes a body: refused calmly, and nothing is written."""

import io
import zipfile
from collections.abc import Callable
from uuid import UUID, uuid4

import httpx
import pytest

from shared.http.strict_json import MAX_BYTES
from shared.testing.driver import Session
from tests.installation import Bench, School, went
from tests.wire import PROBLEM

# What is sent here writes nothing: no log grows meanwhile.
pytestmark = pytest.mark.usefixtures("at_rest")

HOSTILE = {
    "no JSON": (b"{", "MALFORMED_JSON"),
    "not a number": (b'{"points": NaN}', "MALFORMED_JSON"),
    "infinity": (b'{"points": -Infinity}', "MALFORMED_JSON"),
    "a key twice": (b'{"note": "a", "note": "b"}', "DUPLICATE_FIELD"),
    "a key twice within": (b'{"note": {"a": 1, "a": 2}}', "DUPLICATE_FIELD"),
    "depth 33": (b'{"note": ' + b"[" * 32 + b"]" * 32 + b"}", "TOO_DEEP"),
    "100 thousand deep": (b"[" * 100_000, "TOO_DEEP"),
    "NUL": (b'{"note": "a\\u0000b"}', "TEXT_NOT_ALLOWED"),
    "NUL in a key": (b'{"no\\u0000te": "a"}', "TEXT_NOT_ALLOWED"),
    "a raw NUL": (b'{"note": "a\x00b"}', "MALFORMED_JSON"),
    "a lone surrogate": (b'{"note": "\\ud800"}', "TEXT_NOT_ALLOWED"),
    "beyond 2^53": (b'{"points": 9007199254740993}', "NUMBER_OUT_OF_RANGE"),
    "a number without end": (b'{"points": ' + b"9" * 5000 + b"}", "NUMBER_OUT_OF_RANGE"),
    "1e400": (b'{"points": 1e400}', "NUMBER_OUT_OF_RANGE"),
    "no object": (b"[]", "MALFORMED_JSON"),
    "text alone": (b'"a"', "MALFORMED_JSON"),
    "not UTF-8": (b'{"note": "\xff"}', "MALFORMED_JSON"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "MALFORMED_JSON"),
    "UTF-16": ('{"note": "a"}'.encode("utf-16"), "MALFORMED_JSON"),
    "two values": (b"{}{}", "MALFORMED_JSON"),
    "257 KiB": (b'{"note": "' + b"a" * 257 * 1024 + b'"}', "BODY_TOO_LARGE"),
    "one byte too many": (b"{" + b" " * (MAX_BYTES - 1) + b"}", "BODY_TOO_LARGE"),
    "an unknown field": (b'{"colour": "red"}', "INVALID_FIELDS"),
    "a class of Python": (b'{"__class__": "a", "__proto__": {}}', "INVALID_FIELDS"),
    "nothing": (b"", "MALFORMED_JSON"),
}

Path = Callable[[School, UUID], tuple[str, str, Session | None]]

PATHS: dict[str, Path] = {
    "sign in": lambda _school, _award: ("POST", "/v1/sessions", None),
    "choose a password": lambda school, _award: ("POST", "/v1/me/password", school.teacher(1)),
    "a one-time code": lambda school, _award: ("POST", "/v1/one-time-codes", school.operator),
    "a school": lambda school, _award: ("POST", "/v1/schools", school.operator),
    "parameters": lambda school, _award: ("PUT", f"/v1/schools/{school.school_id}/parameters", school.head),
    "an appointment": lambda school, _award: ("POST", "/v1/appointments", school.head),
    "an operator's appointment": lambda school, _award: (
        "POST",
        f"/v1/schools/{school.school_id}/appointments",
        school.operator,
    ),
    "a value": lambda school, _award: ("POST", "/v1/values", school.head),
    "a behaviour": lambda school, _award: ("POST", "/v1/behaviours", school.head),
    "an award": lambda school, _award: ("POST", "/v1/points", school.teacher(1)),
    "a correction": lambda school, award: ("POST", f"/v1/points/{award}/revocation", school.teacher(1)),
}


@pytest.fixture(scope="module")
def award(school: School) -> UUID:
    return went(school.teacher(1).award(school.pupil(1, 8).person_id, school.a_behaviour("Tidied up"))).id


@pytest.fixture
def sender(school: School) -> Callable[..., httpx.Response]:
    """Sends as a client would that has every header right but those that it is given."""

    def send(method: str, path: str, by: Session | None, content: bytes = b"", **headers: str) -> httpx.Response:
        told = {"Content-Type": "application/json", "Idempotency-Key": str(uuid4())}
        if by is not None:
            told["Authorization"] = f"Bearer {by.token}"
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        return school.bookbag.client.request(method, path, content=content, headers=told)

    return send


def code_of(answer: httpx.Response) -> str:
    """Of a refusal that is a client's fault, said as every refusal is."""
    assert 400 <= answer.status_code < 500, answer.status_code
    assert answer.headers["Content-Type"] == PROBLEM
    found = answer.json()
    assert found["status"] == answer.status_code
    assert found["detail"]
    return str(found["code"])


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_what_no_client_should_send_is_refused_calmly_and_writes_nothing(
    path: Path, school: School, award: UUID, bench: Bench, sender: Callable[..., httpx.Response]
):
    method, address, by = path(school, award)
    before = bench.heads()
    found = {name: code_of(sender(method, address, by, body)) for name, (body, _) in HOSTILE.items()}
    assert found == {name: code for name, (_, code) in HOSTILE.items()}
    assert bench.heads() == before


def test_the_largest_body_that_may_be_is_read(school: School, sender: Callable[..., httpx.Response]):
    body = b"{" + b" " * (MAX_BYTES - 2) + b"}"
    assert len(body) == MAX_BYTES
    assert code_of(sender("POST", "/v1/points", school.teacher(1), body)) == "INVALID_FIELDS"


def test_depth_32_is_read(school: School, sender: Callable[..., httpx.Response]):
    body = b'{"note": ' + b"[" * 31 + b"]" * 31 + b"}"
    assert code_of(sender("POST", "/v1/points", school.teacher(1), body)) == "INVALID_FIELDS"


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"Content_Type": "text/plain"}, "UNSUPPORTED_MEDIA_TYPE"),
        ({"Content_Type": "application/json; charset=utf-16"}, "UNSUPPORTED_MEDIA_TYPE"),
        ({"Content_Type": "application/x-www-form-urlencoded"}, "UNSUPPORTED_MEDIA_TYPE"),
        ({"Content_Type": ""}, "UNSUPPORTED_MEDIA_TYPE"),
        ({"Idempotency_Key": ""}, "IDEMPOTENCY_KEY_REQUIRED"),
        ({"Idempotency_Key": "two words"}, "IDEMPOTENCY_KEY_REQUIRED"),
        ({"Idempotency_Key": "k" * 129}, "IDEMPOTENCY_KEY_REQUIRED"),
        ({"Bookbag_Position": "nonsense"}, "BAD_HEADER"),
        ({"Bookbag_Position": "points.1.99999999999999999999"}, "BAD_HEADER"),
        ({"Bookbag_Position": "points.1.1," * 700}, "BAD_HEADER"),
        ({"Authorization": "Bearer"}, "NOT_SIGNED_IN"),
        ({"Authorization": "Basic YTpi"}, "NOT_SIGNED_IN"),
        ({"Authorization": "Bearer a b"}, "NOT_SIGNED_IN"),
        ({"Authorization": "Bearer " + "a" * 4000}, "NOT_SIGNED_IN"),
    ],
)
def test_a_header_that_cannot_be_is_refused_and_nothing_is_written(
    sent: dict[str, str], code: str, school: School, award: UUID, sender: Callable[..., httpx.Response]
):
    teacher, body = school.teacher(1), b'{"reason": "It was somebody else"}'
    assert code_of(sender("POST", f"/v1/points/{award}/revocation", teacher, body, **sent)) == code
    [found] = [
        item
        for item in went(teacher.points_of(school.pupil(1, 8).person_id))["items"]
        if item["award_id"] == str(award)
    ]
    assert found["revoked_because"] is None


@pytest.mark.parametrize("query", ["?limit=1", "?x=%00", "?x=%ff", "?a[]=1", "?x", "?" + "&".join(["x=1"] * 900)])
def test_a_query_that_nobody_knows_is_refused(query: str, school: School, sender: Callable[..., httpx.Response]):
    answer = sender("GET", f"/v1/pupils/{school.pupil(1, 1).person_id}{query}", school.teacher(1))
    assert code_of(answer) == "INVALID_FIELDS"


STRANGE_IDS = [
    "0",
    "null",
    "%00",
    "%ff",
    "%f0%9f%98%80",
    "%2e%2e%2f",
    "{{{id}}}",
    "{upper}",
    "{bare}",
    "%7B{id}%7D",
    "urn:uuid:{id}",
    "{id}%20",
    "{id}%0a",
    "{id};x",
    "{id}/",
    "a" * 7000,
]


@pytest.mark.parametrize("strange", STRANGE_IDS)
def test_one_thing_has_one_address(strange: str, school: School, sender: Callable[..., httpx.Response]):
    pupil = school.pupil(1, 1).person_id
    spelled = strange.format(id=pupil, upper=str(pupil).upper(), bare=pupil.hex)
    for path in (f"/v1/pupils/{spelled}", f"/v1/pupils/{spelled}/points", f"/v1/classes/{spelled}"):
        assert code_of(sender("GET", path, school.teacher(1))) in {"NOT_FOUND", "BAD_HEADER"}


def bomb() -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("users.csv", "orgs.csv", "roles.csv"):
            archive.writestr(name, bytes(16 * 1024 * 1024))
    return into.getvalue()


def in_lzma() -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("users.csv", b"sourcedId\r\n" * 50)
    return into.getvalue().replace(b"\x5d\x00\x00", b"\x5d\xff\xff")  # a dictionary of 4 GiB


ROSTERS = {
    "nothing": b"",
    "no zip file": b"sourcedId,status\r\n",
    "an empty zip file": b"PK\x05\x06" + bytes(18),
    "a bomb": bomb(),
    "LZMA that asks for gigabytes": in_lzma(),
}


@pytest.mark.parametrize("body", ROSTERS.values(), ids=ROSTERS)
def test_a_roster_that_cannot_be_is_refused_and_writes_nothing(
    body: bytes, school: School, bench: Bench, sender: Callable[..., httpx.Response]
):
    before = bench.heads()
    for path, by in (
        ("/v1/roster-imports", school.head),
        (f"/v1/schools/{school.school_id}/roster-imports", school.operator),
    ):
        answer = sender("POST", path, by, body, Content_Type="application/zip")
        assert code_of(answer) == "ROSTER_INVALID"
        assert answer.json()["errors"]
    assert bench.heads() == before


def test_a_roster_that_says_it_is_something_else_is_refused(school: School, sender: Callable[..., httpx.Response]):
    answer = sender("POST", "/v1/roster-imports", school.head, school.people.zip(), Content_Type="text/csv")
    assert code_of(answer) == "UNSUPPORTED_MEDIA_TYPE"
