"""The product as it runs, with schools in it, for what is measured through its gateway.

Nothing of the check is taken out: each request is one of a session, which identity looks up. Only the limit on one
address stands higher, for here one address asks for all schools.
"""

import hashlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

from bench.place import Place
from deploy.gateway.render import GatewayPlan, render
from deploy.local.folders import ROOT
from deploy.local.launch import Installation
from deploy.local.ports import Ports
from deploy.local.processes import BOOKBAG, PAGE, Gateway, base_environment, is_ready
from shared.runtime.ids import new_id
from shared.testing.driver import Bookbag, Refused, Session
from shared.testing.school import InventedSchool, invented_school

T = TypeVar("T")

CLASSES, PUPILS = 12, 30
MANY = 100_000
PATIENCE = 60
TICKS = os.sysconf("SC_CLK_TCK")


class NotServed(Exception):  # noqa: N818 - what the product said
    """The product refused what the bench needs."""


@dataclass(frozen=True, slots=True)
class Taught:
    """A class of a school: who teaches it, who is in it, and what its pupils are praised for."""

    school_id: UUID
    class_id: UUID
    teacher_id: UUID
    pupils: Sequence[UUID]
    behaviour_id: UUID


@dataclass
class Served:
    """A running installation.

    Attributes:
        environment: added to what the launcher is told.
    """

    place: Place
    schools: int
    name: str = "served"
    environment: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def it(self) -> Installation:
        folder = self.place.folder / self.name
        # A bench frees and freezes more than an installation would bear from a fault.
        told = {**os.environ, "BOOKBAG_MAX_DEATHS_PER_MINUTE": "1000", **self.environment}
        product = replace(BOOKBAG, gateway=self._files)
        made = Installation(folder, environment=told, product=product, keep=False)
        self.place.stack.callback(made.discard)
        made = self.place.stack.enter_context(made)
        # The facts on the page are of these servers.
        self.place.__dict__.setdefault("installation", made)
        return made

    @property
    def port(self) -> int:
        """The gateway's."""
        return self.it.state["nginx"]["port"]

    @cached_property
    def classes(self) -> Sequence[Taught]:
        """Of all schools. Registers the schools, once."""
        found: list[Taught] = []
        with Bookbag(self.it.state["gateway"]) as bookbag:
            operator = _went(bookbag.sign_in_operator((self.it.secrets / "operator.password").read_text().strip()))
            for number in range(self.schools):
                found += self._school(bookbag, operator, number)
        return found

    def tokens(self, count: int, taught: Taught) -> list[str]:
        """So many sessions of a class's teacher."""
        return self.sessions([(taught.school_id, taught.teacher_id)] * count, "staff")

    def sessions(self, people: Sequence[tuple[UUID, UUID]], capacity: str) -> list[str]:
        """A session each of (school, person), as sign-in leaves them; by hand, for a sign-in takes 30 ms."""
        made = [secrets.token_urlsafe(32) for _ in people]
        now = datetime.now(UTC)
        with self.database("identity") as connection, connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO session (session_id, token_hash, school_id, person_id, capacity, issued_at, expires_at,"
                " by_code) VALUES (%s, %s, %s, %s, %s, %s, %s, false)",
                [
                    (
                        new_id(),
                        hashlib.sha256(token.encode()).digest(),
                        school_id,
                        person_id,
                        capacity,
                        now,
                        now + timedelta(hours=12),
                    )
                    for token, (school_id, person_id) in zip(made, people, strict=True)
                ],
            )
        return made

    def database(self, service: str) -> psycopg.Connection[TupleRow]:
        """A service's, as the superuser; in autocommit."""
        server = self.it.state["postgres"]
        return psycopg.connect(
            host=server["host"],
            port=server["port"],
            dbname=f"bookbag_{service}",
            user=server["user"],
            password=Path(server["password_file"]).read_text().strip(),
            autocommit=True,
        )

    @contextmanager
    def more(self, services: Mapping[str, int]) -> Iterator[None]:
        """So many api processes of these services, all behind the gateway, in place of one each."""
        if max(services.values()) == 1:
            yield
            return
        processes = self.it.state["processes"]
        ports = {name.removesuffix(".api"): [at["port"]] for name, at in processes.items() if name.endswith(".api")}
        started: list[subprocess.Popen[bytes]] = []
        try:
            for service, count in services.items():
                for _ in range(count - 1):
                    port = Ports().take()
                    ports[service].append(port)
                    started.append(self._another(service, port))
            self._route(ports)
            yield
        finally:
            self._route({name: mine[:1] for name, mine in ports.items()})
            for process in started:
                process.terminate()
            for process in started:
                process.wait()

    def cpu(self) -> Mapping[str, float]:
        """Seconds of CPU time that each process of the installation has taken so far, its children's in it."""
        return {name: sum(map(_cpu, _tree(pid))) for name, pid in self._pids().items()}

    def memory(self) -> Mapping[str, float]:
        """MB that each process of the installation, and what came from it, has for itself alone."""
        return {name: sum(map(_private, _tree(pid))) / 1024 for name, pid in self._pids().items()}

    def _pids(self) -> Mapping[str, int]:
        state = self.it.state
        pids = {name: at["pid"] for name, at in state["processes"].items()}
        others = {"nginx": state["nginx"], "PostgreSQL": state["postgres"], "broker": state["broker"]}
        return pids | {name: at["pid"] for name, at in others.items() if at["pid"] is not None}

    def _another(self, service: str, port: int) -> "subprocess.Popen[bytes]":
        told = self.it.state["processes"][f"{service}.api"]["env"]
        log = Path(self.it.state["logs"]) / f"{service}.api.{port}.log"
        with log.open("wb") as to:
            process = subprocess.Popen(
                [sys.executable, "-m", f"services.{service}", "api"],
                cwd=ROOT,
                env={**base_environment(), **told, "BOOKBAG_HTTP_PORT": str(port)},
                stdout=to,
                stderr=to,
            )
        deadline = time.monotonic() + PATIENCE
        while not is_ready(port):
            if time.monotonic() > deadline or process.poll() is not None:
                raise TimeoutError(f"another {service}.api does not answer")
        return process

    def _route(self, ports: Mapping[str, Sequence[int]]) -> None:
        folder = self.it.run_dir / "nginx"
        secret = (self.it.secrets / "gateway.secret").read_text().strip()
        for name, content in render(_plan(self.port, folder, secret, ports)).items():
            (folder / name).write_text(content)
        os.kill(int((folder / "nginx.pid").read_text()), signal.SIGHUP)
        time.sleep(1)  # for its old workers to have nothing in work any more

    def _files(self, gateway: Gateway) -> Mapping[str, str]:
        ports = {service: [port] for service, port in gateway.upstreams.items()}
        return render(_plan(gateway.port, gateway.folder, gateway.secret, ports))

    def _school(self, bookbag: Bookbag, operator: Session, number: int) -> list[Taught]:
        people = invented_school(seed=number, classes=CLASSES, pupils_per_class=PUPILS, on=datetime.now(UTC).date())
        slug = f"bench-{number}"
        school_id = _went(operator.register_school(slug, people.name)).id
        _went(operator.import_roster(people.zip(), school_id))
        head = self._session(bookbag, operator, slug, people)
        value = _patiently(lambda: head.define_value("Kindness"))
        behaviour = _patiently(lambda: head.define_behaviour("Helped a friend", value.id))
        _patiently(head.behaviours)
        with self.database("identity") as connection:
            rows = connection.execute(
                "SELECT s.class_id, min(s.staff_id::text)::uuid,"
                " (SELECT array_agg(pupil_id) FROM roster_enrolment e WHERE e.class_id = s.class_id)"
                " FROM roster_class_staff s WHERE s.school_id = %s AND s.post = 'class_teacher' GROUP BY s.class_id",
                (school_id,),
            ).fetchall()
        return [Taught(school_id, row[0], row[1], row[2], behaviour.id) for row in rows]

    @staticmethod
    def _session(bookbag: Bookbag, operator: Session, slug: str, people: InventedSchool) -> Session:
        login = people.headteacher.login
        code = _patiently(lambda: operator.one_time_code(slug, login))
        return _patiently(lambda: bookbag.sign_in(slug, login, code=code, capacity="staff"))


