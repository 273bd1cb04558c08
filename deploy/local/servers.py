"""PostgreSQL and RabbitMQ, private on loopback or named by the environment: what services stand on."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local import named, postgres, rabbitmq
from deploy.local.backoff import DEATHS_IN_A_MINUTE
from deploy.local.endpoints import Broker, Postgres
from deploy.local.faults import CannotStart, EarlyExit
from deploy.local.folders import ROOT, RunLock, private_folder, put_aside
from deploy.local.ports import LOOPBACK, Ports, is_free
from deploy.local.program import Program
from deploy.local.progress import Say, step, to_nobody
from deploy.local.supervise import Supervisor

TRIES = 3
SOFTWARE = ROOT / "run" / "software"
"""Unpacked packages: shared by all run folders of a project."""
POSTGRES, EPMD, BROKER = "postgres", "epmd", "broker"


class Servers:
    """PostgreSQL, and RabbitMQ where wanted, in a run folder; `with` starts them and stops them.

    Example:
        with Servers(tmp_path, broker=False) as servers:
            psycopg.connect(host=servers.postgres.host, port=servers.postgres.port, ...)
    """

    postgres: Postgres
    broker: Broker

    def __init__(
        self,
        run_dir: Path,
        *,
        broker: bool = True,
        say: Say = to_nobody,
        environment: Mapping[str, str] = os.environ,
        postgres_settings: Mapping[str, str] | None = None,
        changed: Callable[[], None] = lambda: None,
        keep: bool = True,
    ) -> None:
        """Touches nothing yet.

        Args:
            run_dir: made where it is missing.
            broker: whether RabbitMQ is wanted too.
            say: is given a line for each step.
            environment: names servers that run already, and sources.
            postgres_settings: added to the launcher's own.
            changed: called when a program was started again.
            keep: False removes the databases at the end, also where they lie outside the run folder: for tests.
        """
        self.run_dir = run_dir.absolute()
        self.ports = Ports()
        self.say = say
        self.environment = environment
        self._with_broker = broker
        self._settings = postgres_settings
        self._changed = changed
        self._keep = keep
        self._lock = RunLock(self.run_dir)
        self._stack = ExitStack()
        self._cluster: postgres.PrivatePostgres | None = None
        self._node: rabbitmq.PrivateRabbit | None = None
        self._supervisor: Supervisor | None = None

    @property
    def logs(self) -> Path:
        return self.run_dir / "logs"

    @property
    def supervisor(self) -> Supervisor:
        """Looks after the programs, also those that others start beside the servers."""
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
        """Starts what is wanted and waits until it serves.

        Raises:
            CannotStart: says in a sentence why not; nothing is left running.
        """
        try:
            self.take()
            self.begin()
            self.wait_for_broker()
        except BaseException:
            self.close()
            raise

    def take(self) -> None:
        """Takes the run folder and finds what to run. Starts nothing: a machine that lacks something stays as it is.

        Raises:
            CannotStart: another launcher has the folder, or there is nothing to run.
        """
        self._lock.take(self.say)
        self._stack.callback(self._lock.release)
        if not self._keep:
            self._stack.callback(self.discard)
        put_aside(private_folder(self.logs))
        self._choose()

    def begin(self) -> None:
        """Starts both, and waits for PostgreSQL alone: the broker takes longer, and there is much to do meanwhile.

        Raises:
            CannotStart: one does not start.
        """
        self._supervisor = Supervisor(
            inherited=[self._lock.inherited],
            max_deaths=_max_deaths(self.environment),
            changed=self._changed,
            say=self.say,
        )
        self._stack.callback(self._supervisor.stop_all)
        self._start_broker()
        self._start_postgres()

    def wait_for_broker(self) -> None:
        """Returns when the broker takes clients; at once where none is wanted or another's is used."""
        if self._node is None:
            return
        with step(self.say, "starting RabbitMQ"):
            for attempt in range(TRIES):
                try:
                    self.supervisor.wait_ready([EPMD, BROKER])
                except EarlyExit:
                    if attempt == TRIES - 1 or all(is_free(port) for port in self._node.ports):
                        raise
                    self.supervisor.stop(EPMD)
                    self.supervisor.stop(BROKER)
                    self._start_broker()
                else:
                    return

    def close(self) -> None:
        """Stops everything in order. Safe to call twice."""
        self._stack.close()

    def kill_all(self) -> None:
        """Ends every process at once, for a person who will not wait."""
        if self._supervisor is not None:
            self._supervisor.kill_all()

    def discard(self) -> None:
        """Removes the databases, also where PostgreSQL keeps them outside the run folder. Call it when closed."""
        if self._cluster is not None:
            self._cluster.discard()

    def _choose(self) -> None:
        known = named.postgres(self.environment, self.say)
        if known:
            self.postgres = known
        else:
            folder = self.run_dir / "postgres"
            found = postgres.find(SOFTWARE, folder, self.say, self.environment)
            self._cluster = postgres.PrivatePostgres(found, folder, self.logs / "postgres.log", self._settings)
        if not self._with_broker:
            return
        known_broker = named.broker(self.environment, self.say)
        if known_broker:
            self.broker = known_broker
        else:
            node = rabbitmq.find(SOFTWARE, self.say, self.environment)
            self._node = rabbitmq.PrivateRabbit(node, self.run_dir / "rabbitmq", self.logs)

    def _start_broker(self) -> None:
        if self._node is None:
            return
        before, node = self._node.programs(self.ports)
        self.supervisor.start(before)
        self.supervisor.wait_ready([before.name])
        self.supervisor.start(node)
        self.broker = Broker(host=LOOPBACK, port=_port(node), password_file=self._node.password_file)

    def _start_postgres(self) -> None:
        if self._cluster is None:
            return
        self._cluster.prepare(self.supervisor, self.say)
        with step(self.say, "starting PostgreSQL"):
            program = self.start_on_free_port(self._cluster.program)
        self.postgres = Postgres(
            host=LOOPBACK,
            port=_port(program),
            superuser=postgres.SUPERUSER,
            password_file=self._cluster.password_file,
        )

    def start_on_free_port(self, made: Callable[[int], Program], ports: Sequence[int] = ()) -> Program:
        """Starts a program and waits for it; on another port where somebody took its port in between.

        Args:
            made: the program for a port.
            ports: to try first.

        Raises:
            EarlyExit: it ended for another reason.
        """
        wanted = list(ports)
        for _ in range(TRIES - 1):
            program = made(self.ports.take_if_free(wanted.pop(0)) if wanted else self.ports.take())
            self.supervisor.start(program)
            try:
                self.supervisor.wait_ready([program.name])
            except EarlyExit:
                if is_free(_port(program)):
                    raise
            else:
                return program
        program = made(self.ports.take())
        self.supervisor.start(program)
        self.supervisor.wait_ready([program.name])
        return program


def _port(program: Program) -> int:
    assert program.port is not None  # noqa: S101 - servers listen
    return program.port


def _max_deaths(environment: Mapping[str, str]) -> int:
    text = environment.get("BOOKBAG_MAX_DEATHS_PER_MINUTE", str(DEATHS_IN_A_MINUTE))
    if not text.isdigit() or int(text) < 1:
        raise CannotStart("BOOKBAG_MAX_DEATHS_PER_MINUTE must be a whole number from 1")
    return int(text)
