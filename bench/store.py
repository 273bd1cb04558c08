"""Appending: one event a command, durable, beside other stores on the same PostgreSQL."""

import json
import os
import re
import shutil
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID, uuid4

from psycopg_pool import ConnectionPool

from bench.loop import PATIENCE, Loop, Work, run_apart
from bench.place import INSTALLATION_KEY, House, Place
from bench.seed import BEGAN, TEXT, ident
from bench.side import Goal, Measured, Medians, Round, Side, Topic
from shared.events.envelope import Actor
from shared.events.identity import ClassId, GuardianId, PersonId, PupilId
from shared.events.messaging import ConversationId, MessageId, MessageSent, Sender
from shared.log.append import Answer, Command
from shared.log.commands import Request, prepared
from shared.log.committer import Committer, Committers
from shared.log.verify import verify
from shared.privacy.kept import KeptKeys
from shared.privacy.keystore import KeyStore
from shared.privacy.vault import Vault
from shared.projections.bulk import Conninfo, where
from shared.runtime.clock import SystemClock
from shared.runtime.database import Pool
from shared.runtime.ids import new_id

SECONDS = 1.5
IN_FLIGHT = 64
PROCESSES = 2
SKIPPING_WRITERS = 8
MESSAGE_DB = "@eventide/message-db"
MESSAGE_DB_VERSION = "1.3.1"
ROW_BYTES = 400

Write: TypeAlias = Callable[[Command], Answer]


# -- Bookbag ----------------------------------------------------------------------------------------------------------


class Store:
    """The product's own: declared events, sealed and checked, appended at the version at which each stream is."""

    def __init__(self, writer: Pool, keys: KeyStore, partition: int = 1) -> None:
        self.school, self.partition = uuid4(), partition
        # As an api process has it.
        self.vault = Vault("messaging", KeptKeys(keys, time.monotonic), time.monotonic)
        self.committers = Committers("messaging", writer)
        self.clock = SystemClock()
        self._versions: dict[UUID, int] = {}

    def work(self, write: Write) -> Work:
        def of_client(number: int) -> Callable[[], object]:
            conversation = ident(number)
            return partial(self._send, write, conversation, f"conversation-{conversation}")

        return of_client

    def _send(self, write: Write, conversation: UUID, stream: str) -> UUID:
        version = self._versions.get(conversation, 0)
        event_id = new_id()
        event = MessageSent(
            message_id=MessageId(event_id),
            conversation_id=ConversationId(conversation),
            guardian_id=GuardianId(conversation),
            pupil_id=PupilId(conversation),
            class_id=ClassId(conversation),
            sender_id=PersonId(conversation),
            sender=Sender.GUARDIAN,
            roster_position=1,
            text=TEXT,
        )
        request = Request(
            school_id=self.school,
            partition=self.partition,
            actor=Actor(kind="guardian", id=str(conversation)),
            occurred_at=BEGAN,
            correlation_id=event_id,
        )
        command = prepared(
            self.vault,
            request,
            [(stream, event)],
            [event_id],
            expected={stream: version},
            recorded_at=self.clock.now(),
        )
        write(command)
        self._versions[conversation] = version + 1
        return event_id


def fault_of(house: House, loop: Loop) -> str:
    """What is wrong with a client or the log; empty where that is durable and whole, and has what was answered once."""
    with house.connection("writer") as connection:
        row = connection.execute("SELECT current_setting('synchronous_commit'), current_setting('fsync')").fetchone()
    if row != ("on", "on"):
        return f"not durable: synchronous_commit and fsync are {row}"
    with house.place.superuser(house.log) as connection:
        found = {row[0] for row in connection.execute("SELECT id FROM log_event").fetchall()}
        with connection.transaction():
            faults = verify(connection)
    return loop.fault_where(found) or "; ".join(f"{fault.position}: {fault.what}" for fault in faults)


@contextmanager
def _bookbag(place: Place, clients: int, *, grouped: bool) -> Iterator[Round]:
    with place.house("messaging") as house:
        store = Store(house.pool("writer", max_size=8), house.key_store())
        single = Committer("messaging", 1, partial(house.connection, "writer"), most=1)
        write = store.committers.append if grouped else single.append

        def measure() -> Measured:
            loop = Loop()
            loop.run(clients, store.work(write), _seconds(place))
            return Measured(figures=loop.figures, fault=fault_of(house, loop))

        yield measure
        store.committers.close()
        single.close()


def bookbag(clients: int, *, grouped: bool) -> Any:
    return partial(_bookbag, clients=clients, grouped=grouped)


