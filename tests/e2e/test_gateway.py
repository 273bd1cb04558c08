"""The gateway against who does not keep to HTTP, or says of themselves what only the gateway may say."""

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from uuid import UUID, uuid4

import httpx
import pytest

from deploy.gateway.render import MOST_IN_WORK
from deploy.services import SERVICES
from shared.http.operations import MAX_UPLOAD
from shared.http.strict_json import MAX_BYTES
from shared.testing.driver import Session
from tests.installation import Bench, School, went
from tests.wire import Answer, request, talk

# What is sent here writes nothing: no log grows meanwhile.
pytestmark = pytest.mark.usefixtures("at_rest")


@pytest.fixture(scope="module")
def gateway(bench: Bench) -> str:
    return bench.it.state["gateway"]


@pytest.fixture
def behaviour(school: School) -> UUID:
    return school.a_behaviour("Held the door")


def secret(bench: Bench, name: str) -> str:
    return (Path(bench.it.state["secrets_dir"]) / name).read_text().strip()


def bearer(session: Session) -> str:
    return f"Authorization: Bearer {session.token}"


def behind(bench: Bench, service: str) -> httpx.Client:
    """A client on the service's own port."""
    port = bench.it.state["processes"][f"{service}.api"]["port"]
    return httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30)


def only(answers: list[Answer]) -> Answer:
    """There is one answer and no other."""
    assert len(answers) == 1, [answer.status for answer in answers]
    return answers[0]


# -- what nginx itself answers -----------------------------------------------------------------------------------------

NGINX_S_OWN = {
    "no HTTP at all": (b"Hello\r\n\r\n", 400, "BAD_HEADER"),
    "no host": (b"GET /v1/policy HTTP/1.1\r\nConnection: close\r\n\r\n", 400, "BAD_HEADER"),
    "two hosts": (request("GET", "/v1/policy", "Host: elsewhere.example"), 400, "BAD_HEADER"),
    "a host that is none": (
        b"GET /v1/policy HTTP/1.1\r\nHost: a/b\\c\r\nConnection: close\r\n\r\n",
        400,
        "BAD_HEADER",
    ),
    "NUL in the address": (request("GET", "/v1/policy%00"), 400, "BAD_HEADER"),
    "NUL in a header": (request("GET", "/v1/policy", "X: a\0b"), 400, "BAD_HEADER"),
    "above the root": (request("GET", "/../v1/policy"), 400, "BAD_HEADER"),
    "a broken escape": (request("GET", "/v1/%zz"), 400, "BAD_HEADER"),
    "a version that does not exist": (b"GET /v1/policy HTTP/3.7\r\nHost: a\r\n\r\n", 400, "BAD_HEADER"),
    "HTTP/2 without TLS": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "BAD_HEADER"),
    "no such path": (request("GET", "/v1/nothing"), 404, "NOT_FOUND"),
    "a way out of the pages": (request("GET", "/..%2f..%2fetc/passwd"), 400, "BAD_HEADER"),
    "a page is posted to": (request("POST", "/", "Content-Length: 0"), 405, "METHOD_NOT_ALLOWED"),
    "TRACE": (request("TRACE", "/v1/policy"), 405, "METHOD_NOT_ALLOWED"),
    "a body that is announced as too large": (
        request("POST", "/v1/sessions", f"Content-Length: {MAX_BYTES + 1}"),
        413,
        "BODY_TOO_LARGE",
    ),
    "a roster that is announced as too large": (
        request("POST", "/v1/roster-imports", f"Content-Length: {MAX_UPLOAD + 1}"),
        413,
        "BODY_TOO_LARGE",
    ),
    "a long address": (request("GET", "/v1/policy?" + "a" * 9000), 414, "ADDRESS_TOO_LONG"),
    "a long header": (request("GET", "/v1/policy", "X: " + "a" * 9000), 431, "HEADERS_TOO_LARGE"),
    "many headers": (
        request("GET", "/v1/policy", *(f"X-{n}: {'a' * 4000}" for n in range(20))),
        431,
        "HEADERS_TOO_LARGE",
    ),
}


