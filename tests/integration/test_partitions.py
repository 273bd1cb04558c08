"""Several partitions in one log: made before their first event, filled evenly, and none held up by another."""

import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import Connection

from services.identity.commands import IdentityCommands
from services.identity.domain.school import school_id_of
from services.identity.indexes import Indexes
from shared.bus.messages import Bus
from shared.bus.relay import BrokerHangs, Ledger, Publisher, Relay
from shared.bus.window import Window
from shared.events.envelope import GENESIS, Actor
from shared.events.identity import SchoolRegistered
from shared.log import read
from shared.log.append import Answer, Claim, Command, append
from shared.log.commands import Asked, CommandHandler, Request, prepared
from shared.log.partitions import TooFew, least_filled, make
from shared.log.read import Head
from shared.log.verify import verify
from shared.policy.codes import CONFLICT
from shared.policy.principal import AccessState, Capacity, Principal
from shared.policy.refusal import Refusal
from shared.privacy.vault import Vault, folded
from shared.projections import cursors
from shared.runtime.clock import SystemClock
from shared.runtime.ids import new_id
from tests.integration.conftest import ScratchLog
from tests.integration.line import SOURCE, Line, NoKeys, awards, until


@pytest.fixture
def line(scratch: ScratchLog, bus: Bus) -> Iterator[Line]:
    line = Line(scratch, bus)
    yield line
    for partition in (1, 2, 3):
        line.delete_queue(partition)


def the_operator() -> Principal:
    return Principal(
        session_id=uuid4(),
        school_id=None,
        person_id=UUID(int=7),
        capacity=Capacity.OPERATOR,
        roles=frozenset(),
        classes=frozenset(),
        children=frozenset(),
        access=AccessState.ACTIVE,
        access_known=True,
        issued_at=SystemClock().now(),
    )


def registration(slug: str, partition: int) -> Command:
    """What registers a school, sealed and ready."""
    school_id, now = school_id_of(slug), SystemClock().now()
    event = SchoolRegistered(school_id=school_id, slug=slug, name=slug, partition=partition)
    request = Request(
        school_id=school_id,
        partition=partition,
        actor=Actor(kind="operator", id="7"),
        occurred_at=now,
        correlation_id=uuid4(),
    )
    stream = f"school-{school_id}"
    return prepared(no_vault(), request, [(stream, event)], [uuid4()], expected={stream: 0}, recorded_at=now)


def waiting(watcher: Connection[Any]) -> int:
    """How many wait for another's transaction to end."""
    row = watcher.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted").fetchone()
    return 0 if row is None else int(row[0])


def no_vault() -> Vault:
    return Vault("identity", NoKeys(), lambda: 0.0)


class Registry:
    """Identity's commands on a log of its own, as an operator uses them."""

    def __init__(self, scratch: ScratchLog) -> None:
        self.scratch, self.pool = scratch, scratch.pool(max_size=6)
        self.handler = CommandHandler(self.pool, no_vault(), SystemClock(), new_id)

    def commands(self, partition: int | None = None) -> IdentityCommands:
        """With the partition that is least filled, or as a process that has looked before the others did."""
        queries: Any = None
        return IdentityCommands(
            handler=self.handler,
            queries=queries,
            indexes=Indexes(bytes(32)),
            clock=SystemClock(),
            new_id=new_id,
            partition_for_new=lambda: partition or self.least_filled(),
        )

    def least_filled(self) -> int:
        with self.pool.connection() as connection:
            return least_filled(connection)

    def register(self, slug: str, partition: int | None = None, claim: Claim | None = None) -> Answer:
        asked = Asked(by=the_operator(), correlation_id=uuid4(), claim=claim)
        return self.commands(partition).register_school(asked, slug=slug, name=slug)

    def schools(self) -> dict[str, int]:
        """Slug -> the partition that its first event names, and stands in."""
        with self.pool.connection() as connection:
            envelopes = [e for partition in read.heads(connection) for e in read.after(connection, partition, 0, 99)]
        found = {}
        for envelope, event in zip(envelopes, folded(envelopes), strict=True):
            assert isinstance(event, SchoolRegistered)
            assert event.partition == envelope.partition
            assert event.slug not in found
            found[event.slug] = envelope.partition
        return found


@pytest.fixture
def registry(scratch: ScratchLog) -> Registry:
    return Registry(scratch)


def made(scratch: ScratchLog, wanted: int | None) -> int:
    return make(scratch.connection("points_owner"), wanted)


def test_partitions_are_there_before_their_first_event_and_may_become_more(scratch: ScratchLog):
    assert made(scratch, None) == 1, "the default is one"
    assert made(scratch, 3) == 3
    assert made(scratch, 3) == 3
    connection = scratch.connection("points_worker")
    assert read.heads(connection) == {number: Head(position=0, hash=GENESIS) for number in (1, 2, 3)}
    with connection.transaction():
        assert verify(connection) == []
    assert made(scratch, None) == 3, "who names no number changes nothing"


