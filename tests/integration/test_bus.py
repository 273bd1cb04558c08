"""The bus on a real RabbitMQ: in order, confirmed, at least once from the relay and exactly once in the read model."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from shared.bus.connection import linked
from shared.bus.messages import HEADER, Batch, Bus, bus_key, written
from shared.bus.relay import Ledger
from shared.events.envelope import Envelope
from shared.runtime import crash, metrics
from tests.integration.conftest import ScratchLog
from tests.integration.line import SOURCE, Line, die, forged, until

Message = tuple[bytes, dict[str, str]]


@pytest.fixture
def line(scratch: ScratchLog, bus: Bus) -> Iterator[Line]:
    line = Line(scratch, bus)
    yield line
    crash.install(None)
    for partition in (1, 2):
        line.delete_queue(partition)


def discarded(why: str) -> float:
    return float(metrics.BUS_DISCARDED.labels(SOURCE, why)._value.get())


def test_every_position_comes_in_order_once_confirmed_and_without_the_feed(line: Line):
    line.feed.away = True
    line.make_queue()
    awarded = line.award(25)
    with line.relaying(), line.consuming():
        assert line.come(25) == line.log()
        line.until_all_is_there()
        until(lambda: line.progress() == 25, "the relay's progress is the head")
    assert line.model() == dict.fromkeys(awarded, 1)


def test_what_is_appended_while_the_relay_runs_follows(line: Line):
    line.feed.away = True
    with line.relaying(), line.consuming():
        line.until_subscribed()
        for _ in range(5):
            line.award(3)
            line.come(3)
        line.until_all_is_there()
    assert set(line.model().values()) == {1}
    assert len(line.model()) == 15


def test_more_than_a_batch_is_published_in_batches(line: Line):
    line.make_queue()
    line.award(450)
    with line.relaying():
        until(lambda: line.progress() == 450, "the relay's progress is the head")
    with line.consuming():
        assert [envelope.position for envelope in line.come(450)] == list(range(1, 451))
        line.until_all_is_there()


def test_what_nobody_has_a_queue_for_is_counted_and_passed(line: Line):
    source = f"nobody{uuid4().hex[:8]}"
    line.award(3)
    with line.relaying(source):
        until(lambda: line.progress() == 3, "the relay's progress is the head")
    assert metrics.RELAY_UNROUTABLE.labels(source)._value.get() == 3


def test_of_two_relays_one_publishes_and_the_other_takes_over_when_it_is_gone(line: Line):
    line.make_queue()
    with line.relaying() as first:
        line.award(2)
        until(lambda: line.progress() == 2, "the first publishes")
        with line.relaying():
            line.award(2)
            until(lambda: line.progress() == 4, "one of them publishes")
            assert first.is_alive()
    with line.relaying():
        line.award(1)
        until(lambda: line.progress() == 5, "the next one publishes")
    with line.consuming():
        assert [envelope.position for envelope in line.come(5)] == [1, 2, 3, 4, 5]


def test_a_partition_has_one_relay_at_a_time_and_another_when_its_connection_is_gone(line: Line):
    line.award(1, partition=1)
    line.award(1, partition=2)
    first, second = Ledger(line.scratch.connection("points_worker")), Ledger(line.scratch.connection("points_worker"))
    assert set(first.standing()) == {1, 2}
    assert set(second.standing()) == set()
    assert set(first.standing()) == {1, 2}
    first.database.close()
    until(lambda: set(second.standing()) == {1, 2}, "the second is elected")


def test_a_relay_that_dies_between_confirm_and_save_publishes_again_and_the_cursor_drops_it(line: Line, tmp_path: Path):
    line.make_queue()
    awarded = line.award(4)
    point = tmp_path / "crash"
    point.write_text("relay.published")
    crash.install(point, kill=die)
    with line.relaying() as relay:
        relay.join(60)
    assert line.progress() == 0
    with line.relaying():
        until(lambda: line.progress() == 4, "the next one publishes")
    with line.consuming():
        assert [envelope.position for envelope in line.come(8)] == [1, 2, 3, 4, 1, 2, 3, 4]
        line.until_all_is_there()
    assert line.model() == dict.fromkeys(awarded, 1)


def test_progress_that_stands_beyond_what_was_published_costs_nothing_but_the_feed(line: Line):
    """As after a database was restored to an earlier moment than the broker, or the other way round."""
    awarded = line.award(3)
    line.watcher.execute("INSERT INTO relay_progress (partition, position) VALUES (1, 2)")
    line.make_queue()
    with line.relaying(), line.consuming():
        assert [envelope.position for envelope in line.come(1)] == [3]
        line.until_all_is_there()
    assert line.model() == dict.fromkeys(awarded, 1)
    assert line.feed.asked > 0


def test_a_consumer_that_dies_before_the_batch_is_applied_gets_it_again(line: Line):
    line.make_queue()
    awarded = line.award(3)
    with line.relaying():
        until(lambda: line.progress() == 3, "published")

    def dies(_batch: Batch) -> None:
        die()

    with line.consuming(dies) as consumer:
        consumer.join(60)
    line.feed.away = True
    with line.consuming():
        line.come(3)
        line.until_all_is_there()
    assert line.model() == dict.fromkeys(awarded, 1)


def test_a_consumer_that_dies_between_applying_and_acknowledging_gets_it_again_and_drops_it(line: Line, tmp_path: Path):
    line.make_queue()
    awarded = line.award(3)
    with line.relaying():
        until(lambda: line.progress() == 3, "published")
    point = tmp_path / "crash"
    point.write_text("subscription.applied")
    crash.install(point, kill=die)
    with line.consuming() as consumer:
        consumer.join(60)
    before = line.come(line.received.qsize())
    assert line.cursor() == len(before) > 0
    with line.consuming():
        again = line.come(3)
        line.until_all_is_there()
    assert again[: len(before)] == before, "delivered again"
    assert line.model() == dict.fromkeys(awarded, 1)


def test_a_batch_whose_method_raises_is_not_acknowledged(line: Line):
    line.make_queue()
    awarded = line.award(2)
    failures = [RuntimeError(), RuntimeError()]

    def fails_twice(batch: Batch) -> None:
        if failures:
            raise failures.pop()
        line.take(batch)

    line.feed.away = True
    with line.relaying(), line.consuming(fails_twice):
        line.come(2)
        line.until_all_is_there()
    assert line.model() == dict.fromkeys(awarded, 1)


def without_mac(event: Envelope, _bus: Bus) -> Message:
    return written(bytes(32), event)[0], {}


def with_a_mac_of_another_key(event: Envelope, _bus: Bus) -> Message:
    return written(bus_key(bytes(32)), event)


def with_the_mac_of_another_message(event: Envelope, bus: Bus) -> Message:
    _, headers = written(bus.key, forged(None, event.school_id))
    return written(bus.key, event)[0], headers


@pytest.mark.parametrize(
    "sign", [without_mac, with_a_mac_of_another_key, with_the_mac_of_another_message], ids=lambda sign: sign.__name__
)
def test_a_forged_event_that_links_changes_nothing_and_the_true_one_is_applied(
    line: Line, bus: Bus, sign: Callable[[Envelope, Bus], Message]
):
    line.make_queue()
    awarded = line.award(2)
    false = forged(None, line.school)
    before = discarded("wrong MAC")
    line.publish(sign(false, bus), sign(forged(false, line.school), bus))
    with line.relaying(), line.consuming():
        assert line.come(2) == line.log()
        line.until_all_is_there()
    assert line.model() == dict.fromkeys(awarded, 1)
    assert discarded("wrong MAC") == before + 2


@pytest.mark.parametrize(
    ("body", "why"),
    [(b"\x00 not JSON", "wrong MAC"), (b"", "wrong MAC"), (b"[" * 100_000, "wrong MAC"), (b"x" * 300_000, "wrong MAC")],
)
def test_what_is_no_message_of_ours_is_counted_and_gone(line: Line, body: bytes, why: str):
    line.make_queue()
    before = discarded(why)
    line.publish((body, {HEADER: "00" * 32}))
    awarded = line.award(1)
    with line.relaying(), line.consuming():
        line.come(1)
        line.until_all_is_there()
    assert discarded(why) == before + 1
    assert line.model() == dict.fromkeys(awarded, 1)


def test_an_event_of_another_source_is_counted_and_gone(line: Line, bus: Bus):
    line.make_queue()
    before = discarded("not of this queue")
    line.publish(
        written(bus.key, forged(None, line.school, type="identity.PupilAdmitted")),
        written(bus.key, forged(None, line.school, partition=2)),
    )
    awarded = line.award(1)
    with line.relaying(), line.consuming():
        line.come(1)
        line.until_all_is_there()
    assert discarded("not of this queue") == before + 2
    assert line.model() == dict.fromkeys(awarded, 1)


def test_an_authentic_event_that_does_not_link_is_counted_and_the_feed_has_the_true_one(line: Line, bus: Bus):
    """As after a failover to a database that had lost its last events: what was published is no longer the log."""
    line.make_queue()
    awarded = line.award(3)
    lost = forged(line.log()[0], line.school)
    line.publish(*(written(bus.key, event) for event in [line.log()[0], forged(lost, line.school)]))
    before, diverged = discarded("does not link"), metrics.PROJECTION_FAILURES.labels("awards_v1", "diverged")
    alarms = diverged._value.get()
    with line.consuming():
        line.come(2)
        line.until_all_is_there()
    line.publish(written(bus.key, forged(lost, line.school, position=4)))
    awarded += line.award(1)
    with line.relaying(), line.consuming():
        line.come(5)
        line.until_all_is_there()
    assert discarded("does not link") == before + 1
    assert diverged._value.get() == alarms
    assert line.model() == dict.fromkeys(awarded, 1)


def test_events_that_come_shuffled_and_often_are_applied_once_and_in_order(line: Line, bus: Bus):
    line.make_queue()
    awarded = line.award(20)
    messages = [written(bus.key, event) for event in line.log()]
    line.publish(*reversed(messages), *messages, *messages[::3])
    with line.consuming():
        line.come(47)
        line.until_all_is_there()
    assert line.model() == dict.fromkeys(awarded, 1)


def test_a_new_partition_gets_a_queue_when_the_heads_show_it(line: Line):
    with line.relaying(), line.consuming(), line.following():
        line.until_subscribed()
        line.award(1, partition=1)
        line.award(1, partition=2)
        until(lambda: line.follower.partitions(SOURCE) == {1, 2}, "the heads show it")
        until(lambda: line.cursor(1) == line.cursor(2) == 1, "both are applied")
        came: set[int] = set()
        while came != {1, 2}:
            line.award(1, partition=1)
            line.award(1, partition=2)
            came |= {envelope.partition for envelope in line.come(1)}
        line.until_all_is_there(1)
        line.until_all_is_there(2)
    assert set(line.model().values()) == {1}


def test_a_queue_that_stands_with_other_arguments_is_made_anew(line: Line, bus: Bus):
    with linked(bus.broker, "an older version") as link:
        link.channel.queue_declare(line.queue_name(), durable=True, auto_delete=False)
    awarded = line.award(2)
    with line.consuming():
        line.until_subscribed()
        with line.relaying():
            line.come(2)
            line.until_all_is_there()
    assert line.model() == dict.fromkeys(awarded, 1)
