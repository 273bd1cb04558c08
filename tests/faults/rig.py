"""An installation with a day going on in it, for scenarios that do something to it; and what surrounds it.

A plain rig is an installation with its own servers. A surrounded one reaches PostgreSQL, RabbitMQ and every feed
through proxies of ours, and its PostgreSQL writes to a small disk where this machine lets us make one.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from deploy.local.accounts import other_account
from deploy.local.launch import Installation
from deploy.local.ports import LOOPBACK
from deploy.local.postgres import NOTE
from deploy.local.servers import Servers
from deploy.local.supervise import Supervisor
from deploy.services import SERVICES
from shared.testing.driver import Bookbag, Session
from shared.testing.school import invented_school
from tests.faults.invariants import Kept, holds, until
from tests.faults.load import Day, a_day, put_away
from tests.faults.proxy import Proxy
from tests.installation import Bench, School, patiently, went

DISK = 900 * 1024 * 1024
SERVERS = ("postgres", "broker")
SETTLED_WITHIN = 240.0
"""Seconds until all is quiet again after whatever was done."""

Tell = Callable[[str, int], None]
"""Told what is being done, and how much of it is done now."""


def to_nobody(_what: str, _done: int) -> None:
    """For whoever does not watch."""


@dataclass(frozen=True, slots=True)
class Around:
    """What a surrounded installation stands on. Attributes: disk: None where no small one could be made, and why."""

    servers: Servers
    postgres: Proxy
    broker: Proxy
    feeds: Mapping[str, Proxy]
    disk: Path | None
    no_disk_because: str = ""


@dataclass(slots=True)
class Rig:
    """What a scenario is given. Attributes: checked: how often everything was looked at, and held."""

    bench: Bench
    day: Day
    kept: Kept
    chance: random.Random
    around: Around | None = None
    tell: Tell = to_nobody
    done: dict[str, int] = field(default_factory=dict)
    checked: int = 0

    def note(self, what: str) -> None:
        """Counts what was done, for the report."""
        self.done[what] = self.done.get(what, 0) + 1
        self.tell(what, 1)

    def supervisor(self, name: str) -> Supervisor:
        """Who looks after a process."""
        servers = self.bench.it.servers if self.around is None or name not in SERVERS else self.around.servers
        return servers.supervisor

    def until_refused(self, at_least: int = 3, within: float = 60.0) -> None:
        """Returns once so many more requests were answered that they could not be done now."""
        before = self.kept.passing.total()
        until(
            self.bench,
            lambda: self.kept.passing.total() >= before + at_least,
            "nobody was kept waiting: nothing was tried",
            within=within,
        )

    def until_answered(self, at_least: int = 5, within: float = 60.0) -> None:
        """Returns once so many more commands were done."""
        before = len(self.kept.answered)
        until(self.bench, lambda: len(self.kept.answered) >= before + at_least, "nothing goes on", within=within)

    def check(self) -> None:
        """Waits until quiet and asserts the invariants; nobody may act meanwhile."""
        self.tell("looking at everything", 0)
        holds(self.bench, self.kept, within=SETTLED_WITHIN)
        self.checked += 1
        self.tell(f"all held, look {self.checked}", 0)


def own_servers() -> dict[str, str]:
    """The environment without the servers that it may name: what is done to ours is not done to others'."""
    named = ("BOOKBAG_POSTGRES", "BOOKBAG_RABBITMQ")
    told = {name: value for name, value in os.environ.items() if not name.startswith(named)}
    return {**told, "BOOKBAG_MAX_DEATHS_PER_MINUTE": "1000"}


@contextmanager
def a_rig(bench: Bench, slug: str, seed: int, around: Around | None = None) -> Iterator[Rig]:
    """A school of its own in an installation, with the people of a day signed in."""
    chance = random.Random(seed)  # noqa: S311 - chance, not secrecy
    with Bookbag(bench.it.state["gateway"]) as bookbag:

        def operator() -> Session:
            return patiently(bookbag.sign_in_operator, bench.operator_password())

        school, kept = a_school_of_its_own(bookbag, operator(), slug, seed), Kept()
        day = a_day(school, seed, kept, operator)
        try:
            yield Rig(bench, day, kept, chance, around)
        finally:
            put_away(day)


