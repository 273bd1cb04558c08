"""What is measured: sides, the figures of their rounds, and the goals that rest on them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from statistics import median

from bench.place import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One round of one side.

    Attributes:
        figures: by name with its unit, such as `events/s` or `p99 ms`.
        fault: why the round does not count; empty where its result was checked and is right.
    """

    figures: Mapping[str, float]
    fault: str = ""


Round = Callable[[], Measured]
"""Measures once, from a state that it makes or checks itself. Between rounds its side is to be idle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of those that are measured side by side.

    Attributes:
        name: short; figures are found by it.
        what: one sentence for the page.
        ready: sets the side up once, gives what measures a round, and clears up.
        control: empty; else words that the fault of every round must contain: a control that is not caught fails the
            whole run.
        needs: a module that must be importable; without it the side is left out and the page says so.
    """

    name: str
    what: str
    ready: Callable[[Place], AbstractContextManager[Round]]
    control: str = ""
    needs: str = ""


class NotMeasured(Exception):  # noqa: N818 - said as it is
    """A figure that a goal rests on is not there; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """All rounds of one side, as they are written down.

    Attributes:
        rounds: the figures of each.
        fault: of the first round that had one.
        skipped: why there is no round at all.
    """

    name: str
    what: str
    control: str
    rounds: Sequence[Mapping[str, float]] = ()
    fault: str = ""
    skipped: str = ""

    @property
    def figures(self) -> Mapping[str, tuple[float, float, float]]:
        """Name -> (median, least, most) over the rounds that have it."""
        names = dict.fromkeys(name for round_ in self.rounds for name in round_)
        found = {name: [round_[name] for round_ in self.rounds if name in round_] for name in names}
        return {name: (median(values), min(values), max(values)) for name, values in found.items()}


@dataclass(frozen=True, slots=True)
class Medians:
    """The medians of the sides that count, for goals."""

    outcomes: Mapping[str, Outcome]

    def of(self, side: str, figure: str) -> float:
        """One side's median.

        Raises:
            NotMeasured: the side did not run, or is disqualified.
        """
        outcome = self.outcomes.get(side)
        if outcome is None:
            raise NotMeasured(f"{side} is no side of this run")
        if why := outcome.skipped or (not outcome.control and outcome.fault):
            raise NotMeasured(f"{side}: {why}")
        if figure not in outcome.figures:
            raise NotMeasured(f"{side} has no figure {figure}")
        return outcome.figures[figure][0]

    def most(self, figure: str, *sides: str) -> float:
        """The greatest of some sides' medians. Raises NotMeasured as `of`."""
        return max(self.of(side, figure) for side in sides)


def times(side: str, other: str) -> Callable[[Medians], float]:
    """A goal's figure: how many times another side's events a second one side reaches."""
    return lambda medians: medians.of(side, "events/s") / medians.of(other, "events/s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What is to be reached.

    Attributes:
        text: in words.
        target: the number; the figure is to be at least that, or at most with `at_most`.
        unit: of both.
        figure: computed from the medians.
        why: what to say where it is missed: why, and what would reach it.
    """

    text: str
    target: float
    unit: str
    figure: Callable[[Medians], float]
    at_most: bool = False
    why: str = ""

    def met(self, value: float) -> bool:
        """Whether the figure reaches the target."""
        return value <= self.target if self.at_most else value >= self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What is measured in one run, interleaved: `python -m bench --only NAME`.

    Attributes:
        title: of its section on the page.
        text: how it is measured and what the sides have in common, for the page.
        plotted: the figures that get a plot, in order; each with all sides that have it.
    """

    name: str
    title: str
    text: str
    sides: Sequence[Side]
    goals: Sequence[Goal]
    plotted: Sequence[str] = field(default_factory=tuple)

    def __iter__(self) -> Iterator[Side]:
        return iter(self.sides)
