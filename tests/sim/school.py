"""The school of tests/property on the product's own machinery, and a schedule of what happens to it.

Real here: command handlers, deciders, reactions, a read model, `append`, the cursors, the runner that moves them, the
relay with its window and progress. In memory: the databases, the broker, the feed's network, the vault's keys.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from services.identity.projections.access import guardian_access
from services.messaging.commands import MessagingCommands
from services.messaging.domain.conversation import Conversation, conversation_id_of
from services.messaging.reactions import outcomes
from services.moderation.commands import ModerationCommands
from services.moderation.reactions import messaging_followed
from shared.bus.relay import BrokerHangs, BrokerRefuses, Ledger, Relay
from shared.events import moderation as decided
from shared.events.declaration import Event
from shared.events.envelope import GENESIS, Envelope
from shared.events.wire import from_wire, to_wire
from shared.log import read
from shared.log.append import Answer, Claim
from shared.log.commands import CommandHandler, Drafts, Request
from shared.log.feed import FeedBroken
from shared.log.read import Head
from shared.policy.refusal import Refusal
from shared.privacy.vault import _sealed_fields
from shared.projections.cursors import Diverged
from shared.projections.delivered import Delivered
from shared.projections.runner import Consumer, OwnLog, Reacting, Runner
from tests.property.memory_house import PARTITION, Chance, Crashed
from tests.property.memory_school import ADA, CLASS, MUM, TEACHERS, Facts, MemorySchool, asked
from tests.sim.broker import Broker, HungUp, Link, MemoryPublisher, Weather
from tests.sim.database import Database

MANY = 10_000
ROUNDS = 2
MOST_ROUNDS = 100

CLAIMED = bytes(32)
"""The MAC of a request's body: here a key is never used for two."""


class MemoryVault:
    """Keeps personal values legible. While keys are asked for no transaction is open, and others go on."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self._meanwhile = meanwhile

    def seal(self, _school_id: UUID, events: Sequence[tuple[UUID, Event]]) -> list[dict[str, Any]]:
        self._meanwhile()
        wired = [to_wire(event) for _, event in events]
        return [
            plain | {part.field: {"key": str(part.subject), "nonce": "", "text": part.text.decode()} for part in parts}
            for plain, parts in wired
        ]

    def open(self, envelopes: Sequence[Envelope]) -> list[Event]:
        self._meanwhile()
        return [opened(envelope) for envelope in envelopes]


def opened(envelope: Envelope) -> Event:
    texts = {name: box["text"].encode() for name, box in _sealed_fields(envelope).items()}
    return from_wire(envelope.type, envelope.schema_version, envelope.data, texts)


class SimulatedLog:
    """A service's log as the people and the oracle of tests/property look at it: what is committed, opened."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._envelopes: list[Envelope] = []
        self._events: dict[UUID, Event] = {}
        self._streams: dict[str, list[Envelope]] = {}
        self._places: dict[UUID, int] = {}

    @property
    def envelopes(self) -> list[Envelope]:
        if self._database.grew:
            self._database.grew = False
            looking = cast("Any", self._database.looking())
            for envelope in read.after(looking, PARTITION, len(self._envelopes), MANY):
                self._envelopes.append(envelope)
                self._places[envelope.id] = envelope.position
                self._events[envelope.id] = opened(envelope)
                self._streams.setdefault(envelope.stream, []).append(envelope)
        return self._envelopes

    @property
    def events(self) -> dict[UUID, Event]:
        _ = self.envelopes
        return self._events

    @property
    def streams(self) -> dict[str, list[Envelope]]:
        _ = self.envelopes
        return self._streams

    def place(self, event: UUID) -> int:
        _ = self.envelopes
        return self._places[event]

    @property
    def head(self) -> Head:
        last = self.envelopes[-1] if self.envelopes else None
        return Head(position=last.position, hash=last.hash) if last else Head(position=0, hash=GENESIS)

    def open(self, envelopes: Sequence[Envelope]) -> list[Event]:
        return [self.events[envelope.id] for envelope in envelopes]


