"""A whole installation on one machine: servers, databases, services, gateway. `make run` and the tests stand on it."""

import os
import signal
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local import nginx, processes, state
from deploy.local.faults import EarlyExit
from deploy.local.folders import ROOT, private_folder
from deploy.local.ports import LOOPBACK, is_free
from deploy.local.processes import BOOKBAG, Gateway, Product, Step, Surroundings
from deploy.local.program import Program, last_lines
from deploy.local.progress import Say, step, to_nobody
from deploy.local.servers import SOFTWARE, TRIES, Servers
from deploy.local.state import State

READY_WITHIN = 90
PREPARED_WITHIN = 3600
"""Seconds for a migration: a read model may be built anew from a long log."""
STEP_STAGE = 3


class Installation:
    """Everything, in a run folder; `with` starts it and stops it.

    Example:
        with Installation(tmp_path) as it:
            httpx.get(it.state["gateway"] + "/healthz")
            it.kill("points.worker")
            it.wait_ready("points.worker")
    """

    def __init__(
        self,
        run_dir: Path,
        *,
        say: Say = to_nobody,
        environment: Mapping[str, str] = os.environ,
        kind: str = "development",
        gateway_port: int | None = None,
        extra: Mapping[str, str] | None = None,
        product: Product = BOOKBAG,
        keep: bool = True,
    ) -> None:
        """Touches nothing yet.

        Args:
            run_dir: made where it is missing; one installation at a time runs in it.
            say: is given a line for each step.
            environment: names servers that run already, and sources; the README lists the variables.
            kind: development or production.
            gateway_port: taken where it is free; None: any.
            extra: added to the environment of every service process.
            product: what to run.
            keep: False removes the databases at the end: for tests.
        """
        self.run_dir = run_dir.absolute()
        self.servers = Servers(self.run_dir, say=say, environment=environment, changed=self._write_state, keep=keep)
        self._say = say
        self._kind = kind
        self._gateway_port = gateway_port
        self._extra = extra or {}
        self._product = product
        self._stack = ExitStack()
        self._around: Surroundings | None = None
        self._up = False
        self._writing = threading.Lock()

    @property
    def secrets(self) -> Path:
        return self.run_dir / "secrets"

    @property
    def state_file(self) -> Path:
        return self.run_dir / "state.json"

    @property
    def state(self) -> State:
        """As it is now: a process that was started again has another pid."""
        around, supervisor = self._surroundings(), self.servers.supervisor
        postgres, broker, gateway = around.postgres, around.broker, supervisor.program("nginx")
        running = supervisor.names
        assert gateway.port is not None  # noqa: S101 - a gateway listens
        return {
            "gateway": f"http://{LOOPBACK}:{gateway.port}",
            "secrets_dir": str(self.secrets),
            "environment": processes.common_environment(around),
            "processes": {
                name: {
                    "pid": supervisor.pid(name),
                    "port": around.ports[name],
                    "env": processes.environment_of(name, around),
                    "log": str(supervisor.program(name).log),
                }
                for name in processes.names(self._product)
            },
            "postgres": {
                "pid": supervisor.pid("postgres") if "postgres" in running else None,
                "host": postgres.host,
                "port": postgres.port,
                "user": postgres.superuser,
                "password_file": str(postgres.password_file),
            },
            "broker": {
                "pid": supervisor.pid("broker") if "broker" in running else None,
                "host": broker.host,
                "port": broker.port,
                "user": "bookbag",
                "password_file": str(broker.password_file),
            },
            "nginx": {"pid": supervisor.pid("nginx"), "port": gateway.port},
            "logs": str(self.servers.logs),
        }

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Starts everything and returns when all of it answers.

        Raises:
            CannotStart: says in a sentence why not; nothing is left running.
        """
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stops everything: gateway, services, broker, PostgreSQL. Safe to call twice."""
        with self._writing:
            self._up = False
        self._stack.close()

    def kill_all(self) -> None:
        """Ends every process at once, for a person who will not wait; `close` then has nothing to wait for."""
        self.servers.kill_all()

    def discard(self) -> None:
        """Removes the databases. Call it when closed; not needed with `keep=False`."""
        self.servers.discard()

    def kill(self, name: str) -> None:
        """SIGKILL to a process and all that came from it; returns when it is gone. It is started again by itself."""
        self.servers.supervisor.kill(name)

    def signal(self, name: str, number: signal.Signals) -> None:
        """Sends a signal to a process's group: SIGSTOP freezes it, SIGCONT lets it go on."""
        self.servers.supervisor.signal(name, number)

    def stop(self, name: str) -> None:
        """Stops a process in order; it stays down until `resume`."""
        self.servers.supervisor.stop(name)

    def resume(self, name: str) -> None:
        """Starts a process that was stopped, and returns when it answers."""
        self.servers.supervisor.resume(name)
        self.wait_ready(name)

    def restart(self, name: str) -> None:
        """Stops a process in order and starts it again on the same port; returns when it answers."""
        self.stop(name)
        self.resume(name)

    def wait_ready(self, *names: str, within: float = READY_WITHIN) -> None:
        """Returns when these processes answer; without a name, when all do."""
        self.servers.supervisor.wait_ready(names or self.servers.supervisor.names, within)

    def load_demo(self) -> bool:
        """Loads the demo school where this installation has none yet. Returns whether it was loaded now."""
        loaded = self.run_dir / "demo.loaded"
        if self._product.demo is None or self._kind != "development" or loaded.exists():
            return False
        told = {"BOOKBAG_STATE": str(self.state_file), "BOOKBAG_RUN_DIR": str(self.run_dir)}
        self._run(Step("loading the demo school", "demo", self._product.demo), told)
        loaded.touch()
        return True

    def _start(self) -> None:
        self._stack.callback(self.servers.close)
        self.servers.take()
        self._stack.callback(self.state_file.unlink, missing_ok=True)
        self.state_file.unlink(missing_ok=True)
        found = nginx.find(SOFTWARE, self._say, self.servers.environment)
        self.servers.begin()
        self._prepare()
        self._start_services()
        self._start_gateway(found)
        self._up = True
        self._write_state()

    def _prepare(self) -> None:
        private_folder(self.secrets)
        postgres = self.servers.postgres
        told = {
            "BOOKBAG_DATABASE_HOST": postgres.host,
            "BOOKBAG_DATABASE_PORT": str(postgres.port),
            "BOOKBAG_SUPERUSER": postgres.superuser,
            "BOOKBAG_SUPERUSER_PASSWORD_FILE": str(postgres.password_file),
            "BOOKBAG_SECRETS_DIR": str(self.secrets),
            "BOOKBAG_ENVIRONMENT": self._kind,
            "BOOKBAG_PARTITIONS": self.servers.environment.get("BOOKBAG_PARTITIONS", ""),
        }
        for before in self._product.before:
            self._run(before, told)

    def _run(self, what: Step, told: Mapping[str, str]) -> None:
        log = self.servers.logs / f"{what.name}.log"
        program = Program(
            name=what.name,
            command=what.command,
            environment={**processes.base_environment(), **told},
            folder=ROOT,
            log=log,
            stage=STEP_STAGE,
            ready=lambda: True,
        )
        with step(self._say, what.what) as detail:
            self.servers.supervisor.run(program, PREPARED_WITHIN, lambda: detail("".join(last_lines(log, 1))[:60]))

    def _start_services(self) -> None:
        for attempt in range(TRIES):
            try:
                self._try_services()
            except EarlyExit as early:
                self._stop_services()
                port = self.servers.supervisor.program(early.name).port
                if attempt == TRIES - 1 or port is None or is_free(port):
                    raise
            else:
                return

    def _try_services(self) -> None:
        ports = {name: self.servers.ports.take() for name in processes.names(self._product)}
        self._around = Surroundings(
            environment=self._kind,
            secrets=self.secrets,
            crash_points=private_folder(self.run_dir / "crash-points"),
            clock=private_folder(self.run_dir / "clock") / "ahead",
            checkpoints=private_folder(self.run_dir / "checkpoints"),
            postgres=self.servers.postgres,
            broker=self.servers.broker,
            ports=ports,
            extra=self._extra,
        )
        supervisor = self.servers.supervisor
        for program in processes.programs(self._product, "api", self._around, self.servers.logs):
            supervisor.start(program)
        # The api processes need no broker; they start while it does.
        self.servers.wait_for_broker()
        for program in processes.programs(self._product, "worker", self._around, self.servers.logs):
            supervisor.start(program)
        with step(self._say, "starting " + ", ".join(self._product.services)):
            supervisor.wait_ready(list(ports), READY_WITHIN)

    def _stop_services(self) -> None:
        supervisor = self.servers.supervisor
        for name in processes.names(self._product):
            if name in supervisor.names:
                supervisor.stop(name)

    def _start_gateway(self, found: nginx.Binary) -> None:
        gateway = nginx.PrivateNginx(found, self.run_dir / "nginx", self.servers.logs / "nginx.log", self._rendered)
        with step(self._say, "starting nginx"):
            wanted = [] if self._gateway_port is None else [self._gateway_port]
            program = self.servers.start_on_free_port(gateway.program, wanted)
        if wanted and program.port != wanted[0]:
            self._say(f"Port {wanted[0]} is taken; the gateway listens on {program.port}.")

    def _rendered(self, port: int, folder: Path) -> Mapping[str, str]:
        ports = self._surroundings().ports
        return self._product.gateway(
            Gateway(
                port=port,
                folder=folder,
                secret=(self.secrets / "gateway.secret").read_text().strip(),
                upstreams={service: ports[f"{service}.api"] for service in self._product.services},
            )
        )

    def _surroundings(self) -> Surroundings:
        assert self._around is not None, "not started"  # noqa: S101 - a mistake of the caller
        return self._around

    def _write_state(self) -> None:
        with self._writing:
            if self._up:
                state.write(self.state_file, self.state)
