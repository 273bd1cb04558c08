"""Read models built anew from a long log, every event of which is sealed."""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

from bench.place import INSTALLATION_KEY, House, Place
from bench.seed import TEXT, Seeder, messages, without_keys
from bench.side import Goal, Measured, Round, Side, Topic, times
from services.messaging.projections.messages import messages as model
from shared.log.read import heads
from shared.privacy.vault import Vault
from shared.projections import cursors
from shared.projections.bulk import RUN, Reach, where
from shared.projections.install import install
from shared.projections.rebuild import Rebuilder, no_progress
from shared.projections.runner import OwnLog, Runner
from shared.runtime.database import Pool

EVENTS = 1_000_000
SINGLY = 10_000
OTHERS = 4_000
BROKEN = 20_000
CONVERSATIONS = 10_000

_RIGHT = (
    "SELECT count(*), count(DISTINCT position), min(position), max(position), count(*) FILTER (WHERE text = %s)"
    " FROM message"
)


@dataclass(frozen=True, slots=True)
class Messaging:
    """A log of messages in a database of its own, with the read model installed, as messaging's worker has it."""

    house: House
    rebuilder: Rebuilder
    log: Pool
    count: int

    def fault(self) -> str:
        """What is wrong with the read model; empty where each message is there once with its text, up to the head."""
        with self.house.place.superuser(self.house.log) as connection:
            row = connection.execute(_RIGHT, (TEXT,)).fetchone()
            at = cursors.standing(connection, model.consumer, model.source, 1)
            head = heads(connection)[1]
        if row != (self.count, self.count, 1, self.count, self.count):
            return f"of {self.count} the read model shows (rows, positions, first, last, right texts): {row}"
        return "" if at == head else f"the cursor stands at {at.position}"


@contextmanager
def messaging(place: Place, count: int, *, in_bulk: bool = True) -> Iterator[Messaging]:
    """With so many messages in its log."""
    with place.house("messaging") as house:
        worker, owner, store = house.pool("worker"), house.pool("owner"), house.key_store()
        vault = Vault("messaging", store, time.monotonic)
        with owner.connection() as connection:
            install(connection, model)
        with place.superuser(house.log) as connection:
            seeder = Seeder(connection, vault, uuid4(), messages(CONVERSATIONS))
            with without_keys(connection):
                seeder.copy(count)
            seeder.commit()
            connection.execute("VACUUM ANALYZE log_event")
        reach = Reach(
            service="messaging",
            logs={"messaging": where(worker)},
            model=where(worker),
            keys=where(house.key_pool()),
            installation_key=INSTALLATION_KEY,
        )
        runner = Runner(worker, vault, {"messaging": OwnLog(worker)})
        yield Messaging(house, Rebuilder(owner, runner, reach if in_bulk else None), worker, count)


@contextmanager
def _rebuilt(place: Place, count: int, *, in_bulk: bool) -> Iterator[Round]:
    with messaging(place, place.scaled(count), in_bulk=in_bulk) as it:

        def measure() -> Measured:
            began, filled = time.monotonic(), list[float]()
            it.rebuilder.rebuild(model, lambda _done, _total: filled.append(time.monotonic()))
            seconds = time.monotonic() - began
            figures = {"events/s": it.count / seconds}
            if in_bulk:
                figures["s until the rows are there"] = filled[-1] - began
                figures["s in all"] = seconds
                largest = max(
                    resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
                )
                figures["MiB in the largest process"] = largest / 1024
            return Measured(figures=figures, fault=it.fault())

        yield measure


def rebuilt(count: int, *, in_bulk: bool) -> Any:
    return partial(_rebuilt, count=count, in_bulk=in_bulk)


@contextmanager
def broken(place: Place) -> Iterator[Round]:
    """One event of the log was changed by hand: its link does not lead on any more."""
    with messaging(place, BROKEN) as it:
        with place.superuser(it.house.log) as connection:
            connection.execute("UPDATE log_event SET hash = sha256(hash) WHERE position = %s", (BROKEN // 2,))

        def measure() -> Measured:
            try:
                it.rebuilder.rebuild(model, no_progress)
            except cursors.Diverged as found:
                return Measured(figures={}, fault=f"refused: {found}")
            return Measured(figures={}, fault=it.fault())

        yield measure


# -- what it is compared with -----------------------------------------------------------------------------------------


@contextmanager
def projection_runner(place: Place) -> Iterator[Round]:
    """The runner of `eventsourcing` over its PostgreSQL recorders, nothing sealed: what is published with it."""
    from bench.others import School, Seen, SeenView, runner_of, settings_of  # noqa: PLC0415 - not in every environment

    count = place.scaled(OTHERS)
    with place.database("messaging_owner") as database:
        settings = settings_of(place, database)
        school = School(env=settings)
        for _ in range(count):
            school.send(TEXT)
        school.close()

        def measure() -> Measured:
            with place.superuser(database) as connection:
                for table in connection.execute(
                    "SELECT tablename FROM pg_tables WHERE tablename ~ 'seen|tracking'"
                ).fetchall():
                    connection.execute(f"DROP TABLE {table[0]}")
            began = time.monotonic()
            with runner_of(School, Seen, SeenView, settings) as runner:
                runner.wait(count, timeout=120)
                seconds = time.monotonic() - began
                shown = runner.view.count()
            return Measured(
                figures={"events/s": count / seconds},
                fault="" if shown == count else f"{count - shown} of {count} are missing",
            )

        yield measure


TOPIC = Topic(
    name="rebuild",
    title="Rebuilding a read model",
    text=(
        f"Messaging's read model `messages` is built anew from {EVENTS:,} events in {CONVERSATIONS:,} conversations,"
        " the text of each sealed under its conversation's key, beside the live one, with its four indexes and its row"
        " policies, and swapped in, as `bookbag rebuild` does it: the time is that of the whole. Afterwards every row"
        " is looked at: each position once, each text as it was written, the cursor at the head and its hash. Memory is"
        f" bounded by the length of a run, {RUN:,} events a process, whatever the log's length."
    ),
    sides=(
        Side(name="Bookbag", what=f"{EVENTS:,} events, in bulk", ready=rebuilt(EVENTS, in_bulk=True)),
        Side(
            name="Bookbag, event by event",
            what=f"the way of handlers that are code; {SINGLY:,} events",
            ready=rebuilt(SINGLY, in_bulk=False),
        ),
        Side(
            name="eventsourcing",
            what=f"its ProjectionRunner, {OTHERS:,} events, nothing sealed, a row and a tracking row an event",
            ready=projection_runner,
            needs="eventsourcing",
        ),
        Side(
            name="broken",
            what="a log of which one event was changed",
            ready=broken,
            control="does not continue",
        ),
    ),
    goals=(
        Goal(
            text="rebuild from 1,000,000 events with decryption",
            target=100_000,
            unit="events/s",
            figure=lambda m: m.of("Bookbag", "events/s"),
            why="two processes read, open and copy, and PostgreSQL works beside them on the same two cores; keys and"
            " indexes are made after that, each led by the school. With a core more for each it would be reached",
        ),
        Goal(
            text="the same, against `eventsourcing`'s ProjectionRunner",
            target=40,
            unit="times",
            figure=times("Bookbag", "eventsourcing"),
        ),
        Goal(
            text="memory is bounded",
            target=512,
            unit="MiB in the largest process",
            at_most=True,
            figure=lambda m: m.of("Bookbag", "MiB in the largest process"),
        ),
    ),
    plotted=("events/s",),
)
