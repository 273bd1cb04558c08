"""The one handler shape of a command: load, guard, decide, append at the expected versions; again only on conflict."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from shared.events.declaration import Event
from shared.events.envelope import Actor, Envelope
from shared.events.wire import from_wire
from shared.log import read
from shared.log.append import Answer, Claim, Command, Conflict, KeyReused, Later, NewEvent, answered, append, hold
from shared.log.states import Answers, State, States
from shared.policy.codes import CONFLICT, IDEMPOTENCY_KEY_REUSED, NOT_FOUND
from shared.policy.principal import Principal
from shared.policy.refusal import Refusal
from shared.privacy.vault import Vault, folded
from shared.runtime.clock import Clock
from shared.runtime.crash import crash_point
from shared.runtime.database import Pool
from shared.runtime.together import NotDone, PerhapsDone

ATTEMPTS = 4
"""How often a command is decided when others move its streams first: from the second time on, one at a time. What was
outrun as often is decided once more while the partition is held: then nobody can."""

S = TypeVar("S")
Drafts = Sequence[tuple[str, Event]]
"""What a decision comes to: (stream, event), in order."""
Connect: TypeAlias = Callable[[], AbstractContextManager[Connection[TupleRow]]]
"""Lends a connection to the log's database."""


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
    """What a decision reads of the log. It remembers each stream's version: the append expects just these.

    Attributes:
        versions: at which each stream was read.
        remembered: whether anything was not read, but remembered from before.
    """

    def __init__(
        self,
        connect: Connect,
        school_id: UUID,
        states: States | None = None,
        *,
        anew: bool = True,
        outrun: Mapping[str, int] | None = None,
    ) -> None:
        """With `states` it keeps what it folds; unless it is to read all anew, it takes what was kept there.

        What others moved on from the versions in `outrun` it carries on first.
        """
        self._connect, self._school_id, self._states, self._anew = connect, school_id, states, anew
        self._outrun = outrun or {}
        self.versions: dict[str, int] = {}
        self.remembered = False
        self._whole: set[str] = set()
        self._folded: dict[tuple[str, Callable[..., Any]], State[Any]] = {}

    def fold(self, stream: str, initial: S, evolve: Callable[[S, Any], S]) -> S:
        """The state of one stream. Personal values are Sealed in it.

        Raises:
            Conflict: the stream was read before, and has moved since.
        """
        if self._states is None:
            return _fold(initial, evolve, folded(self.recorded(stream)))
        known = None if self._anew else self._states.find(self._school_id, stream, initial, evolve)
        if known is not None and known.version <= self._outrun.get(stream, -1):
            # Else who was faster was of this process, and has left there what the stream has come to.
            known = self._carried_on(stream, evolve, known)
        if known is not None:
            self.remembered = True
            self._read(stream, known.version)
        else:
            envelopes = self.recorded(stream)
            known = State(initial, _fold(initial, evolve, folded(envelopes)), len(envelopes))
            self._keep(stream, evolve, known)
        self._folded[stream, evolve] = known
        return known.value

    def appends_to(self, stream: str) -> None:
        """Has the append expect a stream where it stands: for a decision that rests on nothing in it.

        Raises:
            Conflict: the stream was read before, and has moved since.
        """
        known = None
        if self._states is not None and not self._anew:
            known = self._states.find(self._school_id, stream, None, _untold)
        if known is not None and known.version > self._outrun.get(stream, -1):
            self.remembered = True
        else:
            with self._connect() as connection:
                known = State(None, None, read.stream_version(connection, self._school_id, stream))
            self._keep(stream, _untold, known)
        self._read(stream, known.version)
        self._folded[stream, _untold] = known

    def begins(self, stream: str) -> None:
        """Has the append expect that a stream is not there: its id was made for this request, and nobody has it."""
        self._read(stream, 0)

    def _keep(self, stream: str, evolve: Callable[[S, Any], S], read_now: State[S]) -> None:
        """Unless it was found not to be there: whoever asks for ids that do not exist would push out what does."""
        if self._states is not None and read_now.version:
            self._states.keep(self._school_id, stream, evolve, read_now)

    def _carried_on(self, stream: str, evolve: Callable[[S, Any], S], known: State[S]) -> State[S] | None:
        """What a remembered state has come to since: of a long stream a few events are read. None where the log has not
        come as far as is remembered, or nothing was remembered but that there was nothing.
        """  # noqa: D205 - one thought
        assert self._states is not None  # noqa: S101 - it was found there
        if known.version == 0:
            return None
        with self._connect() as connection:
            last, *later = read.stream(connection, self._school_id, stream, known.version - 1) or (None,)
        if last is None:
            self._states.forget(self._school_id, {stream: known.version})
            return None
        value = _fold(known.value, evolve, folded(later))
        known = State(known.initial, value, known.version + len(later))
        self._states.keep(self._school_id, stream, evolve, known)
        return known

    def recorded(self, stream: str) -> Sequence[Envelope]:
        """One stream as the log holds it: for what rests on an event's place or hash.

        Raises:
            Conflict: the stream was read before, and has moved since.
        """
        with self._connect() as connection:
            envelopes = read.stream(connection, self._school_id, stream)
        self._read(stream, len(envelopes))
        return envelopes

    def read_on(self, connection: Connection[TupleRow]) -> None:
        """Has all that is read from now on read on this connection."""
        self._connect = lambda: nullcontext(connection)

    def moved_on(self, command: Command) -> None:
        """Keeps what the folded streams came to by the command, which was written at their versions.

        With it, of which streams it was right to expect that there are none: most guardians are never warned.
        """
        if self._states is None:
            return
        for (stream, evolve), state in self._folded.items():
            own = [event for event in command.events if event.stream == stream]
            told = [] if evolve is _untold else [from_wire(e.type, e.schema_version, e.data, {}) for e in own]
            value = _fold(state.value, evolve, told)
            self._states.keep(self._school_id, stream, evolve, State(state.initial, value, state.version + len(own)))

    def _read(self, stream: str, version: int) -> None:
        before = self.versions.setdefault(stream, version)
        if before != version:
            raise Conflict(stream, before, version)

    def fold_school(self, categories: Sequence[str], initial: S, evolve: Callable[[S, Any], S]) -> S:
        """One state of all the school's streams of some categories, folded in the order of the log.

        A stream of these categories that it did not find is expected to be absent still when the append comes.
        """
        with self._connect() as connection:
            found = read.streams_of_categories(connection, self._school_id, categories)
        for stream, envelopes in found.items():
            self._read(stream, len(envelopes))
        self._whole |= set(categories)
        in_order = sorted((e for envelopes in found.values() for e in envelopes), key=lambda e: e.position)
        return _fold(initial, evolve, folded(in_order))

    def expected(self, drafts: Drafts) -> dict[str, int]:
        """The version at which each stream was read, or is known not to exist."""
        new = {stream: 0 for stream, _ in drafts if stream.partition("-")[0] in self._whole}
        return new | self.versions


