"""A second process of a kind beside the launcher's own, as where an installation is scaled out or upgraded."""

import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deploy.local.folders import ROOT
from deploy.local.processes import base_environment, is_ready
from deploy.local.program import Program, last_words, spawn
from tests.installation import Bench

READY_WITHIN = 90.0
ENDS_WITHIN = 30.0
LOOK = 0.1


@dataclass(slots=True)
class Another:
    """A running process that the launcher knows nothing of."""

    program: Program
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """In order; returns when it is gone."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(ENDS_WITHIN)


@contextmanager
def another(
    bench: Bench, name: str, *, tree: Path = ROOT, command: Sequence[str] | None = None, port: int | None = None
) -> Iterator[Another]:
    """A second `name`, ready; ended with the block. No crash point is its.

    Args:
        bench: where.
        name: such as `points.worker`.
        tree: whose code it runs.
        command: what it runs; by default what the launcher's own runs.
        port: where it listens; any by default. An api process may share the launcher's own.
    """
    told: Mapping[str, str] = bench.it.state["processes"][name]["env"]
    listens = port or bench.it.servers.ports.take()
    program = Program(
        name=f"another {name}",
        command=command or bench.it.servers.supervisor.program(name).command,
        environment={
            **base_environment(),
            **{name: value for name, value in told.items() if name != "BOOKBAG_CRASH_POINTS_FILE"},
            "BOOKBAG_HTTP_PORT": str(listens),
        },
        folder=tree,
        log=bench.it.servers.logs / f"another.{name}.log",
        stage=0,
        ready=partial(is_ready, listens),
        port=listens,
    )
    process = spawn(program, ())
    try:
        ends = time.monotonic() + READY_WITHIN
        while not program.ready():
            assert process.poll() is None, last_words(program)
            assert time.monotonic() < ends, f"{program.name} was not ready: {last_words(program)}"
            bench.it.servers.supervisor.failed.wait(LOOK)
        yield Another(program, process)
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


def is_frozen(pid: int) -> bool:
    """Whether the process stands still by SIGSTOP."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("T")
