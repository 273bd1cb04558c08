"""A database whose host lost its power while a question was under way: whoever waits hears of it within seconds."""

import os
import threading
from collections.abc import Iterator

import psycopg
import pytest

from deploy.operator.config import OperatorConfig
from shared.runtime.database import Server, conninfo
from tests.faults.proxy import Mode, Proxy
from tests.integration.conftest import ScratchLog, _passfile

NOTICED_WITHIN = 30
"""Seconds; the kernel's own patience is two hours."""

UNDER_WAY = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep%'"
    " AND state = 'active'"
)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have the kernel forget a connection")


@pytest.fixture
def proxy(operator_config: OperatorConfig) -> Iterator[Proxy]:
    with Proxy(lambda: (operator_config.host, operator_config.port)) as proxy:
        yield proxy


def test_who_waits_for_an_answer_of_a_host_that_knows_nothing_of_it_any_more_hears_of_it(
    scratch: ScratchLog, proxy: Proxy
):
    folder = _passfile(scratch.config, scratch.name, "points_worker", "passfile.forgotten")
    server = Server(host="127.0.0.1", port=proxy.port, passfile=str(folder / "passfile.forgotten"))
    told = conninfo(server, database=scratch.name, role="points_worker")
    heard: list[str] = []

    def ask() -> None:
        with psycopg.connect(**told, autocommit=True) as connection:  # type: ignore[arg-type]  # libpq's own
            try:
                connection.execute("SELECT pg_sleep(120)")
            except psycopg.OperationalError as error:
                heard.append(type(error).__name__)

    # A daemon: where nobody tells it, it would keep the tests from ending.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    watcher = scratch.connection("points_worker")
    while watcher.execute(UNDER_WAY).fetchone() != (1,):
        pass
    proxy.now(Mode.HALF_OPEN)
    asking.join(NOTICED_WITHIN)
    assert heard == ["OperationalError"]
