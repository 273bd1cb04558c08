"""The lines between services: what is delivered or read of another's log, and the workers that take it in."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from shared.events.envelope import GENESIS, Envelope
from shared.log.feed import FeedBroken
from shared.log.read import Head
from shared.policy.parameters import Parameters
from shared.projections.cursors import Diverged
from shared.projections.delivered import Delivered
from shared.projections.runner import Consumer, OwnLog, Reacting, Runner
from tests.property.memory_house import PARTITION, Crashed
from tests.sim.service import Service
from tests.sim.storm import Storm


class HalfDone(Exception):  # noqa: N818 - said as it is
    """Someone died between two transactions that had to be one."""


class Feed:
    """A source over the network: away, short of breath, or (after a restore gone wrong) telling another history."""

    def __init__(self, log: OwnLog, storm: Storm) -> None:
        self._log, self._storm, self.lied = log, storm, False

    def heads(self) -> Any:
        return self._log.heads()

    def after(self, partition: int, at: Head, limit: int) -> list[Envelope]:
        storm, chance = self._storm, self._storm.chance
        storm.meanwhile()
        if storm.quiet:
            return self._log.after(partition, at, limit)
        if chance.happens(storm.weather.feed):
            raise FeedBroken
        told = self._log.after(partition, at, chance.random.randint(1, 20))
        if len(told) > 1 and chance.happens(storm.weather.feed):
            self.lied = True
            storm.lies += 1
            lie = chance.random.choice((_renumbered, _of_another_history, _with_a_hole))
            return lie(told)
        return told


def _renumbered(told: list[Envelope]) -> list[Envelope]:
    return [replace(told[0], position=told[1].position)]


def _of_another_history(told: list[Envelope]) -> list[Envelope]:
    return [replace(told[1], position=told[0].position)]


def _with_a_hole(told: list[Envelope]) -> list[Envelope]:
    return told[1:]


class Line:
    """One consumer at the log it follows: a queue of the bus, the feed, and as many workers as come by."""

    def __init__(self, consumer: Consumer, own: Service, source: Service, parameters: Parameters) -> None:
        self.consumer, self._own, self.source, self._parameters = consumer, own, source, parameters
        self._storm, self._queue = own.storm, own.broker.queue_of(source.name)

    @property
    def at(self) -> Head:
        found = self._own.database.ask(
            f"SELECT position, hash FROM projection_cursor WHERE consumer = '{self.consumer.consumer}'"
        )
        return Head(position=found[0][0], hash=found[0][1]) if found else Head(position=0, hash=GENESIS)

    @property
    def waiting(self) -> int:
        """How much its queue still holds, duplicates too."""
        return len(self._queue.held)

    def by_bus(self) -> None:
        """A worker takes what was delivered, and acknowledges it once that is committed."""
        batch = self._queue.deliver()
        with self._worker() as (runner, feed):
            try:
                runner.take(self.consumer, PARTITION, Delivered(self.source.name, feed, batch))
            except BaseException:
                self._queue.give_back(batch)
                raise

    def by_feed(self) -> None:
        """A worker looks at the heads; much may happen before it goes there."""
        with self._worker() as (runner, _):
            heads = runner.heads(self.source.name)
            self._storm.meanwhile()
            while runner.catch_up(self.consumer, heads):
                pass

    @contextmanager
    def _worker(self) -> Iterator[tuple[Runner, Feed]]:
        """What ends a worker's turn without harm; anything else ends the schedule."""
        feed, chance = Feed(OwnLog(cast("Any", self.source.database)), self._storm), self._storm.chance
        reacting = Reacting(service=self._own.name, clock=chance, parameters=lambda _: self._parameters, real=chance)
        pool, vault = cast("Any", self._own.database), cast("Any", self._own.vault)
        try:
            yield Runner(pool, vault, {self.source.name: cast("Any", feed)}, reacting), feed
        except FeedBroken:
            return
        except Crashed:
            self._all_or_nothing()
        except Diverged:
            if not feed.lied:
                raise

    def _all_or_nothing(self) -> None:
        """What a worker leaves that died: no effect without its cursor."""
        last = self._own.log.envelopes[-1:]
        cause = last[0].causation_id if last else None
        if cause is not None and self.source.log.place(cause) > self.at.position:
            raise HalfDone(f"{self.consumer.name}: an effect is committed, and its cursor is not")
