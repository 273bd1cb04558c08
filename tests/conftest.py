"""Fast tests first, and each kind knows its place: unit, contract, repo, property, then what starts real servers."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.launch import Installation
from deploy.local.servers import Servers
from deploy.operator.config import OperatorConfig
from deploy.operator.provision import provision
from shared.testing.driver import Bookbag, Session
from tests.installation import Bench, School, a_school, went

ORDER = ("unit", "contract", "repo", "property", "integration", "e2e", "faults", "controls")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps the random order within a folder, and the folders in the order of their cost."""
    here = Path(__file__).parent

    def cost(item: pytest.Item) -> int:
        folder = item.path.relative_to(here).parts[0]
        return ORDER.index(folder) if folder in ORDER else len(ORDER)

    items.sort(key=cost)


@pytest.fixture(scope="session")
def operator_config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OperatorConfig]:
    """A real PostgreSQL with an installation's roles and empty databases; nothing migrated."""
    folder = tmp_path_factory.mktemp("servers")
    secrets = Path(os.environ.get("BOOKBAG_TEST_SECRETS_DIR", folder / "secrets"))
    with Servers(folder, broker=False) as servers:
        config = OperatorConfig(
            host=servers.postgres.host,
            port=servers.postgres.port,
            secrets=secrets,
            superuser=servers.postgres.superuser,
            superuser_password_file=servers.postgres.password_file,
        )
        provision(config)
        yield config
    servers.discard()


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A whole installation: PostgreSQL, RabbitMQ, nginx and every process of every service."""
    # Tests kill its processes far more often than a fault would: it is to go on all the same.
    told = {**os.environ, "BOOKBAG_MAX_DEATHS_PER_MINUTE": "1000"}
    with Installation(tmp_path_factory.mktemp("installation"), environment=told) as it:
        yield Bench(it)
    it.discard()


@pytest.fixture(scope="session")
def bookbag(bench: Bench) -> Iterator[Bookbag]:
    with Bookbag(bench.it.state["gateway"]) as bookbag:
        yield bookbag


@pytest.fixture(scope="session")
def operator(bench: Bench, bookbag: Bookbag) -> Session:
    return went(bookbag.sign_in_operator(bench.operator_password()))


@pytest.fixture(scope="session")
def school(bookbag: Bookbag, operator: Session) -> School:
    return a_school(bookbag, operator, "ashdown-hill", seed=11)


@pytest.fixture(scope="session")
def other_school(bookbag: Bookbag, operator: Session) -> School:
    return a_school(bookbag, operator, "brook-end", seed=12)
