"""Group commit on a real PostgreSQL: what each command gets is what it would get alone, whatever its neighbours are."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from typing import Any
from uuid import UUID, uuid4, uuid5

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.events.envelope import canonical
from shared.log import read
from shared.log.append import LOCK_CLASS, Answer, Claim, Command, Conflict, KeyReused, Later, NewEvent, append
from shared.log.committer import MOST_EVENTS, Committer, Committers
from shared.log.group import Group, Outcome
from shared.log.verify import verify
from shared.runtime.together import NotDone
from tests.integration.appending import a_command, an_event
from tests.integration.conftest import PATIENCE, ScratchLog, _superuser

PERSON = uuid4()


def a_claim(key: str = "k", body: int = 0) -> Claim:
    return Claim(person_id=PERSON, key=key, body_mac=bytes([body]) * 32)


def a_first(stream: str, **named: Any) -> Command:
    return a_command(an_event(stream), expected={stream: 0}, **named)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No command is turned away for its wait: a group's commit may stand before a busy disc for longer."""
    defaults = Committer.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "seconds", PATIENCE)


@pytest.fixture
def committers(scratch: ScratchLog) -> Iterator[Committers]:
    made = Committers("points", scratch.pool())
    yield made
    made.close()


@pytest.fixture
def committer(committers: Committers) -> Committer:
    return committers._committer(1)


def events_of(scratch: ScratchLog) -> list[Any]:
    return read.after(scratch.connection("points_worker"), 1, 0, 10_000)


def faults_of(scratch: ScratchLog) -> list[Any]:
    connection = scratch.connection("points_worker")
    with connection.transaction():
        return list(verify(connection))


def test_commands_in_flight_together_each_get_their_own_answer(scratch: ScratchLog, committer: Committer):
    outcomes = committer._do([a_first("points-a"), a_first("points-b", claim=a_claim()), a_first("points-c")])
    assert [one.position for one in outcomes if isinstance(one, Answer)] == [1, 2, 3]
    assert [event.stream for event in events_of(scratch)] == ["points-a", "points-b", "points-c"]
    assert faults_of(scratch) == []


def test_an_event_is_stored_as_the_bytes_that_were_hashed(scratch: ScratchLog, committers: Committers):
    event = an_event("points-a", text='Zoë said "hi" \\ \u2028 /', number=2**53 - 1, nested={"b": [1], "a": True})
    committers.append(a_command(event, expected={"points-a": 0}))
    [stored] = events_of(scratch)
    assert stored.hash_is_right()
    assert stored.data == event.data
    row = scratch.connection("points_worker").execute("SELECT data::text FROM log_event").fetchone()
    assert row == (canonical(dict(event.data)).decode(),)


def test_of_two_in_a_group_that_rest_on_one_version_of_a_stream_the_first_stands(
    scratch: ScratchLog, committer: Committer
):
    outcomes = committer._do([a_first("points-a"), a_first("points-a"), a_first("points-b")])
    assert [type(one) for one in outcomes] == [Answer, Conflict, Answer]
    assert [event.stream for event in events_of(scratch)] == ["points-a", "points-b"]


def test_a_command_sees_what_those_before_it_in_its_group_have_written(scratch: ScratchLog, committer: Committer):
    following = a_command(an_event("points-a"), expected={"points-a": 1})
    outcomes = committer._do([a_first("points-a"), following])
    assert [type(one) for one in outcomes] == [Answer, Answer]
    assert [event.stream_version for event in events_of(scratch)] == [1, 2]


@pytest.mark.parametrize("reading", [False, True], ids=["a stream it writes", "a stream it only read"])
def test_a_stream_that_another_writer_has_moved_is_a_conflict_for_its_own_command_alone(
    scratch: ScratchLog, committer: Committer, reading: bool
):
    committer._do([a_first("values-x")])
    with scratch.connection() as other, other.transaction():
        append(other, a_command(an_event("values-x"), expected={"values-x": 1}))
    stale = (
        a_command(an_event("points-a"), expected={"points-a": 0, "values-x": 1})
        if reading
        else a_command(an_event("values-x"), expected={"values-x": 1})
    )
    outcomes = committer._do([a_first("points-b"), stale, a_first("points-c")])
    assert [type(one) for one in outcomes] == [Answer, Conflict, Answer]
    assert [event.stream for event in events_of(scratch)] == ["values-x", "values-x", "points-b", "points-c"]
    assert faults_of(scratch) == []


