"""Signed checkpoints find what a chain cannot show: whoever owns a log's database rewrites it so that all is right."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from shared.events.envelope import Envelope, _hashed, canonical, chain_hash
from shared.log import read
from shared.log.checkpoint_keys import Ring, first_line, new_key, ring_of
from shared.log.checkpointing import EVERY, EVERY_EVENTS, Checkpointing, in_folder, keep, kept
from shared.log.checkpoints import Checkpoint, checked, compared, signed
from shared.log.read import Head
from shared.log.verify import Fault, Witness, verify
from shared.runtime import metrics
from tests.integration.appending import a_command, an_event
from tests.integration.conftest import ScratchKeys, ScratchLog
from tests.integration.test_append import run

LATER = 30
SERVICE = "points"


@dataclass(slots=True)
class RealTime:
    """Stands for the machine's clock."""

    at: datetime = datetime(2026, 9, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


@dataclass(slots=True)
class House:
    """A log, its checkpoints in another database and once more in a folder, and who signs them."""

    scratch: ScratchLog
    keys: ScratchKeys
    folder: Path
    time: RealTime = field(default_factory=RealTime)
    ring: Ring = field(init=False)
    making: Checkpointing = field(init=False)
    appended: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        key, pem = new_key()
        key_file = self.folder / "checkpoint.key"
        key_file.write_text(pem)
        self.ring = ring_of(first_line(key, self.time.at))
        self.making = Checkpointing(
            service=SERVICE,
            log=self.scratch.pool("points_worker"),
            keys=self.keys.pool("keys_points"),
            key_file=key_file,
            folder=self.folder,
            real=self.time,
        )

    def append(self, count: int, partition: int = 1) -> None:
        writer, stream = self.scratch.connection(), f"points-{partition}"
        for _ in range(count):
            version = self.appended.get(partition, 0)
            command = a_command(an_event(stream, points=version), expected={stream: version})
            run(writer, replace(command, partition=partition))
            self.appended[partition] = version + 1

    def grow(self, count: int = LATER, partition: int = 1) -> Checkpoint:
        """So many events more, and a checkpoint at once."""
        self.append(count, partition)
        [made] = self.making.look(now=True)
        return made

    def faults(self, *carried: str, copies: bool = True) -> list[Fault]:
        """What `./bookbag verify` finds: log, checkpoints and what was carried away."""
        with self.keys.pool("keys_points").connection() as connection:
            here = kept(connection, SERVICE)
        remembered, unsigned = checked(SERVICE, here, self.ring)
        lines = [*(in_folder(self.folder, SERVICE) if copies else ()), *carried]
        elsewhere, gone = compared(SERVICE, lines, here, self.ring)
        with self.scratch.connection("points_worker") as connection, connection.transaction():
            return [*verify(connection, [*remembered, *elsewhere]), *unsigned, *gone]

    def whole_without_checkpoints(self, *witnesses: Witness) -> bool:
        with self.scratch.connection("points_worker") as connection, connection.transaction():
            return verify(connection, witnesses) == []

    def as_keys_owner(self, sql: str, *parameters: Any) -> None:
        """What whoever has the key database can do to the lines, without the key that signs them."""
        with self.keys.pool("keys_owner").connection() as connection:
            connection.execute("ALTER TABLE checkpoint NO FORCE ROW LEVEL SECURITY")
            connection.execute(sql, parameters)


@pytest.fixture
def house(scratch: ScratchLog, keys: ScratchKeys, tmp_path: Path) -> House:
    return House(scratch, keys, tmp_path)


def rewrite(house: House, first: int) -> None:
    """Another history from a position on, with a chain, a head and cursors that are right in themselves."""
    events = read.after(house.scratch.connection("points_worker"), 1, 0, 10_000)
    owner = house.scratch.connection("points_owner")
    owner.execute("ALTER TABLE log_event NO FORCE ROW LEVEL SECURITY")
    link = events[first - 2].hash if first > 1 else bytes(32)
    for event in events[first - 1 :]:
        forged = replace(event, data={"points": 77}, previous=link)
        link = chain_hash(link, canonical(_hashed(forged)))
        owner.execute(
            "UPDATE log_event SET data = %s, previous = %s, hash = %s WHERE position = %s",
            ('{"points":77}', forged.previous, link, event.position),
        )
        owner.execute("UPDATE projection_cursor SET hash = %s WHERE position = %s", (link, event.position))
    owner.execute("UPDATE log_head SET hash = %s WHERE partition = 1", (link,))


def cut(house: House, last: int) -> None:
    """An older state of the database, as a backup of it has it: events, head and cursors."""
    owner = house.scratch.connection("points_owner")
    owner.execute("ALTER TABLE log_event NO FORCE ROW LEVEL SECURITY")
    owner.execute("DELETE FROM log_event WHERE position > %s", (last,))
    to = "SELECT position, hash FROM log_event WHERE partition = 1 AND position = %s"
    owner.execute(f"UPDATE log_head SET (position, hash) = ({to}) WHERE partition = 1", (last,))
    owner.execute(f"UPDATE projection_cursor SET (position, hash) = ({to}) WHERE position > %s", (last, last))


def a_consumer_at(house: House, event: Envelope) -> None:
    house.scratch.connection("points_worker").execute(
        "INSERT INTO projection_cursor (consumer, source, partition, position, hash) VALUES ('m_v1', %s, 1, %s, %s)",
        (SERVICE, event.position, event.hash),
    )


def witness(house: House) -> Witness:
    """What the consumer remembers now."""
    row = house.scratch.connection("points_worker").execute("SELECT position, hash FROM projection_cursor").fetchone()
    assert row is not None
    return Witness(name="m_v1", partition=1, head=Head(position=row[0], hash=bytes(row[1])))


def test_a_log_that_nobody_touched_is_whole(house: House):
    assert house.faults() == []
    for partition in (1, 2, 1):
        house.grow(partition=partition)
    house.append(5)
    assert house.faults() == []


@pytest.mark.parametrize("first", [1, 17, LATER])
def test_a_history_written_anew_with_chain_head_and_cursors_is_found_by_the_first_checkpoint_behind_it(
    house: House, first: int
):
    house.grow(10)
    house.grow(LATER - 10)
    house.grow(10)
    a_consumer_at(house, read.after(house.scratch.connection(), 1, LATER - 1, 1)[0])
    rewrite(house, first)
    assert house.whole_without_checkpoints(witness(house)), "the log, its head and its consumers cannot tell"
    [fault] = house.faults(copies=False)
    assert (fault.partition, fault.position) == (1, 10 if first == 1 else LATER)
    assert "checkpoint" in fault.what
    assert "remembers another event here" in fault.what


def test_what_is_behind_the_last_checkpoint_is_vouched_for_by_nobody(house: House):
    """The interval is the promise: what is newer can be rewritten unseen until the next one."""
    house.grow()
    house.append(5)
    rewrite(house, LATER + 2)
    assert house.faults() == []
    house.grow(1)
    assert house.faults() == []


def test_an_older_state_of_the_log_that_was_put_back_is_found(house: House):
    house.grow()
    house.grow(10)
    a_consumer_at(house, read.after(house.scratch.connection(), 1, LATER + 9, 1)[0])
    cut(house, LATER + 3)
    assert house.whole_without_checkpoints(witness(house))
    [fault] = house.faults(copies=False)
    assert (fault.position, fault.what.startswith("cut off: checkpoint 2 ")) == (LATER + 4, True)


def test_an_older_state_of_both_databases_is_found_by_the_copies_and_by_what_was_carried_away(house: House):
    house.grow()
    line = house.grow(10).line()
    cut(house, LATER)
    house.as_keys_owner("DELETE FROM checkpoint WHERE number = 2")
    assert house.faults(copies=False) == [], "here nobody can tell any more"
    for found in (house.faults(), house.faults(line, copies=False)):
        whats = [(fault.position, fault.what) for fault in found]
        assert (LATER + 10, "checkpoint 2 that was carried away is not kept here any more") in whats
        assert [position for position, what in whats if what.startswith("cut off")] == [LATER + 1]


def test_a_checkpoint_that_was_forged_for_a_rewritten_log_is_found(house: House):
    """Whoever has both databases makes lines that fit; they do not have the key."""
    first, last = house.grow(10), house.grow(LATER - 10)
    rewrite(house, 12)
    stranger, _ = new_key()
    head = read.heads(house.scratch.connection())[1]
    forged = signed(stranger, first, service=SERVICE, partition=1, head=head, at=last.at)
    house.as_keys_owner("UPDATE checkpoint SET line = %s WHERE number = 2", forged.line())
    [fault] = house.faults(copies=False)
    assert (fault.position, fault.what) == (11, "checkpoint 2 is not signed by a key of this installation")


def test_a_checkpoint_that_was_taken_out_so_that_a_rewritten_log_passes_is_found(house: House):
    house.grow(10)
    house.grow(10)
    house.grow(10)
    house.as_keys_owner("DELETE FROM checkpoint WHERE number = 2")
    [fault] = house.faults(copies=False)
    assert (fault.position, fault.what) == (11, "checkpoint 3 stands where 2 should: what was between is gone")


def test_a_log_that_denies_what_was_signed_gets_no_checkpoint(house: House):
    house.grow()
    refused = metrics.CHECKPOINTS_REFUSED.labels(SERVICE)
    before = refused._value.get()
    rewrite(house, LATER)
    house.append(5)
    assert house.making.look(now=True) == []
    assert refused._value.get() == before + 1
    cut(house, LATER - 5)
    assert house.making.look(now=True) == []
    assert refused._value.get() == before + 2


def test_a_number_that_the_copies_know_is_not_given_to_another_line(house: House):
    """An older state of the key database was restored: the line that it lost may be put back, and still fit."""
    house.grow(10)
    lost = house.grow(10)
    house.as_keys_owner("DELETE FROM checkpoint WHERE number = 2")
    house.append(5)
    assert house.making.look(now=True) == []
    with house.keys.pool("keys_points").connection() as connection:
        assert keep(connection, lost)
    assert [one.number for one in house.making.look(now=True)] == [3]
    assert house.faults() == []


def test_a_copy_that_was_cut_short_when_a_worker_died_is_passed_over(house: House):
    house.grow(10)
    with (house.folder / "points.1.jsonl").open("a") as file:
        file.write('{"kind":"bookbag-check')
    house.grow(10)
    assert len(list(in_folder(house.folder, SERVICE))) == 2
    assert house.faults() == []


def test_a_head_that_is_not_the_last_event_s_is_not_signed(house: House):
    house.append(3)
    house.scratch.connection("points_owner").execute("UPDATE log_head SET hash = decode(repeat('11', 32), 'hex')")
    assert house.making.look(now=True) == []


def test_a_partition_gets_one_with_its_first_events_then_after_so_many_or_so_long_and_only_if_it_grew(house: House):
    assert house.making.look() == []
    house.append(1)
    assert [one.head.position for one in house.making.look()] == [1]
    house.append(EVERY_EVENTS - 1)
    assert house.making.look() == []
    house.append(1)
    assert [one.head.position for one in house.making.look()] == [1 + EVERY_EVENTS]
    house.append(1)
    house.time.at += EVERY - timedelta(seconds=1)
    assert house.making.look() == []
    house.time.at += timedelta(seconds=1)
    assert [one.number for one in house.making.look()] == [3]
    house.time.at += EVERY
    assert house.making.look() == [], "nothing is new"


def test_each_partition_has_a_line_of_its_own(house: House):
    house.append(2, partition=1)
    house.append(3, partition=2)
    assert [(one.partition, one.number, one.head.position) for one in house.making.look()] == [(1, 1, 2), (2, 1, 3)]
    house.append(1, partition=2)
    assert [(one.partition, one.number) for one in house.making.look(now=True)] == [(2, 2)]


def test_of_two_workers_that_sign_at_once_one_takes_the_number(house: House):
    house.append(4)
    taken: list[Checkpoint] = []

    class Second(RealTime):
        """Looks at the clock when the first has read what was signed last, and is quicker."""

        def now(self) -> datetime:
            if not taken:
                taken.extend(house.making.look())
            return self.at

    slow = replace(house.making, real=Second())
    assert slow.look() == []
    assert [one.number for one in taken] == [1]
    assert house.faults() == []
    assert list(in_folder(house.folder, SERVICE)) == [taken[0].line()], "who came second wrote nothing down"


def test_no_service_changes_takes_away_or_adds_to_another_s_checkpoints(house: House):
    house.grow()
    with house.keys.pool("keys_points").connection() as own:
        for sql in ("UPDATE checkpoint SET line = ''", "DELETE FROM checkpoint", "TRUNCATE checkpoint"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), own.transaction():
                own.execute(sql)
    with house.keys.pool("keys_stories").connection() as other:
        assert other.execute("SELECT line FROM checkpoint").fetchall() == []
        with pytest.raises(psycopg.errors.InsufficientPrivilege), other.transaction():
            other.execute("INSERT INTO checkpoint VALUES ('points', 1, 2, '')")
