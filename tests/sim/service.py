"""A service of the simulation: its log, its people's apps, and the relay that publishes what it records."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from shared.bus.relay import BrokerHangs, BrokerRefuses, Ledger, Relay
from shared.events.wire import uuid_from_wire
from shared.log.append import Answer, Claim
from shared.log.commands import CommandHandler, Drafts, Request
from tests.property.memory_house import Chance, Crashed
from tests.sim.broker import Broker, HungUp, Link, MemoryPublisher
from tests.sim.database import Database
from tests.sim.log import MemoryVault, SimulatedLog
from tests.sim.storm import Storm

ROUNDS = 2

CLAIMED = bytes(32)
"""The MAC of a request's body: here a key is never used for two."""


class Client:
    """A person's app: when the service dies under it, it asks again with the same idempotency key."""

    def __init__(self, handler: CommandHandler, chance: Chance) -> None:
        self._handler, self._chance = handler, chance
        self.history = handler.history

    def handle(self, request: Request, decide: Callable[[Any], Drafts], **answer: Any) -> Answer:
        key = str(self._chance.new_id())
        again = replace(request, claim=Claim(person_id=uuid_from_wire(request.actor.id), key=key, body_mac=CLAIMED))
        while True:
            try:
                return self._handler.handle(again, decide, **answer)
            except Crashed:
                continue


class Service:
    def __init__(self, name: str, storm: Storm, broker: Broker) -> None:
        self.name, self.storm, self.broker = name, storm, broker
        self.database = Database(storm.someone_dies)
        self.log, self.vault = SimulatedLog(self.database), MemoryVault(storm.meanwhile)
        self._relay = Relay(name, cast("Any", None), cast("Any", None))

    def client(self) -> Any:
        chance = self.storm.chance
        return Client(
            CommandHandler(cast("Any", self.database), cast("Any", self.vault), chance, chance.new_id), chance
        )

    def relays(self) -> None:
        """A relay connects, is elected or not, and publishes a while."""
        link = Link(self.name, self.broker, self.storm.meanwhile)
        with self.database.session() as session:
            ledger = Ledger(cast("Any", session))
            publisher = MemoryPublisher(self.name, cast("Any", link), b"")
            try:
                for _ in range(ROUNDS):
                    self._relay._round(ledger, publisher)
            except (Crashed, HungUp, BrokerHangs, BrokerRefuses):
                return
            finally:
                link.close()

    @property
    def published(self) -> int:
        found = self.database.ask("SELECT position FROM relay_progress")
        return found[0][0] if found else 0
