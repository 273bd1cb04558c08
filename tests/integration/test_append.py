"""`append` on a real PostgreSQL: contiguous, all or nothing, one answer a key, whoever writes at the same time."""

import threading
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from shared.events.envelope import GENESIS
from shared.log import read
from shared.log.append import Answer, Claim, Command, Conflict, KeyReused, NewEvent, append
from shared.log.verify import verify
from tests.integration.appending import SCHOOL, a_command, an_event
from tests.integration.conftest import ScratchLog


def run(connection: psycopg.Connection[Any], command: Command) -> Answer:
    with connection.transaction():
        return append(connection, command)


@pytest.fixture
def writer(scratch: ScratchLog) -> psycopg.Connection[Any]:
    return scratch.connection()


def positions(connection: psycopg.Connection[Any]) -> list[int]:
    return [row[0] for row in connection.execute("SELECT position FROM log_event ORDER BY position")]


def test_events_stand_at_contiguous_positions_and_link_to_one_another(writer: psycopg.Connection[Any]):
    first = run(writer, a_command(an_event("points-a"), an_event("points-b"), expected={"points-a": 0, "points-b": 0}))
    second = run(writer, a_command(an_event("points-a"), expected={"points-a": 1}))
    assert (first.position, second.position) == (2, 3)
    events = read.after(writer, 1, 0, 10)
    assert [event.stream_version for event in events] == [1, 1, 2]
    assert [event.previous for event in events] == [GENESIS, events[0].hash, events[1].hash]
    assert all(event.hash_is_right() for event in events)


def test_an_event_comes_back_as_it_was_written(writer: psycopg.Connection[Any]):
    event = an_event(
        "points-a", text='Zoë said "hi" \\ \u2028 /', number=2**53 - 1, nothing=None, nested={"b": [1], "a": True}
    )
    run(writer, a_command(event, expected={"points-a": 0}))
    [stored] = read.stream(writer, SCHOOL, "points-a")
    assert stored.data == event.data
    assert stored.id == event.id
    assert stored.hash_is_right()


@pytest.mark.parametrize("moved", ["the stream it writes", "a stream it only read"])
def test_a_command_whose_streams_have_moved_writes_nothing(writer: psycopg.Connection[Any], moved: str):
    run(writer, a_command(an_event("values-x"), an_event("points-a"), expected={"values-x": 0, "points-a": 0}))
    expected = {"values-x": 1, "points-a": 0} if moved == "the stream it writes" else {"values-x": 0, "points-a": 1}
    with pytest.raises(Conflict):
        run(writer, a_command(an_event("points-a"), expected=expected))
    assert positions(writer) == [1, 2]
    assert read.heads(writer)[1].position == 2


def test_a_command_must_say_at_which_version_it_read_each_stream_it_writes(writer: psycopg.Connection[Any]):
    with pytest.raises(ValueError, match="expected version"):
        run(writer, a_command(an_event("points-a"), expected={}))


def test_one_bad_event_takes_its_whole_command_back_and_leaves_no_hole(writer: psycopg.Connection[Any]):
    good, twin = an_event("points-a"), an_event("points-b")
    bad = NewEvent(**{field: getattr(twin, field) for field in NewEvent.__slots__} | {"id": good.id})
    with pytest.raises(psycopg.errors.UniqueViolation):
        run(writer, a_command(good, bad, expected={"points-a": 0, "points-b": 0}))
    assert positions(writer) == []
    assert run(writer, a_command(an_event("points-a"), expected={"points-a": 0})).position == 1


def test_the_same_key_gets_the_first_answer_and_nothing_is_written_again(writer: psycopg.Connection[Any]):
    claim = Claim(person_id=uuid4(), key="k", body_mac=bytes(32))
    first = run(writer, a_command(an_event("points-a"), expected={"points-a": 0}, claim=claim))
    run(writer, a_command(an_event("points-b"), expected={"points-b": 0}))
    again = run(writer, a_command(an_event("points-a"), expected={"points-a": 0}, claim=claim))
    assert again == first
    assert positions(writer) == [1, 2]


def test_a_key_is_a_person_s_own_and_a_school_s_own(writer: psycopg.Connection[Any]):
    one, other = uuid4(), uuid4()
    for number, (school, person) in enumerate([(SCHOOL, one), (SCHOOL, other), (uuid4(), one)]):
        claim = Claim(person_id=person, key="k", body_mac=bytes(32))
        stream = f"points-{number}"
        command = a_command(an_event(stream), expected={stream: 0}, claim=claim, school=school)
        assert run(writer, command).position == number + 1


