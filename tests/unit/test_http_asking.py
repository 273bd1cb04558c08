"""What a service asks another one: over kept connections, within a bound, and never twice what was half answered."""

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest

from shared.hosting.api import asking_identity
from shared.http.asking import MOST_IDLE, Asking, NotAnswered
from shared.log.feed import FeedBroken, feed
from shared.log.read import Head
from shared.policy.codes import NOT_SIGNED_IN
from shared.policy.refusal import Refusal
from shared.runtime.ids import new_id
from tests.repo.project import ROOT

SECONDS = 20.0
CREDENTIAL = "a credential"

LAST = "Connection: close\r\n"
"""A service that says so ends the connection after its answer."""

Says = Callable[[bytes], bytes | None]
"""What a service answers to the head of a request; None: it says nothing more on this connection."""


def answer(body: bytes = b"here", status: str = "200 OK", headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Service:
    """Answers on each connection as it is told, and remembers which requests came on which."""

    def __init__(self, says: Says) -> None:
        self.says = says
        self.asked: list[tuple[int, bytes]] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.address = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def connections(self) -> int:
        return len(self._open)

    def hang_up(self) -> None:
        """Ends every connection, as a service that is started anew does."""
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()

    def stop(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listening.close()
        self.hang_up()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                one, _ = self._listening.accept()
                self._open.append(one)
                self._threads.append(threading.Thread(target=self._serve, args=(len(self._open), one)))
                self._threads[-1].start()

    def _serve(self, number: int, one: socket.socket) -> None:
        with one, suppress(OSError):
            while head := one.recv(65_536):
                self.asked.append((number, head))
                said = self.says(head)
                if said is None:
                    return
                one.sendall(said)
                if LAST.encode() in said:
                    return


@contextmanager
def serving(says: Says) -> Iterator[Service]:
    service = Service(says)
    try:
        yield service
    finally:
        service.stop()


@contextmanager
def of(service: Service, prefix: str = "", seconds: float = SECONDS) -> Iterator[Asking]:
    asking = Asking(service.address + prefix, CREDENTIAL, seconds)
    try:
        yield asking
    finally:
        asking.close()


def test_it_asks_with_the_credential_and_tells_what_was_answered():
    said = answer(b"no", "404 Not Found", "Bookbag-Principal: who\r\n")
    with serving(lambda _: said) as service, of(service, "/behind") as asking:
        found = asking.get("/internal/heads?after=7")
        assert (found.status, found.headers["bookbag-principal"], found.body) == (404, "who", b"no")
        ((_, head),) = service.asked
        assert head.startswith(b"GET /behind/internal/heads?after=7 HTTP/1.1\r\n")
        assert f"Authorization: Bearer {CREDENTIAL}\r\n".encode() in head


def test_one_connection_serves_one_question_after_the_other():
    with serving(lambda _: answer()) as service, of(service) as asking:
        assert [asking.get("/a").body for _ in range(5)] == [b"here"] * 5
        assert service.connections == 1


def test_a_connection_that_ended_while_it_lay_idle_is_made_anew():
    with serving(lambda _: answer()) as service, of(service) as asking:
        asking.get("/a")
        service.hang_up()
        assert asking.get("/b").body == b"here"
        assert service.connections == 2


def test_what_a_new_connection_does_not_answer_is_not_asked_again():
    with serving(lambda _: None) as service, of(service) as asking, pytest.raises(NotAnswered):
        asking.get("/a")
    assert len(service.asked) == 1


def test_where_nobody_listens_there_is_no_answer():
    with serving(lambda _: answer()) as service:
        address = service.address
    with pytest.raises(NotAnswered, match="ConnectionRefusedError"):
        Asking(address, CREDENTIAL, SECONDS).get("/a")


def test_a_silent_service_is_waited_for_no_longer_than_the_bound():
    heard, told = threading.Event(), threading.Event()

    def silent(_head: bytes) -> None:
        heard.set()
        assert told.wait(SECONDS)

    # Of which connecting and asking take a thousandth: where a busy machine took all of it, nobody would have heard.
    with serving(silent) as service, of(service, seconds=1.0) as asking:
        with pytest.raises(NotAnswered, match="TimeoutError"):
            asking.get("/a")
        assert heard.wait(SECONDS)
        told.set()


@pytest.mark.parametrize(
    "said", [b"220 mail.example ready\r\n", f"HTTP/1.1 200 OK\r\n{LAST}Content-Length: 9\r\n\r\nhalf".encode()]
)
def test_what_is_no_whole_answer_is_none_and_its_connection_is_not_used_again(said: bytes):
    with serving(lambda head: answer() if b" /b " in head else said) as service, of(service) as asking:
        with pytest.raises(NotAnswered):
            asking.get("/a")
        assert asking.get("/b").body == b"here"
        assert service.connections == 2


def test_a_redirect_is_an_answer_and_not_followed():
    said = answer(status="302 Found", headers="Location: /elsewhere\r\n")
    with serving(lambda _: said) as service, of(service) as asking:
        assert asking.get("/a").status == 302
        assert len(service.asked) == 1


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch):
    with serving(lambda _: None) as proxy, serving(lambda _: answer()) as service, of(service) as asking:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.address)
        assert asking.get("/a").status == 200
        assert proxy.asked == []


