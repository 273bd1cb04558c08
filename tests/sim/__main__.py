"""`python -m tests.sim`: plays schedules until one fails or all are through, and says how each failure is seen again.

Exit code 3 where a schedule failed. On one machine with two cores 86 schedules a second were played by one process and
158 by two: a million takes an hour and three quarters. Debian's Python, which is built with what a profile showed
(`--enable-optimizations`), played 229: then it takes an hour and a quarter. How many a machine plays is shown while it
plays, and without a terminal once a minute.
"""

import argparse
import gc
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.sim.judge import Schedule
from tests.sim.school import SimulatedSchool

FAILED = 3
CHUNK = 100
MOST_SHOWN = 5
BETWEEN_LINES = 60.0
"""Seconds, where no terminal shows a bar."""

Failure = tuple[Schedule, list[str]]


def main() -> int:
    asked = _arguments()
    console = Console(highlight=False)
    if asked.schedules == 1:
        return _one(Schedule(asked.seed, asked.steps), console)
    seeds = range(asked.seed, asked.seed + asked.schedules)
    started, played, failures = time.monotonic(), 0, list[Failure]()
    told = started
    with _progress(console) as progress:
        task = progress.add_task("", total=len(seeds), rate="")
        for number, failed in _played(seeds, asked.workers):
            played += number
            failures += failed
            now = time.monotonic()
            progress.update(task, completed=played, rate=f"{played / (now - started):.0f}/s")
            if not console.is_terminal and now >= told + BETWEEN_LINES:
                told = now
                console.print(_so_far(played, len(seeds), len(failures), now - started), soft_wrap=True)
            for schedule, wrong in failed[: max(0, MOST_SHOWN - len(failures) + len(failed))]:
                _show(schedule, wrong, console)
            if len(failures) >= asked.failures:
                break
    rate = played / (time.monotonic() - started)
    console.print(
        f"{played} schedules from seed {asked.seed}: {len(failures)} failed; {rate:.0f} a second", soft_wrap=True
    )
    return FAILED if failures else 0


def _so_far(played: int, of: int, failed: int, seconds: float) -> str:
    left = seconds / played * (of - played) / 60
    return f"{played} of {of}: {failed} failed; {played / seconds:.0f} a second, {left:.0f} minutes to go"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    parser.add_argument("--schedules", type=int, default=5000, help="how many (default: 5000)")
    parser.add_argument("--seed", type=int, default=0, help="of the first; each next one has the next (default: 0)")
    parser.add_argument("--steps", type=int, help="with one schedule: cut its storm short")
    parser.add_argument("--workers", type=int, default=2, help="processes (default: 2)")
    parser.add_argument("--failures", type=int, default=MOST_SHOWN, help="stop after so many (default: 5)")
    return parser.parse_args()


def _progress(console: Console) -> Progress:
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _played(seeds: range, workers: int) -> Iterator[tuple[int, list[Failure]]]:
    """Chunk by chunk; which seeds are played does not hang on who plays them."""
    chunks = [seeds[at : at + CHUNK] for at in range(0, len(seeds), CHUNK)]
    if workers == 1:
        yield from map(play, chunks)
        return
    with ProcessPoolExecutor(workers) as pool:
        try:
            for done in as_completed([pool.submit(play, chunk) for chunk in chunks]):
                yield done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def play(seeds: Iterable[int]) -> tuple[int, list[Failure]]:
    """How many schedules were played, and those that failed.

    What a schedule leaves in circles is collected when it is over, while it is at hand, and not looked for before.
    """
    played, failures = 0, list[Failure]()
    gc.freeze()
    gc.disable()
    try:
        for seed in seeds:
            schedule = Schedule(seed)
            if wrong := schedule.play()[1]:
                failures.append((schedule, wrong))
            played += 1
            gc.collect()
    finally:
        gc.enable()
    return played, failures


def again(schedule: Schedule) -> str:
    """The command that plays a schedule again."""
    steps = "" if schedule.steps is None else f" --steps {schedule.steps}"
    return f'make sim ARGS="--schedules 1 --seed {schedule.seed}{steps}"'


def shrunk(schedule: Schedule) -> Schedule:
    """The same with the shortest storm that still fails: a schedule's first steps do not hang on how many follow."""
    return next((s for n in range(200) if (s := Schedule(schedule.seed, n)).play()[1]), schedule)


def _show(schedule: Schedule, wrong: list[str], console: Console) -> None:
    console.print(f"seed {schedule.seed} fails: {escape(wrong[0])}", soft_wrap=True)
    console.print(f"  {again(schedule)}\n  shrunk: {again(shrunk(schedule))}", soft_wrap=True)


def _one(schedule: Schedule, console: Console) -> int:
    """Tells the whole of one schedule, by ids."""
    school, wrong = schedule.play()
    console.print(str(school.storm.weather_before), soft_wrap=True)
    console.print(" > ".join(school.storm.did), soft_wrap=True)
    _tell_logs(school, console)
    for line in wrong or ["nothing is wrong"]:
        console.print(escape(line), soft_wrap=True)
    return FAILED if wrong else 0


def _tell_logs(school: SimulatedSchool, console: Console) -> None:
    for service in school.services:
        for envelope in service.log.envelopes:
            console.print(f"{service.name} {envelope.position:>3}  {envelope.type}  {envelope.stream}", soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