class Client:
    """A person's app: when the service dies under it, it asks again with the same idempotency key."""

    def __init__(self, handler: CommandHandler, chance: Chance) -> None:
        self._handler, self._chance = handler, chance
        self.history = handler.history

    def handle(self, request: Request, decide: Callable[[Any], Drafts], **answer: Any) -> Answer:
        key = str(self._chance.new_id())
        again = replace(request, claim=Claim(person_id=UUID(request.actor.id), key=key, body_mac=CLAIMED))
        while True:
            try:
                return self._handler.handle(again, decide, **answer)
            except Crashed:
                continue


class Feed:
    """A source over the network: away, short of breath, or (after a restore gone wrong) telling another history."""

    def __init__(self, log: OwnLog, school: "SimulatedSchool") -> None:
        self._log, self._school, self.lied = log, school, False

    def heads(self) -> Any:
        return self._log.heads()

    def after(self, partition: int, at: Head, limit: int) -> list[Envelope]:
        school, chance = self._school, self._school.chance
        school.meanwhile()
        if school.quiet:
            return self._log.after(partition, at, limit)
        if chance.happens(school.weather.feed):
            raise FeedBroken
        told = self._log.after(partition, at, chance.random.randint(1, 20))
        if len(told) > 1 and chance.happens(school.weather.feed):
            self.lied = True
            school.lies += 1
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

    def __init__(self, consumer: Consumer, own: "Service", source: "Service", school: "SimulatedSchool") -> None:
        self.consumer, self._own, self.source, self._school = consumer, own, source, school
        self._queue = school.broker.queue_of(source.name)

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
            self._school.meanwhile()
            while runner.catch_up(self.consumer, heads):
                pass

    @contextmanager
    def _worker(self) -> Iterator[tuple[Runner, Feed]]:
        """What ends a worker's turn without harm; anything else ends the schedule."""
        school = self._school
        feed = Feed(OwnLog(cast("Any", self.source.database)), school)
        reacting = Reacting(
            service=self._own.name, clock=school.chance, parameters=lambda _: school.parameters, real=school.chance
        )
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


class HalfDone(Exception):  # noqa: N818 - said as it is
    """Someone died between two transactions that had to be one."""


class Restless(Exception):  # noqa: N818 - said as it is
    """What should have come to an end goes on."""


class Service:
    def __init__(self, name: str, school: "SimulatedSchool") -> None:
        self.name = name
        self.database = Database(school.someone_dies)
        self.log, self.vault = SimulatedLog(self.database), MemoryVault(school.meanwhile)
        self._school, self._relay = school, Relay(name, cast("Any", None), cast("Any", None))

    def client(self) -> Any:
        chance = self._school.chance
        return Client(
            CommandHandler(cast("Any", self.database), cast("Any", self.vault), chance, chance.new_id), chance
        )

    def relays(self) -> None:
        """A relay connects, is elected or not, and publishes a while."""
        link = Link(self.name, self._school.broker, self._school.meanwhile)
        with self.database.session() as session:
            ledger = Ledger(cast("Any", session))
            publisher = MemoryPublisher(self.name, cast("Any", link), b"")
            try:
                for _ in range(ROUNDS):
                    self._relay._round(ledger, publisher)
            except (Crashed, HungUp, BrokerHangs, BrokerRefuses):
                return

    @property
    def published(self) -> int:
        found = self.database.ask("SELECT position FROM relay_progress")
        return found[0][0] if found else 0


