"""The relay: publishes every position of a service's log, in order, and records how far it got. The log is the outbox.

One relay a partition: who holds the partition's advisory lock. The lock, the log and the progress are one database
connection's, so that a relay which loses the lock can save nothing. Publishing is at least once; the consumers' cursors
drop what comes twice, and the feed has what never comes.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, ClassVar

import amqp
import psycopg
from amqp.basic_message import Message
from psycopg import Connection
from psycopg.rows import TupleRow

from shared.bus.connection import RETRY, Link, linked
from shared.bus.messages import CONTENT_TYPE, MOST_EVENTS, Bus, bodies, events_in, line_of, signed
from shared.bus.topology import EXCHANGE, routing_key
from shared.bus.window import Window, require_in_order
from shared.events.envelope import Envelope
from shared.log import read
from shared.projections.follower import PAUSE, Wait, Waker, rest
from shared.runtime.crash import crash_point
from shared.runtime.logging import logger
from shared.runtime.metrics import BUS_CONNECTED, RELAY_LAG, RELAY_PUBLISHED, RELAY_UNROUTABLE

LOCK_CLASS = 0x52656C61
"""First key of the advisory locks that elect relays ("Rela"); the second is the partition."""

BATCH = 1000
"""Most events that are on their way at once."""

BATCH_SECONDS = 10.0
"""How long a batch may take from its first publish to its last confirm."""

AT_ONCE = 0.0
"""Seconds in which what the broker has already said is read: whoever waits longer has the next event wait."""

TOGETHER = 0.004
"""Seconds between the beginnings of two rounds where less than a batch was waiting: what comes in between travels
together. The first event after a quiet moment waits for nothing."""

PERSISTENT = 2

Connect = Callable[[], Connection[TupleRow]]


class BrokerHangs(Exception):  # noqa: N818 - said as it is
    """The broker did not answer for a batch in time."""


class BrokerRefuses(Exception):  # noqa: N818 - said as it is
    """The broker would not take something of a batch; it is published again."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a partition ends, and how far it is published."""

    head: int
    published: int


@dataclass(slots=True)
class Ledger:
    """A relay's view of its log: the partitions it was elected for, how far each is published, what comes next."""

    database: Connection[TupleRow]
    held: set[int] = field(default_factory=set)

    def wait_for_no_disc(self) -> None:
        """Lets progress be saved without waiting for the disc: what is lost of it is published twice."""
        self.database.execute("SELECT set_config('synchronous_commit', 'off', false)")

    def standing(self) -> Mapping[int, Standing]:
        """How the partitions stand that this relay was elected for. Stands for election to the others."""
        found = self._found()
        if self._elected(found.keys()):
            found = self._found()  # whoever had a partition before may have saved more meanwhile
        return {partition: at for partition, at in found.items() if partition in self.held}

    def after(self, partition: int, position: int) -> Sequence[Envelope]:
        """The next events to publish."""
        return read.after(self.database, partition, position, BATCH)

    def save(self, partition: int, position: int) -> None:
        """Records that everything up to the position is confirmed. Never goes back."""
        self.database.execute(
            "INSERT INTO relay_progress AS p (partition, position) VALUES (%s, %s)"
            " ON CONFLICT (partition) DO UPDATE SET position = greatest(p.position, excluded.position)",
            (partition, position),
        )

    def _found(self) -> Mapping[int, Standing]:
        rows = self.database.execute(
            "SELECT h.partition, h.position, coalesce((SELECT p.position FROM relay_progress p"
            " WHERE p.partition = h.partition), 0) FROM log_head h ORDER BY h.partition"
        )
        return {row[0]: Standing(head=row[1], published=row[2]) for row in rows}

    def _elected(self, partitions: AbstractSet[int]) -> bool:
        """Stands for election to those that it does not have; returns whether it was elected to one."""
        before = len(self.held)
        for partition in partitions - self.held:
            row = self.database.execute("SELECT pg_try_advisory_lock(%s, %s)", (LOCK_CLASS, partition)).fetchone()
            if row is not None and row[0]:
                self.held.add(partition)
        return len(self.held) > before


