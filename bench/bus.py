"""From the commit of an event to the commit of the read model that shows it, over the real relay and broker."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self
from urllib.parse import quote
from uuid import UUID, uuid4

import orjson
from kombu import Connection as BrokerConnection

from bench.naive import queue
from bench.place import Place
from bench.seed import BEGAN, Seeder, awards
from bench.side import Goal, Measured, Round, Side, Topic, times
from deploy.operator.config import ROOT
from deploy.operator.maintenance import Maintenance, maintenance_of
from services.points.projections import PROJECTIONS
from shared.events.envelope import Actor
from shared.events.points import PointAwarded
from shared.log.append import Command, NewEvent, append
from shared.runtime.clock import SystemClock
from shared.runtime.database import Pool
from shared.runtime.ids import new_id

EVENTS = 40_000
NAIVE_EVENTS = 2_000
SECONDS = 3
WARM = 2_000
PATIENCE = 120.0
LOOK = 0.02
PUPILS = 1_000
NOTED = 10
APPENDERS = 4
RUNNING = frozenset({"points.api", "points.worker", "moderation.api", "moderation.worker"})
CONSUMER = "reportable_awards_v1"


@dataclass
class Line:
    """An installation in which points' log is relayed to moderation; what has no part in it is stopped."""

    place: Place
    stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        self.place.stack.enter_context(self.stack)
        it = self.place.installation
        with self.place.superuser() as connection:
            connection.execute("ALTER SYSTEM SET track_commit_timestamp = on")
        it.restart("postgres")
        it.wait_ready()
        for name in it.state["processes"]:
            if name not in RUNNING:
                it.stop(name)
        self.seeder.copy(WARM)
        self.seeder.commit()
        self.wait_for(self.seeder.head.position)
        return self

    @cached_property
    def maintenance(self) -> Maintenance:
        return self.stack.enter_context(maintenance_of(self.place.config, "points", PROJECTIONS))

    @cached_property
    def seeder(self) -> Seeder:
        log = self.stack.enter_context(self.place.superuser("bookbag_points"))
        return Seeder(log, self.maintenance.vault, uuid4(), awards(PUPILS, NOTED))

    @cached_property
    def watcher(self) -> Any:
        return self.stack.enter_context(self.place.superuser("bookbag_moderation"))

    @property
    def reached(self) -> int:
        row = self.watcher.execute(
            "SELECT position FROM projection_cursor WHERE consumer = %s AND source = 'points'", (CONSUMER,)
        ).fetchone()
        return row[0] if row else 0

    def wait_for(self, position: int) -> None:
        deadline, pause = time.monotonic() + PATIENCE, threading.Event()
        while self.reached < position:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the read model stands at {self.reached} of {position}")
            pause.wait(LOOK)

    def settle(self) -> None:
        """Has PostgreSQL do at once what so many new rows leave it to do: it is no part of the round that follows."""
        for database in ("bookbag_points", "bookbag_moderation"):
            with self.place.superuser(database) as connection:
                connection.execute("VACUUM ANALYZE")
        with self.place.superuser() as connection:
            connection.execute("CHECKPOINT")

    def fault(self, first: int, last: int) -> str:
        """What is wrong with the read model of these positions; empty where each award is there once, as awarded."""
        with self.place.superuser("bookbag_points") as log:
            wanted = set(
                log.execute(
                    "SELECT (data->>'award_id')::uuid, (data->>'pupil_id')::uuid FROM log_event"
                    " WHERE position BETWEEN %s AND %s",
                    (first, last),
                ).fetchall()
            )
        found = self.watcher.execute("SELECT award_id, pupil_id FROM reportable_award").fetchall()
        missing = len(wanted - set(found))
        return f"{missing} of {last - first + 1} are missing" if missing else ""


@contextmanager
def line_of(place: Place) -> Iterator[Line]:
    """One for all sides of the topic."""
    known: dict[int, Line] = place.__dict__.setdefault("lines", {})
    if 0 not in known:
        known[0] = Line(place).__enter__()
    yield known[0]


@contextmanager
def sustained(place: Place) -> Iterator[Round]:
    with line_of(place) as line:

        def measure() -> Measured:
            before, count = line.seeder.head.position, place.scaled(EVENTS)
            line.seeder.copy(count)
            began = time.monotonic()
            line.seeder.commit()
            line.wait_for(before + count)
            seconds = time.monotonic() - began
            fault = line.fault(before + 1, before + count)
            line.settle()
            return Measured(figures={"events/s": count / seconds}, fault=fault)

        yield measure


def paced(rate: int) -> Callable[[Place], Any]:
    @contextmanager
    def ready(place: Place) -> Iterator[Round]:
        with line_of(place) as line:

            def measure() -> Measured:
                writers = line.stack.enter_context(maintenance_of(place.config, "points", PROJECTIONS)).worker
                first = line.seeder.head.position + 1
                count = rate * place.scaled(SECONDS)
                ids = _append_at(writers, line.seeder, rate, count)
                line.wait_for(first + count - 1)
                fault = line.fault(first, first + count - 1)
                took = sorted(_latencies(place, ids))
                if len(took) != count:
                    fault = fault or f"{count - len(took)} of {count} are missing"
                return Measured(figures=_percentiles(took), fault=fault)

            yield measure

    return ready