def test_the_same_key_with_another_body_is_refused(writer: psycopg.Connection[Any]):
    person = uuid4()
    run(
        writer,
        a_command(
            an_event("points-a"), expected={"points-a": 0}, claim=Claim(person_id=person, key="k", body_mac=bytes(32))
        ),
    )
    with pytest.raises(KeyReused):
        run(
            writer,
            a_command(
                an_event("points-b"),
                expected={"points-b": 0},
                claim=Claim(person_id=person, key="k", body_mac=bytes([1]) * 32),
            ),
        )
    assert positions(writer) == [1]


def test_a_twin_that_comes_while_the_first_is_in_work_waits_and_gets_its_answer(scratch: ScratchLog):
    claim = Claim(person_id=uuid4(), key="k", body_mac=bytes(32))
    first, second = scratch.connection(), scratch.connection()
    answers: list[Answer] = []
    with first.transaction():
        answer = append(first, a_command(an_event("points-a"), expected={"points-a": 0}, claim=claim))
        twin = threading.Thread(
            target=lambda: answers.append(
                run(second, a_command(an_event("points-a"), expected={"points-a": 0}, claim=claim))
            )
        )
        twin.start()
        _wait_until_waiting(scratch)
        assert answers == []
    twin.join(timeout=60)
    assert answers == [answer]


def test_many_writers_leave_neither_holes_nor_doubles_and_the_chain_is_whole(scratch: ScratchLog):
    writers, each = 6, 25

    def write(number: int) -> None:
        connection, stream = scratch.connection(), f"points-{number}"
        for version in range(each):
            if version % 5 == 4:  # a rollback among the commits
                with pytest.raises(Conflict):
                    run(connection, a_command(an_event(stream), expected={stream: version + 7}))
            run(connection, a_command(an_event(stream), expected={stream: version}))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    connection = scratch.connection("points_worker")
    assert positions(connection) == list(range(1, writers * each + 1))
    with connection.transaction():
        assert verify(connection) == []


def test_of_many_who_write_the_first_event_of_a_stream_one_does(scratch: ScratchLog):
    outcomes: list[str] = []
    ready = threading.Barrier(8)

    def write() -> None:
        connection = scratch.connection()
        ready.wait(timeout=10)
        try:
            run(connection, a_command(an_event("guardianship-a"), expected={"guardianship-a": 0}))
            outcomes.append("written")
        except Conflict:
            outcomes.append("conflict")

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(outcomes) == ["conflict"] * 7 + ["written"]


def test_an_uncommitted_append_shows_no_event_and_holds_later_ones_back(scratch: ScratchLog):
    held, other, reader = scratch.connection(), scratch.connection(), scratch.connection("points_worker")
    done = threading.Event()

    def write() -> None:
        run(other, a_command(an_event("points-b"), expected={"points-b": 0}))
        done.set()

    with held.transaction():
        append(held, a_command(an_event("points-a"), expected={"points-a": 0}))
        thread = threading.Thread(target=write)
        thread.start()
        _wait_until_waiting(scratch)
        assert read.after(reader, 1, 0, 10) == []  # no event after a hole: position 2 waits for position 1
        assert not done.is_set()
    thread.join(timeout=60)
    assert positions(reader) == [1, 2]


@pytest.mark.parametrize("role", ["points_writer", "points_worker"])
@pytest.mark.parametrize(
    "statement", ["UPDATE log_event SET type = 'x'", "DELETE FROM log_event", "TRUNCATE log_event"]
)
def test_no_service_can_change_or_remove_an_event(scratch: ScratchLog, role: str, statement: str):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        scratch.connection(role).execute(statement)


def test_the_reader_cannot_read_the_log(scratch: ScratchLog):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        scratch.connection("points_reader").execute("SELECT 1 FROM log_event")


def _wait_until_waiting(scratch: ScratchLog) -> None:
    """Until somebody waits for the partition's lock: seen in the server, not slept for."""
    watcher = scratch.connection()
    query = (
        "SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
        " WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = current_database()"
    )
    while watcher.execute(query).fetchone() is None:
        pass
