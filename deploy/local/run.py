"""`make run`: an installation until Ctrl-C."""

import os
from pathlib import Path

from deploy.local.faults import CannotStart
from deploy.local.folders import ROOT
from deploy.local.launch import Installation
from deploy.local.progress import to_terminal
from deploy.local.stopping import Stopped, on_second_signal

GATEWAY_PORT = 8080
FAILED = 1


def run(run_dir: Path) -> int:
    """Returns when a signal has stopped it, or 1 when a process died too often."""
    installation = Installation(
        run_dir, say=to_terminal, kind=os.environ.get("BOOKBAG_ENVIRONMENT", "development"), gateway_port=_port()
    )
    on_second_signal(installation.kill_all)
    supervisor = None
    try:
        with installation:
            supervisor = installation.servers.supervisor
            _load_demo(installation)
            _say_where(installation)
            while not supervisor.failed.wait(1):
                pass
            to_terminal("Stopping everything")
    except Stopped:
        to_terminal("Stopped.")
        return 0
    to_terminal(str(supervisor.failure))
    return FAILED


def _port() -> int:
    text = os.environ.get("BOOKBAG_GATEWAY_PORT", str(GATEWAY_PORT))
    if not text.isdigit() or not 0 < int(text) < 1 << 16:
        raise CannotStart("BOOKBAG_GATEWAY_PORT must be a port number, such as 8080")
    return int(text)


def _load_demo(installation: Installation) -> None:
    try:
        installation.load_demo()
    except CannotStart as reason:
        to_terminal(f"The demo school was not loaded; everything else runs. {reason}")


def _say_where(installation: Installation) -> None:
    sign_in = installation.run_dir / "sign-in.txt"
    to_terminal("")
    if sign_in.exists():
        to_terminal(sign_in.read_text().rstrip())
        to_terminal("")
    to_terminal(f"Bookbag runs: {installation.state['gateway']}")
    if sign_in.exists():
        to_terminal(f"  who can sign in:  {_near(sign_in)}")
    to_terminal(f"  ports, processes: {_near(installation.state_file)}")
    to_terminal(f"  logs:             {_near(installation.servers.logs)}")
    to_terminal("Ctrl-C stops it.")


def _near(path: Path) -> Path:
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