def test_twins_in_one_group_are_one_command_and_another_body_is_refused(scratch: ScratchLog, committer: Committer):
    first, twin, other = (a_first("points-a", claim=a_claim(body=body)) for body in (0, 0, 1))
    outcomes = committer._do([first, twin, other])
    assert outcomes[0] == outcomes[1]
    assert isinstance(outcomes[2], KeyReused)
    assert len(events_of(scratch)) == 1


def test_a_key_that_another_writer_has_answered_gets_that_answer(scratch: ScratchLog, committer: Committer):
    with scratch.connection() as other, other.transaction():
        first = append(other, a_first("points-a", claim=a_claim()))
    outcomes = committer._do(
        [a_first("points-b"), a_first("points-a", claim=a_claim()), a_first("points-c", claim=a_claim(body=1))]
    )
    assert outcomes[1] == first
    assert [type(one) for one in outcomes] == [Answer, Answer, KeyReused]
    assert [event.stream for event in events_of(scratch)] == ["points-a", "points-b"]


def test_a_key_that_another_writer_has_answered_is_found_though_its_command_fits_no_more(
    scratch: ScratchLog, committer: Committer
):
    with scratch.connection() as other, other.transaction():
        first = append(other, a_first("points-a", claim=a_claim()))
    outcomes = committer._do([a_first("points-b"), a_first("points-b", claim=a_claim())])
    assert outcomes[1] == first
    assert [event.stream for event in events_of(scratch)] == ["points-a", "points-b"]


def bad_ones() -> dict[str, Command]:
    twice = uuid4()
    return {
        "an id twice": a_command(
            an_event("points-bad", twice), an_event("points-bad", twice), expected={"points-bad": 0}
        ),
        "a number too large": a_command(an_event("points-bad", number=2**60), expected={"points-bad": 0}),
        "a stream that is no text": a_first("points-\0bad"),
        "no expected version": a_command(an_event("points-bad"), expected={}),
        "no text": a_command(an_event("points-bad", text="\ud800"), expected={"points-bad": 0}),
    }


@pytest.mark.parametrize("which", bad_ones())
@pytest.mark.parametrize("place", [0, 31, 63])
def test_one_bad_row_touches_none_of_its_63_neighbours(
    scratch: ScratchLog, committer: Committer, which: str, place: int
):
    commands = [a_first(f"points-{number}") for number in range(63)]
    commands.insert(place, bad_ones()[which])
    outcomes = list(committer._do(commands))
    assert not isinstance(outcomes.pop(place), Answer)
    assert [one.position for one in outcomes if isinstance(one, Answer)] == list(range(1, 64))
    assert [event.stream for event in events_of(scratch)] == [f"points-{number}" for number in range(63)]
    assert faults_of(scratch) == []


def test_text_that_the_group_s_statement_cannot_take_is_written_as_everybody_else_writes_it(
    scratch: ScratchLog, committer: Committer
):
    """PostgreSQL reads no NUL out of a JSON text that it looks into; in one that it only stores it may stand."""
    outcomes = committer._do(
        [a_first("points-a"), a_command(an_event("points-b", text="\0"), expected={"points-b": 0})]
    )
    assert [type(one) for one in outcomes] == [Answer, Answer]
    assert events_of(scratch)[1].data == {"text": "\0"}


def test_events_are_made_once_by_who_writes_them_and_who_cannot_be_made_touches_no_neighbour(
    scratch: ScratchLog, committer: Committer
):
    made: list[str] = []

    def making(stream: str) -> Command:
        def make() -> list[NewEvent]:
            made.append(stream)
            if stream == "points-bad":
                raise ValueError(stream)
            return [an_event(stream)]

        return replace(a_first(stream), events=Later(1, make))

    commands = [making(stream) for stream in ("points-a", "points-bad", "points-b")]
    assert made == []
    with scratch.connection() as other, other.transaction():
        append(other, a_first("values-x"))
    outcomes = committer._do(commands)
    assert [type(one) for one in outcomes] == [Answer, ValueError, Answer]
    assert [event.stream for event in events_of(scratch)] == ["values-x", "points-a", "points-b"]
    assert [made.count(stream) for stream in ("points-a", "points-b")] == [1, 1], "the group was planned twice"


