"""Logs, buses and workers in memory: the real I/O-free parts (handlers, deciders, cursor logic) driven by chance.

What is real here: the services' command handlers and reactions, `linked`, `Delivered`, the envelopes and their chain.
What stands in: PostgreSQL (dictionaries that keep append's promises) and RabbitMQ (a bag that loses, doubles and
shuffles).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any
from uuid import UUID

from shared.events.declaration import Event
from shared.events.envelope import GENESIS, Actor, Envelope
from shared.events.wire import to_wire
from shared.log.append import Answer, Conflict
from shared.log.commands import Drafts, Request
from shared.log.read import Head
from shared.policy.parameters import Parameters
from shared.projections.cursors import linked
from shared.projections.delivered import Delivered
from shared.projections.reaction import Given, Reaction
from shared.runtime.ids import event_id_from_cause
from shared.testing.envelopes import envelope_of

SCHOOL = UUID(int=1)
PARTITION = 1
START = datetime(2026, 9, 7, 9, 0, tzinfo=UTC)
BATCH = 20
TRIES = 10


# Each history has the same moments and ids: they are made once for all of them.
@lru_cache(4096)
def _second(number: int) -> datetime:
    return START + timedelta(seconds=number)


@lru_cache(4096)
def _id(number: int) -> UUID:
    return UUID(int=(number << 64) | 0xABC)


class Crashed(BaseException):
    """Stands for SIGKILL."""


@dataclass(slots=True)
class Chance:
    """All chance of one history comes from one seed, which a failing test prints."""

    seed: int
    random: Random = field(init=False)
    _ids: int = 0
    _seconds: int = 0

    def __post_init__(self) -> None:
        self.random = Random(self.seed)  # noqa: S311 - chance, not secrecy

    def now(self) -> datetime:
        self._seconds += 1
        return _second(self._seconds)

    def new_id(self) -> UUID:
        self._ids += 1
        return _id(self._ids)

    def happens(self, share: float) -> bool:
        return self.random.random() < share


class MemoryLog:
    """A service's log: contiguous, chained, all or nothing at the expected versions."""

    def __init__(self, service: str, chance: Chance) -> None:
        self.service, self._chance = service, chance
        self.envelopes: list[Envelope] = []
        self.events: dict[UUID, Event] = {}
        self.streams: dict[str, list[Envelope]] = {}

    def heads(self) -> Mapping[int, Head]:
        return {PARTITION: self.head}

    @property
    def head(self) -> Head:
        if not self.envelopes:
            return Head(position=0, hash=GENESIS)
        last = self.envelopes[-1]
        return Head(position=last.position, hash=last.hash)

    def after(self, _partition: int, at: Head, limit: int) -> list[Envelope]:
        return self.envelopes[at.position : at.position + limit]

    def open(self, envelopes: Sequence[Envelope]) -> list[Event]:
        """As the vault does for whoever may."""
        return [self.events[envelope.id] for envelope in envelopes]

    def append(
        self,
        drafts: Drafts,
        ids: Sequence[UUID],
        expected: Mapping[str, int],
        actor: Actor,
        causation_id: UUID | None = None,
    ) -> int:
        for stream in {*expected, *(stream for stream, _ in drafts)}:
            actual = len(self.streams.get(stream, ()))
            if actual != expected[stream]:
                raise Conflict(stream, expected[stream], actual)
        for (stream, event), ident in zip(drafts, ids, strict=True):
            assert ident not in self.events, "one event twice"
            plain, parts = to_wire(event)
            sealed = {part.field: {"key": str(part.subject), "nonce": "", "text": ""} for part in parts}
            now, head = self._chance.now(), self.head
            envelope = envelope_of(
                event,
                at=now,
                previous=head.hash,
                id=ident,
                school_id=SCHOOL,
                stream=stream,
                stream_version=len(self.streams.get(stream, ())) + 1,
                partition=PARTITION,
                position=head.position + 1,
                actor=actor,
                causation_id=causation_id,
                data=plain | sealed,
            )
            self.envelopes.append(envelope)
            self.events[ident] = event
            self.streams.setdefault(stream, []).append(envelope)
        return self.head.position


