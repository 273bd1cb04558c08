"""Fast tests first, and each kind knows its place: unit, contract, repo, property, then what starts real servers."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from deploy.local.servers import Servers
from deploy.operator.config import OperatorConfig
from deploy.operator.provision import provision
from shared.testing.driver import Bookbag, Session
from tests.again import again, in_that_order
from tests.installation import Bench, School, a_school, an_installation, went

ORDER = ("unit", "contract", "repo", "property", "sim", "fuzz", "integration", "e2e", "faults", "controls")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps the random order within a folder, and the folders in the order of their cost."""
    here = Path(__file__).parent

    def cost(item: pytest.Item) -> int:
        folder = item.path.relative_to(here).parts[0]
        return ORDER.index(folder) if folder in ORDER else len(ORDER)

    items.sort(key=cost)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """One seed is all that a run hangs on: hypothesis, which reads its own, makes the same examples with the same.

    And no example is judged by how long it took: 200 ms are over where a busy machine does not let us run meanwhile.
    """
    settings.register_profile("bookbag", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("bookbag")
    seed = config.getoption("randomly_seed", None)
    if isinstance(seed, int) and config.getoption("hypothesis_seed", None) is None:
        config.option.hypothesis_seed = str(seed)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Below what failed: the exact commands that run it again."""
    reports = [report for kind in ("failed", "error") for report in terminalreporter.stats.get(kind, ())]
    if reports and isinstance(seed := config.getoption("randomly_seed", None), int):
        terminalreporter.section("to run again what failed")
        for node in sorted({report.nodeid for report in reports}):
            terminalreporter.write_line(again(node, seed))
        terminalreporter.write_line(f"all, in that order: {in_that_order(list(config.invocation_params.args), seed)}")


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
    """A whole installation, which all tests share but those that need one of another kind."""
    with an_installation(tmp_path_factory.mktemp("installation")) as bench:
        yield bench


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