def test_a_command_with_many_events_or_none_is_written_by_itself(scratch: ScratchLog, committers: Committers):
    many = [an_event("points-a") for _ in range(MOST_EVENTS + 1)]
    answer = committers.append(a_command(*many, expected={"points-a": 0}))
    assert answer.position == MOST_EVENTS + 1
    assert committers.append(a_command(expected={"points-a": len(many)})).position == answer.position
    assert committers._committers == {}
    assert len(events_of(scratch)) == len(many)


# The same commands one after the other, and in groups.

STREAMS = ("points-a", "points-b", "values-x")


@st.composite
def histories(draw: st.DrawFn) -> list[list[dict[str, Any]]]:
    """Groups of commands; most fit what those before them would leave, some do not, and some are bad."""
    versions = dict.fromkeys(STREAMS, 0)

    def a_draft() -> dict[str, Any]:
        writes = draw(st.lists(st.sampled_from(STREAMS), min_size=1, max_size=3))
        reads = draw(st.lists(st.sampled_from(STREAMS), max_size=1))
        off = draw(st.sampled_from([0, 0, 0, 0, -1, 1]))
        expected = {stream: max(0, versions[stream] + off) for stream in {*writes, *reads}}
        bad = draw(st.sampled_from(["", "", "", "", "", "id", "number", "nul", "unread"]))
        if bad == "unread":
            expected.pop(writes[0])
        if not bad and not off:
            for stream in writes:
                versions[stream] += 1
        return {
            "writes": writes,
            "expected": expected,
            "bad": bad,
            "id": draw(st.integers(0, 3)),
            "claim": draw(st.sampled_from([None, None, ("k", 0), ("k", 0), ("k", 1), ("other", 0)])),
        }

    return [[a_draft() for _ in range(draw(st.integers(1, 6)))] for _ in range(draw(st.integers(1, 4)))]


def command_of(draft: dict[str, Any], school: UUID, partition: int) -> Command:
    bad: dict[str, dict[str, Any]] = {"number": {"points": 2**53}, "nul": {"text": "\0"}}
    data = bad.get(draft["bad"], {"points": 1})
    events = [an_event(stream, **data) for stream in draft["writes"]]
    if draft["bad"] == "id":
        events[-1] = replace(events[-1], id=uuid5(school, str(draft["id"])))
    return a_command(
        *events,
        expected=draft["expected"],
        claim=draft["claim"] and a_claim(*draft["claim"]),
        school=school,
        partition=partition,
    )


def alone(connection: psycopg.Connection[Any], command: Command) -> Outcome:
    try:
        with connection.transaction():
            return append(connection, command)
    except Exception as error:  # noqa: BLE001 - it is what is compared
        return error


def as_told(draft: Mapping[str, Any], outcome: Outcome, start: int) -> object:
    """An outcome without where its log began. What is faulty in itself may also be told that its streams moved."""
    if isinstance(outcome, Answer):
        return outcome.position - start
    if draft["bad"] in {"number", "unread"} and not isinstance(outcome, KeyReused):
        return "faulty"
    return type(outcome)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(groups=histories(), others=st.booleans())
