"""One second after the answer to a removal, suspension or sign-out no request of that session gets a 2xx.

Clients go on asking, in several sessions of one guardian, while a leader decides; then their answers are counted. It
holds too while the broker is away, while moderation's relay stands still, and for a body that came slowly.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from uuid import UUID

import httpx
import orjson
import pytest

from shared.testing.driver import Bookbag, Refused, Session
from tests.installation import Bench, School, a_school, went

BOUND = 1.0
GOES_ON = 2.0
"""Seconds for which the clients go on beyond the bound: long enough for any that still got in to show."""
SLOWLY = 0.6
"""Seconds between the halves of a slow body: longer than any answer of identity's is acted on."""
ENOUGH = 5
"""2xx that each client must have had before the decision, and answers after the bound: else nothing was tried."""


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    at: float


@dataclass(slots=True)
class Client:
    """One that asks again and again. Attributes: ask: sends one request and returns its status."""

    name: str
    ask: Callable[[], int]
    answers: list[Answered] = field(default_factory=list)
    warm: threading.Event = field(default_factory=threading.Event)

    def run(self, over: Callable[[], bool]) -> None:
        while not over():
            status = self.ask()
            self.answers.append(Answered(status, time.monotonic()))
            if sum(is_2xx(answer.status) for answer in self.answers) >= ENOUGH:
                self.warm.set()

    def late(self, after: float) -> list[Answered]:
        return [answer for answer in self.answers if answer.at > after]


def is_2xx(status: int) -> bool:
    return 200 <= status < 300


def status_of(answer: httpx.Response | Refused) -> int:
    return answer.status if isinstance(answer, Refused) else answer.status_code


@contextmanager
def asking(clients: list[Client]) -> Iterator[Callable[[float], None]]:
    """Runs the clients once each was let in several times; what it gives ends them, so many seconds from now."""
    ends: list[float] = []

    def over() -> bool:
        return bool(ends) and time.monotonic() > ends[0]

    threads = [threading.Thread(target=client.run, args=(over,)) for client in clients]
    for one in threads:
        one.start()
    try:
        for client in clients:
            assert client.warm.wait(60), f"{client.name} was never let in: {client.answers[-3:]}"
        yield lambda seconds: ends.append(time.monotonic() + seconds)
    finally:
        ends.append(0.0)
        for one in threads:
            one.join(timeout=60)


def clients_of(session: Session, child: UUID, conversation: UUID) -> list[Client]:
    """What a family's phone does: reads of several services, and writes; one of them with a slow body."""

    def send(method: str, path: str, body: object = None) -> int:
        return status_of(session.bookbag.send(method, path, session.token, json=body))

    def slowly() -> int:
        content = orjson.dumps({"text": "Thank you, and see you on Friday."})

        def halves() -> Iterator[bytes]:
            yield content[:5]
            half_way = time.monotonic() + SLOWLY
            while time.monotonic() < half_way:
                session.me()
            yield content[5:]

        headers = {"Content-Type": "application/json", "Content-Length": str(len(content))}
        path = f"/v1/conversations/{conversation}/messages"
        return status_of(session.bookbag.send("POST", path, session.token, content=halves(), headers=headers))

    message = {"text": "Thank you."}
    return [
        Client("reads who they are", lambda: send("GET", "/v1/me")),
        Client("reads points", lambda: send("GET", f"/v1/pupils/{child}/points")),
        Client("writes", lambda: send("POST", f"/v1/conversations/{conversation}/messages", message)),
        Client("writes slowly", slowly),
    ]


def assert_nobody_came_in(clients: list[Client], after: float) -> None:
    let_in = {client.name: [a for a in client.late(after) if is_2xx(a.status)] for client in clients}
    assert {name: len(found) for name, found in let_in.items() if found} == {}
    for client in clients:
        late = client.late(after)
        assert late, f"{client.name} did not ask any more"
        assert {answer.status for answer in late} <= {401, 403}, f"{client.name}: {late[-3:]}"


@contextmanager
def as_it_is(_bench: Bench) -> Iterator[None]:
    yield


@contextmanager
def without_the_broker(bench: Bench) -> Iterator[None]:
    bench.it.stop("broker")
    try:
        yield
    finally:
        bench.it.resume("broker")


@contextmanager
def with_moderation_s_relay_frozen(bench: Bench) -> Iterator[None]:
    bench.it.signal("moderation.worker", signal.SIGSTOP)
    try:
        yield
    finally:
        bench.it.signal("moderation.worker", signal.SIGCONT)


def removes(leader: Session, guardian: UUID) -> Callable[[], object]:
    return lambda: went(leader.decide_about(guardian, "remove", "Threats at the gate."))


def suspends(leader: Session, guardian: UUID) -> Callable[[], object]:
    report = went(leader.report_reshare(guardian, "photograph", "A class photograph stands elsewhere."))
    return lambda: went(leader.decide_reshare(report.id, "confirm", "The photograph is ours, and they put it there."))


Condition = Callable[[Bench], AbstractContextManager[None]]
Decision = Callable[[Session, UUID], Callable[[], object]]


@pytest.fixture(scope="module")
def school(bookbag: Bookbag, operator: Session) -> School:
    """One of its own: whoever is removed here is missed by no other test."""
    return a_school(bookbag, operator, "hillcrest", seed=23)


@contextmanager
def the_head(bench: Bench, school: School) -> Iterator[Session]:
    """Sees only what they wrote themselves: they do not wait for what the clients write meanwhile."""
    with Bookbag(bench.it.state["gateway"]) as own:
        yield replace(school.head, bookbag=own)


def clients_of_family(school: School, number: int) -> tuple[list[Session], list[Client]]:
    child = school.people.pupil(1, number)
    person = school.people.guardians_of(child)[0]
    sessions = [school.newly_signed_in(person, "guardian") for _ in range(2)]
    pupil = school.pupil(1, number).person_id
    conversation = went(sessions[0].open_conversation(pupil)).id
    return sessions, [client for session in sessions for client in clients_of(session, pupil, conversation)]


@pytest.mark.parametrize(
    ("number", "decision", "condition"),
    [
        (1, removes, as_it_is),
        (2, removes, without_the_broker),
        (3, removes, with_moderation_s_relay_frozen),
        (4, suspends, as_it_is),
    ],
    ids=["removed", "removed, no broker", "removed, relay frozen", "suspended"],
)
def test_S70_S73_one_second_after_a_sanction_nothing_is_let_in(
    number: int, decision: Decision, condition: Condition, bench: Bench, school: School
):
    sessions, clients = clients_of_family(school, number)
    with the_head(bench, school) as head:
        decide = decision(head, sessions[0].person_id)
        with condition(bench), asking(clients) as go_on_for:
            decide()
            answered = time.monotonic()
            go_on_for(BOUND + GOES_ON)
    assert_nobody_came_in(clients, answered + BOUND)


def test_S21_one_second_after_signing_out_everywhere_nothing_is_let_in(school: School):
    sessions, clients = clients_of_family(school, 5)
    with asking(clients) as go_on_for:
        went(sessions[0].bookbag.send("DELETE", "/v1/sessions", sessions[0].token))
        answered = time.monotonic()
        go_on_for(BOUND + GOES_ON)
    assert_nobody_came_in(clients, answered + BOUND)
