"""`make faults`: plays faults at a school whose day goes on, for long, and says what held.

make faults                                       # all of it: an hour or more, by the machine
make faults ARGS="--scenario kills --kills 200"   # some of it
make faults ARGS="--seed 7"                       # the same chances again
"""

import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy.local.folders import ROOT, private_folder
from tests.faults.rig import Rig, a_rig, plain, surrounded
from tests.faults.scenarios import SCENARIOS, command

console = Console(stderr=True)


def main(
    scenario: str = typer.Option("", help=f"one of: {', '.join(SCENARIOS)}; all, unless one is named"),
    kills: int = typer.Option(SCENARIOS["kills"].long, help="how many processes to kill"),
    times: int = typer.Option(0, help="how often each of the others; as many as is long, unless said"),
    seed: int = typer.Option(0, help="of all chances; a new one, unless said"),
) -> None:
    """Plays faults and checks, after each lot, everything that has to hold."""
    if scenario and scenario not in SCENARIOS:
        raise typer.BadParameter(f"there is {', '.join(SCENARIOS)}", param_hint="--scenario")
    seed = seed or secrets.randbelow(1 << 31) + 1
    console.print(f"seed {seed}")
    failed = [
        name
        for name in ([scenario] if scenario else SCENARIOS)
        if not played(name, seed, kills if name == "kills" else times or SCENARIOS[name].long)
    ]
    sys.exit(1 if failed else 0)


def played(name: str, seed: int, times: int) -> bool:
    """Whether everything held."""
    folder = Path(tempfile.mkdtemp(prefix="faults-", dir=private_folder(ROOT / "run")))
    began = time.monotonic()
    try:
        with rig_for(name, seed, folder) as rig:
            if name == "disk-full" and rig.around is not None and rig.around.disk is None:
                console.print(f"{name}: skipped; {rig.around.no_disk_because}")
                return True
            with watched(name, times, rig):
                SCENARIOS[name].play(rig, times)
            report(name, rig, time.monotonic() - began)
    except BaseException as error:
        console.print(f"[red]{name} failed[/]: {error}", highlight=False)
        console.print(
            f"seed {seed}; to see it again:\n    {command(name, seed, times)}\nlogs: {folder.relative_to(ROOT)}"
        )
        if not isinstance(error, Exception):
            raise
        return False
    shutil.rmtree(folder, ignore_errors=True)
    return True


@contextmanager
def rig_for(name: str, seed: int, folder: Path) -> Iterator[Rig]:
    """The installation that a scenario needs, with a day in it."""
    with ExitStack() as stack:
        if SCENARIOS[name].surrounded:
            bench, around = stack.enter_context(surrounded(folder))
            yield stack.enter_context(a_rig(bench, name, seed, around))
        else:
            yield stack.enter_context(a_rig(stack.enter_context(plain(folder)), name, seed))


@contextmanager
def watched(name: str, times: int, rig: Rig) -> Iterator[None]:
    """A bar while it lasts; a line for each look at everything where nobody watches."""
    if not console.is_terminal:
        began, done = time.monotonic(), [0]

        def line(what: str, number: int) -> None:
            done[0] += number
            if not number:
                console.print(f"{name} {done[0]}/{times}, {time.monotonic() - began:.0f} s: {what}", highlight=False)

        rig.tell = line
        yield
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, TextColumn("{task.fields[last]}"), console=console) as progress:
        bar = progress.add_task(name, total=times, last="")
        rig.tell = lambda what, number: progress.update(bar, advance=number, last=what)
        yield


def report(name: str, rig: Rig, seconds: float) -> None:
    """What was done, and what people met meanwhile."""
    table = Table(title=f"{name}: all held, {seconds:.0f} s", show_header=False)
    for what, count in sorted(rig.done.items()):
        table.add_row(what, str(count))
    table.add_section()
    if rig.checked:
        table.add_row("looks at everything, at which all held", str(rig.checked))
    table.add_row("commands answered, each once in the logs", str(len(rig.kept.answered)))
    for what, count in rig.kept.passing.most_common():
        table.add_row(f"asked to try again: {what}", str(count))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
