"""What must hold of an installation once it is quiet, whatever was done to it before. One check for every fault test.

    kept = Kept()              # what clients were answered, filled while faults are played
    holds(bench, kept)         # waits until quiet, then asserts every invariant

Nothing here asks the product whether it is right: the databases, the queues and the oracle in tests/oracle are.
`broken` looks at whatever databases it is given, so that each invariant is itself tested on copies that were tampered
with (tests/faults/test_invariants.py).
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import amqp
import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from deploy.services import SERVICES
from shared.bus.topology import queue_name
from shared.log.read import Head
from shared.log.verify import Witness, verify
from tests.installation import Bench
from tests.oracle import models
from tests.oracle.logs import differences, read_logs
from tests.oracle.one_warning import answer_to_sending

BOUND = 1.0
"""Seconds after the answer to a removal from which on no request of an older session gets a 2xx (S73)."""
UNSEEN = 5.0
"""Seconds for which identity lets guardians write while it cannot know what moderation decided (docs/adr/0015)."""
LONGEST = 40
"""Most events of one command: what a decision appends stands together in the log."""
QUIET_WITHIN = 120.0
LOOK = 0.1
"""Seconds between two looks at whether all is quiet; a launcher that gave up ends the wait at once."""
SHOWN = 5
"""Differences that are named of each table."""

Connect = Callable[[str], psycopg.Connection[TupleRow]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A command that a client has sent: whether it was done, its key tells.

    Attributes:
        event: the type of the event that it stands in the log as, if it was done.
    """

    school_id: UUID
    person_id: UUID
    key: str
    event: str

    @property
    def service(self) -> str:
        return self.event.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Asked):
    """A command that a client was told is done: its event must stand in the log exactly once.

    Attributes:
        named, thing: the field of that event that names what was made or decided, and its value; where nothing names
            it, an empty name and None: the event is then the one that stands at the answered position.
        position: as `Bookbag-Position` said, `<service>.<partition>.<position>`.
        at: when the answer was there, in monotonic seconds.
    """

    named: str
    thing: UUID | None
    position: str
    location: str
    at: float

    @property
    def name(self) -> str:
        """What tells its event from others of the type: what was made, or where it stands in the school's log."""
        return str(self.thing) if self.named else f"{self.school_id} {self.place}"

    @property
    def partition(self) -> int:
        return int(self.position.split(".")[1])

    @property
    def place(self) -> int:
        return int(self.position.split(".")[2])


