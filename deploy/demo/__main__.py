"""`make demo`: the policy acted out over HTTP by an invented school, and checked. Exit code 1 where a check fails."""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from rich.console import Console

from deploy.demo import scenes
from deploy.demo.cast import Cast, gather
from deploy.demo.stage import OffScript, Stage
from deploy.local.faults import CannotStart
from deploy.local.folders import ROOT, private_folder
from deploy.local.launch import Installation
from deploy.local.progress import to_terminal
from deploy.local.stopping import Stopped, on_second_signal, stop_on_signals
from deploy.operator.config import OperatorConfig
from deploy.operator.verify import connected, verify_service
from deploy.services import SERVICES
from shared.testing.driver import Bookbag, Session
from tests.oracle.logs import differences, read_logs

FAILED, REFUSED = 1, 2


def main() -> int:
    console = Console(highlight=False)
    stop_on_signals()
    try:
        with installation() as state:
            return act(Stage(console), console, state)
    except CannotStart as reason:
        print(reason, file=sys.stderr)
        return REFUSED
    except Stopped:
        return FAILED


@contextmanager
def installation() -> Iterator[dict[str, Any]]:
    """The one that runs, or one of the demo's own that is gone afterwards."""
    running = Path(os.environ.get("BOOKBAG_RUN_DIR") or ROOT / "run") / "state.json"
    found = json.loads(running.read_text()) if running.exists() else None
    if found is not None and answers(found["gateway"]):
        to_terminal(f"Bookbag runs at {found['gateway']}; the demo acts there, with a school of its own.")
        yield found
        return
    with tempfile.TemporaryDirectory(prefix="demo-", dir=private_folder(ROOT / "run")) as folder:
        own = Installation(Path(folder), say=to_terminal, keep=False)
        on_second_signal(own.kill_all)
        with own:
            yield dict(own.state)
        own.discard()


def answers(gateway: str) -> bool:
    try:
        return httpx.get(f"{gateway}/v1/policy", timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return False


def act(stage: Stage, console: Console, state: dict[str, Any]) -> int:
    """Plays every scene, then checks the logs against the oracle and against themselves."""
    password = (Path(state["secrets_dir"]) / "operator.password").read_text().strip()
    now = datetime.now(UTC)
    with Bookbag(state["gateway"]) as bookbag:
        try:
            stage.scene("A school joins", "S23", "S25")
            operator: Session = stage.quietly(bookbag.sign_in_operator, password)
            cast = gather(stage, bookbag, operator, f"demo-{now:%Y%m%d-%H%M%S}", now.date())
            play(stage, cast, operator)
        except OffScript as problem:
            console.print(f"\n[bold red]The story could not go on.[/] {problem}")
            return FAILED
    stage.scene("Is it true?")
    prove(stage, OperatorConfig.from_environment(told(state)), cast.school_id)
    console.print()
    if stage.wrong:
        console.print(f"[bold red]{len(stage.wrong)} of {stage.seen} checks failed.[/]")
        return FAILED
    console.print(f"[bold green]All {stage.seen} checks hold.[/] What each clause is enforced by: docs/policy.md")
    return 0


def play(stage: Stage, cast: Cast, operator: Session) -> None:
    scenes.points(stage, cast, operator)
    scenes.stories(stage, cast, operator)
    conversation = scenes.a_private_word(stage, cast, operator)
    scenes.one_warning(stage, cast, conversation)
    mum = scenes.removal(stage, cast, operator, conversation)
    scenes.back_again(stage, cast, mum, conversation)
    scenes.resharing(stage, cast, operator)
    scenes.the_policy_itself(stage, cast, operator)


def prove(stage: Stage, config: OperatorConfig, school_id: UUID) -> None:
    """The oracle in tests/ says from the logs what should have come of it; the logs must be whole."""

    def ask(service: str, sql: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with connected(config, service) as connection:
            return connection.execute(sql, parameters).fetchall()

    logs = read_logs(ask, school_id)
    wrong = [line for guardian in logs.acts for line in differences(logs, guardian)]
    stage.check("every sanction is what the oracle makes of the same history", wrong)
    for service in SERVICES:
        faults = [fault.what for fault in verify_service(config, service, lambda _at, _head: None)]
        stage.check(f"the log of {service} is whole (./bookbag verify)", faults)


def told(state: dict[str, Any]) -> dict[str, str]:
    return {**state["environment"], "BOOKBAG_SECRETS_DIR": state["secrets_dir"]}


if __name__ == "__main__":
    sys.exit(main())
