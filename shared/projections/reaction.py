"""How a reaction is declared: a foreign event in, own events out, appended in the transaction that moves the cursor.

A handler is pure but for its reads: it folds own streams through the history it is handed and says what to append.
The ids of what it appends follow from the event's, so that one event has one effect however often it is delivered.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from uuid import UUID

from shared.events.declaration import Event
from shared.events.envelope import Envelope
from shared.log.commands import Drafts, S
from shared.policy.parameters import Parameters

E = TypeVar("E", bound=Event)


class Folds(Protocol):
    """What a handler reads of its own log: `shared.log.commands.History`, or one in memory in a test."""

    def fold(self, stream: str, initial: S, evolve: Callable[[S, Any], S]) -> S:
        """The state that a stream of the own log comes to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a handler is handed beside the event.

    Attributes:
        history: the own log, of the event's school.
        parameters: what the school varies of the policy.
        cause: the event's envelope, as its source recorded it.
    """

    history: Folds
    parameters: Parameters
    cause: Envelope


Handler = Callable[[Any, Given], Drafts]


@dataclass(slots=True)
class Reaction:
    """One reaction: the log it follows and what each event type leads to."""

    name: str
    source: str
    handlers: dict[str, Handler] = field(default_factory=dict)

    @property
    def consumer(self) -> str:
        """The name under which its cursors stand."""
        return self.name

    def on(self, event: type[E]) -> Callable[[Callable[[E, Given], Drafts]], Callable[[E, Given], Drafts]]:
        """Declares the handler of an event type."""

        def declare(handler: Callable[[E, Given], Drafts]) -> Callable[[E, Given], Drafts]:
            if event.event_type in self.handlers:
                raise ValueError(f"{self.name} handles {event.event_type} twice")
            self.handlers[event.event_type] = handler
            return handler

        return declare


SchoolParameters = Callable[[UUID], Parameters]
"""What a school varies of the policy, as the service's roster knows it."""