@dataclass(frozen=True, slots=True)
class LetIn:
    """A request of a guardian's session that got a 2xx. Times are monotonic seconds."""

    guardian_id: UUID
    opened_at: float
    began_at: float
    wrote: bool = False


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which identity could not hear of moderation's decisions, in monotonic seconds.

    One of the two processes between, or their database, was dead, frozen or out of reach. A broker and a relay are not
    on that way: what is done to them is no outage.
    """

    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class Written:
    """A text that a person was told is kept: where a read model shows it, word for word."""

    service: str
    table: str
    named: str
    thing: UUID
    text: str
    column: str = "text"


@dataclass(slots=True)
class Kept:
    """All that clients keep of their answers. Threads may add at once.

    Attributes:
        schools: whose commands these are; in these schools nobody else acts.
        outages: what may keep a removal from being heard of within the second.
        given_up: commands that nobody was answered for, in the end: they may have been done or not.
        gone: things that were taken back, or may have been: no text of theirs is shown.
        surprises: answers that no fault excuses.
        passing: how often which answer told somebody to ask again: for whoever reads what a run came to.
        parked_is_right: the scenario poisons something: what is parked is what it wanted.
    """

    schools: list[UUID] = field(default_factory=list)
    answered: list[Answered] = field(default_factory=list)
    given_up: list[Asked] = field(default_factory=list)
    let_in: list[LetIn] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)
    gone: set[UUID] = field(default_factory=set)
    surprises: list[str] = field(default_factory=list)
    passing: Counter[str] = field(default_factory=Counter)
    parked_is_right: bool = False


# -- the whole ---------------------------------------------------------------------------------------------------


def holds(bench: Bench, kept: Kept | None = None, *, within: float = QUIET_WITHIN) -> None:
    """Waits until the installation is quiet; asserts every invariant.

    Args:
        bench: where; nothing may be stopped or frozen in it, and nobody may write meanwhile.
        kept: what clients were answered; None where a scenario keeps nothing.
        within: seconds until quiet.
    """
    wait_until_quiet(bench, within=within)
    wrong = [*broken(bench.connected, kept or Kept()), *left_in_queues(bench)]
    assert not wrong, "\n".join(wrong)


def broken(connect: Connect, kept: Kept, *only: str) -> list[str]:
    """One line for each thing that is wrong in these databases, led by the invariant's name. They must be at rest.

    Args:
        connect: a connection to a service's database, of somebody who sees every row.
        kept: what clients were answered.
        only: the names of the invariants that are looked at; all, unless some are named.
    """
    with ExitStack() as stack:
        databases = Databases({service: stack.enter_context(connect(service)) for service in SERVICES})
        return [f"{name}: {line}" for name in only or INVARIANTS for line in INVARIANTS[name](databases, kept)]


@dataclass(slots=True)
class Databases:
    """The services' databases, and their logs, read once."""

    connections: Mapping[str, psycopg.Connection[TupleRow]]
    _logs: dict[str, list[models.Recorded]] = field(default_factory=dict)

    def ask(self, service: str, text: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        return self.connections[service].execute(text, parameters).fetchall()

    @property
    def logs(self) -> models.Logs:
        for service in SERVICES:
            if service not in self._logs:
                rows = self.ask(
                    service,
                    "SELECT position, id::text, type, school_id::text, occurred_at, data::text::jsonb"
                    " FROM log_event ORDER BY partition, position",
                )
                self._logs[service] = [models.Recorded(*row) for row in rows]
        return self._logs


Look = Callable[[Databases, Kept], Iterator[str]]


# -- quiet -------------------------------------------------------------------------------------------------------


def wait_until_quiet(bench: Bench, *, within: float = QUIET_WITHIN) -> None:
    """Returns once every process answers, every consumer and relay stands at its head, and no queue holds anything.

    Raises:
        AssertionError: that did not come about in time; it says what is behind.
    """
    seen: list[Mapping[str, int]] = [{}]
    left: list[str] = []

    def quiet() -> bool:
        left[:], heads = _behind(bench)
        seen.append(heads)
        return not left and seen[-1] == seen[-2]  # nothing that was caught up with has led to more

    bench.it.wait_ready(within=within)
    until(bench, quiet, lambda: f"quiet, but for: {left[:SHOWN] or 'logs that still grow'}", within=within)


def until(bench: Bench, done: Callable[[], bool], what: str | Callable[[], str], *, within: float = 60.0) -> None:
    """Looks again and again; a launcher that gave up ends the wait at once.

    Raises:
        AssertionError: it did not come about in time.
    """
    ends = time.monotonic() + within
    while not done():
        said = what if isinstance(what, str) else what()
        assert time.monotonic() < ends, f"not within {within:.0f} s: {said}"
        if bench.it.servers.supervisor.failed.wait(LOOK):
            raise AssertionError(bench.it.servers.supervisor.failure)


def _behind(bench: Bench) -> tuple[list[str], Mapping[str, int]]:
    try:
        with ExitStack() as stack:
            databases = Databases({service: stack.enter_context(bench.connected(service)) for service in SERVICES})
            heads = {service: sum(_heads(databases, service).values()) for service in SERVICES}
            left = [*cursors_at_their_heads(databases, Kept())]
        return left or [*left_in_queues(bench)], heads
    except psycopg.OperationalError as error:
        return [f"a database does not answer: {type(error).__name__}"], {}


def _heads(databases: Databases, service: str) -> dict[int, int]:
    return dict(databases.ask(service, "SELECT partition, position FROM log_head"))


def left_in_queues(bench: Bench) -> Iterator[str]:
    """What waits in a queue of the topology, and queues that nobody listens to."""
    told = bench.it.state["broker"]
    try:
        with amqp.Connection(
            host=f"{told['host']}:{told['port']}",
            userid=told["user"],
            password=Path(told["password_file"]).read_text().strip(),
            connect_timeout=5,
            read_timeout=5,
        ) as connection:
            for name in _queues(bench):
                yield from _left_in(connection, name)
    except (OSError, amqp.AMQPError) as error:
        yield f"the broker does not answer: {type(error).__name__}"


def _queues(bench: Bench) -> Iterator[str]:
    for service in SERVICES:
        followed = "SELECT DISTINCT source, partition FROM projection_cursor WHERE source <> %s ORDER BY 1, 2"
        for source, partition in bench.ask(service, followed, (service,)):
            yield queue_name(service, source, partition)


def _left_in(connection: amqp.Connection, name: str) -> Iterator[str]:
    try:
        declared = connection.channel().queue_declare(name, passive=True)
    except amqp.NotFound:
        yield f"{name} is not there"
        return
    if declared.message_count:
        yield f"{name} holds {declared.message_count}"
    if not declared.consumer_count:
        yield f"nobody listens to {name}"


# -- the invariants ------------------------------------------------------------------------------------------------


def answers_stand_once(databases: Databases, kept: Kept) -> Iterator[str]:
    """Every answered command is in its log exactly once, as it was answered; and nothing that nobody asked for."""
    by_event: dict[tuple[str, str], list[Answered]] = {}
    for answered in kept.answered:
        if not _came_too_late(databases, answered):
            by_event.setdefault((answered.event, answered.named), []).append(answered)
        yield from _as_answered(databases, answered)
    for (event, named), answers in by_event.items():
        found: dict[str, list[int]] = {}
        for recorded in databases.logs[answers[0].service]:
            if recorded.type == event and UUID(recorded.school) in kept.schools:
                name = recorded.data[named] if named else f"{recorded.school} {recorded.position}"
                found.setdefault(name, []).append(recorded.position)
        wanted = Counter(answered.name for answered in answers)
        for answered in answers:
            name = answered.name
            places = found.get(name, [])
            if len(places) != 1 or places[0] > answered.place or wanted[name] > 1:
                yield f"{event} {name}, answered {wanted[name]} times, lastly {answered.position}, stands at {places}"
        unasked = found.keys() - wanted.keys()
        unheard = sum(one.event == event and _kept(databases, one) != [] for one in kept.given_up)
        if len(unasked) > unheard:
            yield f"{len(unasked)} {event} that nobody was answered for, such as {min(unasked)}"


def _came_too_late(databases: Databases, answered: Answered) -> bool:
    """Whether it is a receipt of a warning that was rescinded before it came: there was nothing left to receive."""
    return answered.event == "messaging.WarningReceived" and any(
        (recorded.type, recorded.data.get("warning_id")) == ("messaging.WarningRescissionRecorded", answered.name)
        and recorded.position <= answered.place
        for recorded in databases.logs["messaging"]
    )


def no_answer_surprises(_databases: Databases, kept: Kept) -> Iterator[str]:
    """What could not be done now was answered calmly: with a word to ask again, never with an error."""
    yield from sorted(set(kept.surprises))


def _kept(databases: Databases, command: Asked) -> list[tuple[int, int, str]]:
    """What its service remembers to have answered to its key: at most one partition, position and location."""
    return databases.ask(
        command.service,
        "SELECT partition, position, location FROM log_answer WHERE school_id = %s AND person_id = %s AND key = %s",
        (command.school_id, command.person_id, command.key),
    )


def _as_answered(databases: Databases, answered: Answered) -> Iterator[str]:
    kept = _kept(databases, answered)
    if kept != [(answered.partition, answered.place, answered.location)]:
        yield f"{answered.event} at {answered.location} was answered {answered.position}, kept is {kept}"


def positions_contiguous(databases: Databases, _kept: Kept) -> Iterator[str]:
    """1, 2, 3 without a hole, up to the head; each event names the hash of the one before it."""
    for service in SERVICES:
        heads = _heads(databases, service)
        found = databases.ask(
            service,
            "SELECT partition, count(*), count(DISTINCT position), min(position), max(position) FROM log_event"
            " GROUP BY partition",
        )
        for partition, count, *places in found:
            if [*places, heads.get(partition)] != [count, 1, count, count]:
                yield f"{service} p{partition}: {count} events, places {places}, head {heads.get(partition)}"
        unlinked = databases.ask(
            service,
            "SELECT partition, position FROM (SELECT partition, position, previous,"
            " lag(hash) OVER (PARTITION BY partition ORDER BY position) AS before FROM log_event) e"
            " WHERE before IS NOT NULL AND previous <> before ORDER BY 1, 2 LIMIT 3",
        )
        yield from (f"{service} p{partition}: {position} does not link" for partition, position in unlinked)


def chains_verify(databases: Databases, _kept: Kept) -> Iterator[str]:
    """What `bookbag verify` looks at: every hash, and every consumer that remembers one."""
    for service, connection in databases.connections.items():
        witnesses = [
            Witness(name=f"{consumer}.{name}", partition=partition, head=Head(position=position, hash=bytes(hash_)))
            for consumer in SERVICES
            for name, partition, position, hash_ in databases.ask(
                consumer,
                "SELECT consumer, partition, position, hash FROM projection_cursor WHERE source = %s AND position > 0",
                (service,),
            )
        ]
        with connection.transaction():
            for fault in verify(connection, witnesses):
                yield f"{service} p{fault.partition} at {fault.position}: {fault.what}"


def cursors_at_their_heads(databases: Databases, _kept: Kept) -> Iterator[str]:
    """Every read model and reaction has taken all of the log it follows; every relay has published all of its own."""
    heads = {service: _heads(databases, service) for service in SERVICES}
    for service in SERVICES:
        standing = databases.ask(service, "SELECT consumer, source, partition, position FROM projection_cursor")
        at = {(consumer, source, partition): position for consumer, source, partition, position in standing}
        live = databases.ask(
            service,
            "SELECT name || '_v' || version, source FROM projection_live UNION ALL SELECT name, source"
            " FROM reaction_live",
        )
        for consumer, source in live:
            for partition, head in heads[source].items():
                if (position := at.get((consumer, source, partition), 0)) != head:
                    yield f"{service}.{consumer} stands at {position} of {source} p{partition}, whose head is {head}"
        published = dict(databases.ask(service, "SELECT partition, position FROM relay_progress"))
        for partition, head in heads[service].items():
            if published.get(partition, 0) != head:
                yield f"{service}'s relay has published {published.get(partition, 0)} of {head} in p{partition}"


def nothing_is_parked(databases: Databases, kept: Kept) -> Iterator[str]:
    for service in SERVICES:
        for consumer, position, why in databases.ask(service, "SELECT consumer, position, why FROM parked_event"):
            if not kept.parked_is_right:
                yield f"{service}.{consumer} has parked {position}: {why}"


def models_as_the_oracle_has_them(databases: Databases, kept: Kept) -> Iterator[str]:
    """Every read model's rows are those that the oracle folds from the logs; every text is as it was written."""
    for service in SERVICES:
        expected = models.expected(service, databases.logs)
        for table in models.tables_of(service):
            columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
            asked = sql.SQL("SELECT {} FROM {}").format(columns, sql.Identifier(table.name))
            rows = databases.connections[service].execute(asked).fetchall()
            found = {tuple(str(cell) if isinstance(cell, UUID) else cell for cell in row) for row in rows}
            yield from (f"{service}.{table.name} lacks {row}" for row in _few(expected[table.name] - found))
            yield from (f"{service}.{table.name} has {row}" for row in _few(found - expected[table.name]))
    for written in (one for one in kept.written if one.thing not in kept.gone):
        asked = sql.SQL("SELECT {} FROM {} WHERE {} = %s").format(
            *map(sql.Identifier, (written.column, written.table, written.named))
        )
        shown = databases.connections[written.service].execute(asked, (written.thing,)).fetchall()
        if shown != [(written.text,)]:
            yield f"{written.service}.{written.table} does not show {written.thing} as it was written"


def _few(rows: set[models.Row]) -> Sequence[models.Row]:
    return sorted(rows, key=str)[:SHOWN]


def one_warning(databases: Databases, _kept: Kept) -> Iterator[str]:
    """S73, S74: no two warnings or removals, none without a delivered warning, and nobody writes who may not."""
    for (school_id,) in databases.ask("moderation", "SELECT DISTINCT school_id FROM log_event"):
        try:
            logs = read_logs(databases.ask, school_id)
        except AssertionError as error:
            yield f"school {school_id}: {error}"
            continue
        about: dict[str, list[Any]] = {}
        for _, said in logs.messaging:
            about.setdefault(said.guardian, []).append(said)
        for guardian in sorted({*logs.acts, *about}):
            yield from (line.replace("\n", " ") for line in differences(logs, guardian))
        wrote = databases.ask(
            "messaging",
            "SELECT data->>'message_id' FROM log_event WHERE school_id = %s AND type = 'messaging.MessageSent'"
            " AND data->>'sender' = 'guardian'",
            (school_id,),
        )
        by_guardians = {message for (message,) in wrote}
        for guardian, lines in about.items():
            for place, said in enumerate(lines):
                if said.what == "sent" and said.name in by_guardians:
                    answer = answer_to_sending(guardian, lines[:place])
                    if answer != "sent":
                        yield f"{guardian} sent {said.name}, where the policy answers {answer}"


def no_cross_school_row(databases: Databases, _kept: Kept) -> Iterator[str]:
    """No id of one school stands in a row or an event of another, in no service."""
    owner: dict[str, str] = {}
    for service in SERVICES:
        for where, school, found in [*_ids_in_models(databases, service), *_ids_in_the_log(databases, service)]:
            if owner.setdefault(found, school) != school:
                yield f"{found} of school {owner[found]} stands in {service}.{where} of school {school}"


def _ids_in_models(databases: Databases, service: str) -> Iterator[tuple[str, str, str]]:
    columns = databases.ask(
        service,
        "SELECT c.table_name, c.column_name FROM information_schema.columns c JOIN information_schema.tables t"
        " USING (table_schema, table_name) WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'"
        " AND c.udt_name = 'uuid' AND c.column_name <> 'school_id' AND c.table_name ~ '_v[0-9]+$' ORDER BY 1, 2",
    )
    for table, column in columns:
        asked = sql.SQL("SELECT DISTINCT school_id::text, {}::text FROM {} WHERE {} IS NOT NULL").format(
            sql.Identifier(column), sql.Identifier(table), sql.Identifier(column)
        )
        for school, found in databases.connections[service].execute(asked):
            yield table, school, found


def _ids_in_the_log(databases: Databases, service: str) -> Iterator[tuple[str, str, str]]:
    uuid = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    asked = (
        "SELECT DISTINCT school_id::text, m[1] FROM log_event,"
        f" regexp_matches(stream || ' ' || data::text, '({uuid})', 'g') AS m WHERE m[1] <> school_id::text"
    )
    for school, found in databases.ask(service, asked):
        yield "log_event", school, found


def removed_means_out(databases: Databases, kept: Kept) -> Iterator[str]:
    """Nobody removed got a 2xx after a second: no session that was open then began anything that was let in.

    Where identity could not hear of it, the second begins when it can again; nobody writes even then, once it has not
    heard for as long as it trusts what it knows.
    """
    decided = sorted((a for a in kept.answered if a.service == "moderation"), key=lambda a: (a.partition, a.place))
    removals: dict[str, list[tuple[float, float]]] = {}
    recorded_at = _recorded_at(databases)
    for e in databases.logs["moderation"]:
        if e.type == "moderation.ParentRemoved" and UUID(e.school) in kept.schools:
            # Answered with the position of the command's last event; a removal stands a little before it.
            mine = (a for a in decided if str(a.school_id) == e.school and e.position <= a.place)
            by = next((a for a in mine if a.place < e.position + LONGEST), None)
            if by is not None:
                removals.setdefault(e.data["guardian_id"], []).append((recorded_at[e.id], by.at))
    for one in kept.let_in:
        for removed_at, answered_at in removals.get(str(one.guardian_id), ()):
            # An answer may come long after what it tells of, at another try: who signed in between is no session that
            # was open, and may be let in once reinstated.
            if one.opened_at < removed_at and one.began_at > _until_when(answered_at, one, kept.outages):
                yield f"{one.guardian_id} was let in {one.began_at - answered_at:.2f} s after the removal"


def _recorded_at(databases: Databases) -> Mapping[str, float]:
    """Removal to when it was recorded, in monotonic seconds of now."""
    behind = time.time() - time.monotonic()
    asked = "SELECT id::text, extract(epoch FROM recorded_at)::float8 FROM log_event WHERE type = %s"
    return {row[0]: row[1] - behind for row in databases.ask("moderation", asked, ("moderation.ParentRemoved",))}


def _until_when(removed_at: float, one: LetIn, outages: Sequence[Outage]) -> float:
    """Until when what began may have been let in."""
    until_then = removed_at + BOUND
    for outage in sorted(outages, key=lambda found: found.began):
        if outage.began <= until_then:
            until_then = max(until_then, outage.ended + BOUND)
    return min(until_then, removed_at + UNSEEN + BOUND) if one.wrote else until_then


INVARIANTS: Mapping[str, Look] = {
    "answered commands": answers_stand_once,
    "answers": no_answer_surprises,
    "positions": positions_contiguous,
    "chains": chains_verify,
    "cursors": cursors_at_their_heads,
    "parked": nothing_is_parked,
    "read models": models_as_the_oracle_has_them,
    "one warning": one_warning,
    "cross-school": no_cross_school_row,
    "removed": removed_means_out,
}
"""By the name that leads what each has to say."""
