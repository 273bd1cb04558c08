"""From the answer to a parent's removal to the last request of theirs that was let in, under load."""

import itertools
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from uuid import UUID, uuid4

from bench.client import Asker, closed_loop, request
from bench.place import Place
from bench.served import Served, served
from bench.side import Goal, Measured, Medians, Round, Side, Topic

REMOVALS = 340
"""Of one round: a thousand over three."""
FAMILIES = 32
"""So many guardians ask, each as fast as they are answered, while they are removed."""
LOAD = 8
"""Connections beside them that read as fast as they are answered."""
ASKED_BEFORE = 5
GOES_ON = 1.6
"""Seconds for which a guardian asks on after the answer to their removal."""
SCHOOLS = 5
BOUND = 1.0

LONGEST, NEARLY_ALL = "slowest s", "p99.9 s"


@dataclass(frozen=True, slots=True)
class Family:
    """A guardian, a child of theirs, and who can remove them."""

    guardian_id: UUID
    child_id: UUID
    token: str = field(repr=False)
    head: str = field(repr=False)


@dataclass(slots=True)
class Seen:
    """What became of the removals. Safe between threads: each appends."""

    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@contextmanager
def _as_it_is(_house: Served) -> Iterator[None]:
    yield


@contextmanager
def _without_the_broker(house: Served) -> Iterator[None]:
    house.it.stop("broker")
    try:
        yield
    finally:
        house.it.resume("broker")


@contextmanager
def _with_the_relay_frozen(house: Served) -> Iterator[None]:
    house.it.signal("moderation.worker", signal.SIGSTOP)
    try:
        yield
    finally:
        house.it.signal("moderation.worker", signal.SIGCONT)


Fault = Callable[[Served], AbstractContextManager[None]]


