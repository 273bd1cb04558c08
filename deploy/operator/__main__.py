"""The operator's commands. `python -m deploy.operator --help` lists them."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib import import_module
from typing import Annotated

import psycopg
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from deploy.operator.certificate import signed_here
from deploy.operator.checkpoints import RING, make_now, ring_here
from deploy.operator.checkpoints import lines as checkpoint_lines
from deploy.operator.checkpoints import put_back as put_lines_back
from deploy.operator.checkpoints import rotate as rotate_key
from deploy.operator.config import NoInstallation, OperatorConfig
from deploy.operator.erasing import NotErased, carry_out, pending
from deploy.operator.maintenance import maintenance_of
from deploy.operator.migrate import migrate as migrate_all
from deploy.operator.parked import all_parked, consumers_of
from deploy.operator.parked import retry as retry_parked
from deploy.operator.provision import provision as provision_all
from deploy.operator.restored import ForkUnknown, rejoin
from deploy.operator.status import standings
from deploy.operator.texts import rebuilt
from deploy.operator.verify import verify_service
from deploy.services import SERVICES
from shared.log.checkpoint_keys import BadRing
from shared.log.checkpoints import NoCheckpoint
from shared.log.partitions import TooFew
from shared.privacy.categories import Category
from shared.projections.cursors import Diverged
from shared.runtime.config import ConfigError

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_show_locals=False, help=__doc__)
parked_app = typer.Typer(pretty_exceptions_show_locals=False)
app.add_typer(parked_app, name="parked")
checkpoints_app = typer.Typer(pretty_exceptions_show_locals=False)
app.add_typer(checkpoints_app, name="checkpoints")
console = Console()
Service = Annotated[str, typer.Argument(help="one of: " + ", ".join(SERVICES))]


@app.command()
def provision() -> None:
    """Make secrets, roles and empty databases."""
    provision_all(OperatorConfig.from_environment())


@app.command()
def migrate() -> None:
    """Bring every database and read model to this version."""
    migrate_all(OperatorConfig.from_environment(), lambda line: console.print(line, highlight=False))


@app.command()
def verify(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object instead of sentences")] = False,
    carried: Annotated[
        typer.FileText | None, typer.Option("--carried", help="lines of checkpoints that were kept elsewhere")
    ] = None,
) -> None:
    """Read every log from its first event and say where one is not what was appended. Exit code 1 if so."""
    config = OperatorConfig.from_environment()
    lines = [line for line in carried or () if line.strip()]
    faults = {}
    with _bar(quiet=as_json) as bar:
        for service in SERVICES:
            task = bar.add_task(f"{service} log", total=None)
            faults[service] = verify_service(config, service, _told(bar, task), lines)
    if as_json:
        print(json.dumps({s: [f"{f.partition}.{f.position}: {f.what}" for f in found] for s, found in faults.items()}))
    else:
        for service, found in faults.items():
            for fault in found:
                console.print(
                    f"{service}: partition {fault.partition}, position {fault.position}: {fault.what}", style="red"
                )
        if not any(faults.values()):
            console.print("Every log is whole.", style="green")
    if any(faults.values()):
        raise typer.Exit(1)


@checkpoints_app.callback(invoke_without_command=True)
def checkpoints(
    context: typer.Context,
    *,
    every: Annotated[bool, typer.Option("--all", help="every line, not the newest of each partition alone")] = False,
    now: Annotated[bool, typer.Option("--now", help="first make one of each partition that has grown")] = False,
) -> None:
    """Print the signed checkpoints of the logs, a line of JSON each, to be kept where nobody here can change them."""
    if context.invoked_subcommand is not None:
        return
    config = OperatorConfig.from_environment()
    if now:
        make_now(config)
    for line in checkpoint_lines(config, every=every):
        print(line)


@checkpoints_app.command()
def keys() -> None:
    """Print the public keys that have signed checkpoints, the oldest first, each vouched for by the one before."""
    config = OperatorConfig.from_environment()
    ring_here(config)
    print(config.secret(RING).read_text(), end="")


@checkpoints_app.command("put-back")
def put_back(
    *,
    carried: Annotated[
        typer.FileText | None, typer.Option("--carried", help="lines that were kept elsewhere, beside the copies here")
    ] = None,
) -> None:
    """Put back the lines that the key database lost when an older state of it was restored."""
    lines = [line for line in carried or () if line.strip()]
    console.print(f"Put back: {put_lines_back(OperatorConfig.from_environment(), lines)}")


@checkpoints_app.command()
def rotate() -> None:
    """Sign with a new key from now on. Prints its line; nothing has to be started again."""
    print(rotate_key(OperatorConfig.from_environment()))


@app.command()
def rebuild(
    service: Service, model: Annotated[str, typer.Argument(help="the read model; all of them by default")] = ""
) -> None:
    """Build read models anew from the log, beside the live ones, and swap them in."""
    config = OperatorConfig.from_environment()
    if service not in SERVICES:
        raise typer.BadParameter(f"there is no service {service}")
    projections = import_module(f"services.{service}.projections").PROJECTIONS
    chosen = [projection for projection in projections if model in ("", projection.name)]
    if not chosen:
        raise typer.BadParameter(f"{service} has no read model {model}")
    with maintenance_of(config, service, projections) as maintenance, _bar() as bar:
        for projection in chosen:
            task = bar.add_task(f"{service}.{projection.name}", total=None)
            maintenance.rebuilder.rebuild(projection, _told(bar, task))
            if bar.tasks[task].total is None:
                bar.update(task, completed=0, total=0)  # its log is empty


@app.command()
def erase(
    school: Annotated[str, typer.Argument(help="the school's short name; every school by default")] = "",
    subject_id: Annotated[str, typer.Argument(help="the person's id; everyone it is decided for by default")] = "",
    *,
    listed: Annotated[bool, typer.Option("--list", help="show what waits to be carried out, and do nothing")] = False,
) -> None:
    """Carry out the erasures that schools have decided on. It cannot be undone. Ids only; the proof is printed."""
    config = OperatorConfig.from_environment()
    found = [one for one in pending(config) if one.is_of(school, subject_id)]
    if listed:
        rows = [(str(one.school_id), str(one.subject_id), str(one.decided_at)) for one in found]
        _table(("school", "person", "decided at"), rows)
    elif not found:
        console.print("Nothing is decided that is not carried out.")
        if subject_id:
            raise typer.Exit(1)
    else:
        for certificate in carry_out(config, found, lambda line: console.print(line, highlight=False)):
            print(certificate.text())


@app.command()
def check(file: Annotated[typer.FileText, typer.Argument(help="a certificate, as `erase` has written it")]) -> None:
    """Say whether this installation has signed a certificate and it is unchanged. Exit code 1 if not."""
    if not signed_here(OperatorConfig.from_environment(), file.read()):
        console.print("This is no certificate of this installation.", style="red")
        raise typer.Exit(1)
    console.print("This installation has signed it, and it is unchanged.", style="green")


@parked_app.callback(invoke_without_command=True)
def parked(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table")] = False,
) -> None:
    """Show the events that a consumer could not take, or `retry` them. Ids only; their content stays in its log."""
    if context.invoked_subcommand is not None:
        return
    found = [(aside.service, aside.row) for aside in all_parked(OperatorConfig.from_environment())]
    if as_json:
        print(json.dumps([{"service": service, **asdict(row)} for service, row in found], default=str))
    elif not found:
        console.print("Nothing is parked.", style="green")
    else:
        rows = [
            (s, r.consumer, r.source, f"{r.partition}.{r.position}", r.stream, r.event_type, r.why, str(r.parked_at))
            for s, r in found
        ]
        _table(("service", "consumer", "source", "position", "stream", "type", "why", "since"), rows)


@parked_app.command()
def retry(
    service: Service,
    consumer: Annotated[str, typer.Argument(help="the read model or reaction, as the list shows it")],
    stream: Annotated[str, typer.Argument(help="the stream, as the list shows it")] = "",
    *,
    every: Annotated[bool, typer.Option("--all", help="every parked stream of the consumer")] = False,
) -> None:
    """Try a parked stream again, in order. Exit code 1 where something stays parked."""
    config = OperatorConfig.from_environment()
    if service not in SERVICES:
        raise typer.BadParameter(f"there is no service {service}")
    if bool(stream) == every:
        raise typer.BadParameter("name a stream, or say --all")
    known = {known.consumer: known for known in consumers_of(service)}
    if consumer not in known:
        raise typer.BadParameter(f"{service} has no consumer {consumer}; it has: {', '.join(known)}")
    tried = list(retry_parked(config, known[consumer], service, stream or None))
    for one in tried:
        left = f", then stays parked: {one.left}" if one.left else ""
        console.print(f"{one.stream}: {one.taken} taken{left}", style="red" if one.left else "green", highlight=False)
    if not tried:
        console.print("Nothing of it is parked.")
    if any(one.left for one in tried):
        raise typer.Exit(1)


@app.command()
def restored(
    service: Service,
    at: Annotated[
        list[str] | None,
        typer.Option(help="PARTITION.POSITION that the restore brought back last; needed once the log has gone on"),
    ] = None,
) -> None:
    """Say that a service's database was restored to an older moment: who had taken more of its log goes on from it.

    What was erased since then goes from the service's own read models again.
    """
    config = OperatorConfig.from_environment()
    if service not in SERVICES:
        raise typer.BadParameter(f"there is no service {service}")
    with _bar() as bar:

        def follow(name: str) -> Callable[[int, int], None]:
            return _told(bar, bar.add_task(name))

        done = list(rejoin(config, service, _positions(at or ()), follow))
        anew = list(rebuilt(config, service, list(Category), follow))
    for one in done:
        console.print(f"{one.service} {one.consumer}: from {one.partition}.{one.position}", highlight=False)
    if not done:
        console.print("Nobody has taken what its log does not hold.", style="green")
    for name in anew:
        console.print(f"{name}: built anew", highlight=False)


def _positions(texts: Sequence[str]) -> dict[int, int]:
    """Partition -> position."""
    found = {}
    for text in texts:
        partition, _, position = text.partition(".")
        if not (partition.isdecimal() and position.isdecimal()):
            raise typer.BadParameter(f"{text} is no PARTITION.POSITION")
        found[int(partition)] = int(position)
    return found


@app.command()
def status(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table")] = False,
) -> None:
    """Show how far each log is published and each consumer has come."""
    found = standings(OperatorConfig.from_environment())
    if as_json:
        print(json.dumps([{**asdict(one), "lag": one.lag} for one in found]))
        return
    rows = [(f.service, f.name, f"{f.source}.{f.partition}", str(f.position), str(f.head), f.shown) for f in found]
    _table(("service", "what", "log", "position", "head", "lag"), rows)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table for a person; whole lines with tabs where nobody looks on."""
    if not sys.stdout.isatty():
        for row in rows:
            print("\t".join(row))
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _told(bar: Progress, task: TaskID) -> Callable[[int, int], None]:
    return lambda done, total: bar.update(task, completed=done, total=total)


def _bar(*, quiet: bool = False) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=quiet or not sys.stdout.isatty(),
    )


def main() -> None:
    """Runs a command; what cannot work is said in one sentence."""
    try:
        app()
    except (BadRing, ConfigError, ForkUnknown, NoInstallation, NotErased, TooFew) as problem:
        console.print(str(problem), style="red")
        raise SystemExit(2) from None
    except NoCheckpoint:
        console.print("A line that was carried is no checkpoint; nothing was compared.", style="red")
        raise SystemExit(2) from None
    except Diverged as problem:
        console.print(f"{problem}: see ./bookbag verify, and ./bookbag restored --help", style="red")
        raise SystemExit(2) from None
    except psycopg.OperationalError:
        console.print("The database cannot be reached; start the installation with: make run", style="red")
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