def test_fewer_partitions_than_there_are_is_refused_and_changes_nothing(scratch: ScratchLog):
    made(scratch, 3)
    with pytest.raises(TooFew, match="BOOKBAG_PARTITIONS is 2, and there are 3"):
        made(scratch, 2)
    assert set(read.heads(scratch.connection())) == {1, 2, 3}


def test_what_stands_in_a_log_stays_when_partitions_are_added(line: Line):
    line.award(2)
    head = read.heads(line.writer)[1]
    made(line.scratch, 2)
    assert read.heads(line.writer) == {1: head, 2: Head(position=0, hash=GENESIS)}


def test_new_schools_go_where_the_fewest_are_and_stay_there(registry: Registry):
    assert registry.least_filled() == 1, "a log without any partition yet"
    made(registry.scratch, 2)
    for slug in ("ash", "birch", "cedar", "damson"):
        registry.register(slug)
    before = registry.schools()
    assert sorted(before.values()) == [1, 1, 2, 2]
    made(registry.scratch, 3)
    assert (registry.register("elder").partition, registry.register("fir").partition) == (3, 3)
    assert registry.register("gorse").partition == 1
    assert registry.schools() == {**before, "elder": 3, "fir": 3, "gorse": 1}


def test_a_school_that_two_register_at_once_for_different_partitions_is_in_one(registry: Registry):
    """Each has looked before the other wrote, and each holds its own partition's lock: the stream is one over all."""
    made(registry.scratch, 2)
    first, watcher = registry.scratch.connection(), registry.scratch.connection("points_worker")
    refusals: list[Refusal] = []

    def second() -> None:
        try:
            registry.register("ash", 2)
        except Refusal as refusal:
            refusals.append(refusal)

    thread = threading.Thread(target=second)
    with first.transaction():
        append(first, registration("ash", partition=1))
        thread.start()
        until(lambda: waiting(watcher) == 1, "the second waits for what the first will come to")
    thread.join(60)
    assert [refusal.code for refusal in refusals] == [CONFLICT], "not that it failed"
    assert registry.schools() == {"ash": 1}


def test_the_twin_of_a_registration_gets_its_answer_with_the_partition_that_the_school_is_in(registry: Registry):
    made(registry.scratch, 2)
    claim = Claim(person_id=UUID(int=7), key="once", body_mac=bytes(32))
    first = registry.register("ash", 1, claim)
    assert registry.register("ash", 2, claim) == first
    assert first.partition == 1


def test_a_partition_that_diverged_holds_up_no_other(line: Line):
    line.award(1, partition=1)
    line.award(1, partition=2)
    line.follower.round(SOURCE)
    line.watcher.execute("UPDATE projection_cursor SET hash = decode(repeat('11', 32), 'hex') WHERE partition = 1")
    line.award(1, partition=1)
    line.award(2, partition=2)
    line.follower.round(SOURCE)
    assert (line.cursor(1), line.cursor(2)) == (1, 3)
    with pytest.raises(cursors.Diverged):
        line.follower.runner.catch_up(awards(), line.feed.heads())


def test_a_partition_that_the_broker_does_not_answer_for_holds_up_no_other(line: Line):
    """A quorum queue that has lost its majority confirms nothing; those of other partitions do."""
    line.award(1, partition=1)
    line.award(1, partition=2)
    ledger = Ledger(line.scratch.connection("points_worker"))

    class Hangs(Publisher):
        def __init__(self) -> None:
            pass

        def publish(self, partition: int, saved: int, events: Any) -> Window:
            if partition == 1:
                raise BrokerHangs
            return Window(saved=saved + len(events), tag=0)

    relay = Relay(SOURCE, lambda: ledger.database, line.bus)
    for _ in range(2):  # each is a connection of its own to a worker's relay
        with pytest.raises(BrokerHangs):
            relay._round(ledger, Hangs())
    assert (line.progress(1), line.progress(2)) == (0, 1)


def test_each_partition_is_relayed_taken_and_counted_by_itself(line: Line):
    made(line.scratch, 3)
    with line.relaying(), line.consuming(), line.following():
        line.until_subscribed()
        until(lambda: line.follower.partitions(SOURCE) == {1, 2, 3}, "all are known before their first event")
        for partition, count in ((1, 3), (2, 1), (3, 5)):
            line.award(count, partition=partition)
        for partition in (1, 2, 3):
            line.until_all_is_there(partition)
        until(lambda: [line.progress(p) for p in (1, 2, 3)] == [3, 1, 5], "each is published to its own head")
    assert len(line.model()) == 9
    assert set(line.model().values()) == {1}
