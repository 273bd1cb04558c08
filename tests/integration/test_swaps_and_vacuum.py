"""A rebuild's swap, and PostgreSQL's own cleaner on the same table."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from shared.projections import rebuild
from shared.projections.rebuild import no_progress
from tests.integration.conftest import ScratchLog, _superuser
from tests.integration.test_projections import House, house, names

__all__ = ["house"]

ROWS = 20_000
"""So many pages that the slowest cleaner is at them for a minute."""
ONCE = 1


@pytest.fixture
def cleans_often(scratch: ScratchLog) -> Iterator[psycopg.Connection[Any]]:
    """The server looks each second for what is to be cleaned; a connection that may do anything."""
    with _superuser(scratch.config, scratch.name) as connection:
        connection.execute("ALTER SYSTEM SET autovacuum_naptime = '1s'")
        connection.execute("SELECT pg_reload_conf()")
        yield connection
        connection.execute("ALTER SYSTEM RESET autovacuum_naptime")
        connection.execute("SELECT pg_reload_conf()")


def leave_much_to_clean(connection: psycopg.Connection[Any], school: UUID) -> None:
    connection.execute(
        "ALTER TABLE pupil_name_v1 SET (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0,"
        " autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)"
    )
    connection.execute(
        "INSERT INTO pupil_name_v1 SELECT %s, gen_random_uuid(), 'Ada', 1 FROM generate_series(1, %s)", (school, ROWS)
    )
    connection.execute("DELETE FROM pupil_name_v1")


def is_cleaned(connection: psycopg.Connection[Any]) -> bool:
    row = connection.execute(
        "SELECT count(*) FROM pg_stat_progress_vacuum WHERE relid = 'pupil_name_v1'::regclass"
    ).fetchone()
    return row is not None and row[0] > 0


def test_a_cleaner_that_is_long_at_a_table_gives_way_to_the_swap(
    house: House,
    school_id: UUID,
    cleans_often: psycopg.Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(rebuild, "SWAPS", ONCE)
    house.admit(school_id, uuid4(), "Ada")
    house.catch_up(names())
    leave_much_to_clean(cleans_often, school_id)
    while not is_cleaned(cleans_often):
        pass
    house.rebuilder.rebuild(names(), no_progress)
    assert house.rows(school_id) == [("Ada", 1)]