def _append_at(pool: Pool, seeder: Seeder, rate: int, count: int) -> list[UUID]:
    """Appends one award a command at an even pace, from a few threads; returns the awards."""
    ids = [new_id() for _ in range(count)]
    began, late = time.monotonic() + 0.1, list[Exception]()

    def work(mine: range) -> None:
        pause = threading.Event()
        for number in mine:
            pause.wait(max(0.0, began + number / rate - time.monotonic()))
            try:
                with pool.connection() as connection:
                    append(connection, _command(seeder, ids[number], number))
            except Exception as error:  # noqa: BLE001 - told to the one who measures
                late.append(error)

    threads = [threading.Thread(target=work, args=(range(n, count, APPENDERS),)) for n in range(APPENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if late:
        raise late[0]
    seeder.resume()
    return ids


def _command(seeder: Seeder, award_id: UUID, number: int) -> Command:
    _, made = seeder.make(number)
    assert isinstance(made, PointAwarded)  # noqa: S101 - that is what it makes
    event_id, now = new_id(), SystemClock().now()
    [data] = seeder.vault.seal(seeder.school, [(event_id, made)])
    stream = f"points-{award_id}"
    new = NewEvent(
        id=event_id,
        type=made.event_type,
        schema_version=made.schema_version,
        stream=stream,
        data={**data, "award_id": str(award_id), "note": None},
        occurred_at=BEGAN,
        actor=Actor(kind="staff", id=str(made.staff_id)),
        correlation_id=event_id,
        causation_id=None,
    )
    return Command(
        school_id=seeder.school, partition=seeder.partition, expected={stream: 0}, events=[new], recorded_at=now
    )


def _latencies(place: Place, ids: list[UUID]) -> list[float]:
    """Milliseconds from commit to commit, by the one clock of the server that did both."""
    with place.superuser("bookbag_points") as log, place.superuser("bookbag_moderation") as model:
        committed: dict[UUID, float] = dict(
            log.execute(
                "SELECT (data->>'award_id')::uuid, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8"
                " FROM log_event ORDER BY position DESC LIMIT %s",
                (len(ids),),
            ).fetchall()
        )
        shown = model.execute(
            "SELECT award_id, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 FROM reportable_award_v1"
            " WHERE award_id = ANY(%s)",
            (ids,),
        ).fetchall()
    return [(at - committed[award]) * 1000 for award, at in shown]


def _percentiles(took: list[float]) -> dict[str, float]:
    if not took:
        return {}
    return {f"p{share} ms": took[min(len(took) - 1, len(took) * share // 100)] for share in (50, 99)}


# -- what it is compared with -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Naive:
    """The naive pipeline's database and queue."""

    place: Place
    database: str
    name: str

    def fill(self, count: int) -> None:
        """An outbox with as many events as are wanted, and an empty read model."""
        make = awards(PUPILS, PUPILS)
        rows = []
        for number in range(count):
            stream, event = make(number)
            assert isinstance(event, PointAwarded)  # noqa: S101 - that is what it makes
            data = {name: getattr(event, name) for name in ("award_id", "pupil_id", "staff_id", "points")}
            rows.append((number + 1, orjson.dumps({"stream": stream, "occurred_at": BEGAN, "data": data}).decode()))
        with self.place.superuser(self.database) as connection:
            connection.execute("DROP TABLE IF EXISTS outbox, award")
            connection.execute("CREATE TABLE outbox (position bigint PRIMARY KEY, body json NOT NULL)")
            connection.execute(
                "CREATE TABLE award (position bigint, award_id uuid PRIMARY KEY, author_id uuid, pupil_id uuid,"
                " at timestamptz)"
            )
            with connection.cursor() as cursor, cursor.copy("COPY outbox FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)

    def start(self, what: str, count: int) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "bench.naive", what, self.place.url(self.database), self.broker, self.name]
        return subprocess.Popen([*command, str(count)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})

    @property
    def broker(self) -> str:
        broker = self.place.servers.broker
        return (
            f"amqp://bookbag:{quote(broker.password_file.read_text().strip(), safe='')}@{broker.host}:{broker.port}//"
        )

    @property
    def applied(self) -> int:
        with self.place.superuser(self.database) as connection:
            row = connection.execute("SELECT count(*) FROM award").fetchone()
        return row[0] if row else 0

    def empty_queue(self) -> None:
        """The queue as it is declared, with nothing in it."""
        with BrokerConnection(self.broker) as link:
            channel = link.default_channel
            queue(self.name)(channel).delete()
            queue(self.name)(channel).declare()


@contextmanager
def naive(place: Place) -> Iterator[Round]:
    with line_of(place), place.database("points_owner") as database:
        pipeline = Naive(place, database, "bench.naive")

        def measure() -> Measured:
            count = place.scaled(NAIVE_EVENTS)
            pipeline.fill(count)
            pipeline.empty_queue()
            began = time.monotonic()
            both = [pipeline.start("consume", count), pipeline.start("relay", count)]
            starts = _start_up(pipeline)
            for process in both:
                process.wait(PATIENCE)
            seconds = time.monotonic() - began - starts
            missing = count - pipeline.applied
            return Measured(
                figures={"events/s": count / seconds}, fault=f"{missing} of {count} are missing" if missing else ""
            )

        yield measure


def _start_up(pipeline: Naive) -> float:
    """What Python takes to come to the first event is not the pipeline's."""
    began, pause = time.monotonic(), threading.Event()
    while not pipeline.applied:
        pause.wait(LOOK)
    return time.monotonic() - began


@contextmanager
def careless(place: Place) -> Iterator[Round]:
    with line_of(place), place.database("points_owner") as database:
        pipeline = Naive(place, database, "bench.careless")

        def measure() -> Measured:
            count = place.scaled(NAIVE_EVENTS) // 2
            pipeline.fill(count)
            pipeline.empty_queue()
            pipeline.start("relay", count).wait(PATIENCE)
            killed = pipeline.start("careless", count)
            while pipeline.applied < count // 8:
                _still_at_it(killed)
            with place.superuser(database) as connection:
                # The server stands still for it while it dies: between its acknowledgement and its commit.
                connection.execute("BEGIN")
                connection.execute("LOCK TABLE award IN SHARE MODE")
                while not _waits(connection):
                    _still_at_it(killed)
                killed.kill()
                killed.wait()
                connection.execute("ROLLBACK")
            left = count - pipeline.applied - 1
            pipeline.start("careless", left).wait(PATIENCE)
            missing = count - pipeline.applied
            return Measured(figures={}, fault=f"{missing} of {count} are missing" if missing else "")

        yield measure


def _still_at_it(process: "subprocess.Popen[bytes]") -> None:
    """Waits a moment. Raises RuntimeError where it has ended: it was to be killed at its work."""
    threading.Event().wait(LOOK)
    if process.poll() is not None:
        raise RuntimeError("the consumer was through before it could be killed")


def _waits(connection: Any) -> bool:
    """Whether the consumer waits for the lock: it has acknowledged, and nothing of it is committed."""
    return bool(connection.execute("SELECT FROM pg_locks WHERE NOT granted AND relation = 'award'::regclass").rowcount)


TOPIC = Topic(
    name="bus",
    title="From commit to read model",
    text=(
        "A whole installation as `make run` starts it, of which the processes that have a part in it go on: the api"
        " and worker processes of points and moderation, PostgreSQL and RabbitMQ. Events of points are committed in"
        " one moment; the rate is theirs from that commit to the commit of the last of them in moderation's read model"
        " `reportable_awards`, while points' own worker also brings its own read models forward. At a steady pace each"
        " award is a command of its own, and the time is from its commit to the commit that shows it, both by the"
        " server's commit timestamps. What a run of tens of thousands of rows leaves PostgreSQL to clean up is done"
        " before the next begins."
    ),
    sides=(
        Side(name="Bookbag", what=f"{EVENTS:,} events, one in {NOTED} with a sealed note", ready=sustained),
        Side(name="Bookbag at 200 events/s", what=f"{SECONDS} s of single commands", ready=paced(200)),
        Side(name="Bookbag at 1,000 events/s", what=f"{SECONDS} s of single commands", ready=paced(1000)),
        Side(
            name="naive",
            what="a confirm, an acknowledgement and a commit a message; kombu and psycopg, nothing checked or sealed",
            ready=naive,
        ),
        Side(
            name="careless",
            what="the naive pipeline, acknowledging before it commits, killed once on the way",
            ready=careless,
            control="missing",
        ),
    ),
    goals=(
        Goal(
            text="commit to read model, sustained",
            target=10_000,
            unit="events/s",
            figure=lambda m: m.of("Bookbag", "events/s"),
            why="points' worker publishes, and brings two read models of its own forward, in one interpreter; that is"
            " the narrowest place. Read models in a process of their own would widen it",
        ),
        Goal(text="the same, against the naive pipeline", target=15, unit="times", figure=times("Bookbag", "naive")),
        *(
            Goal(
                text=f"at {rate} events/s, p{share}",
                target=most,
                unit="ms",
                at_most=True,
                why="the two cores are nearly full at this pace: workers, PostgreSQL, the broker and whoever appends"
                " share them, and what is slow waits for a core. With a core for each worker it would be reached",
                figure=lambda m, rate=rate, share=share: m.of(f"Bookbag at {rate} events/s", f"p{share} ms"),  # type: ignore[misc]
            )
            for rate in ("200", "1,000")
            for share, most in ((50, 10), (99, 25))
        ),
    ),
    plotted=("events/s", "p50 ms", "p99 ms"),
)
