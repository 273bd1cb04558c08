"""Keeps a service's consumers at the heads of the logs they follow: one loop a source, woken by what happens.

Heads are asked for four times a second, always: a quiet queue, a hung broker or a lost notice costs a quarter of a
second, no more. It knows nothing of its host's threads; the waits are handed in.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import psycopg

from shared.events.envelope import Envelope
from shared.log.append import CHANNEL
from shared.log.read import Head
from shared.projections.cursors import Diverged
from shared.projections.delivered import Delivered
from shared.projections.parking import PASSING
from shared.projections.runner import BATCH, Consumer, ReadOnce, Runner
from shared.runtime.logging import logger
from shared.runtime.metrics import PROJECTION_FAILURES

PAUSE = 0.25
"""Seconds between two looks at the heads where nothing else wakes the loop."""

TOGETHER = 0.01
"""Seconds between the beginnings of two rounds at least: what is recorded in between is taken together, which costs
little more than one event by itself. The first one after a quiet moment waits for nothing."""
LONGEST_REST = 0.05
"""Seconds: a round that took longer is followed by another after these."""

DIVERGED = "consumer.diverged"

STALE = 5.0
"""Seconds after which a source that could not be read makes the process unready."""

Wait = Callable[[float], bool]
"""Waits at most so many seconds; True when the process is to stop."""

Seen = Callable[[str, float], None]
"""Told each time all consumers of a source stand at its heads, with when (monotonic seconds) those were asked for."""


class Waker(Protocol):
    """Waits for something to have happened, or for a while."""

    def __call__(self, seconds: float) -> None: ...


def to_nobody(_source: str, _asked: float) -> None:
    """For a service that keeps no note of when it saw a source."""


@dataclass(slots=True)
class Follower:
    """Follows the sources of one service's read models and reactions.

    Attributes:
        caught_up: is told of a source whose consumers stand where its heads were.
        pauses: source -> seconds, for one that is looked at at another pace than PAUSE.
        seen: source -> when heads were last asked for that came (monotonic seconds); readiness rests on it.
        known: source -> the partitions that its heads have shown.
    """

    runner: Runner
    consumers: Sequence[Consumer]
    monotonic: Callable[[], float]
    caught_up: Seen = to_nobody
    pauses: Mapping[str, float] = field(default_factory=dict)
    seen: dict[str, float] = field(default_factory=dict)
    known: dict[str, frozenset[int]] = field(default_factory=dict)
    _said: dict[str, str] = field(default_factory=dict)
    _brought: dict[tuple[str, int], bool] = field(default_factory=dict)
    _looked: dict[str, tuple[float, Mapping[int, Head]]] = field(default_factory=dict)
    _turns: dict[str, threading.Lock] = field(init=False)

    def __post_init__(self) -> None:
        # What the bus brings and what the heads tell take turns: two at one cursor would only wait for its row.
        self._turns = {source: threading.Lock() for source in self.sources}

    @property
    def sources(self) -> list[str]:
        """The services whose logs are followed, sorted."""
        return sorted({consumer.source for consumer in self.consumers})

    def partitions(self, source: str) -> frozenset[int]:
        """The partitions that a source is known to have; none before its heads were read."""
        return self.known.get(source, frozenset())

    def fresh(self) -> bool:
        """Whether every source could be read lately."""
        now = self.monotonic()
        return all(now - self.seen.get(source, -STALE) < STALE for source in self.sources)

    def follow(self, source: str, wait: Wait, idle: Waker) -> None:
        """Runs until `wait` says stop: in rounds as long as there are whole batches to take, else after `idle`.

        Args:
            source: whose log it is.
            wait: waits at most so many seconds; True when the process is to stop.
            idle: waits for the log to grow, or for a while: what came since the round began is the next one's.
        """
        while not wait(0):
            began = self.monotonic()
            if self.round(source) < BATCH:
                wait(rest(self.monotonic() - began, TOGETHER))
                idle(self.pauses.get(source, PAUSE))

    def round(self, source: str) -> int:
        """One look at the source, one batch a consumer. A consumer that fails does not hold up the others."""
        asked = self.monotonic()
        try:
            heads = self.runner.heads(source)
        except PASSING as error:
            self._say(source, f"source.away_{type(error).__name__.lower()}")
            return 0
        self.seen[source] = asked
        self.known[source] = frozenset(heads)
        self._say(source, "source.here")
        mine = {partition: head for partition, head in heads.items() if not self._is_brought(source, partition)}
        log = ReadOnce(self.runner.source(source))
        with self._turns[source]:
            taken = [self._guarded(c, partial(self.runner.catch_up, c, mine, log=log)) for c in self._of(source)]
        since: float | None = asked
        if mine.keys() != heads.keys():
            since = self._reached(source, *self._looked[source]) if source in self._looked else None
        self._looked[source] = (asked, heads)
        if not any(taken) and None not in taken and since is not None:
            self._tell(source, since)
        return sum(number or 0 for number in taken)

    def deliver(self, source: str, partition: int, envelopes: Sequence[Envelope]) -> None:
        """Takes what the bus has brought, and what is missing before it; returns when it is committed, or waits.

        What could not be taken now is the next round's.
        """
        delivered = Delivered(source, self.runner.source(source), envelopes)
        with self._turns[source]:
            taken = [self._guarded(c, partial(self.runner.take, c, partition, delivered)) for c in self._of(source)]
        self._brought[source, partition] = any(taken) and None not in taken

    def _is_brought(self, source: str, partition: int) -> bool:
        """Whether the bus has moved every consumer since the last look: the feed would bring the same once more, and
        both would be slower. Where it stops moving, the next look takes over.
        """  # noqa: D205 - one thought
        return bool(self._brought.pop((source, partition), None))

    def _reached(self, source: str, asked: float, heads: Mapping[int, Head]) -> float | None:
        """When these heads were asked for, if all consumers have come so far. For a source that the bus is bringing: of
        its last heads something is always on its way, and it is told of those before.
        """  # noqa: D205 - one thought
        try:
            reached = all(self.runner.stands_at(consumer, heads) for consumer in self._of(source))
        except PASSING:
            return None
        return asked if reached else None

    def _of(self, source: str) -> list[Consumer]:
        return [consumer for consumer in self.consumers if consumer.source == source]

    def _guarded(self, consumer: Consumer, take: Callable[[], int]) -> int | None:
        """None where the consumer could not be brought forward."""
        try:
            taken = take()
        except PASSING as error:
            self._say(consumer.name, f"consumer.waits_{type(error).__name__.lower()}")
        except Diverged:
            PROJECTION_FAILURES.labels(consumer.name, "diverged").inc()
            if self._said.get(consumer.name) != DIVERGED:  # until an operator decides, four times a second
                self._said[consumer.name] = DIVERGED
                logger().exception(DIVERGED, consumer=consumer.name)
        except Exception:  # noqa: BLE001 - whatever a handler raises, the other consumers go on
            PROJECTION_FAILURES.labels(consumer.name, "failed").inc()
            logger().exception("consumer.failed", consumer=consumer.name)
        else:
            if self._said.get(consumer.name) == DIVERGED:
                self._say(consumer.name, "consumer.rejoined")
            return taken
        return None

    def _tell(self, source: str, asked: float) -> None:
        try:
            self.caught_up(source, asked)
        except PASSING as error:
            self._say(source, f"source.not_noted_{type(error).__name__.lower()}")

    def _say(self, about: str, what: str) -> None:
        """Logs a change, not each of four looks a second at what has not changed."""
        if self._said.get(about) != what:
            self._said[about] = what
            logger().info(what, name=about)


def rest(took: float, together: float) -> float:
    """Seconds until the next round, after one that took so long: as long again, so that a round costs at most half of
    the time. Where the processor is short rounds take longer, and more travels together.

    Args:
        took: seconds.
        together: that rounds are apart at least.
    """  # noqa: D205 - one thought
    return max(together - took, min(took, LONGEST_REST))


class OwnLogWaker:
    """Wakes when the own log notifies: a connection of its own that listens, made anew when it is lost."""

    def __init__(self, connect: Callable[[], psycopg.Connection[psycopg.rows.TupleRow]], otherwise: Waker) -> None:
        self._connect, self._otherwise = connect, otherwise
        self._connection: psycopg.Connection[psycopg.rows.TupleRow] | None = None

    def __call__(self, seconds: float) -> None:
        """Returns at the next notice, or after `seconds`."""
        try:
            if self._connection is None:
                self._connection = self._connect()
                self._connection.execute(f"LISTEN {CHANNEL}")
                return  # what came before the LISTEN was not heard: look once more
            for _ in self._connection.notifies(timeout=seconds, stop_after=1):
                return
        except psycopg.Error:
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            self._otherwise(seconds)