class Publisher:
    """Publishes batches on one channel, and waits for the broker's confirms of each.

    Attributes:
        patience: seconds in which a batch has to be answered for.
        together: most events of one message.
    """

    patience: ClassVar[float] = BATCH_SECONDS
    together: ClassVar[int] = MOST_EVENTS

    def __init__(self, service: str, link: Link, key: bytes) -> None:
        self._service, self._link, self._key = service, link, key
        self._window = Window(saved=0, tag=0)
        EXCHANGE(link.channel).declare()
        # kombu confirms one message at a time; the answers to a batch come on the channel below it.
        link.channel.confirm_select()
        link.channel.events["basic_ack"].add(self._confirmed)
        link.channel.events["basic_nack"].add(self._refused)
        link.channel.events["basic_return"].add(self._returned)

    def publish(self, partition: int, saved: int, events: Sequence[Envelope]) -> Window:
        """Publishes events that follow `saved`. Returns when all are answered for.

        Raises:
            BrokerHangs: they are not, in time; nothing of the batch counts.
        """
        deadline = time.monotonic() + self.patience
        window = self._window = Window(saved=saved, tag=self._window.tag)
        require_in_order(saved, [envelope.position for envelope in events])
        position = saved
        for lines in bodies([line_of(envelope) for envelope in events], self.together):
            window.send(position + 1, position + len(lines))
            self._send(partition, events[position - saved : position - saved + len(lines)], lines)
            position += len(lines)
            _left(deadline)
        while window.waiting:
            self._link.drain(_left(deadline))
        RELAY_PUBLISHED.labels(self._service).inc(len(events))
        return window

    def tend(self) -> None:
        """Hears what the broker has to say while there is nothing to publish; heartbeats."""
        while self._link.drain(AT_ONCE):
            pass
        self._link.tend()

    def _send(self, partition: int, events: Sequence[Envelope], lines: Sequence[bytes]) -> None:
        body, headers = signed(self._key, b"\n".join(lines))
        message = Message(
            body,
            content_type=CONTENT_TYPE,
            delivery_mode=PERSISTENT,
            message_id=str(events[0].id),
            application_headers=headers,
        )
        self._link.channel.basic_publish(
            message,
            exchange=EXCHANGE.name,
            routing_key=routing_key(self._service, partition),
            mandatory=True,
        )

    def _confirmed(self, tag: int, multiple: bool) -> None:  # noqa: FBT001 - as the protocol has it
        self._window.confirm(tag, multiple)

    def _refused(self, tag: int, multiple: bool) -> None:  # noqa: FBT001 - as the protocol has it
        self._window.refuse(tag, multiple)

    def _returned(self, _error: Any, _exchange: str, _key: str, message: Any) -> None:
        # Nobody has a queue for it (yet): whoever follows this log has it from the feed.
        RELAY_UNROUTABLE.labels(self._service).inc(events_in(message.body))


def _left(deadline: float) -> float:
    """Seconds that are left, never none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise BrokerHangs
    return left


class Relay:
    """Publishes the log of one service. `run` ends when it is told to, and for nothing else."""

    def __init__(self, service: str, connect: Connect, bus: Bus) -> None:
        """Touches nothing yet.

        Args:
            service: whose log it is.
            connect: makes a connection of the relay's own to the service's database, in autocommit.
            bus: where to publish.
        """
        self._service, self._connect, self._bus = service, connect, bus
        self._said, self._stuck = "", 0

    def run(self, wait: Wait, idle: Waker) -> None:
        """Relays until `wait` says stop; connects anew, to both sides, after whatever went wrong.

        Args:
            wait: waits at most so many seconds; True when the process is to stop.
            idle: waits for the log to grow, or for a while.
        """
        BUS_CONNECTED.labels(self._service, "relay").set(0)
        while not wait(0):
            try:
                with closing(self._connect()) as database:
                    self._relay(Ledger(database), wait, idle)
            except (OSError, amqp.AMQPError, psycopg.OperationalError, BrokerHangs, BrokerRefuses) as error:
                self._say(f"relay.waits_{type(error).__name__.lower()}")
            except Exception:  # noqa: BLE001 - whatever it is, the log is published when it is over
                self._say("relay.failed")
                logger().exception("relay.failed")
            finally:
                BUS_CONNECTED.labels(self._service, "relay").set(0)
            wait(RETRY)

    def _relay(self, ledger: Ledger, wait: Wait, idle: Waker) -> None:
        ledger.wait_for_no_disc()
        self._lag(ledger)  # is shown also while there is no broker
        with linked(self._bus.broker, f"{self._service} relay") as link:
            publisher = Publisher(self._service, link, self._bus.key)
            BUS_CONNECTED.labels(self._service, "relay").set(1)
            self._say("relay.publishes")
            tended = 0.0
            while not wait(0):
                began = time.monotonic()
                # What is recorded while less than a batch is published wakes who idles at once.
                if self._round(ledger, publisher) < BATCH:
                    if began - tended >= PAUSE:
                        publisher.tend()
                        tended = began
                    wait(rest(time.monotonic() - began, TOGETHER))
                    idle(PAUSE)

    def _round(self, ledger: Ledger, publisher: Publisher) -> int:
        """One batch of each partition that has something. Returns how many events were published."""
        # The one that ended the last connection has its turn when the others have had theirs.
        behind = sorted(self._lag(ledger).items(), key=lambda item: item[0] == self._stuck)
        return sum(self._publish(ledger, publisher, partition, saved) for partition, saved in behind)

    def _publish(self, ledger: Ledger, publisher: Publisher, partition: int, saved: int) -> int:
        self._stuck = partition
        events = ledger.after(partition, saved)
        window = publisher.publish(partition, saved, events)
        crash_point("relay.published")
        ledger.save(partition, window.settled)
        if window.refused:
            raise BrokerRefuses
        self._stuck = 0
        return len(events)

    def _lag(self, ledger: Ledger) -> Mapping[int, int]:
        """The partitions of which something is to be published, and how far each is."""
        behind = {}
        for partition, at in ledger.standing().items():
            RELAY_LAG.labels(self._service, str(partition)).set(max(0, at.head - at.published))
            if at.published < at.head:
                behind[partition] = at.published
        return behind

    def _say(self, what: str) -> None:
        """Logs a change, not each of two tries a second."""
        if self._said != what:
            self._said = what
            logger().info(what, service=self._service)
