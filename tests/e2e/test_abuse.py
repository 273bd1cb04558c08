"""Raw sockets against the gateway, in short: `make fuzz ARGS="--only sockets"` plays many more."""

import random
import select
import time
from collections.abc import Iterator
from contextlib import ExitStack
from random import Random
from socket import socket

import httpx
import pytest

from deploy.gateway.render import SESSION_BODIES, STRANGERS_BODIES
from shared.http.operations import MAX_UPLOAD
from shared.testing.driver import Bookbag, Session
from tests.fuzz import memory
from tests.fuzz.abuse import ended, held
from tests.fuzz.sockets import Crowd, connected, faults, may_open, said, warm_up
from tests.installation import Bench, School, went
from tests.wire import request, talk

FORMS = 120
CONNECTIONS = 300
MORE = 5
PATIENCE = 30.0

# What is sent here writes nothing: no log grows meanwhile.
pytestmark = pytest.mark.usefixtures("at_rest")


@pytest.fixture(scope="module")
def gateway(bench: Bench) -> str:
    return bench.it.state["gateway"]


@pytest.fixture
def abuser(bookbag: Bookbag, bench: Bench) -> Session:
    """A session of its own: what it may not do more of, others still may."""
    return went(bookbag.sign_in_operator(bench.operator_password()))


def test_what_is_no_request_gets_a_calm_answer_or_none_and_carries_nothing_out(
    gateway: str, abuser: Session, operator: Session, bench: Bench
):
    before = bench.heads()
    rng = Random(random.getrandbits(64))  # noqa: S311 - it is to come again
    forms = [ended(rng, abuser.token) for _ in range(FORMS)]
    answered = [(name, pieces, said(gateway, pieces)) for name, pieces in forms]
    assert [(what, name, pieces, raw[:200]) for name, pieces, raw in answered for what in faults(raw)] == []
    went(operator.me())
    assert bench.heads() == before


def test_who_holds_many_connections_keeps_nobody_waiting_and_no_memory(
    gateway: str, abuser: Session, operator: Session, bench: Bench
):
    may_open(CONNECTIONS)
    warm_up(gateway, operator.token)
    heads, before = bench.heads(), memory.held(bench)
    with Crowd(gateway, abuser.token, CONNECTIONS) as crowd:
        crowd.drip(0)
        for path in ("/healthz", "/v1/policy", "/v1/me", "/openapi.json"):
            headers = {"Authorization": f"Bearer {operator.token}"}
            assert httpx.get(gateway + path, headers=headers, trust_env=False, timeout=30).status_code == 200
        assert crowd.ended("slow headers", "slow line") == 0, "others were answered while these still came"
        assert memory.grown(before, memory.held(bench)) == {}
    assert bench.heads() == heads


@pytest.fixture
def two_uploads_on_their_way(gateway: str, school: School) -> Iterator[None]:
    """Of the class teacher's session; of each all but a few bytes has come."""
    begun, _ = held(school.teacher(1).token)["an upload that stops"]
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(connected(gateway)).sendall(begun)
        yield


@pytest.mark.usefixtures("two_uploads_on_their_way")
def test_a_session_has_two_uploads_on_their_way_at_once_and_is_told_to_wait_with_a_third(gateway: str, school: School):
    def upload(by: Session) -> bytes:
        headers = [f"Authorization: Bearer {by.token}", f"Content-Length: {MAX_UPLOAD}", "Content-Type: image/png"]
        return request("POST", "/v1/media", *headers, "Expect: 100-continue")

    [refusal] = talk(gateway, upload(school.teacher(1)))
    assert (refusal.status, refusal.code, refusal.headers["Retry-After"]) == (429, "TOO_MANY_REQUESTS", "1")
    with connected(gateway) as another:
        another.sendall(upload(school.teacher(2)))
        assert another.recv(100).startswith(b"HTTP/1.1 100 "), "another session's upload is waited for"
    went(school.teacher(1).me())


def answered(connections: list[socket], number: int) -> list[bytes]:
    """The beginnings of so many answers, to whichever of the connections they come."""
    deadline, waiting, found = time.monotonic() + PATIENCE, list(connections), list[bytes]()
    while len(found) < number and time.monotonic() < deadline:
        there, _, _ = select.select(waiting, [], [], deadline - time.monotonic())
        for one in there:
            found.append(one.recv(100))
            waiting.remove(one)
    return found


@pytest.mark.parametrize(
    ("form", "most", "path"),
    [
        pytest.param("a body that stops", STRANGERS_BODIES, "/v1/policy", id="without a session"),
        pytest.param("slow body", SESSION_BODIES, "/v1/me", id="of a session"),
    ],
)
def test_who_has_as_many_bodies_on_their_way_as_may_be_is_told_to_wait_with_more_and_may_still_read(
    gateway: str, abuser: Session, form: str, most: int, path: str
):
    with ExitStack() as stack:
        begun = [stack.enter_context(connected(gateway)) for _ in range(most + MORE)]
        for one in begun:
            one.sendall(held(abuser.token)[form][0])
        assert [answer[:13] for answer in answered(begun, MORE)] == [b"HTTP/1.1 429 "] * MORE
        headers = {"Authorization": f"Bearer {abuser.token}"}
        assert httpx.get(gateway + path, headers=headers, trust_env=False, timeout=PATIENCE).status_code == 200