def test_commands_in_groups_come_to_what_they_come_to_one_after_the_other(
    scratch: ScratchLog, groups: list[list[dict[str, Any]]], others: bool
):
    grouped, single = uuid4(), uuid4()
    connection, committer = _once(scratch)
    head_of: Callable[[int], int] = lambda number: read.heads(connection)[number].position  # noqa: E731
    if 2 not in read.heads(connection):
        for partition in (1, 2):
            alone(connection, a_first("points-first", school=uuid4(), partition=partition))
    start, start_single = head_of(1), head_of(2)
    for group in groups:
        if others:  # somebody else's event moves the head that the committer has seen
            for partition, school in ((1, grouped), (2, single)):
                alone(connection, a_first(f"points-{uuid4()}", school=school, partition=partition))
        outcomes = committer._do([command_of(draft, grouped, 1) for draft in group])
        expected = [alone(connection, command_of(draft, single, 2)) for draft in group]
        assert [as_told(draft, one, start) for draft, one in zip(group, outcomes, strict=True)] == [
            as_told(draft, one, start_single) for draft, one in zip(group, expected, strict=True)
        ]
    written = [
        [(event.stream, event.stream_version, event.data) for stream in STREAMS
         for event in read.stream(connection, school, stream)]
        for school in (grouped, single)
    ]  # fmt: skip
    assert written[0] == written[1]
    found = read.after(connection, 1, start, 1000)
    assert [event.position for event in found] == list(range(start + 1, start + 1 + len(found)))
    assert all(event.hash_is_right() for event in found)


_once_made: dict[str, tuple[psycopg.Connection[Any], Committer]] = {}


def _once(scratch: ScratchLog) -> tuple[psycopg.Connection[Any], Committer]:
    """For all examples; without a pool, whose threads would disturb how examples are drawn."""
    if scratch.name not in _once_made:
        _once_made[scratch.name] = scratch.connection(), Committer("points", 1, scratch.connection)
    return _once_made[scratch.name]


# Many at once.


