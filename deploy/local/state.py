"""`state.json` in the run folder: where everything answers while an installation runs. Gone when it is stopped."""

import json
from pathlib import Path
from typing import TypedDict

from deploy.local.folders import write_private


class ServerState(TypedDict):
    """pid is None for a server that the environment names."""

    pid: int | None
    host: str
    port: int
    user: str
    password_file: str


class ProcessState(TypedDict):
    pid: int
    port: int
    env: dict[str, str]
    log: str


class GatewayState(TypedDict):
    pid: int
    port: int


class State(TypedDict):
    """`environment` is what all processes are told; `env` of a process is all that it is told."""

    gateway: str
    secrets_dir: str
    environment: dict[str, str]
    processes: dict[str, ProcessState]
    postgres: ServerState
    broker: ServerState
    nginx: GatewayState
    logs: str


def write(path: Path, state: State) -> None:
    """Whole or not at all, readable by its owner alone."""
    write_private(path, json.dumps(state, indent=1) + "\n")


def read(path: Path) -> State | None:
    """None where no installation runs."""
    try:
        found: State = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return found
