"""Through the gateway: reads that are checked for a signed-in session, and durable commands; beside FastAPI."""

import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import TupleRow

from bench.client import Asker, Taken, closed_loop, request
from bench.place import Place
from bench.served import Served, Taught, served, spent
from bench.side import Goal, Measured, Round, Side, Topic
from deploy.gateway.render import MOST_IN_WORK
from deploy.local.folders import ROOT
from deploy.local.ports import Ports
from deploy.local.processes import base_environment

SECONDS = 6.0
WARM = 1.0
READERS = 16
WRITERS = MOST_IN_WORK
BUSY = 64
"""Sessions that ask again and again, each some dozens of times a second."""
MANY = 20_000
"""Sessions of which none asks twice within a second: every request is looked up."""
PATIENCE = 60
OK, CREATED = 200, 201

READS, P99 = "reads/s", "p99 ms"


def _figures(taken: Taken, what: str) -> dict[str, float]:
    return {
        what: taken.rate,
        "p50 ms": taken.percentile(0.5),
        P99: taken.percentile(0.99),
        "client's part of a core": taken.own_share,
    }


def _fault(taken: Taken, wanted: int) -> str:
    wrong = {status: count for status, count in taken.statuses.items() if status != wanted}
    return f"not all were answered {wanted}: {wrong}" if wrong else ""


def _awards(house: Served) -> list[tuple[Taught, str]]:
    """One award a class, and who may read it; given once."""
    found: list[tuple[Taught, str]] | None = house.__dict__.get("awards")
    if found is None:
        found = house.__dict__["awards"] = [(taught, _award(house, taught)) for taught in house.classes]
    return found


def _award(house: Served, taught: Taught) -> str:
    """Where a new award can be read, once it can."""
    (token,) = house.tokens(1, taught)
    pupils, deadline = itertools.cycle(taught.pupils), time.monotonic() + PATIENCE
    asking = Asker(house.port)
    while True:
        status, answer = asking.ask(_command(token, taught, pupils))
        if status == CREATED:
            break
        if time.monotonic() > deadline:
            raise TimeoutError(f"no award can be given: {status}")
    location: str = json.loads(answer.partition(b"\r\n\r\n")[2])["location"]
    while asking.ask(request("GET", location, token=token))[0] != OK:
        if time.monotonic() > deadline:
            raise TimeoutError("the award is not shown")
    asking.close()
    return location


def _command(token: str, taught: Taught, pupils: Iterator[UUID]) -> bytes:
    body = {"pupil_id": str(next(pupils)), "behaviour_id": str(taught.behaviour_id)}
    key = f"Idempotency-Key: {uuid4()}\r\n"
    return request("POST", "/v1/points", token=token, headers=key, body=json.dumps(body).encode())


def _reading(place: Place, port: Callable[[], int], sessions: int) -> Callable[[], tuple[Taken, dict[str, float]]]:
    house = served(place)
    awards = _awards(house)
    each = -(-place.scaled(sessions) // len(awards))
    # Interleaved over the classes, so that one session's requests are as far apart as they can be.
    tokens = [house.tokens(each, taught) for taught, _ in awards]
    paths = [path for _, path in awards]
    asked = itertools.cycle(
        [request("GET", path, token=of[n]) for n in range(each) for path, of in zip(paths, tokens, strict=True)]
    )

    def measure() -> tuple[Taken, dict[str, float]]:
        closed_loop(port(), lambda: next(asked), connections=READERS, seconds=WARM)
        before = house.cpu()
        taken = closed_loop(port(), lambda: next(asked), connections=READERS, seconds=_seconds(place))
        return taken, spent(before, house.cpu(), len(taken.milliseconds))

    return measure


def _seconds(place: Place) -> float:
    return 1.0 if place.short else SECONDS


@contextmanager
def _reads(place: Place, sessions: int = BUSY, processes: int = 1) -> Iterator[Round]:
    house = served(place)
    measuring = _reading(place, lambda: house.port, sessions)

    def measure() -> Measured:
        with house.more({"points": processes, "identity": processes}):
            taken, cpu = measuring()
        return Measured(figures=_figures(taken, READS) | cpu, fault=_fault(taken, OK))

    yield measure


@contextmanager
def _commands(place: Place, processes: int = 1) -> Iterator[Round]:
    house = served(place)
    teaching = [(taught, house.tokens(2, taught), itertools.cycle(taught.pupils)) for taught in house.classes]
    turn = itertools.cycle([(taught, token, pupils) for taught, tokens, pupils in teaching for token in tokens])

    def asked() -> bytes:
        taught, token, pupils = next(turn)
        return _command(token, taught, pupils)

    def measure() -> Measured:
        with house.more({"identity": processes}):
            closed_loop(house.port, asked, connections=WRITERS, seconds=WARM)
            with house.database("points") as log:
                first = _head(log)
                before = house.cpu()
                taken = closed_loop(house.port, asked, connections=WRITERS, seconds=_seconds(place))
                cpu = spent(before, house.cpu(), len(taken.milliseconds))
                there = _head(log) - first
        fault = _fault(taken, CREATED)
        if not fault and there != taken.statuses[CREATED]:
            fault = f"{taken.statuses[CREATED]} were acknowledged, {there} are in the log"
        return Measured(figures=_figures(taken, "commands/s") | cpu, fault=fault)

    yield measure


def _head(log: psycopg.Connection[TupleRow]) -> int:
    row = log.execute("SELECT count(*) FROM log_event WHERE type = 'points.PointAwarded'").fetchone()
    return row[0] if row else 0


@contextmanager
def _twin(place: Place, sessions: int = BUSY, processes: int = 1) -> Iterator[Round]:
    house = served(place)
    port = Ports().take()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", "bench.twin:app", "--port", str(port), "--workers", str(processes)),
            *("--no-access-log", "--log-level", "warning"),
        ],
        cwd=ROOT,
        env=base_environment() | _told(house),
    )
    try:
        _answers(port, process)
        measuring = _reading(place, lambda: port, sessions)

        def measure() -> Measured:
            taken, _ = measuring()
            return Measured(figures=_figures(taken, READS), fault=_fault(taken, OK))

        yield measure
    finally:
        process.terminate()
        process.wait()


