"""Raw sockets against the gateway: who abuses it hangs up on nobody else, makes nothing grow, and writes nothing."""

import json
import re
import resource
import select
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from random import Random
from typing import Self
from urllib.parse import urlsplit

import httpx

from shared.http.problems import MEDIA_TYPE
from shared.policy.codes import CODES
from shared.testing.driver import Bookbag
from tests.fuzz import memory
from tests.fuzz.abuse import SHARES, ended, held
from tests.fuzz.plan import Finding, Plan
from tests.installation import Bench, went

FORMS = 600
CONNECTIONS = 1000
SECONDS = 2.0
"""Longest that anybody may wait for an answer, whatever others do."""
PATIENCE = 30.0
HELD_SECONDS = 15.0
"""Longer than the gateway waits for a head that does not come on."""
TICK = 0.25
FIRST_BYTE = 0.1
_STATUS = re.compile(rb"^HTTP/1\.[01] (\d{3}) ", re.MULTILINE)


def play(plan: Plan) -> list[Finding]:
    """One round: forms that end, one after another; then as many connections as there are connections to be had."""
    bench = plan.place.bench
    gateway = bench.it.state["gateway"]
    with Bookbag(gateway) as bookbag:
        abuser = went(bookbag.sign_in_operator(bench.operator_password())).token
        healthy = went(bookbag.sign_in_operator(bench.operator_password())).token
    warm_up(gateway, healthy)
    before, memory_before = bench.heads(), memory.held(bench)
    found = list(_forms(plan, gateway, abuser))
    found += _crowd(plan, bench, gateway, abuser, healthy)
    if more := memory.grown(memory_before, memory.held(bench)):
        found.append(Finding("memory grew by more than 50 MB and stayed so", _in_megabytes(more)))
    if bench.heads() != before:
        found.append(Finding("something was written", f"{before} became {bench.heads()}"))
    return found


def warm_up(gateway: str, token: str) -> None:
    """Every process has its threads and connections: what grows afterwards grew by the abuse."""
    with httpx.Client(base_url=gateway, trust_env=False, timeout=PATIENCE) as client:
        asking = [threading.Thread(target=_ask_all, args=(client, token)) for _ in range(16)]
        for one in asking:
            one.start()
        for one in asking:
            one.join()


def _ask_all(client: httpx.Client, token: str) -> None:
    for path in ("/v1/me", "/v1/behaviours", "/v1/notices", "/v1/conversations", "/v1/appeals", "/openapi.json"):
        for _ in range(8):
            client.get(path, headers={"Authorization": f"Bearer {token}"})


# -- forms that end ----------------------------------------------------------------------------------------------------


def _forms(plan: Plan, gateway: str, token: str) -> Iterator[Finding]:
    number, slowest = plan.enough(FORMS), 0.0
    for at in range(number):
        plan.step(at, number)
        name, pieces = ended(Random(f"{plan.seed}/{at}"), token)  # noqa: S311 - it is to come again
        began = time.monotonic()
        raw = said(gateway, pieces)
        slowest = max(slowest, took := time.monotonic() - began)
        shown = f"form {at}: {b''.join(pieces)[:300]!r}\n{raw[:300]!r}".replace(token, "TOKEN")
        if took > SECONDS:
            yield Finding(f"{name}: no end within two seconds", f"{took:.1f} s; {shown}")
        for what in faults(raw):
            yield Finding(f"{name}: {what}", shown)
    plan.say(f"  {number} forms that are no requests; the slowest was over after {slowest:.2f} s")


def said(gateway: str, pieces: Sequence[bytes]) -> bytes:
    """All that comes back when this was sent, and that nothing more will come."""
    with connected(gateway) as connection:
        with suppress(OSError):
            for piece in pieces:
                connection.sendall(piece)
            # Who hangs up at once is not answered where a service is asked.
            select.select([connection], [], [], FIRST_BYTE)
            connection.shutdown(socket.SHUT_WR)
        found = bytearray()
        with suppress(ConnectionError):
            while part := connection.recv(65536):
                found += part
        return bytes(found)


@contextmanager
def connected(gateway: str) -> Iterator[socket.socket]:
    where = urlsplit(gateway)
    with socket.create_connection((where.hostname, where.port), timeout=PATIENCE) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


def faults(raw: bytes) -> Iterator[str]:
    """What must not be said to anybody, least to who sends such things."""
    statuses = [int(found[1]) for found in _STATUS.finditer(raw)]
    if any(status >= 500 for status in statuses):
        yield "an error of ours"
    if any(status in {201, 202, 204} for status in statuses):
        yield "something was carried out"
    if b"/internal" in raw or b"Traceback" in raw or b"<html" in raw.lower().replace(b"<html lang", b""):
        yield "what is within, or a page of nginx's own"
    # The last answer is whole in `raw`, and it is the one to what was unclear. An answer to HEAD has no body.
    head, _, body = raw[raw.rfind(b"HTTP/1.") :].partition(b"\r\n\r\n")
    if statuses and statuses[-1] >= 400:
        yield from _no_problem(statuses[-1], head, body)


