"""A broker that is stopped, emptied, killed or frozen delays events by a poll of the feed, and loses none."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from deploy.local.servers import BROKER, Servers
from deploy.operator.config import OperatorConfig
from shared.runtime import metrics
from tests.integration.conftest import ScratchLog, a_broker, bus_of
from tests.integration.line import SOURCE, Line, until


@pytest.fixture(scope="module")
def servers(operator_config: OperatorConfig, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """A broker of these tests' own, whatever the environment names."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("BOOKBAG_RABBITMQ")}
    with a_broker(operator_config, tmp_path_factory.mktemp("faulty"), own) as servers:
        yield servers


@pytest.fixture
def line(scratch: ScratchLog, servers: Servers) -> Iterator[Line]:
    """A line of which every part runs, as in a worker."""
    line = Line(scratch, bus_of(servers))
    with ExitStack() as stack:
        for part in (line.relaying(), line.consuming(), line.following()):
            stack.enter_context(part)
        line.until_subscribed()
        line.award(3)
        line.until_all_is_there()
        yield line
    line.delete_queue()


def once_each(line: Line) -> bool:
    return set(line.model().values()) == {1} and len(line.model()) == len(line.log())


def until_the_bus_brings_again(line: Line) -> None:
    """Both sides have connected anew: what is appended comes over the bus, and not only by the feed."""
    delivered = metrics.BUS_DELIVERED.labels(SOURCE)
    before = delivered._value.get()

    def brought() -> bool:
        line.award(1)
        return bool(delivered._value.get() > before)

    until(brought, "the bus brings events again")


def test_while_the_broker_is_stopped_events_come_by_the_feed_and_then_by_the_bus_again(line: Line, servers: Servers):
    servers.supervisor.stop(BROKER)
    line.award(5)
    line.until_all_is_there()
    servers.supervisor.resume(BROKER)
    servers.supervisor.wait_ready([BROKER])
    until_the_bus_brings_again(line)
    line.until_all_is_there()
    until(lambda: line.progress() == len(line.log()), "all is published")
    assert once_each(line)


def test_a_broker_that_lost_everything_is_filled_again(line: Line, servers: Servers):
    servers.supervisor.stop(BROKER)
    line.award(5)
    shutil.rmtree(servers.run_dir / "rabbitmq" / "data")
    servers.supervisor.resume(BROKER)
    servers.supervisor.wait_ready([BROKER])
    until_the_bus_brings_again(line)
    line.until_all_is_there()
    assert once_each(line)


def test_a_broker_killed_under_load_loses_and_doubles_nothing(line: Line, servers: Servers):
    # RabbitMQ 3.10 notes behind the declaration which quorum queues it runs: killed within that second it keeps one
    # that answers nobody (decision 13). This is about a queue that it knows: stopped in order, it has noted it.
    servers.supervisor.stop(BROKER)
    servers.supervisor.resume(BROKER)
    servers.supervisor.wait_ready([BROKER])
    until_the_bus_brings_again(line)
    line.award(50)
    servers.supervisor.kill(BROKER)
    line.award(50)
    servers.supervisor.wait_ready([BROKER])
    until_the_bus_brings_again(line)
    line.until_all_is_there()
    until(lambda: line.progress() == len(line.log()), "all is published")
    assert once_each(line)


def test_a_queue_that_is_deleted_while_it_is_consumed_is_made_again(line: Line):
    line.delete_queue()
    until_the_bus_brings_again(line)
    line.until_all_is_there()
    assert once_each(line)


def test_a_broker_that_is_frozen_looks_healthy_and_stops_nobody(line: Line, servers: Servers):
    """No socket is closed and no answer comes: both sides give up by themselves, and go on when it thaws."""
    servers.supervisor.signal(BROKER, signal.SIGSTOP)
    try:
        line.award(5)
        line.until_all_is_there()
        until(lambda: metrics.BUS_CONNECTED.labels(SOURCE, "relay")._value.get() == 0, "the relay has given up")
    finally:
        servers.supervisor.signal(BROKER, signal.SIGCONT)
    until_the_bus_brings_again(line)
    line.until_all_is_there()
    until(lambda: line.progress() == len(line.log()), "all is published")
    assert once_each(line)


def test_a_database_that_drops_every_connection_stops_the_relay_for_a_moment(line: Line):
    line.watcher.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
    )
    line.award(3)
    until(lambda: line.progress() == len(line.log()), "all is published")
    line.until_all_is_there()
    assert once_each(line)
