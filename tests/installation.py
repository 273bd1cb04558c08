"""A whole installation under test, and schools in it, for the tests that act through the gateway."""

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

import httpx
import psycopg
from psycopg.rows import TupleRow

from deploy.local.launch import Installation
from deploy.operator.config import ROOT, OperatorConfig
from deploy.operator.verify import verify_service
from deploy.services import SERVICES
from shared.log.verify import Fault
from shared.testing.driver import Bookbag, Refused, Session
from shared.testing.school import InventedSchool, invented_school

T = TypeVar("T")
P = ParamSpec("P")

PATIENCE = 30
"""Tries; each waits up to two seconds on the server's side."""


def went(answer: T | Refused) -> T:
    """The answer of something that must not be refused."""
    assert not isinstance(answer, Refused), f"refused: {answer.status} {answer.code} {answer.clause} {answer.detail}"
    return answer


def patiently(do: Callable[P, T | Refused], *given: P.args, **named: P.kwargs) -> T:
    """As `went`, for what rests on a roster so large that a read model may need more than one request's wait."""
    for _ in range(PATIENCE):
        answer = do(*given, **named)
        if not (isinstance(answer, Refused) and answer.code in {"NOT_YET_VISIBLE", "UNAVAILABLE"}):
            return went(answer)
    raise AssertionError("not visible after all this time")


def refused(answer: object) -> Refused:
    """The refusal of something that must be refused."""
    assert isinstance(answer, Refused), f"not refused, but {answer}"
    return answer


@dataclass(slots=True)
class School:
    """An invented school in the installation, and its people by role."""

    bookbag: Bookbag
    operator: Session
    slug: str
    school_id: UUID
    people: InventedSchool
    sessions: dict[tuple[str, str], Session] = field(default_factory=dict)

    def as_(self, person: Any, capacity: str) -> Session:
        """Signs a person in by a one-time code; the same session for all who ask."""
        known = self.sessions.get((person.login, capacity))
        if known is None:
            known = self.sessions[person.login, capacity] = self.newly_signed_in(person, capacity)
        return known

    def newly_signed_in(self, person: Any, capacity: str) -> Session:
        code = patiently(self.operator.one_time_code, self.slug, person.login)
        return patiently(self.bookbag.sign_in, self.slug, person.login, code=code, capacity=capacity)

    @property
    def head(self) -> Session:
        return self.as_(self.people.headteacher, "staff")

    def teacher(self, class_no: int = 1) -> Session:
        return self.as_(self.people.teacher(class_no), "staff")

    def pupil(self, class_no: int = 1, number: int = 1) -> Session:
        return self.as_(self.people.pupil(class_no, number), "pupil")

    def guardian_of(self, pupil: Any, number: int = 0) -> Session:
        return self.as_(self.people.guardians_of(pupil)[number], "guardian")

    def a_behaviour(self, name: str = "Helped a friend") -> UUID:
        """A behaviour linked to a value, newly defined."""
        value = went(self.head.define_value("Kindness"))
        return went(self.head.define_behaviour(name, value.id)).id


def a_school(bookbag: Bookbag, operator: Session, slug: str, seed: int) -> School:
    """Registers a small invented school and brings its roster in."""
    people = invented_school(seed=seed, classes=2, pupils_per_class=8, on=datetime.now(UTC).date())
    school_id = went(operator.register_school(slug, people.name)).id
    went(operator.import_roster(people.zip(), school_id))
    return School(bookbag, operator, slug, school_id, people)


@contextmanager
def an_installation(folder: Path, **told: str) -> Iterator["Bench"]:
    """A whole installation: PostgreSQL, RabbitMQ, nginx and every process of every service; gone afterwards.

    Args:
        folder: its run folder.
        told: variables that it is started with, beside those of the tests' own environment.
    """
    # Tests kill its processes far more often than a fault would: it is to go on all the same.
    environment = {**os.environ, "BOOKBAG_MAX_DEATHS_PER_MINUTE": "1000", **told}
    with Installation(folder, environment=environment) as it:
        yield Bench(it)
    it.discard()


@dataclass(frozen=True, slots=True)
class Bench:
    """The installation as its operator sees it."""

    it: Installation

    @property
    def config(self) -> OperatorConfig:
        state = self.it.state
        return OperatorConfig(
            host=state["postgres"]["host"],
            port=state["postgres"]["port"],
            secrets=Path(state["secrets_dir"]),
            superuser=state["postgres"]["user"],
            superuser_password_file=Path(state["postgres"]["password_file"]),
        )

    def operator_password(self) -> str:
        return self.config.secret("operator.password").read_text().strip()

    def heads(self) -> Mapping[str, int]:
        """How many events each service's log holds."""
        return {service: self.ask(service, "SELECT count(*) FROM log_event")[0][0] for service in SERVICES}

    def ask(self, service: str, sql: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """A question to a service's database, as its superuser."""
        with self.connected(service) as connection:
            return connection.execute(sql, parameters).fetchall()

    def connected(self, service: str) -> psycopg.Connection[TupleRow]:
        """A connection to a service's database, as its superuser."""
        config = self.config
        assert config.superuser_password_file is not None
        return psycopg.connect(
            host=config.host,
            port=config.port,
            dbname=f"bookbag_{service}",
            user=config.superuser,
            password=config.superuser_password_file.read_text().strip(),
            autocommit=True,
        )

    def operate(self, *arguments: str, **told: str) -> subprocess.CompletedProcess[str]:
        """What `./bookbag` says to these arguments, and to variables besides."""
        return subprocess.run(
            [str(ROOT / "bookbag"), *arguments],
            env={**os.environ, "BOOKBAG_RUN_DIR": str(self.it.run_dir), **told},
            capture_output=True,
            text=True,
            check=False,
        )

    def faults(self) -> list[Fault]:
        """What `bookbag verify` finds, over all services."""
        return [fault for s in SERVICES for fault in verify_service(self.config, s, lambda _at, _head: None)]

    def crash_at(self, process: str, point: str) -> None:
        """The process kills itself when it comes to the point next."""
        path = self.it.run_dir / "crash-points" / process
        path.with_suffix(".new").write_text(point)
        path.with_suffix(".new").rename(path)

    def freeze_at(self, process: str, point: str) -> None:
        """The process stops itself when it comes to the point next, until it is sent SIGCONT."""
        self.crash_at(process, f"freeze {point}")

    def never_mind(self, process: str) -> None:
        """Takes back what `crash_at` or `freeze_at` has asked for and not got."""
        (self.it.run_dir / "crash-points" / process).unlink(missing_ok=True)

    def has_crashed(self, process: str) -> bool:
        """Whether the process came to its point, to die or to freeze there."""
        return not (self.it.run_dir / "crash-points" / process).exists()

    def metrics(self, process: str) -> str:
        """What it tells who collects its numbers."""
        port = self.it.state["processes"][process]["port"]
        answer = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False, timeout=30)
        assert answer.status_code == 200
        return answer.text

    def log_files(self) -> list[Path]:
        """Of every process and every server, the gateway's list of requests too."""
        return sorted({*Path(self.it.state["logs"]).rglob("*.log*"), *self.it.run_dir.rglob("*.log")})

    def logs(self) -> str:
        """All that every process has written so far."""
        return "\n".join(path.read_text(errors="replace") for path in self.log_files())
