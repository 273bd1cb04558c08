"""The one handler shape of a command: load, guard, decide, append at the expected versions; again only on conflict."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from shared.events.declaration import Event
from shared.events.envelope import Actor, Envelope
from shared.log import read
from shared.log.append import Answer, Claim, Command, Conflict, KeyReused, NewEvent, answered, append
from shared.policy.codes import CONFLICT, IDEMPOTENCY_KEY_REUSED, NOT_FOUND
from shared.policy.principal import Principal
from shared.policy.refusal import Refusal
from shared.privacy.vault import Vault, folded
from shared.runtime.clock import Clock
from shared.runtime.crash import crash_point
from shared.runtime.database import Pool

ATTEMPTS = 10
"""How often a command is decided when others move its streams first: from the second time on, one at a time."""

S = TypeVar("S")
Drafts = Sequence[tuple[str, Event]]
"""What a decision comes to: (stream, event), in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who asks, for which school, in which partition, with which idempotency key.

    Attributes:
        occurred_at: when it happened by the school's clock.
        causation_id: the event that led to it; None for what a person asked.
    """

    school_id: UUID
    partition: int
    actor: Actor
    occurred_at: datetime
    correlation_id: UUID
    claim: Claim | None = None
    causation_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asks: who they are, and the idempotency key they ask with."""

    by: Principal
    correlation_id: UUID
    claim: Claim | None

    @property
    def school_id(self) -> UUID:
        """The caller's school. Raises Refusal(NOT_FOUND) for an operator, who has none."""
        if self.by.school_id is None:
            raise Refusal(NOT_FOUND)
        return self.by.school_id

    def request(self, partition: int, occurred_at: datetime) -> Request:
        """The request as the handler wants it, once the school's partition is known."""
        return Request(
            school_id=self.school_id,
            partition=partition,
            actor=Actor(kind=self.by.capacity, id=str(self.by.person_id)),
            occurred_at=occurred_at,
            correlation_id=self.correlation_id,
            claim=self.claim,
        )


class History:
    """What a decision reads of the log. It remembers each stream's version: the append expects just these."""

    def __init__(self, pool: Pool, school_id: UUID) -> None:
        self._pool, self._school_id = pool, school_id
        self.versions: dict[str, int] = {}
        self._whole: set[str] = set()

    def fold(self, stream: str, initial: S, evolve: Callable[[S, Any], S]) -> S:
        """The state of one stream. Personal values are Sealed in it."""
        return _fold(initial, evolve, folded(self.recorded(stream)))

    def recorded(self, stream: str) -> Sequence[Envelope]:
        """One stream as the log holds it: for what rests on an event's place or hash."""
        with self._pool.connection() as connection:
            envelopes = read.stream(connection, self._school_id, stream)
        self.versions[stream] = len(envelopes)
        return envelopes

    def fold_school(self, categories: Sequence[str], initial: S, evolve: Callable[[S, Any], S]) -> S:
        """One state of all the school's streams of some categories, folded in the order of the log.

        A stream of these categories that it did not find is expected to be absent still when the append comes.
        """
        with self._pool.connection() as connection:
            found = read.streams_of_categories(connection, self._school_id, categories)
        self.versions |= {stream: len(envelopes) for stream, envelopes in found.items()}
        self._whole |= set(categories)
        in_order = sorted((e for envelopes in found.values() for e in envelopes), key=lambda e: e.position)
        return _fold(initial, evolve, folded(in_order))

    def expected(self, drafts: Drafts) -> dict[str, int]:
        """The version at which each stream was read, or is known not to exist."""
        new = {stream: 0 for stream, _ in drafts if stream.partition("-")[0] in self._whole}
        return new | self.versions


class CommandHandler:
    """Runs commands against one service's log."""

    def __init__(self, pool: Pool, vault: Vault, clock: Clock, new_id: Callable[[], UUID]) -> None:
        self._pool, self._vault, self._clock, self._new_id = pool, vault, clock, new_id
        # Four clients on one stream outrun each other for ever if all who were outrun start again at once.
        self._line = threading.Lock()

    def history(self, school_id: UUID) -> History:
        """What has happened at a school, for a decision or for what a command needs to know first."""
        return History(self._pool, school_id)

    def handle(
        self,
        request: Request,
        decide: Callable[[History], Drafts],
        *,
        status: int = 201,
        location: str = "",
    ) -> Answer:
        """Decides and appends; the same request with the same key gets its first answer, and is not decided again.

        Raises:
            Refusal: what `decide` refuses; CONFLICT when others were first too often; IDEMPOTENCY_KEY_REUSED.
            Destroyed: an event concerns someone whose key was destroyed.
        """
        try:
            for attempt in range(ATTEMPTS):
                if first := self._first_answer(request):
                    return first
                try:
                    with self._line if attempt else nullcontext():
                        return self._attempt(request, decide, status, location)
                except Conflict:
                    continue
                except Refusal:
                    # A twin of this request may have been carried out after the look above; then this is its echo.
                    if first := self._first_answer(request):
                        return first
                    raise
        except KeyReused:
            raise Refusal(IDEMPOTENCY_KEY_REUSED) from None
        raise Refusal(CONFLICT)

    def _attempt(self, request: Request, decide: Callable[[History], Drafts], status: int, location: str) -> Answer:
        history = self.history(request.school_id)
        decided = decide(history)
        command = prepared(
            self._vault,
            request,
            decided,
            [self._new_id() for _ in decided],
            expected=history.expected(decided),
            recorded_at=self._clock.now(),
            status=status,
            location=location,
        )
        with self._pool.connection() as connection, connection.transaction():
            answer = append(connection, command)
        crash_point("append.committed")
        return answer

    def _first_answer(self, request: Request) -> Answer | None:
        if request.claim is None:
            return None
        with self._pool.connection() as connection:
            return answered(connection, request.school_id, request.claim)


def prepared(
    vault: Vault,
    request: Request,
    drafts: Drafts,
    ids: Sequence[UUID],
    *,
    expected: Mapping[str, int],
    recorded_at: datetime,
    status: int = 201,
    location: str = "",
) -> Command:
    """What was decided, sealed and ready to be appended; its keys are committed on return.

    Raises:
        Destroyed: an event concerns someone whose key was destroyed.
    """
    events = [event for _, event in drafts]
    data = vault.seal(request.school_id, list(zip(ids, events, strict=True)))
    return Command(
        school_id=request.school_id,
        partition=request.partition,
        expected=expected,
        events=[
            NewEvent(
                id=event_id,
                type=event.event_type,
                schema_version=event.schema_version,
                stream=stream,
                data=sealed,
                occurred_at=request.occurred_at,
                actor=request.actor,
                correlation_id=request.correlation_id,
                causation_id=request.causation_id,
            )
            for event_id, (stream, event), sealed in zip(ids, drafts, data, strict=True)
        ],
        recorded_at=recorded_at,
        status=status,
        location=location,
        claim=request.claim,
    )


def _fold(state: S, evolve: Callable[[S, Any], S], events: Sequence[Event]) -> S:
    for event in events:
        state = evolve(state, event)
    return state