def _no_problem(status: int, head: bytes, body: bytes) -> Iterator[str]:
    if f"content-type: {MEDIA_TYPE}".encode() not in head.lower():
        yield "a refusal that is no problem document"
        return
    code = CODES.get(json.loads(body).get("code", "")) if body else None
    if body and (code is None or code.status != status):
        yield "a refusal whose code is not in the registry"


# -- connections that are held -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Crowd:
    """Many connections at once, each with something that still comes, letter by letter."""

    gateway: str
    token: str
    number: int
    held: list[tuple[str, socket.socket, bytes]] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        forms = held(self.token)
        for name, share in SHARES:
            for _ in range(max(1, round(self.number * share))):
                connection = self._stack.enter_context(connected(self.gateway))
                # A gateway that takes no more of it may have the rest in its buffers, or end the connection.
                connection.settimeout(SECONDS)
                with suppress(OSError):
                    connection.sendall(forms[name][0])
                connection.setblocking(False)
                self.held.append((name, connection, forms[name][1]))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def drip(self, at: int) -> None:
        """The next letter on each connection that has one."""
        for _, connection, slowly in self.held:
            with suppress(OSError):
                connection.send(slowly[at : at + 1])

    def ended(self, *names: str) -> int:
        """How many of these connections the gateway has ended."""
        return sum(_is_over(connection) for name, connection, _ in self.held if name in names)

    def count(self, *names: str) -> int:
        return sum(name in names for name, _, _ in self.held)


def _is_over(connection: socket.socket) -> bool:
    try:
        while connection.recv(65536):
            pass
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def may_open(number: int) -> None:
    """As many descriptors as the crowd needs, where the machine lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = number + 256
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard < 0 else min(wanted, hard), hard))


def _crowd(plan: Plan, bench: Bench, gateway: str, abuser: str, healthy: str) -> Iterator[Finding]:
    number = CONNECTIONS if plan.examples is None else max(len(SHARES), min(CONNECTIONS, plan.examples * 2))
    may_open(number)
    before = memory.held(bench)
    with Healthy(gateway, healthy) as others, Crowd(gateway, abuser, number) as crowd:
        began, at = time.monotonic(), 0
        while (since := time.monotonic() - began) < HELD_SECONDS:
            plan.step(round(since), round(HELD_SECONDS))
            crowd.drip(at)
            at += 1
            time.sleep(TICK)
        during = memory.held(bench)
        slow = ("slow line", "slow headers")
        left = crowd.count(*slow) - crowd.ended(*slow)
        over = others.stopped()
    plan.say(
        f"  {len(crowd.held)} connections at once for {HELD_SECONDS:.0f} s; others asked {over.asked} times meanwhile,"
        f" the slowest answer took {over.slowest:.2f} s; the most that a process grew was"
        f" {max((during[name] - before[name] for name in before), default=0) / memory.MEGABYTE:.0f} MB"
    )
    if left:
        yield Finding("a head that does not come on is waited for longer than said", f"{left} connections are open")
    if over.slowest > SECONDS:
        yield Finding("others waited for longer than two seconds", f"{over.slowest:.1f} s")
    for wrong in sorted(over.wrong):
        yield Finding(f"others were turned away: {wrong}")
    if more := memory.grown(before, during):
        yield Finding("memory grew by more than 50 MB", _in_megabytes(more))


@dataclass(slots=True)
class Healthy:
    """Somebody who only wants to read, on a new connection each time, while others do what they do."""

    gateway: str
    token: str
    asked: int = 0
    slowest: float = 0.0
    wrong: set[str] = field(default_factory=set)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped()

    def stopped(self) -> "Healthy":
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        return self

    def _run(self) -> None:
        while not self._stop.is_set():
            for path in ("/healthz", "/v1/policy", "/v1/me"):
                began = time.monotonic()
                try:
                    if (status := self._ask(path)) != HTTPStatus.OK:
                        self.wrong.add(f"{path} answered {status}")
                except (OSError, HTTPException) as error:
                    self.wrong.add(f"{path}: {type(error).__name__}")
                self.slowest = max(self.slowest, time.monotonic() - began)
                self.asked += 1
            self._stop.wait(0.05)

    def _ask(self, path: str) -> int:
        where = urlsplit(self.gateway)
        connection = HTTPConnection(str(where.hostname), where.port, timeout=PATIENCE)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()


def _in_megabytes(more: object) -> str:
    assert isinstance(more, dict)
    return ", ".join(f"{name}: {growth / memory.MEGABYTE:.0f} MB" for name, growth in sorted(more.items()))
