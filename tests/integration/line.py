"""A line from one log to one read model, over a real broker: each part is started when a test wants it."""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import psycopg
from amqp.basic_message import Message

from shared.bus.connection import linked
from shared.bus.consuming import Consuming, Meanwhile
from shared.bus.messages import Batch, Bus
from shared.bus.relay import Relay
from shared.bus.topology import EXCHANGE, queue_name, routing_key
from shared.events.envelope import Envelope
from shared.events.identity import PupilId, StaffId
from shared.events.points import AwardId, BehaviourId, PointAwarded, ValueId
from shared.log import read
from shared.log.feed import FeedBroken
from shared.log.read import Head
from shared.privacy.vault import Vault
from shared.projections.declaration import Projection, Table, Tx
from shared.projections.follower import Follower, Wait, Waker
from shared.projections.install import install
from shared.projections.runner import OwnLog, Runner
from shared.runtime import metrics
from shared.runtime.clock import SystemClock
from shared.runtime.database import Pool
from shared.testing.envelopes import envelope_of
from tests.integration.appending import record
from tests.integration.conftest import ScratchLog

SOURCE = "points"
PATIENCE = 60.0
"""Seconds after which a test gives up; what it waits for comes in a fraction of one."""


class Died(BaseException):
    """Stands for SIGKILL inside one process."""


def die() -> None:
    raise Died


def until(found: Callable[[], bool], what: str) -> None:
    """Returns as soon as it is so; looks again and again."""
    never, deadline = threading.Event(), time.monotonic() + PATIENCE
    while not found():
        assert time.monotonic() < deadline, f"never so: {what}"
        never.wait(0.01)


@contextmanager
def running(loop: Callable[[Wait], None]) -> Iterator[threading.Thread]:
    """A loop in a thread of its own, told to stop at the end; it may die of `Died` before."""
    stop = threading.Event()

    def run() -> None:
        try:
            loop(stop.wait)
        except Died:
            return

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(PATIENCE)
    assert not thread.is_alive()


def napping(wait: Wait, most: float) -> Waker:
    """Waits at most so long, whatever it is asked for: a test does not wait for a poll."""

    def idle(seconds: float) -> None:
        wait(min(seconds, most))

    return idle


def awards() -> Projection:
    """A read model that shows how often each award was applied."""
    made = Projection(
        name="awards",
        version=1,
        source=SOURCE,
        tables=(Table("award", {"award_id": "uuid", "points": "integer", "times": "integer"}, ("award_id",)),),
    )

    @made.on(PointAwarded)
    def _(tx: Tx, e: PointAwarded, meta: Envelope) -> None:
        tx.execute(
            "INSERT INTO {award} AS a (school_id, award_id, points, times) VALUES (%s, %s, %s, 1)"
            " ON CONFLICT (school_id, award_id) DO UPDATE SET times = a.times + 1",
            meta.school_id,
            e.award_id,
            e.points,
        )

    return made


class Feed:
    """The true log; it may be away, and remembers how often it had to help."""

    def __init__(self, pool: Pool) -> None:
        self._log = OwnLog(pool)
        self.away, self.asked = False, 0

    def heads(self) -> Mapping[int, Head]:
        if self.away:
            raise FeedBroken("away")
        return self._log.heads()

    def after(self, partition: int, at: Head, limit: int) -> list[Envelope]:
        self.asked += 1
        if self.away:
            raise FeedBroken("away")
        return self._log.after(partition, at, limit)


class NoKeys:
    """No event of this line holds anything personal."""

    def obtain(self, owners: Sequence[Any]) -> dict[Any, Any]:
        assert not owners
        return {}

    def fetch(self, key_ids: Sequence[UUID]) -> dict[UUID, bytes | None]:
        assert not key_ids
        return {}