def test_each_of_many_who_ask_at_once_gets_their_own_answer_and_few_connections_are_kept():
    many = 2 * MOST_IDLE
    all_here = threading.Barrier(many)

    def says(head: bytes) -> bytes:
        if b"/together/" in head:
            all_here.wait(SECONDS)
        return answer(head.split(b" ")[1])

    with serving(says) as service, of(service) as asking:
        with ThreadPoolExecutor(many) as crowd:
            found = list(crowd.map(lambda n: asking.get(f"/together/{n}").body, range(many)))
        assert found == [f"/together/{n}".encode() for n in range(many)]
        all_here = threading.Barrier(MOST_IDLE)
        with ThreadPoolExecutor(MOST_IDLE) as crowd:
            list(crowd.map(lambda n: asking.get(f"/together/{n}").body, range(MOST_IDLE)))
        assert service.connections == many


def test_identity_s_word_is_the_header_of_its_answer():
    said = answer(b"", "204 No Content", f"Bookbag-Principal: signed\r\n{LAST}")
    session_id = new_id()
    with serving(lambda _: said) as service:
        assert asking_identity(service.address, CREDENTIAL)(session_id) == "signed"
        assert f"GET /internal/principals/{session_id} HTTP/1.1".encode() in service.asked[0][1]


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        (answer(b'{"code": "NOT_SIGNED_IN"}', "401 Unauthorized", LAST), Refusal),
        (answer(b'{"code": "SERVICES_ONLY"}', "401 Unauthorized", LAST), NotAnswered),
        (answer(b"{}", "503 Service Unavailable", f"Bookbag-Principal: stale\r\n{LAST}"), NotAnswered),
        (answer(b"", "302 Found", f"Bookbag-Principal: other\r\nLocation: /\r\n{LAST}"), NotAnswered),
        (answer(b"", "204 No Content", LAST), NotAnswered),
    ],
)
def test_only_a_session_that_has_ended_is_refused_and_only_a_principal_is_one(said: bytes, refused: type[Exception]):
    with serving(lambda _: said) as service, pytest.raises(refused) as raised:
        asking_identity(service.address, CREDENTIAL)(new_id())
    if refused is Refusal:
        assert isinstance(raised.value, Refusal)
        assert raised.value.code is NOT_SIGNED_IN


@pytest.mark.parametrize("said", [None, answer(b"{}", "503 Down", LAST), answer(b'{"1": 7}', headers=LAST)])
def test_a_feed_that_is_not_answered_is_broken(said: bytes | None):
    with serving(lambda _: said) as service, pytest.raises(FeedBroken, match="points"):
        feed("points", service.address, CREDENTIAL).heads()


def test_a_feed_is_asked_for_what_comes_after_a_position():
    with serving(lambda _: answer(b"", headers=LAST)) as service:
        assert feed("points", service.address, CREDENTIAL).after(2, Head(position=41, hash=b""), 10) == []
        assert service.asked[0][1].startswith(b"GET /internal/feed/2?after=41 HTTP/1.1\r\n")


GREEN = """
import sys
from shared.hosting.green import make_green
make_green()
import eventlet
from shared.http.asking import Asking
asking = Asking(sys.argv[1], "a credential", 20.0)
asked = [eventlet.spawn(asking.get, f"/{number}") for number in range(3)]
print(*(one.wait().body.decode() for one in asked))
asking.close()
"""


def test_in_a_green_process_nobody_waits_for_another_s_answer():
    """None of the three is answered before all were asked."""
    all_here = threading.Barrier(3)

    def says(head: bytes) -> bytes:
        all_here.wait(SECONDS)
        return answer(head.split(b" ")[1])

    with serving(says) as service:
        command = [sys.executable, "-W", "ignore", "-c", GREEN, service.address]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "/0 /1 /2\n"), done.stderr