def _untold(_state: None, _event: Event) -> None:
    """Folds nothing: of the stream its version is all that counts."""


class _Undecided(Exception):  # noqa: N818 - how a decision ended
    """The decision came to no command."""

    def __init__(self, why: Exception) -> None:
        super().__init__()
        self.why = why


_PASSING = (psycopg.OperationalError, NotDone, PerhapsDone)
"""What says nothing of the request: neither a look for its answer nor another decision would help."""


class CommandHandler:
    """Runs commands against one service's log."""

    def __init__(
        self,
        pool: Pool,
        vault: Vault,
        clock: Clock,
        new_id: Callable[[], UUID],
        append_one: Callable[[Command], Answer] | None = None,
    ) -> None:
        """Each command is a transaction of its own, unless `append_one` has another way to commit it."""
        self._pool, self._vault, self._clock, self._new_id = pool, vault, clock, new_id
        self._append = append_one or self._append_alone
        self._states, self._answers = States(), Answers()
        # Four clients on one stream outrun each other for ever if all who were outrun start again at once.
        self._line = threading.Lock()

    def history(self, school_id: UUID) -> History:
        """What has happened at a school, for what a command needs to know first: read, not remembered."""
        return History(self._pool.connection, school_id)

    def handle(
        self,
        request: Request,
        decide: Callable[[History], Drafts],
        *,
        status: int = 201,
        location: str = "",
    ) -> Answer:
        """Decides and appends; the same request with the same key gets its first answer.

        It decides on what it remembers, and on what it reads where that turns out to be old; `decide` may be called
        more than once, also for a request that has its answer already.

        Raises:
            Refusal: what `decide` refuses; CONFLICT when others were first too often; IDEMPOTENCY_KEY_REUSED.
            Destroyed: an event concerns someone whose key was destroyed.
        """
        try:
            if request.claim and (first := self._answers.find(request.school_id, request.claim)):
                return first
            answer = self._answered(request, decide, status, location)
        except KeyReused:
            raise Refusal(IDEMPOTENCY_KEY_REUSED) from None
        if request.claim:
            self._answers.keep(request.school_id, request.claim, answer)
        return answer

    def _answered(self, request: Request, decide: Callable[[History], Drafts], status: int, location: str) -> Answer:
        in_line, anew, outrun = False, False, dict[str, int]()
        for attempt in range(ATTEMPTS + 1):
            last = attempt == ATTEMPTS
            history = History(self._pool.connection, request.school_id, self._states, anew=anew or last, outrun=outrun)
            try:
                with self._turn(request, history, in_line=in_line, last=last) as append_one:
                    command = self._decided(history, request, decide, status, location)
                    answer = append_one(command)
            except Conflict as conflict:
                # Where what was remembered was old, nobody was faster.
                in_line = in_line or bool(outrun) or not history.remembered
                outrun[conflict.stream] = conflict.expected
            except _Undecided as undecided:
                # The request may be an echo of one that was carried out: then this is what became of it.
                if first := self._first_answer(request):
                    return first
                if not history.remembered:
                    raise undecided.why from None
                anew = True
            else:
                crash_point("append.committed")
                if not answer.earlier:
                    history.moved_on(command)
                return answer
        raise Refusal(CONFLICT)

    @contextmanager
    def _turn(
        self, request: Request, history: History, *, in_line: bool, last: bool
    ) -> Iterator[Callable[[Command], Answer]]:
        """How what is decided now is appended: like all others; once outrun, in line; at last, alone."""
        with self._line if in_line else nullcontext():
            if not last:
                yield self._append
                return
            with self._pool.connection() as connection, connection.transaction():
                hold(connection, request.partition)
                history.read_on(connection)
                yield partial(append, connection)

    def _decided(
        self, history: History, request: Request, decide: Callable[[History], Drafts], status: int, location: str
    ) -> Command:
        try:
            decided = decide(history)
            return prepared(
                self._vault,
                request,
                decided,
                [self._new_id() for _ in decided],
                expected=history.expected(decided),
                recorded_at=self._clock.now(),
                status=status,
                location=location,
            )
        except (Conflict, *_PASSING):
            raise
        except Exception as error:
            raise _Undecided(error) from error

    def _append_alone(self, command: Command) -> Answer:
        with self._pool.connection() as connection, connection.transaction():
            return append(connection, command)

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
    """What was decided, ready to be appended: sealed by whoever writes it, under keys that are committed on return.

    Raises:
        Destroyed: an event concerns someone whose key was destroyed.
    """
    seal = vault.sealing(request.school_id, list(zip(ids, (event for _, event in drafts), strict=True)))

    def sealed() -> Sequence[NewEvent]:
        return [
            NewEvent(
                id=event_id,
                type=event.event_type,
                schema_version=event.schema_version,
                stream=stream,
                data=data,
                occurred_at=request.occurred_at,
                actor=request.actor,
                correlation_id=request.correlation_id,
                causation_id=request.causation_id,
            )
            for event_id, (stream, event), data in zip(ids, drafts, seal(), strict=True)
        ]

    return Command(
        school_id=request.school_id,
        partition=request.partition,
        expected=expected,
        events=Later(len(drafts), sealed),
        recorded_at=recorded_at,
        status=status,
        location=location,
        claim=request.claim,
    )


def _fold(state: S, evolve: Callable[[S, Any], S], events: Sequence[Event]) -> S:
    for event in events:
        state = evolve(state, event)
    return state
