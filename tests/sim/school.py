"""The school of tests/property on the product's own machinery, and a schedule of what happens to it.

Real here: command handlers, deciders, reactions, a read model, `append`, the cursors, the runner that moves them, the
relay with its window and progress. In memory: the databases, the broker, the feed's network, the vault's keys.
"""

from collections.abc import Callable, Sequence
from typing import Any, cast

from services.identity.projections.access import guardian_access
from services.messaging.commands import MessagingCommands
from services.messaging.reactions import outcomes
from services.moderation.commands import ModerationCommands
from services.moderation.reactions import messaging_followed
from shared.events import moderation as decided
from tests.property.memory_school import ADA, CLASS, CONVERSATIONS, MUM, TEACHERS, Facts, MemorySchool, asked
from tests.sim.broker import Broker
from tests.sim.line import Line
from tests.sim.service import Service
from tests.sim.storm import Doings, Storm

MOST_ROUNDS = 100


class Restless(Exception):  # noqa: N818 - said as it is
    """What should have come to an end goes on."""


class SimulatedSchool(MemorySchool):
    """Attributes: settled_by: which of the two ways everything came to where it belongs."""

    def __post_init__(self) -> None:
        self.storm, self.settled_by = Storm(self.chance), ""
        self.broker = Broker(self.chance, self.storm.weather)
        names = ("messaging", "moderation", "identity")
        messaging, moderation, identity = self.services = [Service(name, self.storm, self.broker) for name in names]
        identity.database.have_tables_of(guardian_access)
        self.lines = [
            Line(messaging_followed, moderation, messaging, self.parameters),
            Line(outcomes, messaging, moderation, self.parameters),
            Line(guardian_access, identity, moderation, self.parameters),
        ]
        self.storm.machines = self._machines()
        self.messaging, self.moderation = cast("Any", messaging.log), cast("Any", moderation.log)
        facts = cast("Any", Facts(self.parameters))
        common: Any = {"clock": self.chance, "new_id": self.chance.new_id}
        self.messages = MessagingCommands(
            handler=messaging.client(), roster=facts, names=facts, open=messaging.log.open, **common
        )
        self.leaders = ModerationCommands(handler=moderation.client(), roster=facts, queries=facts, **common)

    def _machines(self) -> Doings:
        relays = [(service.relays, 3.0) for service in self.services[:2]]
        workers = [(do, 2.5) for line in self.lines for do in (line.by_bus, line.by_feed)]
        return Doings((*relays, *workers, (self.the_broker_forgets, 0.3)))

    def the_broker_forgets(self) -> None:
        if self.storm.weather.bus:
            self.broker.lose_everything()

    def a_day(self, steps: int) -> None:
        doings = Doings((*self.people(), (self.resharing_is_confirmed, 1.5), *self.storm.machines.weighed))
        for _ in range(steps):
            self.storm.one_of(doings)

    def settle(self) -> None:
        """The trouble is over. By the bus alone or by the feed alone, everything comes to where it belongs."""
        self.storm.is_over()
        self.settled_by = self.chance.random.choice(("the feed", "the bus"))
        if self.settled_by == "the feed":
            self._settle([line.by_feed for line in self.lines])
        else:
            self._last_words()
            self._settle([*(service.relays for service in self.services[:2]), *(line.by_bus for line in self.lines)])

    def is_over(self) -> None:
        """Lets go of what can still be done here: it holds the school, as the school does it."""
        self.storm.machines = Doings()

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
        teacher = asked(TEACHERS[0])
        self.messages.open_conversation(teacher, pupil_id=ADA, guardian_id=MUM, class_id=CLASS)
        self.messages.send(teacher, conversation_id=CONVERSATIONS[MUM, ADA], text="Thank you.")
        self.leaders.report_reshare(
            teacher,
            reported_as=decided.ReportedAs.GUARDIAN,
            reported_id=MUM,
            shared=decided.Shared.PHOTOGRAPH,
            account="Seen online.",
        )
