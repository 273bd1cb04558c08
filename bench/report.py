"""Writes what was measured: a JSON file and a plot a topic, and one page over all topics that are written down."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from bench.side import Goal, Medians, NotMeasured, Outcome, Topic
from deploy.operator.config import ROOT

FOLDER = ROOT / "docs" / "bench"
PAGE = FOLDER / "README.md"

HEADER = """# What was measured

Written by `make bench`, which runs all of it; `make bench ARGS="--only store"` runs one part. All sides of a part are
measured in one run, interleaved, each round beginning with another side. A figure is the median of the rounds, with the
least and the most behind it. A side whose result is not whole (an event missing, twice, or out of order) or not
durable is disqualified; the controls are sides of which this is known, and a run in which the bench does not find it
fails.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One topic as it was measured."""

    topic: str
    measured_at: str
    machine: Mapping[str, str]
    outcomes: Sequence[Outcome]


def write(topic: Topic, machine: Mapping[str, str], outcomes: Sequence[Outcome], at: datetime) -> None:
    """The topic's JSON and plot; `page` writes what people read."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    record = Record(topic=topic.name, measured_at=f"{at:%Y-%m-%d %H:%M} UTC", machine=machine, outcomes=outcomes)
    (FOLDER / f"{topic.name}.json").write_text(json.dumps(asdict(record), indent=1) + "\n")
    plot(topic, outcomes)


def page(topics: Sequence[Topic]) -> str:
    """The page, from what is written down of these topics."""
    return "\n".join([HEADER, *(_section(topic, record) for topic in topics if (record := read(topic.name)))])


def read(name: str) -> Record | None:
    """What is written down of a topic."""
    try:
        raw: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    except FileNotFoundError:
        return None
    return Record(**{**raw, "outcomes": [Outcome(**outcome) for outcome in raw["outcomes"]]})


def goal_row(goal: Goal, medians: Medians) -> tuple[str, str]:
    """The figure that a goal asks for, and whether it is met, by how much not, and why."""
    try:
        value = goal.figure(medians)
    except NotMeasured as why:
        return "-", f"not measured: {why}"
    met = goal.met(value)
    if met:
        return number(value), "met"
    missed = abs(value - goal.target) / goal.target
    return number(value), f"missed by {missed:.0%}" + (f": {goal.why}" if goal.why else "")


def number(value: float) -> str:
    """As many digits as say something."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _section(topic: Topic, record: Record) -> str:
    medians = Medians({outcome.name: outcome for outcome in record.outcomes})
    goals = [
        f"| {goal.text} | {'at most' if goal.at_most else 'at least'} {number(goal.target)} {goal.unit} | "
        + " | ".join(goal_row(goal, medians))
        + " |"
        for goal in topic.goals
    ]
    rounds = max((len(outcome.rounds) for outcome in record.outcomes), default=0)
    lines = [
        f"## {topic.title}\n",
        f"{topic.text}\n",
        *(["| Goal | Wanted | Measured | |", "|---|---|---|---|", *goals, ""] if goals else []),
        "| Side | Figures: median (least to most) | Counts |",
        "|---|---|---|",
        *(f"| **{o.name}**: {o.what} | {_figures(o)} | {_counts(o)} |" for o in record.outcomes),
        "",
        *([f"![{topic.title}]({topic.name}.svg)", ""] if (FOLDER / f"{topic.name}.svg").exists() else []),
        f"{record.measured_at}, {rounds} rounds; " + "; ".join(f"{k}: {v}" for k, v in record.machine.items()) + ".\n",
    ]
    return "\n".join(lines)


def _figures(outcome: Outcome) -> str:
    return "<br>".join(
        f"{number(mid)} {name}" + (f" ({number(least)} to {number(most)})" if least != most else "")
        for name, (mid, least, most) in outcome.figures.items()
    )


def _counts(outcome: Outcome) -> str:
    if outcome.skipped:
        return f"not run: {outcome.skipped}"
    if outcome.control:
        return f"control: {outcome.fault or 'NOT CAUGHT'}"
    return f"disqualified: {outcome.fault}" if outcome.fault else "yes"


def plot(topic: Topic, outcomes: Sequence[Outcome]) -> None:
    """One picture a topic: a row of bars for each figure that the topic wants plotted. Needs matplotlib."""
    try:
        import matplotlib as mpl  # noqa: PLC0415 - it is in the proof environment alone
    except ImportError:
        return
    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = topic.name
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the backend is chosen

    shown = {figure: [o for o in outcomes if figure in o.figures] for figure in topic.plotted}
    shown = {figure: some for figure, some in shown.items() if some}
    if not shown:
        return
    heights = [len(some) for some in shown.values()]
    made, axes = plt.subplots(
        len(shown), 1, figsize=(9, 0.8 * len(shown) + 0.42 * sum(heights)), height_ratios=heights, squeeze=False
    )
    for axis, (figure, some) in zip(axes[:, 0], shown.items(), strict=True):
        for place, outcome in enumerate(reversed(some)):
            mid, least, most = outcome.figures[figure]
            counts = not (outcome.control or outcome.fault)
            axis.barh(
                place, mid, color="#1d70b8" if counts else "#b1b4b6", xerr=[[mid - least], [most - mid]], capsize=3
            )
            axis.text(most, place, f"  {number(mid)}" + ("" if counts else " (does not count)"), va="center")
        axis.set_yticks(range(len(some)), [outcome.name for outcome in reversed(some)])
        axis.set_xlabel(figure)
        axis.margins(x=0.25)
        axis.spines[["top", "right"]].set_visible(False)
    made.tight_layout()
    made.savefig(FOLDER / f"{topic.name}.svg", metadata={"Date": None, "Creator": None})
    plt.close(made)