@pytest.mark.parametrize(("sent", "status", "code"), NGINX_S_OWN.values(), ids=NGINX_S_OWN)
def test_what_nginx_refuses_by_itself_is_a_problem_in_our_words(sent: bytes, status: int, code: str, gateway: str):
    answer = only(talk(gateway, sent))
    assert (answer.status, answer.code) == (status, code)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Server"] == "nginx", "its version is nobody's business"
    assert answer.problem()["correlation_id"] == answer.headers["Bookbag-Correlation"]


def test_the_gateway_is_nobody_s_way_to_elsewhere(gateway: str):
    answer = only(talk(gateway, b"CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
    assert (answer.status, answer.code) in {(400, "BAD_HEADER"), (405, "METHOD_NOT_ALLOWED")}  # by nginx's version


def test_the_limit_that_is_named_is_the_limit_of_that_address(gateway: str):
    for path, limit in (("/v1/sessions", MAX_BYTES), ("/v1/roster-imports", MAX_UPLOAD)):
        answer = only(talk(gateway, request("POST", path, f"Content-Length: {limit + 1}")))
        assert str(limit) in answer.problem()["detail"]


@pytest.mark.parametrize("size", [MAX_BYTES + 1, MAX_UPLOAD])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_who_hangs_up_after_announcing_too_much_is_still_answered_in_our_words(method: str, size: int, gateway: str):
    for path in ("/v1/policy", "/v1/sessions", "/v1/nothing"):
        answers = talk(gateway, request(method, path, f"Content-Length: {size}"), hang_up=True)
        assert [(answer.status, answer.code) for answer in answers] == [(413, "BODY_TOO_LARGE")]


@pytest.mark.parametrize("letter", ["\x01", "\x0b", "\x1f", "\x7f"])
@pytest.mark.parametrize("header", ["Authorization", "Idempotency-Key", "Bookbag-Position", "Content-Type"])
def test_a_control_character_in_a_header_is_the_client_s_fault_and_not_ours(header: str, letter: str, gateway: str):
    for method, path in (("GET", "/v1/me"), ("POST", "/v1/sessions"), ("GET", "/v1/policy")):
        answer = only(talk(gateway, request(method, path, f"{header}: Bearer a{letter}b", "Content-Length: 0")))
        assert (answer.status, answer.code) == (400, "BAD_HEADER")


def test_a_header_that_we_do_not_read_goes_nowhere(gateway: str, school: School):
    """To identity and the services such a one would be no HTTP."""
    answer = only(talk(gateway, request("GET", "/v1/me", bearer(school.teacher(1)), "X-Other: a\x0bb")))
    assert answer.status == 200


@pytest.mark.parametrize(("service", "path"), [("identity", "/v1/policy"), ("points", "/v1/behaviours")])
def test_while_a_service_is_down_its_paths_say_when_to_ask_again_and_the_others_answer(
    service: str, path: str, bench: Bench, gateway: str, school: School
):
    teacher = school.teacher(1)
    process = f"{service}.api"
    bench.it.stop(process)
    try:
        answer = only(talk(gateway, request("GET", path, bearer(teacher))))
        other = only(talk(gateway, request("GET", "/v1/me", bearer(teacher))))
        page = only(talk(gateway, request("GET", "/")))
    finally:
        bench.it.resume(process)
    assert (answer.status, answer.code) == (503, "UNAVAILABLE")
    assert answer.headers["Retry-After"] == "1"
    assert page.status == 200
    assert other.status == (503 if service == "identity" else 200)
    went(teacher.behaviours())


def test_while_identity_is_down_nobody_is_let_through_and_nobody_is_told_that_they_are_signed_out(
    bench: Bench, gateway: str, school: School
):
    teacher = school.teacher(1)
    before = bench.heads()
    bench.it.stop("identity.api")
    try:
        answers = [
            only(talk(gateway, request(method, path, bearer(teacher), "Content-Length: 0")))
            for method, path in [("GET", "/v1/behaviours"), ("POST", "/v1/points"), ("DELETE", "/v1/sessions/current")]
        ]
    finally:
        bench.it.resume("identity.api")
    assert [(answer.status, answer.code) for answer in answers] == [(503, "UNAVAILABLE")] * 3
    assert bench.heads() == before


def test_a_process_that_has_enough_in_work_sends_the_next_client_away_at_once_and_answers_all_it_has(
    bench: Bench, gateway: str, school: School
):
    # More than one, for a session of its own has a limit too.
    teachers = [school.newly_signed_in(school.people.teacher(1), "staff") for _ in range(4)]
    more = 12
    went(teachers[0].behaviours())
    answered: SimpleQueue[Answer] = SimpleQueue()

    def ask(teacher: Session) -> None:
        answered.put(only(talk(gateway, request("GET", "/v1/behaviours", bearer(teacher)))))

    threads = [threading.Thread(target=ask, args=(teachers[n % len(teachers)],)) for n in range(MOST_IN_WORK + more)]
    bench.it.signal("points.api", signal.SIGSTOP)
    try:
        for thread in threads:
            thread.start()
        # The process stands still: whoever is answered now was sent away by the gateway.
        sent_away = [answered.get(timeout=30) for _ in range(more)]
    finally:
        bench.it.signal("points.api", signal.SIGCONT)
        for thread in threads:
            thread.join()
    assert {(answer.status, answer.code, answer.headers["Retry-After"]) for answer in sent_away} == {
        (503, "UNAVAILABLE", "1")
    }
    others = [answered.get_nowait() for _ in range(MOST_IN_WORK)]
    # In good time or not: nobody is left without an answer, or with one that is wrong.
    assert {answer.status for answer in others} <= {200, 503}
    went(teachers[0].behaviours())


# -- where one request ends --------------------------------------------------------------------------------------------

INSIDE = request("DELETE", "/v1/sessions/current", "Content-Length: 0")
"""What a smuggler hides in a body."""

AMBIGUOUS = {
    "two lengths": ["Content-Length: 0", f"Content-Length: {len(INSIDE)}"],
    "two lengths in one line": [f"Content-Length: 0, {len(INSIDE)}"],
    "the same length twice": [f"Content-Length: {len(INSIDE)}", f"Content-Length: {len(INSIDE)}"],
    "a length with a sign": [f"Content-Length: +{len(INSIDE)}"],
    "a negative length": ["Content-Length: -1"],
    "a hexadecimal length": ["Content-Length: 0x10"],
    "a length without end": ["Content-Length: " + "9" * 40],
    "no length in the line": ["Content-Length: "],
    "length and chunks": [f"Content-Length: {len(INSIDE)}", "Transfer-Encoding: chunked"],
    "chunks and length": ["Transfer-Encoding: chunked", f"Content-Length: {len(INSIDE)}"],
    "another coding": ["Transfer-Encoding: xchunked"],
    "two codings": ["Transfer-Encoding: gzip, chunked"],
    "chunked twice": ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
    "chunked but not": ["Transfer-Encoding: chunked, identity"],
    "a blank before the colon": ["Transfer-Encoding : chunked"],
    "a tab before the colon": [f"Content-Length\t: {len(INSIDE)}"],
    "a header that goes on": ["Transfer-Encoding:", " chunked"],
    "a carriage return alone": ["X: a\rTransfer-Encoding: chunked"],
}


@pytest.mark.parametrize("headers", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_where_a_request_does_not_say_clearly_where_it_ends_nothing_is_carried_out(
    headers: list[str], gateway: str, school: School, bench: Bench
):
    teacher = school.teacher(1)
    hidden = INSIDE.replace(b"Connection: close", bearer(teacher).encode())
    head = request("POST", "/v1/points", bearer(teacher), f"Idempotency-Key: {uuid4()}", *headers)
    before = bench.heads()
    answer = only(talk(gateway, head.replace(b"Connection: close", b"Connection: keep-alive") + hidden))
    assert 400 <= answer.status < 500
    assert answer.code
    went(teacher.me())
    assert bench.heads() == before


BAD_CHUNKS = {
    "no number": b"zz\r\n{}\r\n0\r\n\r\n",
    "a negative number": b"-1\r\n{}\r\n0\r\n\r\n",
    "a number without end": b"f" * 40 + b"\r\n{}\r\n0\r\n\r\n",
    "more than was said": b"1\r\n{}\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("chunks", BAD_CHUNKS.values(), ids=BAD_CHUNKS)
def test_broken_chunks_are_refused(chunks: bytes, gateway: str, school: School, bench: Bench):
    before = bench.heads()
    head = request("POST", "/v1/points", bearer(school.teacher(1)), "Transfer-Encoding: chunked")
    answer = only(talk(gateway, head, chunks))
    assert (answer.status, answer.code) in {(400, "BAD_HEADER"), (413, "BODY_TOO_LARGE")}
    assert bench.heads() == before


def test_chunks_are_counted_as_a_length_is(gateway: str, school: School, bench: Bench):
    before = bench.heads()
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    head = request("POST", "/v1/points", bearer(school.teacher(1)), "Transfer-Encoding: chunked")
    answer = only(talk(gateway, head, *[chunk] * 5, b"0\r\n\r\n"))
    assert (answer.status, answer.code) == (413, "BODY_TOO_LARGE")
    assert bench.heads() == before


def test_a_request_in_a_body_of_stated_length_stays_a_body(gateway: str, school: School, bench: Bench):
    teacher = school.teacher(1)
    hidden = INSIDE.replace(b"Connection: close", bearer(teacher).encode())
    before = bench.heads()
    head = request(
        "POST",
        "/v1/points",
        bearer(teacher),
        f"Idempotency-Key: {uuid4()}",
        "Content-Type: application/json",
        f"Content-Length: {len(hidden)}",
    )
    assert only(talk(gateway, head + hidden)).code == "MALFORMED_JSON"
    went(teacher.me())
    assert bench.heads() == before


def test_less_than_was_announced_carries_nothing_out(gateway: str, school: School, bench: Bench, behaviour: UUID):
    teacher, before = school.teacher(1), bench.heads()
    body = f'{{"pupil_id": "{school.pupil(1, 1).person_id}", "behaviour_id": "{behaviour}"}}'.encode()
    head = request(
        "POST",
        "/v1/points",
        bearer(teacher),
        f"Idempotency-Key: {uuid4()}",
        "Content-Type: application/json",
        f"Content-Length: {len(body) + 1}",
    )
    answers = talk(gateway, head + body, hang_up=True)
    assert [(answer.status, answer.code) for answer in answers] in ([], [(400, "BAD_HEADER")])
    assert bench.heads() == before


# -- who says that they are somebody -----------------------------------------------------------------------------------


@pytest.fixture
def forged(bench: Bench, school: School) -> str:
    """The Headteacher's own principal, fresh from identity: the worst that could come with another's request."""
    headers = {"Authorization": f"Bearer {school.head.token}", "Bookbag-Gateway": secret(bench, "gateway.secret")}
    with behind(bench, "identity") as direct:
        return direct.get("/internal/principal", headers=headers).headers["Bookbag-Principal"]


Claims = Callable[[tuple[str, str]], list[str]]

NAMES = [
    ("Bookbag-Principal", "Bookbag-Gateway"),
    ("bookbag-principal", "bookbag-gateway"),
    ("Bookbag_Principal", "Bookbag_Gateway"),
    ("BOOKBAG_PRINCIPAL", "BOOKBAG_GATEWAY"),
    ("HTTP_BOOKBAG_PRINCIPAL", "HTTP_BOOKBAG_GATEWAY"),
    ("Bookbag-Principal ", "Bookbag-Gateway "),
    ("Bookbag.Principal", "Bookbag.Gateway"),
    ("X-Bookbag_Principal", "X-Bookbag_Gateway"),
]


def test_the_forged_principal_of_these_tests_would_work_behind_the_gateway(bench: Bench, forged: str):
    """Or the tests below would show nothing."""
    headers = {"Bookbag-Principal": forged, "Bookbag-Gateway": secret(bench, "gateway.secret")}
    with behind(bench, "points") as direct:
        assert direct.get("/v1/behaviours", headers=headers).status_code == 200
        without = {"Bookbag-Principal": forged}
        assert direct.get("/v1/behaviours", headers=without).json()["code"] == "GATEWAY_ONLY"


@pytest.fixture
def claims(bench: Bench, forged: str) -> Claims:
    """The forged principal and the real secret, under two names, once and twice."""

    def under(names: tuple[str, str]) -> list[str]:
        return [f"{names[0]}: {forged}", f"{names[1]}: {secret(bench, 'gateway.secret')}"] * 2

    return under


@pytest.mark.parametrize("names", NAMES, ids=[name for name, _ in NAMES])
@pytest.mark.parametrize("asked", ["GET /v1/behaviours", "GET /v1/me", "DELETE /v1/sessions", "GET /v1/staff"])
def test_S16_nobody_becomes_somebody_by_a_header(asked: str, names: tuple[str, str], gateway: str, claims: Claims):
    method, path = asked.split()
    answer = only(talk(gateway, request(method, path, *claims(names))))
    assert (answer.status, answer.code) in {(401, "NOT_SIGNED_IN"), (400, "BAD_HEADER")}


@pytest.mark.parametrize("names", NAMES, ids=[name for name, _ in NAMES])
def test_S16_who_is_signed_in_stays_who_they_are(names: tuple[str, str], gateway: str, school: School, claims: Claims):
    pupil, headers = school.pupil(1, 1), [*claims(names), f"Connection: close, {names[0]}"]
    me = only(talk(gateway, request("GET", "/v1/me", bearer(pupil), *headers)))
    staff = only(talk(gateway, request("GET", "/v1/staff", *headers, bearer(pupil))))
    if me.status == 200:
        assert str(pupil.person_id).encode() in me.body
        assert (staff.status, staff.code) == (403, "STAFF_ONLY")
    else:
        assert (me.code, staff.code) == ("BAD_HEADER", "BAD_HEADER")


@pytest.mark.parametrize("names", NAMES, ids=[name for name, _ in NAMES])
def test_a_public_path_does_not_fail_on_such_headers(names: tuple[str, str], gateway: str, claims: Claims):
    assert only(talk(gateway, request("GET", "/v1/policy", *claims(names)))).status in {200, 400}


def test_a_header_with_an_underscore_is_not_the_one_with_a_dash(
    gateway: str, school: School, bench: Bench, behaviour: UUID
):
    """To WSGI both have one name: what nginx let through would count."""
    teacher, before = school.teacher(1), bench.heads()
    body = f'{{"pupil_id": "{school.pupil(1, 1).person_id}", "behaviour_id": "{behaviour}"}}'.encode()
    common = [bearer(teacher), "Content-Type: application/json", f"Content-Length: {len(body)}"]
    answer = only(talk(gateway, request("POST", "/v1/points", f"Idempotency_Key: {uuid4()}", *common, body=body)))
    assert answer.code == "IDEMPOTENCY_KEY_REQUIRED"
    for header in ("Transfer_Encoding: chunked", "Content_Length: 3", "Bookbag_Position: nonsense"):
        assert only(talk(gateway, request("GET", "/v1/behaviours", bearer(teacher), header))).status == 200
    assert bench.heads() == before


@pytest.mark.parametrize(
    "header",
    ["X-HTTP-Method-Override: DELETE", "X-Method-Override: DELETE", "X-Original-URL: /internal/heads"],
)
def test_no_header_changes_what_is_asked_for(header: str, gateway: str, school: School):
    teacher = school.teacher(1)
    answer = only(talk(gateway, request("GET", "/v1/me", bearer(teacher), header)))
    assert str(teacher.person_id).encode() in answer.body
    went(teacher.me())


def test_a_correlation_id_that_is_none_is_not_passed_on(gateway: str):
    for sent in ("Canary-7431", "../../x", '"}', "a" * 33, "0" * 31):
        answer = only(talk(gateway, request("GET", "/v1/policy", f"Bookbag-Correlation: {sent}")))
        assert answer.status == 200
        assert sent not in str(answer.headers)


# -- what is not to be had from outside --------------------------------------------------------------------------------

SESSION = "00000000-0000-4000-8000-000000000000"
WITHIN = [
    "/internal/principal",
    f"/internal/principals/{SESSION}",
    "/internal/heads",
    "/internal/feed/1",
    "/internal/feed/1?after=0&limit=10",
    "/internal",
    "/metrics",
    "/readyz",
    "/-/principal",
    "/-/principal-unless-post",
    "/-/error/404",
    "/status/",
    "/status/nothing",
    "/status/points/",
    "/nginx_status",
    "/.git/config",
    "/nginx.conf",
]
AROUND = [
    "//internal/heads",
    "/%69nternal/heads",
    "/internal%2fheads",
    "/INTERNAL/heads",
    "/v1/../internal/heads",
    "/v1/%2e%2e/internal/heads",
    "/v1/..%2finternal/heads",
    "/v1/policy/../../internal/heads",
    "/v1/policy/..%2f..%2finternal%2fheads",
    "/status/points/../../internal/heads",
    "/v1/pupils/..%2f..%2finternal%2fheads/points",
    f"/v1/pupils/{SESSION}%2f..%2f..%2f..%2finternal%2fheads%3f/points",
    "/v1/policy#/../../internal/heads",
    "/internal/heads#/../../v1/policy",
    "/internal/heads?/../../v1/policy",
    "/internal/heads/../../v1/policy",
    "/internal/heads%3f/../../v1/policy",
    "/internal/heads;/../../v1/policy",
    "/./internal/heads",
    "/v1/policy\\..\\..\\internal\\heads",
    "http://127.0.0.1/internal/heads",
    "http://internal/heads",
]


@pytest.fixture(scope="module")
def insiders(bench: Bench, operator: Session) -> list[str]:
    """What would open the internal paths if one came so far: each service's own credential, and an operator's token."""
    credentials = [f"Authorization: Bearer {secret(bench, f'{service}.credential')}" for service in SERVICES]
    return [*credentials, bearer(operator), f"Bookbag-Gateway: {secret(bench, 'gateway.secret')}"]


def test_the_credentials_of_these_tests_would_open_the_internal_paths_behind_the_gateway(bench: Bench):
    headers = {"Authorization": f"Bearer {secret(bench, 'points.credential')}"}
    with behind(bench, "identity") as direct:
        assert direct.get("/internal/heads", headers=headers).status_code == 200


@pytest.mark.parametrize("target", [*WITHIN, *AROUND])
def test_what_is_for_the_services_alone_is_not_to_be_had_through_the_gateway(
    target: str, gateway: str, insiders: list[str]
):
    for header in insiders:
        answer = only(talk(gateway, request("GET", target, header)))
        if target == "/v1/policy#/../../internal/heads":
            # What follows a # is no part of an address: this asks for the policy and gets it.
            assert b'"standing"' in answer.body
            continue
        assert (answer.status, answer.code) in {(404, "NOT_FOUND"), (400, "BAD_HEADER"), (401, "NOT_SIGNED_IN")}


def test_of_a_service_s_state_only_whether_it_is_ready_is_shown(gateway: str):
    for service in SERVICES:
        answer = only(talk(gateway, request("GET", f"/status/{service}")))
        assert answer.body == b'{"ready":true,"failing":[]}'
        refusal = only(talk(gateway, request("POST", f"/status/{service}", "Content-Length: 0")))
        assert (refusal.status, refusal.code) == (403, "NOT_ALLOWED")