def all_at_once(number: int, do: Callable[[int], None]) -> None:
    failed: list[BaseException] = []

    def one(which: int) -> None:
        try:
            do(which)
        except BaseException as error:  # noqa: BLE001 - raised below
            failed.append(error)

    threads = [threading.Thread(target=one, args=(which,)) for which in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert not any(thread.is_alive() for thread in threads)
    if failed:
        raise failed[0]


def each_stands_once(scratch: ScratchLog, answers: Mapping[UUID, Answer]) -> None:
    events = events_of(scratch)
    assert {event.id: event.position for event in events} == {one: answer.position for one, answer in answers.items()}
    assert [event.position for event in events] == list(range(1, len(answers) + 1))
    assert faults_of(scratch) == []


def test_many_threads_share_commits_and_each_answer_is_where_its_event_stands(
    scratch: ScratchLog, committers: Committers
):
    answers: dict[UUID, Answer] = {}

    def write(which: int) -> None:
        stream = f"points-{which}"
        for version in range(40):
            event = an_event(stream)
            answers[event.id] = committers.append(a_command(event, expected={stream: version}))

    all_at_once(16, write)
    each_stands_once(scratch, answers)
    commits = scratch.connection().execute("SELECT count(DISTINCT xmin::text) FROM log_event").fetchone()
    assert commits is not None
    assert commits[0] < 16 * 40, "nobody shared a commit"


def test_committers_of_two_processes_and_everybody_else_write_one_partition(scratch: ScratchLog):
    pool = scratch.pool(max_size=8)
    processes = [Committers("points", pool) for _ in range(2)]
    answers: dict[UUID, Answer] = {}

    def plainly(command: Command) -> Answer:
        with pool.connection() as connection, connection.transaction():
            return append(connection, command)

    ways: list[Callable[[Command], Answer]] = [processes[0].append, processes[1].append, plainly]

    def write(which: int) -> None:
        stream = f"points-{which}"
        for version in range(20):
            event = an_event(stream)
            answers[event.id] = ways[which % 3](a_command(event, expected={stream: version}))

    all_at_once(12, write)
    each_stands_once(scratch, answers)
    for one in processes:
        one.close()


def test_of_many_in_two_processes_who_write_the_first_event_of_a_stream_one_does(scratch: ScratchLog):
    processes = [Committers("points", scratch.pool()) for _ in range(2)]
    outcomes: list[str] = []
    ready = threading.Barrier(12)

    def write(which: int) -> None:
        ready.wait(timeout=20)
        try:
            processes[which % 2].append(a_first("guardianship-a"))
            outcomes.append("written")
        except Conflict:
            outcomes.append("conflict")

    all_at_once(12, write)
    assert sorted(outcomes) == ["conflict"] * 11 + ["written"]
    for one in processes:
        one.close()


def test_many_twins_in_two_processes_are_one_command(scratch: ScratchLog):
    processes = [Committers("points", scratch.pool()) for _ in range(2)]
    answers: list[Answer] = []
    ready = threading.Barrier(12)

    def write(which: int) -> None:
        ready.wait(timeout=20)
        answers.append(processes[which % 2].append(a_first("points-a", claim=a_claim())))

    all_at_once(12, write)
    assert len(answers) == 12
    assert len(set(answers)) == 1
    assert len(events_of(scratch)) == 1
    for one in processes:
        one.close()


# Connections that go.


class Failing(Committer):
    """Its connection is lost, as often as it is told to, just before or just after PostgreSQL has had a group."""

    lost: str = ""
    times: int = 0

    def _asked(self, connection: psycopg.Connection[Any], group: Group) -> Any:
        if self.times < 1:
            return super()._asked(connection, group)
        self.times -= 1
        if self.lost == "after":
            super()._asked(connection, group)
        connection.pgconn.finish()
        raise psycopg.OperationalError("the connection is lost")


@pytest.mark.parametrize("lost", ["before", "after"])
@pytest.mark.parametrize("times", [1, 3])
def test_what_was_in_flight_on_a_lost_connection_stands_once(scratch: ScratchLog, lost: str, times: int):
    committer = Failing("points", 1, lambda: another_connection(scratch))
    committer.lost, committer.times = lost, times
    twin = a_first("points-c", claim=a_claim())
    commands = [a_first("points-a"), a_first("points-a"), a_first("points-b"), twin, twin, bad_ones()["an id twice"]]
    outcomes = committer._do(commands)
    assert [type(one) for one in outcomes] == [
        Answer,
        Conflict,
        Answer,
        Answer,
        Answer,
        psycopg.errors.UniqueViolation,
    ]
    assert [one.position for one in outcomes if isinstance(one, Answer)] == [1, 2, 3, 3]
    assert [event.stream for event in events_of(scratch)] == ["points-a", "points-b", "points-c"]
    assert faults_of(scratch) == []
    committer.close()


def another_connection(scratch: ScratchLog) -> psycopg.Connection[Any]:
    ordinary = scratch.connection()
    return scratch.stack.enter_context(
        psycopg.connect(ordinary.info.dsn, password=ordinary.info.password, autocommit=True)
    )


def test_whatever_kills_the_committer_s_connection_under_load_every_answered_command_stands_once(
    scratch: ScratchLog, committers: Committers
):
    """Each fortieth who is answered kills it, while the others go on."""
    answers: dict[UUID, Answer] = {}
    answered, killed = count(1), list[int]()
    superuser = scratch.stack.enter_context(_superuser(scratch.config, scratch.name))

    def write(which: int) -> None:
        stream = f"points-{which}"
        for version in range(60):
            event = an_event(stream)
            answers[event.id] = committers.append(a_command(event, expected={stream: version}))
            if next(answered) % 40 == 0:
                kill()

    def kill() -> None:
        gone = superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND usename = 'points_writer' AND query LIKE '%log_append%'"
        ).fetchall()
        killed.append(len(gone))

    all_at_once(12, write)
    assert len(killed) == 18
    assert sum(killed) > 5
    each_stands_once(scratch, answers)


def test_who_cannot_have_the_lock_in_time_is_told_that_nothing_was_written(scratch: ScratchLog):
    ordinary = scratch.connection()
    impatient = Committer(
        "points",
        1,
        lambda: psycopg.connect(
            ordinary.info.dsn, password=ordinary.info.password, autocommit=True, options="-c lock_timeout=50"
        ),
    )
    with scratch.connection() as holder:
        holder.execute("SELECT pg_advisory_lock(%s, 1)", (LOCK_CLASS,))
        with pytest.raises(NotDone):
            impatient.append(a_first("points-a"))
        # A session that ends lets its locks go, but not before its client has gone on.
        holder.execute("SELECT pg_advisory_unlock(%s, 1)", (LOCK_CLASS,))
    assert events_of(scratch) == []
    assert impatient.append(a_first("points-a")).position == 1
    impatient.close()


def test_where_no_database_answers_nothing_was_written():
    def connect() -> Any:
        raise psycopg.OperationalError("connection refused")

    with pytest.raises(NotDone):
        Committer("points", 1, connect).append(a_first("points-a"))