def served(place: Place, schools: int = 3) -> Served:
    """The place's one installation, for all sides that share it."""
    found: Served | None = place.__dict__.get("served")
    if found is None:
        found = place.__dict__["served"] = Served(place, schools)
    return found


def spent(before: Mapping[str, float], after: Mapping[str, float], requests: int) -> dict[str, float]:
    """Microseconds of CPU time a request, by process, largest first; what took less than 5 is left out."""
    taken = {name: (after[name] - before[name]) / max(1, requests) * 1e6 for name in before}
    found = sorted(taken.items(), key=lambda item: -item[1])
    return {f"us of {name} each": value for name, value in found if value >= 5}


def _plan(port: int, folder: Path, secret: str, ports: Mapping[str, Sequence[int]]) -> GatewayPlan:
    return GatewayPlan(
        listen_port=port,
        folder=folder,
        page_folder=PAGE,
        gateway_secret=secret,
        upstreams=ports,
        run_as_root=os.geteuid() == 0,
        address_rate=MANY,
    )


def _tree(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from _tree(int(child))


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _private(pid: int) -> int:
    """KB of memory that is neither shared nor a file's."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon:")), 0)


def _went(answer: T | Refused) -> T:
    """The answer of what must not be refused."""
    if isinstance(answer, Refused):
        raise NotServed(f"refused: {answer.status} {answer.code} {answer.detail}")
    return answer


def _patiently(do: Callable[[], T | Refused]) -> T:
    """The same for what rests on a roster that is on its way: each try waits by itself."""
    for _ in range(PATIENCE):
        answer = do()
        if not (isinstance(answer, Refused) and answer.code in {"NOT_YET_VISIBLE", "UNAVAILABLE", "NOT_FOUND"}):
            return _went(answer)
    raise TimeoutError("the roster is still not shown")