class SimulatedSchool(MemorySchool):
    """Attributes: quiet: whether the trouble is over. did: what happened, in order. weather_before: of the storm."""

    def __post_init__(self) -> None:
        self.weather = Weather.of(self.chance)
        self.weather_before = replace(self.weather)
        self.quiet, self._inside, self.did, self.settled_by = False, False, list[str](), ""
        self.deaths = self.lies = 0
        self.broker = Broker(self.chance, self.weather)
        names = ("messaging", "moderation", "identity")
        messaging, moderation, identity = self.services = [Service(name, self) for name in names]
        identity.database.have_tables_of(guardian_access)
        self.lines = [
            Line(messaging_followed, moderation, messaging, self),
            Line(outcomes, messaging, moderation, self),
            Line(guardian_access, identity, moderation, self),
        ]
        self.messaging, self.moderation = cast("Any", messaging.log), cast("Any", moderation.log)
        facts = cast("Any", Facts(self.parameters))
        common: Any = {"clock": self.chance, "new_id": self.chance.new_id}
        self.messages = MessagingCommands(
            handler=messaging.client(), roster=facts, names=facts, open=messaging.log.open, **common
        )
        self.leaders = ModerationCommands(handler=moderation.client(), roster=facts, queries=facts, **common)

    def machines(self) -> tuple[tuple[Callable[[], None], float], ...]:
        relays = [(service.relays, 3.0) for service in self.services[:2]]
        workers = [(do, 2.5) for line in self.lines for do in (line.by_bus, line.by_feed)]
        return (*relays, *workers, (self.the_broker_forgets, 0.3))

    def someone_dies(self) -> bool:
        """Asked before and after each commit."""
        dies = not self.quiet and self.chance.happens(self.weather.crash)
        self.deaths += dies
        return dies

    def the_broker_forgets(self) -> None:
        if self.weather.bus:
            self.broker.lose_everything()

    def a_day(self, steps: int) -> None:
        for _ in range(steps):
            self._one_of_these((*self.people(), (self.resharing_is_confirmed, 1.5), *self.machines()))

    def meanwhile(self) -> None:
        """Where a process waits, others go on: any machine, and not only once."""
        if self.quiet or self._inside:
            return
        self._inside = True
        while self.chance.happens(self.weather.between):
            self._one_of_these(self.machines())
        self._inside = False

    def settle(self) -> None:
        """The trouble is over. By the bus alone or by the feed alone, everything comes to where it belongs."""
        self.quiet, self.weather.bus = True, 0
        self.settled_by = self.chance.random.choice(("the feed", "the bus"))
        if self.settled_by == "the feed":
            self._settle([line.by_feed for line in self.lines])
        else:
            self._last_words()
            self._settle([*(service.relays for service in self.services[:2]), *(line.by_bus for line in self.lines)])

    def _settle(self, doings: Sequence[Callable[[], None]]) -> None:
        for _ in range(MOST_ROUNDS):
            before = self._standing()
            for do in doings:
                do()
            if before == self._standing():
                return
        raise Restless(f"{MOST_ROUNDS} quiet rounds, and there is still something to do")

    def _standing(self) -> list[int]:
        logs = [len(service.log.envelopes) for service in self.services]
        lines = [number for line in self.lines for number in (line.at.position, line.waiting)]
        return [*logs, *lines, *(service.published for service in self.services)]

    def _last_words(self) -> None:
        """One more event in each log: a queue that has lost its last message tells nobody, until the next comes."""
        where = Conversation(guardian_id=MUM, pupil_id=ADA, class_id=CLASS)
        teacher = asked(TEACHERS[0])
        self.messages.open_conversation(teacher, pupil_id=ADA, guardian_id=MUM, class_id=CLASS)
        self.messages.send(teacher, conversation_id=conversation_id_of(where), text="Thank you.")
        self.leaders.report_reshare(
            teacher,
            reported_as=decided.ReportedAs.GUARDIAN,
            reported_id=MUM,
            shared=decided.Shared.PHOTOGRAPH,
            account="Seen online.",
        )

    def _one_of_these(self, doings: Sequence[tuple[Callable[[], None], float]]) -> None:
        [do] = self.chance.random.choices([doing for doing, _ in doings], [weight for _, weight in doings])
        whose: Any = getattr(do, "__self__", None)
        name = getattr(whose, "name", "") or getattr(getattr(whose, "consumer", None), "name", "")
        self.did.append(f"{name} {do.__name__}".strip())
        try:
            do()
        except (Refusal, Crashed):
            return
