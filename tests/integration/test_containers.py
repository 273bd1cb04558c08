"""The store, the bus and the rule on servers in containers, where a Docker-compatible engine answers.

The tests are those of this machine's own servers, called by other names; only where their servers come from differs.
"""

import gc
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import pytest
from docker.errors import DockerException
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient

from deploy.local import named, rabbitmq
from deploy.local.faults import CannotStart
from deploy.local.launch import Installation
from deploy.local.progress import to_nobody
from deploy.local.servers import Servers
from deploy.operator.config import OperatorConfig
from deploy.operator.provision import provision
from shared.bus.messages import Bus
from shared.testing.driver import Bookbag, Session
from tests.e2e import test_moderation
from tests.installation import Bench, went
from tests.integration import test_append, test_bus, test_projections
from tests.integration.conftest import bus_of
from tests.integration.line import until

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine")]

ASKED_WITHIN = 10
"""Seconds within which an engine has to answer."""


@dataclass(frozen=True, slots=True)
class Images:
    """What one run of these tests stands on."""

    postgres: str
    rabbitmq: str

    def __str__(self) -> str:
        return f"{self.postgres} and {self.rabbitmq}"


IMAGES = (Images("postgres:15-alpine", "rabbitmq:3.13"), Images("postgres:17-alpine", "rabbitmq:4"))


@pytest.fixture(scope="session")
def engine() -> None:
    """Asks once whether an engine answers; what it says is the reason of every skip."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # where none answers, its client leaves the socket open
        refusal = _asked()
        gc.collect()
    if refusal is not None:
        pytest.skip(f"nothing was tried against containers, for no Docker-compatible engine answers: {refusal}")


def _asked() -> str | None:
    try:
        client = DockerClient(timeout=ASKED_WITHIN).client
        client.ping()
    except (DockerException, OSError) as error:
        return str(error)
    client.close()
    return None


@pytest.fixture(scope="module", params=IMAGES, ids=str)
def images(request: pytest.FixtureRequest) -> Images:
    found: Images = request.param
    return found


@contextmanager
def in_containers(images: Images, folder: Path) -> Iterator[Mapping[str, str]]:
    """A PostgreSQL and a RabbitMQ that answer, as the environment that names them to the launcher."""
    words = {"postgres": token_hex(16), "rabbitmq": token_hex(16)}
    for name, word in words.items():
        (folder / name).write_text(word)
    postgres = DockerContainer(images.postgres).with_exposed_ports(5432).with_envs(POSTGRES_PASSWORD=words["postgres"])
    broker = DockerContainer(images.rabbitmq).with_exposed_ports(5672)
    broker = broker.with_envs(RABBITMQ_DEFAULT_USER=rabbitmq.USER, RABBITMQ_DEFAULT_PASS=words["rabbitmq"])
    with postgres, broker:
        at, port = broker.get_container_host_ip(), int(broker.get_exposed_port(5672))
        environment = {
            "BOOKBAG_POSTGRES": f"{postgres.get_container_host_ip()}:{postgres.get_exposed_port(5432)}",
            "BOOKBAG_POSTGRES_PASSWORD_FILE": str(folder / "postgres"),
            "BOOKBAG_RABBITMQ": f"{at}:{port}",
            "BOOKBAG_RABBITMQ_PASSWORD_FILE": str(folder / "rabbitmq"),
        }
        until(lambda: _lets_in(environment), "PostgreSQL lets its superuser in")
        until(lambda: rabbitmq.answers(port, at), "RabbitMQ answers")
        yield {**os.environ, **environment}


def _lets_in(environment: Mapping[str, str]) -> bool:
    try:
        return named.postgres(environment, to_nobody) is not None
    except CannotStart:
        return False


@pytest.fixture(scope="module")
def servers(images: Images, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("containers")
    with in_containers(images, folder) as environment, Servers(folder, environment=environment) as servers:
        yield servers


@pytest.fixture(scope="module")
def operator_config(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> OperatorConfig:
    """In place of the one that all other tests share: `scratch` and `keys` make their databases there."""
    config = OperatorConfig(
        host=servers.postgres.host,
        port=servers.postgres.port,
        secrets=tmp_path_factory.mktemp("secrets"),
        superuser=servers.postgres.superuser,
        superuser_password_file=servers.postgres.password_file,
    )
    provision(config)
    return config


@pytest.fixture(scope="module")
def bus(servers: Servers) -> Bus:
    return bus_of(servers)


@pytest.fixture(scope="module")
def bench(images: Images, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A whole installation, provisioned and migrated in containers of its own; its other processes run here."""
    folder = tmp_path_factory.mktemp("contained")
    with in_containers(images, folder) as environment, Installation(folder, environment=environment) as it:
        yield Bench(it)


@pytest.fixture(scope="module")
def bookbag(bench: Bench) -> Iterator[Bookbag]:
    with Bookbag(bench.it.state["gateway"]) as bookbag:
        yield bookbag


@pytest.fixture(scope="module")
def operator(bench: Bench, bookbag: Bookbag) -> Session:
    return went(bookbag.sign_in_operator(bench.operator_password()))


# The store: contiguous and whole under many writers, and read models built anew beside the live ones.
test_many_writers_leave_neither_holes_nor_doubles = (
    test_append.test_many_writers_leave_neither_holes_nor_doubles_and_the_chain_is_whole
)
test_an_uncommitted_append_holds_later_ones_back = (
    test_append.test_an_uncommitted_append_shows_no_event_and_holds_later_ones_back
)
house = test_projections.house
test_a_rebuild_while_others_read_and_write = test_projections.test_a_rebuild_while_others_read_and_write_misses_nothing
test_a_swap_gives_way = test_projections.test_a_swap_gives_way_to_a_reader_that_wants_the_tables_in_another_order

# The bus: from a log over the broker to a read model, also where one end dies on the way.
line = test_bus.line
test_every_position_comes_in_order_once = (
    test_bus.test_every_position_comes_in_order_once_confirmed_and_without_the_feed
)
test_a_relay_that_dies_publishes_again = (
    test_bus.test_a_relay_that_dies_between_confirm_and_save_publishes_again_and_the_cursor_drops_it
)
test_a_queue_with_other_arguments_is_made_anew = test_bus.test_a_queue_that_stands_with_other_arguments_is_made_anew

# The rule: a flag, a warning, its receipt and a removal, through the reactions of messaging and moderation.
school = test_moderation.school
test_the_whole_way_from_a_flag_to_removal_and_back = (
    test_moderation.test_S73_the_whole_way_from_a_flag_to_removal_and_back
)
test_the_logs_are_whole = test_moderation.test_whatever_was_decided_here_the_logs_are_whole