def _told(house: Served) -> dict[str, str]:
    state = house.it.state
    passfiles = {name: state["processes"][f"{name}.api"]["env"]["BOOKBAG_PASSFILE"] for name in ("identity", "points")}
    return {
        "TWIN_DATABASE_HOST": state["postgres"]["host"],
        "TWIN_DATABASE_PORT": str(state["postgres"]["port"]),
        "TWIN_PASSFILES": json.dumps(passfiles),
    }


def _answers(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            closed_loop(port, lambda: request("GET", "/"), connections=1, seconds=0)
        except ConnectionError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("uvicorn does not answer")


def _sides() -> Sequence[Side]:
    return [
        Side(
            name="reads",
            what=f"one award, {BUSY} sessions over {READERS} connections; one api process a service",
            ready=_reads,
        ),
        Side(
            name="reads, all looked up",
            what=f"the same, {MANY:,} sessions in turn: none asks twice while an answer may be used again",
            ready=partial(_reads, sessions=MANY),
        ),
        Side(
            name="reads, two processes",
            what="as the first, two api processes each of identity and points",
            ready=partial(_reads, processes=2),
        ),
        Side(
            name="awards",
            what=f"an award with an idempotency key, {WRITERS} connections; each is counted in the log afterwards",
            ready=_commands,
        ),
        Side(
            name="awards, two of identity",
            what="the same, two api processes of identity; a partition is written by one process",
            ready=partial(_commands, processes=2),
        ),
        Side(
            name="FastAPI",
            what="the same read on FastAPI with one uvicorn worker, asked directly and not through a gateway",
            ready=_twin,
            needs="fastapi",
        ),
        Side(
            name="FastAPI, two workers",
            what="the same with two uvicorn workers",
            ready=partial(_twin, processes=2),
            needs="fastapi",
        ),
    ]


TOPIC = Topic(
    name="gateway",
    title="Through the gateway",
    text=(
        "A closed loop over keep-alive connections on loopback: what the machine can do at most, client and servers and"
        " databases on the same cores. Every request passes nginx, its limits and its log, and is one of a session that"
        " identity looks up; an answer is used again for 200 ms at most, so the one second after a removal holds (see"
        " below). The limit on one address stands higher than an installation's, for one address asks for all schools."
        " 'us of ... each' is CPU time a request."
    ),
    sides=_sides(),
    goals=[
        Goal(
            text="sign-in checked reads",
            target=5_000,
            unit="reads/s",
            figure=lambda medians: medians.most(READS, "reads", "reads, two processes"),
            why=(
                "the cores are full: the CPU time of each process says what a read takes. Threads of one process that"
                " wait for the interpreter pay for it: with two processes points takes a third less for each. As many"
                " cores as this CPU time needs would reach it, with an api process for every few requests in work"
            ),
        ),
        Goal(
            text="99 % of these reads within",
            target=10,
            unit="ms",
            figure=lambda medians: min(medians.of(side, P99) for side in ("reads", "reads, two processes")),
            at_most=True,
            why="with the cores full, each request waits for the others in work: with cores to spare it does not",
        ),
        Goal(
            text="durable award commands",
            target=2_000,
            unit="commands/s",
            figure=lambda medians: medians.most("commands/s", "awards", "awards, two of identity"),
            why=(
                "as for the reads, the cores are full: its command takes half of an award's CPU time, publishing and"
                " following it the rest. Followers may run elsewhere, and more partitions let more processes write"
            ),
        ),
        Goal(
            text="99 % of these commands within",
            target=50,
            unit="ms",
            figure=lambda medians: min(medians.of(side, P99) for side in ("awards", "awards, two of identity")),
            at_most=True,
            why=f"with {WRITERS} in work at once each waits for the {WRITERS - 1} before it",
        ),
        Goal(
            text="as many reads as FastAPI with uvicorn, which has no gateway before it",
            target=1,
            unit="times",
            figure=lambda medians: (
                medians.most(READS, "reads", "reads, two processes")
                / medians.most(READS, "FastAPI", "FastAPI, two workers")
            ),
        ),
    ],
    plotted=(READS, "commands/s", P99),
)
