"""What the launcher runs, and becoming it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

CHILD = Path(__file__).with_name("child.py")
LAST_LINES = 15
_TAIL_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class Account:
    """The user and group that a child runs as."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """How to run, ask and stop one child.

    Attributes:
        stage: programs of a higher stage are stopped first; those of one stage together.
        death_signal: what the kernel sends it when the launcher is gone.
        account: None: as the launcher.
        stop_within: seconds after which an orderly stop is over and it is killed.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    stage: int
    ready: Callable[[], bool]
    port: int | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    stop_within: float = 12.0
    account: Account | None = None


def spawn(program: Program, inherited: Sequence[int]) -> subprocess.Popen[bytes]:
    """Starts it in a session of its own, so that Ctrl-C at the terminal reaches the launcher alone.

    Args:
        program: what to run.
        inherited: descriptors that it keeps open.
    """
    account = program.account
    ids = ("-1", "-1") if account is None else (str(account.uid), str(account.gid))
    stub = (sys.executable, "-I", "-S", str(CHILD), str(os.getpid()), str(int(program.death_signal)), *ids)
    with program.log.open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - the programs are the launcher's own choice
            [*stub, *program.command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=program.folder,
            env=dict(program.environment),
            pass_fds=inherited,
            start_new_session=True,
        )


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Looks without reaping: as long as the zombie stands, its group's number cannot be anybody else's."""
    if sys.platform == "darwin":
        return process.poll() is not None
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def how_it_ended(returncode: int | None) -> str:
    """In words."""
    if returncode is None:
        return "ended"
    return f"was ended by {signal.Signals(-returncode).name}" if returncode < 0 else f"ended with code {returncode}"


def last_words(program: Program) -> str:
    """The end of its log, for a person."""
    lines = last_lines(program.log) or ["(none)"]
    return "\n".join([f"({program.log}):", *(f"    {line}" for line in lines)])


def last_lines(log: Path, count: int = LAST_LINES) -> list[str]:
    """The end of a log file; nothing where there is none."""
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _TAIL_BYTES))
            return file.read().decode(errors="replace").splitlines()[-count:]
    except OSError:
        return []
