"""Fast tests first, and each kind knows its place: unit, contract, repo, property, then what starts real servers."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.servers import Servers
from deploy.operator.config import OperatorConfig
from deploy.operator.provision import provision

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