class MemoryHistory:
    """What a decision reads, with the versions at which it read."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log
        self.versions: dict[str, int] = {}

    def recorded(self, stream: str) -> Sequence[Envelope]:
        found = list(self._log.streams.get(stream, ()))
        self.versions[stream] = len(found)
        return found

    def fold(self, stream: str, initial: Any, evolve: Callable[[Any, Any], Any]) -> Any:
        state = initial
        for event in self._log.open(self.recorded(stream)):
            state = evolve(state, event)
        return state

    def begins(self, stream: str) -> None:
        self.versions[stream] = 0

    def expected(self, drafts: Drafts) -> dict[str, int]:
        return {stream: 0 for stream, _ in drafts} | self.versions


class MemoryHandler:
    """The command handler on such a log; now and then another writer comes between the decision and its append."""

    def __init__(self, log: MemoryLog, chance: Chance, meanwhile: Callable[[], None]) -> None:
        self._log, self._chance, self._meanwhile = log, chance, meanwhile

    def history(self, _school_id: UUID) -> MemoryHistory:
        return MemoryHistory(self._log)

    def handle(
        self,
        request: Request,
        decide: Callable[[Any], Drafts],
        *,
        status: int = 201,
        location: str = "",
    ) -> Answer:
        for attempt in range(TRIES):
            history = MemoryHistory(self._log)
            drafts = decide(history)
            if not attempt and self._chance.happens(0.1):
                self._meanwhile()
            ids = [self._chance.new_id() for _ in drafts]
            try:
                position = self._log.append(drafts, ids, history.expected(drafts), request.actor)
            except Conflict:
                continue
            return Answer(status=status, location=location, partition=PARTITION, position=position)
        raise AssertionError("outrun ten times by nobody")


@dataclass(slots=True)
class Bag:
    """A broker at its worst: what is published may be lost, doubled, shuffled and late."""

    chance: Chance
    held: list[Envelope] = field(default_factory=list)
    published: int = 0

    def publish(self, log: MemoryLog) -> None:
        """The relay: in order, but it may forget how far it was and publish again."""
        if self.published and self.chance.happens(0.1):
            self.published = self.chance.random.randrange(self.published)
        self.held += log.envelopes[self.published :]
        self.published = len(log.envelopes)

    def deliver(self) -> list[Envelope]:
        """Some of what is held, in any order; what was delivered may come again, or never."""
        random_ = self.chance.random
        taken = random_.sample(self.held, random_.randint(0, min(len(self.held), BATCH)))
        again = random_.sample(taken, random_.randint(0, len(taken) // 2))
        lost = random_.sample(self.held, random_.randint(0, len(self.held) // 4))
        gone = {envelope.id for envelope in [*taken, *lost]} - {envelope.id for envelope in again}
        self.held = [envelope for envelope in self.held if envelope.id not in gone]
        return [*taken, *again]


@dataclass(slots=True)
class MemoryWorkers:
    """Two workers of a service at one reaction: the cursor they share, and chance between look and commit."""

    reaction: Reaction
    own: MemoryLog
    source: MemoryLog
    chance: Chance
    parameters: Callable[[], Parameters]
    bag: Bag = field(init=False)
    cursor: Head = field(default_factory=lambda: Head(position=0, hash=GENESIS))
    _inside: bool = False

    def __post_init__(self) -> None:
        self.bag = Bag(self.chance)

    def step(self) -> None:
        """Something happens here: a delivery, a look at the heads, a crash."""
        try:
            if self.chance.happens(0.3):
                self._take(self.source)
            else:
                self.bag.publish(self.source)
                self._take(Delivered(self.source.service, self.source, self.bag.deliver()))
        except Crashed:
            return

    def catch_up(self) -> None:
        """Quiet: to the head, by the feed."""
        self._take(self.source, calm=True)

    def _take(self, source: Any, *, calm: bool = False) -> None:
        while True:
            at = self.cursor
            batch = linked(at, source.after(PARTITION, at, BATCH), self.reaction.consumer, self.reaction.source)
            if not batch:
                return
            for envelope in batch:
                if not self._react(at, envelope, calm=calm):
                    break
                at = Head(position=envelope.position, hash=envelope.hash)

    def _react(self, at: Head, cause: Envelope, *, calm: bool) -> bool:
        handler = self.reaction.handlers.get(cause.type)
        for _ in range(TRIES):
            drafts: Drafts = ()
            history = MemoryHistory(self.own)
            if handler is not None:
                given = Given(history=history, parameters=self.parameters(), cause=cause)
                drafts = handler(self.source.events[cause.id], given)
            if not calm:
                self._while_undecided()
            if self.cursor.position != at.position:
                return False  # the other worker was here
            ids = [event_id_from_cause(cause.id, self.reaction.name, index) for index in range(len(drafts))]
            actor = Actor(kind="service", id=self.own.service)
            try:
                self.own.append(drafts, ids, history.expected(drafts), actor, cause.id)
            except Conflict:
                continue
            self.cursor = Head(position=cause.position, hash=cause.hash)
            if not calm and self.chance.happens(0.02):
                raise Crashed  # after the commit, before the acknowledgement
            return True
        return False

    def _while_undecided(self) -> None:
        """The other worker may take the same event first; this one may die."""
        if self.chance.happens(0.02):
            raise Crashed
        if not self._inside and self.chance.happens(0.05):
            self._inside = True
            try:
                self._take(self.source, calm=True)
            finally:
                self._inside = False
