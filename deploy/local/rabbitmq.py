"""A private RabbitMQ on loopback, with an epmd of its own."""

import os
import re
import signal
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.local import debian
from deploy.local.faults import PassedOver
from deploy.local.folders import password_in, private_folder, write_private
from deploy.local.ports import LOOPBACK, Ports
from deploy.local.program import Program
from deploy.local.progress import Say
from deploy.local.sources import DEBIAN, INSTALLED, choose, libraries_of, which
from deploy.local.versions import Version, is_too_old, shown, version_in

USER = "bookbag"
EPMD_STAGE, STAGE = 1, 2
PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
METHOD_FRAME = b"\x01"
WRITTEN_AHEAD = 16_000_000
"""Bytes after which the broker goes on to another file, and forgets what it need not know any more."""
_HOME = "lib/rabbitmq/lib/rabbitmq_server-*"


@dataclass(frozen=True, slots=True)
class Binaries:
    """RabbitMQ's own start script (not the wrapper that insists on a user), and Erlang's programs."""

    source: str
    version: Version
    script: Path
    epmd: Path
    path: str
    libraries: str = ""

    def __str__(self) -> str:
        origin = "this machine's own" if self.source == INSTALLED else "Debian's packages"
        return f"{shown(self.version)} from {origin}"


def find(software: Path, say: Say, environment: Mapping[str, str] = os.environ) -> Binaries:
    return choose(
        "RabbitMQ",
        [
            (INSTALLED, _installed),
            (DEBIAN, lambda: _debian(software, say)),
        ],
        say,
        environment,
    )


def _installed() -> Binaries:
    homes = [path for prefix in ("/usr", "/usr/local") for path in Path(prefix).glob(_HOME)]
    if wrapper := which("rabbitmq-server"):
        homes.append(wrapper.parent.parent)
    found = [(version, home) for home in homes if (version := _version_of(home)) and _script(home).exists()]
    if not found:
        raise PassedOver("none")
    version, home = max(found)
    if is_too_old("RabbitMQ", version):
        raise PassedOver(f"{shown(version)} is older than 3.10")
    erl = which("erl")
    if erl is None:
        raise PassedOver("its Erlang is missing")
    epmd = which("epmd") or next(erl.parent.parent.glob("erts-*/bin/epmd"), None)
    if epmd is None:
        raise PassedOver("Erlang's epmd is missing")
    return Binaries(INSTALLED, version, _script(home), epmd, f"{erl.parent}:{os.defpath}")


def _debian(software: Path, say: Say) -> Binaries:
    unpacked = debian.unpacked("rabbitmq-server", software, say)
    home = next((unpacked.prefix / "usr").glob(_HOME), None)
    epmd = next(unpacked.prefix.glob("usr/lib/erlang/erts-*/bin/epmd"), None)
    version = _version_of(home) if home else None
    if home is None or epmd is None or version is None:
        raise PassedOver("no broker in them")
    if is_too_old("RabbitMQ", version):
        raise PassedOver(f"{shown(version)} is older than 3.10")
    path = f"{unpacked.prefix}/usr/lib/erlang/bin:{os.defpath}"
    return Binaries(DEBIAN, version, _script(home), epmd, path, unpacked.libraries)


def _script(home: Path) -> Path:
    return home / "sbin/rabbitmq-server"


def _version_of(home: Path) -> Version | None:
    return version_in(re.sub(r"^\D*", "", home.name))


class PrivateRabbit:
    """One broker node in a folder."""

    def __init__(self, found: Binaries, folder: Path, logs: Path) -> None:
        self._found = found
        self._folder = private_folder(folder)
        self._logs = logs
        self.password_file = folder / "password"
        self.ports: tuple[int, ...] = ()

    def programs(self, ports: Ports) -> tuple[Program, Program]:
        """epmd, which has to answer first, and the broker."""
        epmd_port, port, distribution = self.ports = (ports.take(), ports.take(), ports.take())
        return self._epmd(epmd_port), self._broker(port, distribution, epmd_port)

    def _epmd(self, port: int) -> Program:
        return Program(
            name="epmd",
            command=[str(self._found.epmd), "-port", str(port), "-address", LOOPBACK],
            environment={"PATH": self._found.path, "HOME": str(self._folder), **libraries_of(self._found.libraries)},
            folder=self._folder,
            log=self._logs / "epmd.log",
            stage=EPMD_STAGE,
            ready=lambda: listens(port),
            port=port,
        )

    def _broker(self, port: int, distribution: int, epmd_port: int) -> Program:
        folder = self._folder
        # The name and the password count on an empty data folder alone: the password is kept beside the data.
        write_private(
            folder / "rabbitmq.conf",
            f"default_user = {USER}\ndefault_pass = {password_in(self.password_file)}\n"
            "log.console = true\nlog.console.level = warning\nlog.file = false\n"
            # What quorum queues have written stays in memory until the file is full: by default up to 512 MiB.
            # https://www.rabbitmq.com/docs/quorum-queues#resource-use
            f"raft.wal_max_size_bytes = {WRITTEN_AHEAD}\n",
        )
        write_private(folder / "advanced.config", "[].\n")
        write_private(folder / "enabled_plugins", "[].\n")
        environment = {
            "PATH": self._found.path,
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            # Makes the script become the virtual machine, so that the child is the broker itself.
            "RUNNING_UNDER_SYSTEMD": "true",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_NODENAME": "rabbit@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": LOOPBACK,
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(distribution),
            "ERL_EPMD_PORT": str(epmd_port),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +S 2:2",
            **libraries_of(self._found.libraries),
        }
        return Program(
            name="broker",
            command=[str(self._found.script)],
            environment=environment,
            folder=folder,
            log=self._logs / "broker.log",
            stage=STAGE,
            ready=lambda: answers(port),
            port=port,
            stop_signal=signal.SIGTERM,
            stop_within=20,
        )


def listens(port: int) -> bool:
    """Whether anything accepts a connection there."""
    with suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
        return True
    return False


def answers(port: int, host: str = LOOPBACK) -> bool:
    """Whether a broker answers the protocol's header with a method frame: it then takes clients."""
    with suppress(OSError), socket.create_connection((host, port), timeout=1) as connection:
        connection.sendall(PROTOCOL_HEADER)
        return connection.recv(1) == METHOD_FRAME
    return False
