"""Takes what the queues bring: gathers batches, has each applied, and acknowledges them after that; nothing else.

What is no event of its queue is discarded, counted and acknowledged. Nothing is ever given back to a queue: an ordered
queue would be out of order. What goes wrong ends the connection, and the broker delivers again on the next one.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import amqp
from amqp.basic_message import Message

from shared.bus.connection import RETRY, Link, linked
from shared.bus.messages import Batch, Bus, Discarded, read
from shared.bus.topology import queue
from shared.events.envelope import Envelope
from shared.projections.follower import Wait
from shared.runtime.crash import crash_point
from shared.runtime.logging import logger
from shared.runtime.metrics import BUS_CONNECTED, BUS_DELIVERED, BUS_DISCARDED

PREFETCH = 100
"""Most messages of one queue that are delivered and not acknowledged: what a process may have to hold of them is that
times the longest message."""

ENOUGH = 1000
"""Events after which no more is waited for: a batch of them is applied while the next messages come."""

LISTEN = 0.25
"""Seconds that the broker is listened to before anything else is looked at."""

AT_ONCE = 0.0
"""For what has come already. To wait for more, however briefly, never ends while more comes all the time."""


Meanwhile = Callable[[], None]
"""To be called about once a second while a batch is being applied."""

Apply = Callable[[Batch, Meanwhile], None]
"""Returns when the batch is applied; raises where it is to be delivered again."""

Partitions = Callable[[str], Collection[int]]
"""The partitions that a source is known to have."""


@dataclass(slots=True)
class _Arrived:
    """What has been delivered since the last acknowledgement."""

    last_tag: int = 0
    messages: int = 0
    count: int = 0
    events: dict[tuple[str, int], list[Envelope]] = field(default_factory=dict)


class Consuming:
    """One service's subscription to some sources. `run` ends when it is told to, and for nothing else."""

    def __init__(self, consumer: str, sources: Sequence[str], bus: Bus, partitions: Partitions, apply: Apply) -> None:
        """Touches nothing yet.

        Args:
            consumer: the service that subscribes.
            sources: the services whose events it wants.
            bus: where they come from.
            partitions: asked again and again: new ones get a queue.
            apply: what is done with a batch.
        """
        self._consumer, self._sources, self._bus = consumer, sources, bus
        self._partitions, self._apply = partitions, apply
        self._arrived = _Arrived()
        self._declared: set[tuple[str, int]] = set()
        self._said = ""

    def run(self, wait: Wait) -> None:
        """Consumes until `wait` says stop; connects and declares everything anew after whatever went wrong."""
        BUS_CONNECTED.labels(self._consumer, "subscription").set(0)
        while not wait(0):
            try:
                with linked(self._bus.broker, f"{self._consumer} subscription") as link:
                    self._consume(link, wait)
            except (OSError, amqp.AMQPError) as error:
                self._say(f"subscription.waits_{type(error).__name__.lower()}")
            except Exception:  # noqa: BLE001 - whatever it is, the feed goes on and so does this
                self._say("subscription.failed")
                logger().exception("subscription.failed")
            finally:
                BUS_CONNECTED.labels(self._consumer, "subscription").set(0)
            wait(RETRY)

    def _consume(self, link: Link, wait: Wait) -> None:
        self._arrived, self._declared = _Arrived(), set()
        link.channel.basic_qos(prefetch_size=0, prefetch_count=PREFETCH, a_global=False)
        self._declare_new(link)
        BUS_CONNECTED.labels(self._consumer, "subscription").set(1)
        self._say("subscription.consumes")
        while not wait(0):
            if self._gather(link):
                self._take(link)
            self._declare_new(link)
            link.tend()

    def _declare_new(self, link: Link) -> None:
        """Declares and consumes the queues of partitions that have none on this connection yet."""
        known = {(source, partition) for source in self._sources for partition in {1, *self._partitions(source)}}
        for source, partition in sorted(known - self._declared):
            declared = queue(self._consumer, source, partition, link.version)(link.channel)
            try:
                declared.declare()
            except amqp.PreconditionFailed:
                # It stands with other arguments, of an older version of ours or of the broker: it is only a cache.
                self._delete(link, declared.name)
                raise
            declared.consume(callback=lambda message, s=source, p=partition: self._on_message(s, p, message))
            self._declared.add((source, partition))

    def _delete(self, link: Link, name: str) -> None:
        """On a channel of its own, for the failure has closed the other; the next connect declares it anew."""
        link.connection.channel().queue_delete(name)

    def _gather(self, link: Link) -> int:
        """Waits for a message, and takes what has come with it: what comes later is the next batch's, for while this
        one is applied that one grows.
        """  # noqa: D205 - one thought
        seconds = AT_ONCE if self._arrived.messages else LISTEN
        while self._arrived.count < ENOUGH and self._arrived.messages < PREFETCH and link.drain(seconds):
            seconds = AT_ONCE
        return self._arrived.messages

    def _take(self, link: Link) -> None:
        """Has each partition's events applied, then acknowledges everything at once, on the channel it came by."""
        taken, self._arrived = self._arrived, _Arrived()

        def meanwhile() -> None:
            link.drain(AT_ONCE)  # what has come is is the next batch's
            link.tend()

        for (source, partition), envelopes in taken.events.items():
            BUS_DELIVERED.labels(source).inc(len(envelopes))
            self._apply(Batch(source, partition, envelopes), meanwhile)
        crash_point("subscription.applied")
        link.channel.basic_ack(taken.last_tag, multiple=True)

    def _on_message(self, source: str, partition: int, message: Message) -> None:
        self._arrived.last_tag = message.delivery_tag
        self._arrived.messages += 1
        headers = message.properties.get("application_headers")
        found = read(self._bus.key, source, partition, message.body, headers)
        if isinstance(found, Discarded):
            BUS_DISCARDED.labels(source, found.why).inc()
        else:
            self._arrived.count += len(found)
            self._arrived.events.setdefault((source, partition), []).extend(found)

    def _say(self, what: str) -> None:
        """Logs a change, not each of two tries a second."""
        if self._said != what:
            self._said = what
            logger().info(what, service=self._consumer)
