"""PostgreSQL and RabbitMQ, private on loopback or named by the environment: what services stand on."""

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from deploy.local import named, postgres, rabbitmq
from deploy.local.faults import CannotStart, EarlyExit
from deploy.local.folders import ROOT, RunLock, private_folder
from deploy.local.ports import LOOPBACK, Ports
from deploy.local.progress import Say, step, to_nobody
from deploy.local.supervise import Program, Supervisor

T = TypeVar("T")

TRIES = 3
SOFTWARE = ROOT / "run" / "software"
"""Unpacked packages: shared by all run folders of a project."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """Where PostgreSQL answers and who rules it."""

    host: str
    port: int
    superuser: str
    password_file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where RabbitMQ answers; user bookbag, vhost /."""

    host: str
    port: int
    password_file: Path
    epmd_port: int | None = None


class Servers:
    """PostgreSQL, and RabbitMQ where wanted, in a run folder; `with` starts them and stops them.

    Example:
        with Servers(tmp_path, broker=False) as servers:
            psycopg.connect(host=servers.postgres.host, port=servers.postgres.port, ...)
    """

    postgres: Postgres
    broker: Broker | None

    def __init__(
        self,
        run_dir: Path,
        *,
        broker: bool = True,
        say: Say = to_nobody,
        environment: Mapping[str, str] = os.environ,
        postgres_settings: Mapping[str, str] | None = None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """Args: postgres_settings: added to the launcher's own; changed: called when a program was started again."""
        self.run_dir = run_dir.absolute()
        self.ports = Ports()
        self.say = say
        self.broker = None
        self._with_broker = broker
        self._environment = environment
        self._settings = postgres_settings
        self._changed = changed
        self._lock = RunLock(self.run_dir)
        self._stack = ExitStack()
        self._private: postgres.PrivatePostgres | None = None
        self._supervisor: Supervisor | None = None

    @property
    def logs(self) -> Path:
        return self.run_dir / "logs"

    @property
    def supervisor(self) -> Supervisor:
        """Looks after the programs, also those that others start with it."""
        assert self._supervisor is not None, "not started"  # noqa: S101 - a mistake of the caller
        return self._supervisor

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Starts what is wanted.

        Raises:
            CannotStart: says in a sentence why not; nothing is left running.
        """
        self._lock.take(self.say)
        self._stack.callback(self._lock.release)
        try:
            _put_aside(private_folder(self.logs))
            # All are found before any is started, so that a machine that lacks one is left as it was.
            find_postgres = self._find_postgres()
            find_broker = self._find_broker() if self._with_broker else None
            self._supervisor = Supervisor(
                inherited=[self._lock.inherited],
                max_deaths=int(self._environment.get("BOOKBAG_MAX_DEATHS_PER_MINUTE", "5")),
                changed=self._changed,
            )
            self._stack.callback(self._supervisor.stop_all)
            if find_broker:
                begun = find_broker()
            self.postgres = find_postgres()
            if find_broker:
                self.broker = begun()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stops everything in order. Safe to call twice."""
        self._stack.close()

    def discard(self) -> None:
        """Removes what PostgreSQL keeps outside the run folder. Call it when closed."""
        if self._private is not None:
            self._private.discard()