@contextmanager
def _store_apart(log: Conninfo, keys: Conninfo, partition: int) -> Iterator[Work]:
    with ConnectionPool(kwargs=dict(log), max_size=8) as writer, ConnectionPool(kwargs=dict(keys)) as key_pool:
        store = Store(writer, KeyStore("messaging", key_pool, INSTALLATION_KEY, new_id), partition)
        yield store.work(store.committers.append)
        store.committers.close()


@contextmanager
def bookbag_apart(place: Place) -> Iterator[Round]:
    """As two api processes write, each of them a partition."""
    with place.house("messaging") as house:
        log, keys = where(house.pool("writer")), where(house.key_pool())
        processes = [partial(_store_apart, log, keys, partition) for partition in range(1, PROCESSES + 1)]

        def measure() -> Measured:
            loop = run_apart(processes, IN_FLIGHT // PROCESSES, _seconds(place))
            return Measured(figures=loop.figures, fault=fault_of(house, loop))

        yield measure


def _seconds(place: Place) -> float:
    return place.scaled(10) / 10 * SECONDS


@contextmanager
def _killed(place: Place, *, durable: bool) -> Iterator[Round]:
    """PostgreSQL is killed under load, and started again: what was answered has to be there."""
    with ExitStack() as stack:
        # A server of its own: the other sides' connections are to live.
        own = Place(folder=place.folder / f"killed-{durable}", short=place.short, stack=stack, with_broker=False)
        house = stack.enter_context(own.house("messaging"))
        with own.superuser() as connection:
            # What is not waited for is written within 10 s and not within 0.2 s: so what that loses is seen to be lost.
            connection.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
            connection.execute("SELECT pg_reload_conf()")
            if not durable:
                connection.execute("ALTER ROLE messaging_writer SET synchronous_commit = off")

        def measure() -> Measured:
            # Connections that died in the round before would be waited for, while the server is up for a second.
            store, loop = Store(house.pool("writer", max_size=8), house.key_store()), Loop()
            killer = threading.Timer(1.0, own.servers.supervisor.kill, ["postgres"])
            killer.start()
            loop.run(IN_FLIGHT, store.work(store.committers.append), 2.0)
            killer.join()
            own.servers.supervisor.wait_ready(["postgres"])
            store.committers.close()
            with own.superuser(house.log) as connection:
                found = {row[0] for row in connection.execute("SELECT id FROM log_event").fetchall()}
            lost = len(set(loop.done) - found)
            return Measured(
                figures={"answered": len(loop.done), "lost": lost},
                fault=f"lost {lost} of {len(loop.done)} answered events" if lost else "",
            )

        yield measure


def killed(*, durable: bool) -> Any:
    return partial(_killed, durable=durable)


# -- eventsourcing ----------------------------------------------------------------------------------------------------


@contextmanager
def _school(settings: Mapping[str, str]) -> Iterator[Work]:
    from bench.others import School  # noqa: PLC0415 - not in every environment

    school = School(env=settings)
    yield lambda _number: lambda: school.send(TEXT)
    school.close()


@contextmanager
def _eventsourcing(place: Place, clients: int, processes: int = 1) -> Iterator[Round]:
    from bench.others import settings_of  # noqa: PLC0415 - not in every environment

    with place.database("messaging_owner") as database:
        ready = partial(_school, settings_of(place, database))
        with ready() as work:

            def measure() -> Measured:
                loop = Loop()
                if processes == 1:
                    loop.run(clients, work, _seconds(place))
                else:
                    loop = run_apart([ready] * processes, clients // processes, _seconds(place))
                with place.superuser(database) as connection:
                    found = {row[0] for row in connection.execute("SELECT originator_id FROM school_events").fetchall()}
                return Measured(figures=loop.figures, fault=loop.fault_where(found))

            yield measure


def eventsourcing(clients: int, processes: int = 1) -> Any:
    return partial(_eventsourcing, clients=clients, processes=processes)


@contextmanager
def skipping(place: Place) -> Iterator[Round]:
    """Its fast way, without the table's lock: a reader that follows the notifications meanwhile, as projections do."""
    from bench.others import School, settings_of  # noqa: PLC0415 - not in every environment

    with place.database("messaging_owner") as database:
        school = School(env=settings_of(place, database, POSTGRES_ENABLE_DB_FUNCTIONS="y"))

        def measure() -> Measured:
            loop, seen, over = Loop(), set[int](), threading.Event()
            last = school.recorder.max_notification_id() or 0
            before = last

            def follow() -> None:
                nonlocal last
                while True:
                    ended = over.is_set()
                    found = school.recorder.select_notifications(start=last + 1, limit=1000)
                    for notification in found:
                        seen.add(notification.id)
                        last = notification.id
                    if ended and not found:
                        return

            reader = threading.Thread(target=follow)
            reader.start()
            loop.run(SKIPPING_WRITERS, lambda _number: lambda: school.send(TEXT), SECONDS)
            over.set()
            reader.join()
            with place.superuser(database) as connection:
                row = connection.execute(
                    "SELECT count(*) FROM school_events WHERE notification_id > %s", (before,)
                ).fetchone()
            skipped = (row[0] if row else 0) - len(seen)
            return Measured(
                figures={"events/s": len(loop.done) / loop.seconds, "skipped": skipped},
                fault=f"its reader skipped {skipped} of {len(loop.done)}" if skipped else "",
            )

        yield measure
        school.close()


# -- message-db -------------------------------------------------------------------------------------------------------


@contextmanager
def _message_db(place: Place, clients: int) -> Iterator[Round]:
    sql = fetched_message_db(place.folder)
    with place.database("messaging_owner") as database:
        with place.superuser(database) as connection:
            for file in message_db_files(sql):
                connection.execute(file.read_text().encode())

        def measure() -> Measured:
            with ExitStack() as stack:

                def work(number: int) -> Callable[[], object]:
                    connection = stack.enter_context(place.superuser(database))
                    connection.execute("SET search_path TO message_store, public")
                    data = json.dumps({"conversation": str(ident(number)), "text": TEXT})

                    def write() -> UUID:
                        event_id = uuid4()
                        connection.execute(
                            "SELECT write_message(%s::varchar, %s::varchar, 'MessageSent', %s::jsonb, '{}'::jsonb, -1)",
                            (str(event_id), f"message-{event_id}", data),
                        )
                        return event_id

                    return write

                loop = Loop()
                loop.run(clients, work, _seconds(place))
            with place.superuser(database) as connection:
                found = {row[0] for row in connection.execute("SELECT id FROM message_store.messages").fetchall()}
            return Measured(figures=loop.figures, fault=loop.fault_where(found))

        yield measure


def message_db(clients: int) -> Any:
    return partial(_message_db, clients=clients)


def fetched_message_db(folder: Path) -> Path:
    """Its SQL, from npm's registry by npm's own client; it is no part of the project.

    Raises:
        FileNotFoundError: there is no npm here.
    """
    target = folder / "message-db"
    if not target.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise FileNotFoundError("npm, to fetch message-db with")
        target.mkdir()
        subprocess.run(
            [npm, "pack", "--silent", f"{MESSAGE_DB}@{MESSAGE_DB_VERSION}"],
            cwd=target,
            check=True,
            timeout=PATIENCE,
            stdout=subprocess.DEVNULL,
        )
        with tarfile.open(next(target.glob("*.tgz"))) as archive:
            take_out(archive, target)
    return target / "package" / "database"


def take_out(archive: tarfile.TarFile, target: Path) -> None:
    """An archive's files, none outside the folder; `extractall` has no filter before Python 3.11.4, and Debian 12's."""
    for member in archive:
        path = (target / member.name).resolve()
        if (held := archive.extractfile(member)) is not None and path.is_relative_to(target.resolve()):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(held.read())


def message_db_files(folder: Path) -> Sequence[Path]:
    """In the order in which its own scripts install them."""
    scripts = [(folder / f"install{name}.sh").read_text() for name in ("", "-functions", "-indexes")]
    named = [name for script in scripts for name in re.findall(r"(?:-f|run_psql_file) \$base/(\S+\.sql)", script)]
    return [folder / name for name in named]


# -- pgbench ----------------------------------------------------------------------------------------------------------


@contextmanager
def pgbench(place: Place) -> Iterator[Round]:
    """PostgreSQL's own client, in C: what this server and disc can do with a row a commit."""
    with place.database("messaging_owner") as database:
        script = place.folder / "insert.sql"
        script.write_text(f"INSERT INTO row (data) VALUES (repeat('x', {ROW_BYTES}));\n")
        with place.superuser(database) as connection:
            connection.execute("CREATE TABLE row (id bigserial PRIMARY KEY, data text NOT NULL)")
            found = connection.execute("SELECT setting FROM pg_config WHERE name = 'BINDIR'").fetchone()
        binary = Path(found[0] if found else "") / "pgbench"

        def measure() -> Measured:
            said = subprocess.run(
                [
                    *(str(binary), "-n", "-M", "prepared", "-c", "16", "-j", "2", "-f", str(script)),
                    *("-T", str(max(1, round(_seconds(place))))),
                    *(
                        "-h",
                        place.config.host,
                        "-p",
                        str(place.config.port),
                        "-U",
                        place.config.superuser or "",
                        database,
                    ),
                ],
                env={**os.environ, "PGPASSWORD": place.superuser_password},
                capture_output=True,
                text=True,
                check=True,
                timeout=PATIENCE,
            )
            rate = re.search(r"^tps = ([\d.]+)", said.stdout, re.MULTILINE)
            return Measured(
                figures={"events/s": float(rate[1])} if rate else {}, fault="" if rate else "it said no rate"
            )

        yield measure


WHY = (
    "each event takes some 55 us of PostgreSQL and 130 of a process: two cores are full at this rate. In one thread"
    " that does it by itself a command costs 45 us; the rest is that threads share an interpreter whose memory each"
    " finds at the other core when it is woken (seen with perf). A third core, or an interpreter whose threads run at"
    " once, would reach it"
)

BOOKBAG = f"Bookbag, {IN_FLIGHT} in flight"
APART = f"{BOOKBAG}, two processes"
DEFAULT = "eventsourcing, 4"
DEFAULT_APART = f"{DEFAULT}, two processes"
RATE = "events/s"


def _times_default(medians: Medians) -> float:
    return medians.most(RATE, BOOKBAG, APART) / medians.most(RATE, DEFAULT, DEFAULT_APART)


TOPIC = Topic(
    name="store",
    title="Appending",
    text=(
        "One event a command, each durable before it is answered, through the product's own store: a declared event is"
        " checked, its text sealed under its conversation's key, and appended with expected version, chain and"
        " notification. Clients are threads of one process, as they are in an api process, or of two processes with a"
        " partition each, and share the two cores with PostgreSQL; a goal takes the better of both, on each side."
        " `eventsourcing` and message-db write a new stream for each event and seal nothing, which is to"
        " their favour. After each round the whole log is verified and every answered event looked for."
    ),
    sides=(
        Side(name=BOOKBAG, what="as an api process writes: group commit", ready=bookbag(IN_FLIGHT, grouped=True)),
        Side(
            name=APART,
            what=f"two processes with {IN_FLIGHT // PROCESSES} each, and a partition each",
            ready=bookbag_apart,
        ),
        *(
            Side(
                name=f"Bookbag, {n} ungrouped",
                what="the same store, one command a commit",
                ready=bookbag(n, grouped=False),
            )
            for n in (1, 4)
        ),
        *(
            Side(
                name=f"eventsourcing, {n}",
                what="its safe default, which locks the table",
                ready=eventsourcing(n),
                needs="eventsourcing",
            )
            for n in (1, 4)
        ),
        Side(
            name=DEFAULT_APART,
            what="two processes with 2 each",
            ready=eventsourcing(4, PROCESSES),
            needs="eventsourcing",
        ),
        *(
            Side(name=f"message-db, {n}", what=f"version {MESSAGE_DB_VERSION}, `write_message`", ready=message_db(n))
            for n in (1, 4)
        ),
        Side(name="pgbench, 16", what=f"a single-row insert of {ROW_BYTES} bytes, nothing else", ready=pgbench),
        Side(
            name="eventsourcing, database functions",
            what=f"its faster way, {SKIPPING_WRITERS} writers, while a reader follows",
            ready=skipping,
            needs="eventsourcing",
            control="skipped",
        ),
        Side(
            name="Bookbag, killed",
            what="PostgreSQL killed with SIGKILL under load",
            ready=killed(durable=True),
        ),
        Side(
            name="Bookbag, not durable",
            what="the same with synchronous_commit off",
            ready=killed(durable=False),
            control="lost",
        ),
    ),
    goals=(
        Goal(
            text="64 in flight, against `eventsourcing` in its safe default",
            target=8,
            unit="times",
            figure=_times_default,
            why=WHY,
        ),
        Goal(
            text="the same, aimed at",
            target=12,
            unit="times",
            figure=_times_default,
            why=WHY,
        ),
        Goal(
            text="64 in flight, against pgbench's single-row insert at 16 clients",
            target=0.6,
            unit="times",
            figure=lambda medians: medians.most(RATE, BOOKBAG, APART) / medians.of("pgbench, 16", RATE),
            why=WHY,
        ),
    ),
    plotted=("events/s", "p99 ms"),
)
