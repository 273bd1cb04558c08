"""`verify` finds and locates whatever a database's owner, or someone with their password, does to a log."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from shared.events.envelope import _hashed, canonical, chain_hash
from shared.log import read
from shared.log.read import Head
from shared.log.verify import Fault, Progress, Witness, verify
from tests.integration.appending import a_command, an_event
from tests.integration.conftest import ScratchLog
from tests.integration.test_append import run

EVENTS = 6


@pytest.fixture
def log(scratch: ScratchLog) -> ScratchLog:
    """Six events in two streams."""
    writer = scratch.connection()
    for number in range(EVENTS):
        stream = f"points-{number % 2}"
        run(writer, a_command(an_event(stream, points=number), expected={stream: number // 2}))
    return scratch


def faults(log: ScratchLog, *witnesses: Witness) -> list[Fault]:
    connection = log.connection("points_worker")
    with connection.transaction():
        return verify(connection, witnesses)


def as_owner(log: ScratchLog, *statements: str) -> None:
    """What no role of a service may do: the owner lays the row policies aside and writes."""
    owner = log.connection("points_owner")
    owner.execute("ALTER TABLE log_event NO FORCE ROW LEVEL SECURITY")
    for statement in statements:
        owner.execute(statement)


def test_a_log_that_nobody_touched_is_whole(log: ScratchLog):
    assert faults(log) == []


def test_an_empty_log_is_whole(scratch: ScratchLog):
    assert faults(scratch) == []


@pytest.mark.parametrize(
    "change",
    [
        """data = '{"points":99}'""",
        """data = '{"points": 3}'""",  # the same value, other bytes
        "type = 'points.PointRevoked'",
        "schema_version = 2",
        f"school_id = '{uuid4()}'",
        f"id = '{uuid4()}'",
        "stream = 'points-9'",
        "stream_version = 99",
        "occurred_at = occurred_at + interval '1 microsecond'",
        "recorded_at = recorded_at - interval '1 second'",
        "actor = 'staff:2'",
        "actor = 'nobody'",
        f"correlation_id = '{uuid4()}'",
        f"causation_id = '{uuid4()}'",
        "previous = decode(repeat('00', 32), 'hex')",
        "hash = decode(repeat('00', 32), 'hex')",
    ],
)
def test_a_changed_field_is_found_where_it_stands(log: ScratchLog, change: str):
    as_owner(log, f"UPDATE log_event SET {change} WHERE position = 4")
    [fault] = faults(log)
    assert (fault.partition, fault.position) == (1, 4)


@pytest.mark.parametrize("position", [1, 4])
def test_a_removed_event_is_found_where_it_stood(log: ScratchLog, position: int):
    as_owner(log, f"DELETE FROM log_event WHERE position = {position}")
    [fault] = faults(log)
    assert fault.position == position


def test_a_removed_event_whose_followers_moved_up_is_found(log: ScratchLog):
    as_owner(
        log,
        "DELETE FROM log_event WHERE position = 3",
        "UPDATE log_event SET position = position - 1 WHERE position = 4",
        "UPDATE log_event SET position = position - 1 WHERE position = 5",
        "UPDATE log_event SET position = position - 1 WHERE position = 6",
        "UPDATE log_head SET position = 5",
    )
    [fault] = faults(log)
    assert fault.position == 3


def test_an_event_that_was_forged_with_its_own_hash_is_found_by_its_links(log: ScratchLog):
    owner = log.connection("points_owner")
    owner.execute("ALTER TABLE log_event NO FORCE ROW LEVEL SECURITY")
    event = read.after(log.connection("points_worker"), 1, 3, 1)[0]
    forged = replace(event, data={"points": 77}, previous=bytes(32))
    forged = replace(forged, hash=chain_hash(forged.previous, canonical(_hashed(forged))))
    assert forged.hash_is_right()
    owner.execute(
        "UPDATE log_event SET data = %s, previous = %s, hash = %s WHERE position = 4",
        ('{"points":77}', forged.previous, forged.hash),
    )
    [fault] = faults(log)
    assert fault.position == 4


def test_two_events_that_changed_places_are_found(log: ScratchLog):
    as_owner(
        log,
        "UPDATE log_event SET position = 1000 WHERE position = 2",
        "UPDATE log_event SET position = 2 WHERE position = 3",
        "UPDATE log_event SET position = 3 WHERE position = 1000",
    )
    [fault] = faults(log)
    assert fault.position == 2


def test_a_tail_that_was_cut_off_is_found_by_the_head(log: ScratchLog):
    as_owner(log, "DELETE FROM log_event WHERE position > 4")
    [fault] = faults(log)
    assert fault.position == 5
    assert "cut off" in fault.what


def cut_with_its_head(log: ScratchLog) -> None:
    as_owner(
        log,
        "DELETE FROM log_event WHERE position > 4",
        "UPDATE log_head SET position = 4, hash = (SELECT hash FROM log_event WHERE position = 4)",
    )


def test_a_tail_that_was_cut_off_with_its_head_is_found_by_who_read_it(log: ScratchLog):
    end = read.heads(log.connection())[1]
    cut_with_its_head(log)
    assert faults(log) == []  # the log alone cannot tell
    [fault] = faults(log, Witness(name="points.pupil_points_v1", partition=1, head=end))
    assert fault.position == 5
    assert "pupil_points_v1" in fault.what


def test_a_tail_that_was_cut_off_with_its_head_is_found_by_an_answered_command(log: ScratchLog):
    cut_with_its_head(log)
    [fault] = faults(log, Witness(name="an answered command", partition=1, head=Head(position=6, hash=b"")))
    assert fault.position == 5


def test_a_log_that_was_emptied_is_found_by_who_read_it(log: ScratchLog):
    end = read.heads(log.connection())[1]
    as_owner(log, "DELETE FROM log_event", "DELETE FROM log_head")
    [fault] = faults(log, Witness(name="points.pupil_points_v1", partition=1, head=end))
    assert fault.position == 1


def test_a_history_that_was_written_anew_is_found_by_who_read_the_old_one(log: ScratchLog):
    """Someone who knows how hashes are made rewrites event 6 with its hash and the head: only a witness can tell."""
    end = read.heads(log.connection())[1]
    owner = log.connection("points_owner")
    owner.execute("ALTER TABLE log_event NO FORCE ROW LEVEL SECURITY")
    last = read.after(log.connection("points_worker"), 1, EVENTS - 1, 1)[0]
    forged = _forged(last)
    owner.execute("UPDATE log_event SET data = %s, hash = %s WHERE position = 6", ('{"points":77}', forged))
    owner.execute("UPDATE log_head SET hash = %s", (forged,))
    assert faults(log) == []
    [fault] = faults(log, Witness(name="points.pupil_points_v1", partition=1, head=end))
    assert fault.position == EVENTS


def test_a_log_in_use_can_be_verified(log: ScratchLog):
    writer, connection = log.connection(), log.connection("points_worker")

    class WritesMeanwhile(Progress):
        def at(self, partition: int, position: int, head: int) -> None:  # noqa: ARG002 - told, not asked
            run(writer, a_command(an_event("points-0", points=1), expected={"points-0": 3}))

    with connection.transaction():
        assert verify(connection, (), WritesMeanwhile()) == []
    assert read.heads(writer)[1].position == EVENTS + 1


def _forged(last: Any) -> bytes:
    changed = replace(last, data={"points": 77})
    return chain_hash(changed.previous, canonical(_hashed(changed)))
