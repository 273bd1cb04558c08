"""PostgreSQL with standbys: private clusters on loopback, and one address for clients that leads to whichever serves.

Connections are told apart by the name of their database, as a pooler does it: one that has moved is found there.
"""

import asyncio
import os
import shutil
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg.rows import TupleRow

from deploy.local import postgres
from deploy.local.faults import CannotStart, PassedOver
from deploy.local.folders import private_folder
from deploy.local.ports import LOOPBACK, Ports
from deploy.local.postgres import SUPERUSER, PrivatePostgres
from deploy.local.progress import to_nobody
from deploy.local.servers import SOFTWARE
from deploy.local.supervise import Supervisor
from tests.faults.balancer import Switch, Way

WITHIN = 60.0
LOOK = 0.05
ASKS_FOR_ENCRYPTION = (80877103, 80877104)
"""SSLRequest and GSSENCRequest of the protocol."""


class Cluster(PrivatePostgres):
    """One cluster. A standby is made from another with `follow`. It is not started again when it dies."""

    def __init__(self, clusters: "Clusters", name: str) -> None:
        super().__init__(clusters.binaries, clusters.folder / name, clusters.folder / f"{name}.log")
        self.name, self.port = name, clusters.ports.take()
        self._clusters = clusters

    def make(self) -> None:
        """Initialises it empty."""
        self.prepare(self._clusters.supervisor, to_nobody)

    def follow(self, primary: "Cluster") -> None:
        """Makes it a copy of a running primary that will stream from it."""
        self.password_file.write_text(primary.password_file.read_text())
        passfile = self._place / "passfile"
        passfile.write_text(f"{LOOPBACK}:*:*:{SUPERUSER}:{primary.password_file.read_text().strip()}\n")
        passfile.chmod(0o600)
        if self._account is not None:
            os.chown(passfile, self._account.uid, self._account.gid)
            self._make_reachable(self._account, to_nobody)
        told = (
            f"host={LOOPBACK} port={primary.port} user={SUPERUSER} passfile={passfile} application_name={self.name}"
            " sslmode=disable gssencmode=disable"
        )
        command = [str(self._bin / "pg_basebackup"), "-D", str(self._place / "data"), "-d", told, "-R", "-c", "fast"]
        program = self._program(f"{self.name} basebackup", command, ready=lambda: True)
        self._clusters.supervisor.run(program, within=WITHIN)

    def start(self, **settings: str) -> None:
        """Returns when it lets clients in."""
        program = self.program(self.port)
        more = [f"--{name}={value}" for name, value in settings.items()]
        self._clusters.supervisor.start(replace(program, name=self.name, command=[*program.command, *more]))
        until(self.lets_in, f"{self.name} lets clients in")

    def stop(self) -> None:
        """In order."""
        self._clusters.supervisor.stop(self.name)

    def kill(self) -> None:
        """SIGKILL to all its processes at once; what it had not sent to a standby by then stays with it."""
        self._clusters.supervisor.kill(self.name)

    def promote(self) -> None:
        """Ends its following; returns when it takes writes."""
        with self.connected() as server:
            assert server.execute("SELECT pg_promote(true, 60)").fetchone() == (True,)

    def wait_for(self, standby: "Cluster") -> None:
        """From now on a commit is answered only once this standby has it on disk."""
        with self.connected() as server:
            server.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{standby.name}'")
            server.execute("SELECT pg_reload_conf()")

            def in_step() -> bool:
                asked = "SELECT FROM pg_stat_replication WHERE application_name = %s AND sync_state = 'sync'"
                return server.execute(asked, (standby.name,)).rowcount == 1

            until(in_step, f"{standby.name} is in step")

    def lets_in(self) -> bool:
        with suppress(psycopg.OperationalError), self.connected():
            return True
        return False

    def connected(self) -> psycopg.Connection[TupleRow]:
        return psycopg.connect(
            host=LOOPBACK,
            port=self.port,
            user=SUPERUSER,
            password=self.password_file.read_text().strip(),
            dbname="postgres",
            connect_timeout=5,
            autocommit=True,
        )


class Clusters:
    """The clusters of a test, in a folder; ended and removed with the block.

    Raises:
        PassedOver: there are no binaries for them, or none that copy a cluster.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = private_folder(folder)
        try:
            self.binaries = postgres.find(SOFTWARE, folder, to_nobody)
        except CannotStart as reason:
            raise PassedOver(str(reason)) from None
        if not (self.binaries.bin / "pg_basebackup").exists():
            raise PassedOver(f"no pg_basebackup beside {self.binaries.bin}")
        self.supervisor, self.ports = Supervisor(), Ports()
        self._made: list[Cluster] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.supervisor.stop_all()
        for cluster in self._made:
            cluster.discard()
        shutil.rmtree(self.folder, ignore_errors=True)

    def primary(self, name: str) -> Cluster:
        """A new, empty cluster that serves."""
        made = self._new(name)
        made.make()
        made.start()
        return made

    def standby(self, name: str, of: Cluster) -> Cluster:
        """A copy that streams from the primary."""
        made = self._new(name)
        made.follow(of)
        made.start()
        return made

    def _new(self, name: str) -> Cluster:
        made = Cluster(self, name)
        self._made.append(made)
        return made


class Address(Switch):
    """Where clients find PostgreSQL: leads each connection to the cluster that has its database."""

    def __init__(self, to: Cluster) -> None:
        super().__init__()
        self._default, self._moved = to.port, dict[str, int]()

    def lead_to(self, cluster: Cluster) -> None:
        """All new connections, of every database; those that stand are cut."""
        self._default, self._moved = cluster.port, {}
        self.cut()

    def move(self, database: str, to: Cluster) -> None:
        """One database is found elsewhere from now on; its connections are cut."""
        self._moved[database] = to.port
        self.cut(database)

    async def way(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> Way:
        """By the name of the database in the first message; encryption is declined."""
        while True:
            head = await client.readexactly(8)
            length, code = struct.unpack("!ii", head)
            body = await client.readexactly(length - 8)
            if code not in ASKS_FOR_ENCRYPTION:
                words = body.split(b"\0")
                told = dict(zip(words[::2], words[1::2], strict=False))
                name = told.get(b"database", b"").decode()
                return Way(self._moved.get(name, self._default), head + body, name)
            answers.write(b"N")


def until(found: Callable[[], bool], what: str) -> None:
    """Returns as soon as it is so."""
    never, ends = threading.Event(), time.monotonic() + WITHIN
    while not found():
        assert time.monotonic() < ends, f"never so: {what}"
        never.wait(LOOK)
