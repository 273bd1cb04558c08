"""Runs a topic: every side in every round, interleaved, so that a slow minute of the machine is nobody's alone."""

import importlib.util
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from bench.place import Place
from bench.side import Measured, Outcome, Round, Side, Topic

Say = Callable[[str], None]


def run(topic: Topic, place: Place, rounds: int, say: Say) -> Sequence[Outcome]:
    """The outcome of each side, in the topic's order. A side whose setting up or round fails is not counted."""
    taken: dict[str, list[Measured]] = {side.name: [] for side in topic}
    skipped: dict[str, str] = {}
    with ExitStack() as stack:
        measuring = dict(_ready(topic, place, stack, skipped, say))
        for number in range(rounds):
            for side in _turned(topic.sides, number):
                if side.name in measuring:
                    measured = _measured(measuring[side.name])
                    taken[side.name].append(measured)
                    say(f"{topic.name} round {number + 1} {side.name}: {_line(measured)}")
    return [
        Outcome(
            name=side.name,
            what=side.what,
            control=side.control,
            rounds=[measured.figures for measured in taken[side.name]],
            fault=next((measured.fault for measured in taken[side.name] if measured.fault), ""),
            skipped=skipped.get(side.name, ""),
        )
        for side in topic
    ]


def not_caught(outcomes: Sequence[Outcome]) -> Sequence[str]:
    """The controls in which the bench did not find what it must find. One that could not run proves nothing, either."""
    return [outcome.name for outcome in outcomes if outcome.control and outcome.control not in outcome.fault]


def _ready(
    topic: Topic, place: Place, stack: ExitStack, skipped: dict[str, str], say: Say
) -> Sequence[tuple[str, Round]]:
    found = []
    for side in topic:
        if side.needs and importlib.util.find_spec(side.needs) is None:
            skipped[side.name] = f"{side.needs} is not in this environment"
            continue
        try:
            found.append((side.name, stack.enter_context(side.ready(place))))
        except Exception as error:  # noqa: BLE001 - the other sides are measured all the same
            skipped[side.name] = f"could not be set up: {type(error).__name__}: {error}"
            say(f"{topic.name} {side.name}: {skipped[side.name]}")
    return found


def _turned(sides: Sequence[Side], number: int) -> Sequence[Side]:
    """Every round begins with another side: none is always the first, on a cold machine, or the last."""
    first = number % len(sides)
    return [*sides[first:], *sides[:first]]


def _measured(measure: Round) -> Measured:
    try:
        return measure()
    except Exception as error:  # noqa: BLE001 - said on the page; the other sides are measured all the same
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return Measured(figures={}, fault=f"{type(error).__name__}: {error}")


def _line(measured: Measured) -> str:
    figures = ", ".join(f"{value:,.1f} {name}" for name, value in measured.figures.items())
    return f"{figures}; not counted: {measured.fault}" if measured.fault else figures