class Line:
    """A log of points, its relay, the queue of a follower, and the follower's read model and cursor."""

    def __init__(self, scratch: ScratchLog, bus: Bus) -> None:
        self.scratch, self.bus = scratch, bus
        self.consumer = f"follower{uuid4().hex[:8]}"
        self.school = uuid4()
        self.writer = scratch.connection("points_writer")
        self.watcher = scratch.connection("points_worker")
        pool = scratch.pool("points_worker", max_size=6)
        self.feed = Feed(pool)
        self.vault = Vault(SOURCE, NoKeys(), lambda: 0.0)
        runner = Runner(pool, self.vault, {SOURCE: self.feed})
        with scratch.pool("points_owner").connection() as connection:
            install(connection, awards())
        self.follower = Follower(runner, [awards()], time.monotonic)
        self.received: queue.Queue[Envelope] = queue.Queue()

    # -- the log ---------------------------------------------------------------------------------------------------

    def award(
        self, count: int = 1, partition: int = 1, pupil: UUID | None = None, *, points: int = 1, version: int = 1
    ) -> list[UUID]:
        """So many awards, each a command of its own, to one pupil or to as many; returns their ids."""
        return [self._award(partition, pupil or uuid4(), points, version) for _ in range(count)]

    def _connect(self) -> psycopg.Connection[Any]:
        return self.scratch.connection("points_worker")

    def _award(self, partition: int, pupil_id: UUID, points: int, version: int) -> UUID:
        award_id = uuid4()
        event = PointAwarded(
            award_id=AwardId(award_id),
            pupil_id=PupilId(pupil_id),
            staff_id=StaffId(uuid4()),
            behaviour_id=BehaviourId(uuid4()),
            value_id=ValueId(uuid4()),
            points=points,
            roster_position=1,
            note=None,
        )
        told = (f"points-{pupil_id}", event)
        record(self.writer, self.vault, self.school, told, partition=partition, schema_version=version)
        return award_id

    def log(self, partition: int = 1) -> list[Envelope]:
        return read.after(self.writer, partition, 0, 10_000)

    def progress(self, partition: int = 1) -> int:
        """How far the relay says that it has published."""
        row = self.watcher.execute("SELECT position FROM relay_progress WHERE partition = %s", (partition,)).fetchone()
        return row[0] if row else 0

    # -- the read model --------------------------------------------------------------------------------------------

    def model(self) -> dict[UUID, int]:
        """Award -> how often it was applied."""
        return dict(self.watcher.execute("SELECT award_id, times FROM award_v1").fetchall())

    def cursor(self, partition: int = 1) -> int:
        row = self.watcher.execute(
            "SELECT position FROM projection_cursor WHERE consumer = 'awards_v1' AND partition = %s", (partition,)
        ).fetchone()
        return row[0] if row else 0

    def until_all_is_there(self, partition: int = 1) -> None:
        head = self.log(partition)[-1].position
        until(lambda: self.cursor(partition) == head, f"the read model stands at {head}")

    # -- what runs -------------------------------------------------------------------------------------------------

    def relaying(self, source: str = SOURCE) -> Any:
        relay = Relay(source, self._connect, self.bus)
        return running(lambda wait: relay.run(wait, napping(wait, 0.02)))

    def consuming(self, apply: Callable[[Batch], None] | None = None) -> Any:
        """The subscription, with the follower behind it or what a test puts there."""

        def applied(batch: Batch, _meanwhile: Meanwhile) -> None:
            (apply or self.take)(batch)
            for envelope in batch.envelopes:
                self.received.put(envelope)

        subscription = Consuming(self.consumer, [SOURCE], self.bus, self.follower.partitions, applied)
        return running(subscription.run)

    def following(self) -> Any:
        """The look at the feed four times a second that a worker always has."""
        return running(lambda wait: self.follower.follow(SOURCE, wait, napping(wait, 0.25)))

    def take(self, batch: Batch) -> None:
        self.follower.deliver(batch.source, batch.partition, batch.envelopes)

    def come(self, count: int) -> list[Envelope]:
        """The next envelopes that the subscription has had applied."""
        return [self.received.get(timeout=PATIENCE) for _ in range(count)]

    # -- the broker ------------------------------------------------------------------------------------------------

    def queue_name(self, partition: int = 1) -> str:
        return queue_name(self.consumer, SOURCE, partition)

    def until_subscribed(self) -> None:
        gauge = metrics.BUS_CONNECTED.labels(self.consumer, "subscription")
        until(lambda: gauge._value.get() == 1, "the subscription is connected")

    def make_queue(self) -> None:
        """Has the queue declared by a subscription that is gone again: what comes now waits."""
        with self.consuming():
            self.until_subscribed()

    def publish(self, *messages: tuple[bytes, dict[str, str]], partition: int = 1) -> None:
        """What somebody with the broker's password can do."""
        with linked(self.bus.broker, "stranger") as link:
            link.channel.confirm_select()
            answers: list[int] = []
            link.channel.events["basic_ack"].add(lambda tag, _multiple: answers.append(tag))
            for body, headers in messages:
                message = Message(body, application_headers=headers)
                link.channel.basic_publish(message, EXCHANGE.name, routing_key(SOURCE, partition), mandatory=True)
            while max(answers, default=0) < len(messages):
                assert link.drain(PATIENCE)

    def delete_queue(self, partition: int = 1) -> None:
        with linked(self.bus.broker, "tidying") as link:
            link.channel.queue_delete(self.queue_name(partition))


def forged(previous: Envelope | None, school: UUID, **changed: Any) -> Envelope:
    """An event that links to the one before and whose hash is right: all that it takes is on the wire."""
    award = PointAwarded(
        award_id=AwardId(uuid4()),
        pupil_id=PupilId(uuid4()),
        staff_id=StaffId(uuid4()),
        behaviour_id=BehaviourId(uuid4()),
        value_id=ValueId(uuid4()),
        points=99,
        roster_position=1,
        note=None,
    )
    known = {"id": uuid4(), "at": SystemClock().now(), "school_id": school, "stream": f"points-{award.award_id}"}
    link = {"previous": previous.hash, "position": previous.position + 1} if previous else {}
    return envelope_of(award, **known | link | changed)
