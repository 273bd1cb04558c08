"""Given, when, then for a decider: past events, a command, the new events or the refusal. No I/O."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from shared.events.declaration import Event
from shared.policy.codes import Code
from shared.policy.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a decision came to."""

    events: Sequence[Event]
    refusal: Refusal | None

    def then(self, *expected: Event) -> None:
        """Just these events, in this order."""
        assert self.refusal is None, f"refused {self.refusal}"
        assert list(self.events) == list(expected)

    def then_nothing(self) -> None:
        """No event and no refusal: there was nothing to do."""
        self.then()

    def then_refused(self, code: Code, clause: str | None = None) -> None:
        """Refused with the code, and with the clause of the policy where one is named."""
        assert self.refusal is not None, f"not refused, but {self.events}"
        assert self.refusal.code == code
        if clause is not None:
            assert self.refusal.clause == clause


@dataclass(frozen=True, slots=True)
class Given:
    """A history, and the decider that it is folded for."""

    decide: Callable[[Any, Any], Sequence[Event]]
    state: Any

    def when(self, command: Any) -> Outcome:
        """Decides; a refusal is an outcome too."""
        try:
            return Outcome(self.decide(command, self.state), None)
        except Refusal as refusal:
            return Outcome((), refusal)


def specification(
    decide: Callable[[Any, Any], Sequence[Event]], evolve: Callable[[Any, Any], Any], initial: Any
) -> Callable[..., Given]:
    """Makes `given`: `given(event, ...).when(command).then(event, ...)`."""

    def given(*events: Event) -> Given:
        state = initial
        for event in events:
            state = evolve(state, event)
        return Given(decide, state)

    return given
