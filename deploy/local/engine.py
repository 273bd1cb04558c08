"""Servers in containers, where a Docker-compatible engine answers and nothing nearer serves."""

import os
import shlex
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.faults import PassedOver
from deploy.local.sources import output_of, which
from deploy.local.supervise import Program


@dataclass(frozen=True, slots=True)
class Image:
    """An image and the engine that runs it."""

    engine: Path
    name: str

    def __str__(self) -> str:
        return f"in a container of {self.engine.name}, {self.name}"

    def program(
        self,
        name: str,
        *,
        options: Sequence[str],
        command: Sequence[str],
        folder: Path,
        log: Path,
        stage: int,
        ready: Callable[[], bool],
        port: int,
        stop_signal: signal.Signals,
        environment: Mapping[str, str],
    ) -> Program:
        """Runs in the foreground; the client hands signals on. Removes first what a killed client left behind."""
        container = f"bookbag-{name}-{abs(hash(str(folder))) % 10**10}-{os.getuid()}"
        engine = shlex.quote(str(self.engine))
        run = shlex.join([*("run", "--rm", "--name", container), *options, self.name, *command])
        return Program(
            name=name,
            command=["/bin/sh", "-c", f"{engine} rm -f {container} >/dev/null 2>&1; exec {engine} {run}"],
            environment=environment,
            folder=folder,
            log=log,
            stage=stage,
            ready=ready,
            port=port,
            stop_signal=stop_signal,
            death_signal=stop_signal,
        )


def image(name: str, reference: str) -> Image:
    """An image of the engine that answers.

    Raises:
        PassedOver: none answers, or the machine is not Linux (containers reach the services on the host's loopback).
    """
    if not sys.platform.startswith("linux"):
        raise PassedOver(f"{name} in a container reaches this machine's loopback on Linux alone")
    for program in ("docker", "podman"):
        engine = which(program)
        if engine is None:
            continue
        try:
            output_of([str(engine), "info"])
        except PassedOver:
            continue
        return Image(engine, reference)
    raise PassedOver("no engine answers")
