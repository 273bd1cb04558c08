"""Fast tests first, and each kind knows its place: unit, contract, repo, property, then what starts real servers."""

from pathlib import Path

import pytest

ORDER = ("unit", "contract", "repo", "property", "integration", "e2e", "faults")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps the random order within a folder, and the folders in the order of their cost."""
    here = Path(__file__).parent

    def cost(item: pytest.Item) -> int:
        folder = item.path.relative_to(here).parts[0]
        return ORDER.index(folder) if folder in ORDER else len(ORDER)

    items.sort(key=cost)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory):
    from deploy.operator.config import OperatorConfig

    return OperatorConfig(
        host="127.0.0.1",
        port=25432,
        secrets=Path("/tmp/devsecrets"),
        superuser="postgres",
        superuser_password_file=Path("/tmp/devpg.pw"),
    )