def a_school_of_its_own(bookbag: Bookbag, operator: Session, slug: str, seed: int) -> School:
    people = invented_school(seed=seed, classes=2, pupils_per_class=8, on=datetime.now(UTC).date())
    school_id = went(operator.register_school(slug, people.name)).id
    patiently(operator.import_roster, people.zip(), school_id)
    return School(bookbag, operator, slug, school_id, people)


@contextmanager
def plain(folder: Path) -> Iterator[Bench]:
    """An installation of its own."""
    it = Installation(folder, environment=own_servers(), keep=False)
    with it:
        yield Bench(it)


@contextmanager
def surrounded(folder: Path) -> Iterator[tuple[Bench, Around]]:
    """An installation behind proxies, on servers of its own."""
    with ExitStack() as stack:
        disk, why = None, ""
        try:
            disk = stack.enter_context(small_disk(folder))
        except NoSmallDiskError as error:
            why = str(error)
        # PostgreSQL's log of transactions stays small, so that what fills the disk is what a school writes.
        settings = {"max_wal_size": "96MB", "min_wal_size": "32MB"}
        own = own_servers()
        servers = stack.enter_context(
            Servers(folder / "servers", environment=own, postgres_settings=settings, keep=False)
        )
        postgres = stack.enter_context(Proxy(lambda: (servers.postgres.host, servers.postgres.port)))
        broker = stack.enter_context(Proxy(lambda: (servers.broker.host, servers.broker.port)))
        started: list[Installation] = []

        def api_of(service: str) -> Callable[[], tuple[str, int]]:
            def found() -> tuple[str, int]:
                supervisor = started[0].servers.supervisor
                if f"{service}.api" not in supervisor.names:
                    raise ConnectionRefusedError
                port = supervisor.program(f"{service}.api").port
                assert port is not None
                return LOOPBACK, port

            return found

        feeds = {service: stack.enter_context(Proxy(api_of(service))) for service in SERVICES}
        told = {
            **own,
            "BOOKBAG_POSTGRES": f"{LOOPBACK}:{postgres.port}",
            "BOOKBAG_POSTGRES_SUPERUSER": servers.postgres.superuser,
            "BOOKBAG_POSTGRES_PASSWORD_FILE": str(servers.postgres.password_file),
            "BOOKBAG_RABBITMQ": f"{LOOPBACK}:{broker.port}",
            "BOOKBAG_RABBITMQ_PASSWORD_FILE": str(servers.broker.password_file),
        }
        addresses = {service: f"http://{LOOPBACK}:{proxy.port}" for service, proxy in feeds.items()}
        it = Installation(folder / "installation", environment=told, extra={"BOOKBAG_FEEDS": json.dumps(addresses)})
        started.append(it)
        stack.enter_context(it)
        yield Bench(it), Around(servers, postgres, broker, feeds, disk, why)


class NoSmallDiskError(Exception):
    """Why no disk can be made that is small enough to fill."""


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk in memory on which the servers below `folder` will put PostgreSQL's data.

    Raises:
        NoSmallDiskError: only root may make one, and not everywhere.
    """
    account = other_account()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if account is None or mount is None or umount is None:
        raise NoSmallDiskError("a disk small enough to fill can be made by root alone; the full disk stays untried")
    disk = Path(tempfile.mkdtemp(prefix="bookbag-disk-", dir="/var/tmp"))
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", f"size={DISK},mode=0755", "bookbag", str(disk)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        disk.rmdir()
        raise NoSmallDiskError(f"this machine lets nobody mount a disk: {made.stderr.strip()}; it stays untried")
    try:
        place = disk / "postgres"
        place.mkdir(mode=0o700)
        os.chown(place, account.uid, account.gid)
        note = folder / "servers" / "postgres" / NOTE
        note.parent.mkdir(parents=True, mode=0o700)
        note.write_text(f"{place}\n")
        yield disk
    finally:
        subprocess.run([umount, "-l", str(disk)], check=False, capture_output=True)
        with suppress(OSError):
            disk.rmdir()


def rabbitmqctl(rig: Rig, *arguments: str) -> str:
    """What the broker's own command says."""
    program = rig.supervisor("broker").program("broker")
    done = subprocess.run(
        [str(Path(program.command[0]).with_name("rabbitmqctl")), *arguments],
        env=dict(program.environment),
        cwd=program.folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def thaw(rig: Rig, name: str) -> None:
    """Lets a process go on that was stopped."""
    rig.supervisor(name).signal(name, signal.SIGCONT)
