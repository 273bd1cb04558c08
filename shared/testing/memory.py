"""A service's log in memory, for tests without I/O: it records, folds, and answers commands and reactions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID

from shared.events.declaration import Event
from shared.events.envelope import GENESIS, Envelope
from shared.log.append import Answer
from shared.log.commands import Drafts, Request, S
from shared.policy.parameters import Parameters
from shared.projections.reaction import Given, Reaction
from shared.testing.envelopes import envelope_of

SCHOOL = UUID(int=1)
PARTITION = 1
AT = datetime(2026, 9, 7, 9, 0, tzinfo=UTC)


@dataclass(slots=True)
class MemoryLog:
    """One school's streams. It is its own history: nobody else writes between a decision and its append.

    Attributes:
        envelopes: all that was recorded, in order; their data is without personal values.
    """

    envelopes: list[Envelope] = field(default_factory=list)
    _events: list[Event] = field(default_factory=list)

    def record(self, stream: str, *events: Event, at: datetime = AT) -> list[Envelope]:
        """Appends to a stream; the envelopes are linked as in a log."""
        return [self._recorded(stream, event, at) for event in events]

    def recorded(self, stream: str) -> list[Envelope]:
        """One stream, oldest first."""
        return [envelope for envelope in self.envelopes if envelope.stream == stream]

    def open(self, envelopes: Sequence[Envelope]) -> list[Event]:
        """The events as they were recorded, personal values too: as the vault does for whoever may."""
        return [self._events[envelope.position - 1] for envelope in envelopes]

    def fold(self, stream: str, initial: S, evolve: Callable[[S, Any], S]) -> S:
        """The state that a stream comes to."""
        state = initial
        for event in self.open(self.recorded(stream)):
            state = evolve(state, event)
        return state

    def begins(self, stream: str) -> None:
        """Fails where somebody has begun it before."""
        assert not self.recorded(stream)  # noqa: S101 - an id of this request's own

    def history(self, _school_id: UUID) -> Self:
        """What has happened, read for itself."""
        return self

    def handle(
        self, request: Request, decide: Callable[["MemoryLog"], Drafts], *, status: int = 201, location: str = ""
    ) -> Answer:
        """Decides and records, as the command handler does; keys are not looked at."""
        for stream, event in decide(self):
            self.record(stream, event, at=request.occurred_at)
        return Answer(status=status, location=location, partition=PARTITION, position=len(self.envelopes))

    def react(self, reaction: Reaction, cause: Envelope, event: Event, parameters: Parameters | None = None) -> Drafts:
        """What the reaction makes of a foreign event, recorded; nothing where it has no handler for it."""
        handler = reaction.handlers.get(cause.type)
        if handler is None:
            return ()
        drafts = handler(event, Given(history=self, parameters=parameters or Parameters(), cause=cause))
        for stream, draft in drafts:
            self.record(stream, draft)
        return drafts

    def _recorded(self, stream: str, event: Event, at: datetime) -> Envelope:
        position = len(self.envelopes) + 1
        envelope = envelope_of(
            event,
            at=at,
            previous=self.envelopes[-1].hash if self.envelopes else GENESIS,
            id=UUID(int=position),
            school_id=SCHOOL,
            stream=stream,
            stream_version=len(self.recorded(stream)) + 1,
            partition=PARTITION,
            position=position,
        )
        self.envelopes.append(envelope)
        self._events.append(event)
        return envelope
