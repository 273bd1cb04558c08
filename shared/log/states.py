"""What this process remembers of a log, so that a command need not read it again. Nothing of it is believed.

A state is kept with the version of its stream: `append` compares that under the lock, and what was refused on a state
that was remembered is decided again on one that is read. States are folded from sealed events: no personal value is in
them, readable or not. An answer is kept with its request's MAC, as the log keeps it.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, Generic, TypeVar
from uuid import UUID

from shared.log.append import Answer, Claim, KeyReused

S = TypeVar("S")

MOST_EVENTS = 100_000
"""Events that all kept states were folded from; the states that were not asked for longest go first."""
MOST_STREAMS = 5_000
"""Streams of which something is kept: one of a single event takes a kilobyte all the same."""
MOST_ANSWERS = 2_000
"""Of the last seconds, in which who heard nothing asks again; older ones are found in the log."""


@dataclass(frozen=True, slots=True)
class State(Generic[S]):
    """What a stream came to.

    Attributes:
        initial: what it was folded from.
        version: of the stream, when it had come to this.
    """

    initial: S
    value: S
    version: int

    @property
    def events(self) -> int:
        """What it is taken to weigh: about as much as its events told; a version alone, next to nothing."""
        return 1 if self.value is None else self.version


class States:
    """One service's states by stream and `evolve`. Safe to share between threads."""

    def __init__(self, most_events: int = MOST_EVENTS, most_streams: int = MOST_STREAMS) -> None:
        self._most_events, self._most_streams, self._events = most_events, most_streams, 0
        self._streams: OrderedDict[tuple[UUID, str], dict[Callable[..., Any], State[Any]]] = OrderedDict()
        self._lock = Lock()

    def find(self, school_id: UUID, stream: str, initial: S, evolve: Callable[[S, Any], S]) -> State[S] | None:
        """The state that is remembered, if it was folded in the same way."""
        with self._lock:
            found: State[S] | None = self._streams.get((school_id, stream), {}).get(evolve)
            if found is None or found.initial != initial:
                return None
            self._streams.move_to_end((school_id, stream))
            return found

    def keep(self, school_id: UUID, stream: str, evolve: Callable[[S, Any], S], state: State[S]) -> None:
        """Remembers a state, unless a newer one is.

        What a function that was made on the spot folds would never be found again.
        """
        if "<" in getattr(evolve, "__qualname__", "<"):
            return
        with self._lock:
            states = self._streams.setdefault((school_id, stream), {})
            known = states.get(evolve)
            if known is None or known.version <= state.version:
                states[evolve] = state
                self._events += state.events - (known.events if known else 0)
            self._streams.move_to_end((school_id, stream))
            while self._events > self._most_events or len(self._streams) > self._most_streams:
                _, oldest = self._streams.popitem(last=False)
                self._events -= sum(one.events for one in oldest.values())

    def forget(self, school_id: UUID, versions: Mapping[str, int]) -> None:
        """Forgets what some streams came to at these versions or before."""
        with self._lock:
            for stream, version in versions.items():
                states = self._streams.get((school_id, stream), {})
                for evolve in [evolve for evolve, state in states.items() if state.version <= version]:
                    self._events -= states.pop(evolve).events


class Answers:
    """The answers that this process gave last, by school, person and key. Safe to share between threads."""

    def __init__(self, most: int = MOST_ANSWERS) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[UUID, UUID, str], tuple[bytes, Answer]] = OrderedDict()
        self._lock = Lock()

    def find(self, school_id: UUID, claim: Claim) -> Answer | None:
        """The answer that this claim got here. Raises KeyReused where the key came with another body then."""
        with self._lock:
            found = self._kept.get((school_id, claim.person_id, claim.key))
        if found is None:
            return None
        if found[0] != claim.body_mac:
            raise KeyReused
        return found[1]

    def keep(self, school_id: UUID, claim: Claim, answer: Answer) -> None:
        """Remembers what was answered and is committed."""
        with self._lock:
            self._kept[school_id, claim.person_id, claim.key] = claim.body_mac, answer
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