@contextmanager
def _removals(place: Place, fault: Fault = _as_it_is) -> Iterator[Round]:
    house = served(place, SCHOOLS)
    families = _families(house)
    load = _load(house)

    def measure() -> Measured:
        some = list(itertools.islice(families, place.scaled(REMOVALS)))
        if not some:
            return Measured(figures={}, fault="no guardian is left to be removed")
        with fault(house), _under(house.port, load) as rate:
            seen = _removed(house.port, some)
        ordered = sorted(seen.seconds)
        figures = {
            "p50 s": ordered[len(ordered) // 2],
            NEARLY_ALL: ordered[min(len(ordered) - 1, int(len(ordered) * 0.999))],
            LONGEST: ordered[-1],
            "removals": float(len(ordered)),
            "requests/s beside them": rate(),
        }
        wrong = seen.wrong or ([] if len(ordered) == len(some) else ["not every removal was carried out"])
        return Measured(figures=figures, fault=wrong[0] if wrong else "")

    yield measure


def _families(house: Served) -> Iterator[Family]:
    """Every guardian once, whoever asks: a removal is for good."""
    found: Iterator[Family] | None = house.__dict__.get("families")
    if found is None:
        found = house.__dict__["families"] = iter(_signed_in(house))
    return found


def _signed_in(house: Served) -> Sequence[Family]:
    schools = {taught.school_id for taught in house.classes}
    with house.database("identity") as connection:
        rows = connection.execute(
            "SELECT school_id, guardian_id, min(pupil_id::text)::uuid FROM roster_guardianship g"
            # Someone of the staff goes on as such; that is measured by no removal.
            " WHERE NOT EXISTS (SELECT FROM roster_role r WHERE r.staff_id = g.guardian_id)"
            " GROUP BY school_id, guardian_id ORDER BY school_id, guardian_id"
        ).fetchall()
        heads: dict[UUID, UUID] = {
            row[0]: row[1]
            for row in connection.execute("SELECT school_id, staff_id FROM roster_role WHERE role = 'headteacher'")
        }
    rows = [row for row in rows if row[0] in schools]
    tokens = house.sessions([(row[0], row[1]) for row in rows], "guardian")
    head = dict(zip(heads, house.sessions(list(heads.items()), "staff"), strict=True))
    return [Family(row[1], row[2], token, head[row[0]]) for row, token in zip(rows, tokens, strict=True)]


def _load(house: Served) -> Callable[[], bytes]:
    asked = [
        request("GET", f"/v1/pupils/{taught.pupils[0]}/points", token=token)
        for taught in house.classes
        for token in house.tokens(1, taught)
    ]
    turn = itertools.cycle(asked)
    return lambda: next(turn)


@contextmanager
def _under(port: int, load: Callable[[], bytes]) -> Iterator[Callable[[], float]]:
    """Reads beside what is measured; what it gives says how many a second there were, once it is over."""
    over, rates = threading.Event(), list[float]()

    def run() -> None:
        while not over.is_set():
            rates.append(closed_loop(port, load, connections=LOAD, seconds=1).rate)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield lambda: sum(rates) / max(1, len(rates))
    finally:
        over.set()
        thread.join()


def _removed(port: int, families: Sequence[Family]) -> Seen:
    waiting: SimpleQueue[Family] = SimpleQueue()
    for family in families:
        waiting.put(family)
    seen = Seen()

    def run() -> None:
        while True:
            try:
                family = waiting.get_nowait()
            except Empty:
                return
            try:
                _remove(port, family, seen)
            except Exception as error:  # noqa: BLE001 - said on the page
                seen.wrong.append(f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=run) for _ in range(FAMILIES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def _remove(port: int, family: Family, seen: Seen) -> None:
    """One guardian asks on and on, from before their removal until well after it."""
    asked = [request("GET", path, token=family.token) for path in ("/v1/me", f"/v1/pupils/{family.child_id}/points")]
    turn, asking, leading = itertools.cycle(asked), Asker(port), Asker(port)
    answered: list[float] = []

    def decide() -> None:
        try:
            answered.append(_decide(leading, family))
        except Exception as error:  # noqa: BLE001 - said on the page; the guardian need not ask on
            seen.wrong.append(f"{type(error).__name__}: {error}")
            answered.append(0.0)

    removal = threading.Thread(target=decide)
    let_in, before, after, deadline = 0.0, 0, 0, time.monotonic() + 30
    try:
        while not answered or time.monotonic() < answered[0] + GOES_ON:
            status, _ = asking.ask(next(turn))
            now = time.monotonic()
            if 200 <= status < 300:
                let_in, before = now, before + 1
            elif answered and status in (401, 403):
                after += 1
            if before == ASKED_BEFORE and removal.ident is None:
                removal.start()
            if before < ASKED_BEFORE and now > deadline:
                raise RuntimeError(f"a guardian was not let in before: {status}")
    finally:
        if removal.ident is not None:
            removal.join()
        asking.close()
        leading.close()
    if after == 0:
        raise RuntimeError("a guardian was never turned away, or did not ask")
    seen.seconds.append(max(0.0, let_in - answered[0]))


def _decide(leading: Asker, family: Family) -> float:
    """The time of the answer to the removal."""
    path, key = f"/v1/moderation/guardians/{family.guardian_id}/decisions", f"Idempotency-Key: {uuid4()}\r\n"
    body = json.dumps({"decision": "remove", "reason": "Threats at the gate."}).encode()
    while True:
        status, answer = leading.ask(request("POST", path, token=family.head, headers=key, body=body))
        if status == 201:
            return time.monotonic()
        # Under load some are told to come again; the same key is safe.
        if status not in (0, 429, 503):
            raise RuntimeError(f"the removal was answered {status}: {answer[-200:]!r}")


def _most(medians: Medians, side: str) -> float:
    medians.of(side, NEARLY_ALL)  # says why, where it does not count
    return medians.outcomes[side].figures[NEARLY_ALL][2]


FAULTS: Sequence[tuple[str, str, Fault]] = (
    ("all is well", "nothing else is wrong", _as_it_is),
    ("the broker stopped", "RabbitMQ is down before the first removal and until the last request", _without_the_broker),
    ("a relay frozen", "moderation's worker, which relays its log, stands still (SIGSTOP)", _with_the_relay_frozen),
)

TOPIC = Topic(
    name="revocation",
    title="From a parent's removal to their last request that was let in",
    text=(
        f"{FAMILIES} guardians at a time ask on and on, each on their own connection, while the Headteacher removes"
        f" them, and for {GOES_ON} s after the answer; {LOAD} more connections read as fast as they are answered. What"
        " counts is the time from the answer to the removal to the last 2xx, both as the client sees them; 0 where none"
        f" came after it. {REMOVALS} removals a round, so that three rounds are a thousand. The figure of the goals is"
        " the worst round's."
    ),
    sides=[Side(name=name, what=what, ready=partial(_removals, fault=fault)) for name, what, fault in FAULTS],
    goals=[
        Goal(
            text=f"99.9 % of removals hold, {name}",
            target=BOUND,
            unit="s",
            figure=partial(_most, side=name),
            at_most=True,
        )
        for name, _, _ in FAULTS
    ],
    plotted=(NEARLY_ALL, "p50 s"),
)
