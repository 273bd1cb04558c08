"""Clients that go on asking while something is decided, their answers, and what the house suffers meanwhile."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

import httpx

from shared.testing.driver import Refused
from tests.installation import Bench

BOUND = 1.0
GOES_ON = 2.0
"""Seconds for which the clients go on beyond the bound: long enough for any that still got in to show."""
ENOUGH = 5
"""2xx that each client must have had before the decision, and answers after the bound: else nothing was tried."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Attributes: at: when it was asked, in monotonic seconds."""

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
        ends = False
        while not ends:
            ends = over()  # once more after the end: however long the last took, something was asked by then
            began = time.monotonic()
            self.answers.append(Answered(self.ask(), began))
            if sum(is_2xx(answer.status) for answer in self.answers) >= ENOUGH:
                self.warm.set()

    def late(self, after: float) -> list[Answered]:
        """What was asked after that moment: an answer to what was asked before may be on its way."""
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


Condition = Callable[[Bench], AbstractContextManager[None]]


def assert_nobody_came_in(clients: list[Client], after: float, *, turned_away: set[int]) -> None:
    """No 2xx after that moment, from anybody, and nothing but these refusals."""
    let_in = {client.name: [a for a in client.late(after) if is_2xx(a.status)] for client in clients}
    assert {name: len(found) for name, found in let_in.items() if found} == {}
    for client in clients:
        late = client.late(after)
        assert late, f"{client.name} did not ask any more"
        assert {answer.status for answer in late} <= turned_away, f"{client.name}: {late[-3:]}"


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


def frozen(process: str) -> Condition:
    """It keeps its connections and says nothing."""

    @contextmanager
    def condition(bench: Bench) -> Iterator[None]:
        bench.it.signal(process, signal.SIGSTOP)
        try:
            yield
        finally:
            bench.it.signal(process, signal.SIGCONT)

    return condition
