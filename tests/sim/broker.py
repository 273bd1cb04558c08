"""A broker in memory at the other end of the real relay: it refuses, hangs up, forgets; and queues at their worst."""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from shared.bus.relay import BrokerHangs, Publisher
from shared.events.envelope import Envelope
from tests.property.memory_house import BATCH, Chance
from tests.sim.storm import Weather


class HungUp(OSError):  # noqa: N818 - said as it is
    """The broker's end of a connection is gone."""


@dataclass(slots=True)
class Queue:
    """What waits for one consumer."""

    chance: Chance
    weather: Weather
    held: list[Envelope] = field(default_factory=list)

    def deliver(self) -> list[Envelope]:
        """In order, while the weather is calm; else some of it in any order, doubled, forged, or lost for ever."""
        random_, share = self.chance.random, self.weather.bus
        if not self.chance.happens(share):
            taken, self.held = self.held[:BATCH], self.held[BATCH:]
            return taken
        taken = random_.sample(self.held, random_.randint(0, min(len(self.held), BATCH)))
        again = random_.sample(taken, random_.randint(0, len(taken) // 2))
        lost = random_.sample(self.held, random_.randint(0, len(self.held) // 4))
        gone = {envelope.id for envelope in [*taken, *lost]} - {envelope.id for envelope in again}
        self.held = [envelope for envelope in self.held if envelope.id not in gone]
        forged = [replace(envelope, previous=envelope.hash) for envelope in taken if self.chance.happens(share / 4)]
        return [*forged, *taken, *again]

    def give_back(self, taken: Collection[Envelope]) -> None:
        """Whoever took them is gone and has acknowledged nothing."""
        self.held = [*taken, *self.held]


@dataclass(slots=True)
class Broker:
    """Attributes: confirmed: service -> the positions that it was told are safe."""

    chance: Chance
    weather: Weather
    queues: dict[str, list[Queue]] = field(default_factory=dict)
    confirmed: dict[str, set[int]] = field(default_factory=dict)

    def queue_of(self, service: str) -> Queue:
        queue = Queue(self.chance, self.weather)
        self.queues.setdefault(service, []).append(queue)
        return queue

    def keep(self, service: str, envelope: Envelope) -> None:
        for queue in self.queues[service]:
            queue.held.append(envelope)

    def lose_everything(self) -> None:
        for queues in self.queues.values():
            for queue in queues:
                queue.held.clear()

    def settled(self, service: str) -> int:
        """Up to where everything was confirmed."""
        confirmed, position = self.confirmed.setdefault(service, set()), 0
        while position + 1 in confirmed:
            position += 1
        return position


class Channel:
    """What the publisher uses of py-amqp's."""

    def __init__(self) -> None:
        self.events: dict[str, set[Callable[..., None]]] = {
            name: set() for name in ("basic_ack", "basic_nack", "basic_return")
        }

    def confirm_select(self) -> None: ...

    def exchange_declare(self, **_: Any) -> None: ...


class Link:
    """One relay's connection. What is published waits here until the broker answers, or hangs up."""

    def __init__(self, service: str, broker: Broker, meanwhile: Callable[[], None]) -> None:
        self._service, self._broker, self._meanwhile = service, broker, meanwhile
        self.channel, self._unanswered, self._tag = Channel(), dict[int, Sequence[Envelope]](), 0

    def close(self) -> None:
        """Nobody hears anything more; and nothing is held in a circle."""
        self.channel.events.clear()

    def published(self, envelopes: Sequence[Envelope]) -> None:
        self._tag += 1
        self._unanswered[self._tag] = envelopes

    def drain(self, _seconds: float) -> bool:
        chance, share = self._broker.chance, self._broker.weather.bus
        self._meanwhile()
        if not self._unanswered:
            raise BrokerHangs  # it has answered for everything: whoever still waits would wait for ever
        if chance.happens(share / 8):
            for envelopes in list(self._unanswered.values())[: chance.random.randint(0, len(self._unanswered))]:
                for envelope in envelopes:
                    self._broker.keep(self._service, envelope)  # taken, and nobody hears of it
            raise HungUp
        tag = chance.random.choice(list(self._unanswered))
        if chance.happens(share / 8):
            del self._unanswered[tag]
            self._say("basic_nack", tag, multiple=False)
        elif chance.happens(0.5):
            self._confirm([tag])
            self._say("basic_ack", tag, multiple=False)
        else:
            self._confirm([earlier for earlier in self._unanswered if earlier <= tag])
            self._say("basic_ack", tag, multiple=True)
        return True

    def _confirm(self, tags: list[int]) -> None:
        for tag in tags:
            for envelope in self._unanswered.pop(tag):
                self._broker.keep(self._service, envelope)
                self._broker.confirmed.setdefault(self._service, set()).add(envelope.position)

    def _say(self, what: str, tag: int, *, multiple: bool) -> None:
        for hear in self.channel.events[what]:
            hear(tag, multiple)


class MemoryPublisher(Publisher):
    """The real one but for the wire: messages and their MACs have tests of their own."""

    patience = math.inf  # a schedule has no time: a busy machine must not change it
    together = 2  # a schedule's logs are short: in messages as large as they may be, each batch would be one
    _link: Any

    def _send(self, _partition: int, events: Sequence[Envelope], _lines: Sequence[bytes]) -> None:
        self._link.published(events)
