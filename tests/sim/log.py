"""A service's log in the simulation: a vault that keeps personal values legible, and what is committed, opened."""

from collections.abc import Callable, Sequence
from typing import Any, cast
from uuid import UUID

from shared.events.declaration import Event
from shared.events.envelope import GENESIS, Envelope
from shared.events.wire import from_wire, to_wire
from shared.log import read
from shared.log.read import Head
from shared.privacy.vault import _sealed_fields
from tests.property.memory_house import PARTITION
from tests.sim.database import Database

MANY = 10_000


class MemoryVault:
    """Keeps personal values legible. While keys are asked for no transaction is open, and others go on."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self._meanwhile = meanwhile

    def sealing(self, _school_id: UUID, events: Sequence[tuple[UUID, Event]]) -> Callable[[], list[dict[str, Any]]]:
        self._meanwhile()
        return lambda: [_legible(event) for _, event in events]

    def open(self, envelopes: Sequence[Envelope]) -> list[Event]:
        self._meanwhile()
        return [opened(envelope) for envelope in envelopes]


def _legible(event: Event) -> dict[str, Any]:
    plain, parts = to_wire(event)
    boxes = {part.field: {"key": str(part.subject), "nonce": "", "text": part.text.decode()} for part in parts}
    return plain | boxes


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
