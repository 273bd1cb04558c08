"""Two who rebuild one read model at once, on a real PostgreSQL: one waits, and neither spoils what the other builds."""

import threading
from uuid import UUID, uuid4

import pytest

from shared.privacy.categories import Category
from shared.privacy.keystore import Owner
from shared.privacy.vault import Vault
from shared.projections.install import install
from shared.projections.rebuild import Rebuilder, no_progress
from shared.projections.runner import OwnLog, Runner
from shared.runtime.clock import SystemClock
from tests.integration.conftest import ScratchKeys, ScratchLog
from tests.integration.test_projections import House, names, waiting


@pytest.fixture
def school(scratch: ScratchLog, keys: ScratchKeys) -> House:
    with scratch.pool("points_owner").connection() as connection:
        install(connection, names())
    return House(scratch, keys)


def another_operator(house: House) -> Rebuilder:
    """With connections and a vault of their own: they hold no key yet."""
    worker = house.scratch.pool("points_worker")
    vault = Vault("identity", house.keys.store("identity"), lambda: house.at)
    return Rebuilder(house.scratch.pool("points_owner"), Runner(worker, vault, {"points": OwnLog(worker)}))


def test_S18_a_rebuild_that_began_before_an_erasure_does_not_bring_back_what_was_erased(school: House, school_id: UUID):
    """It has the keys at hand still: whoever erases waits for it, and builds anew after it."""
    pupil = uuid4()
    school.admit(school_id, pupil, "Ada")
    school.catch_up(names())
    watcher = school.scratch.connection("points_owner")
    erases = another_operator(school)
    second = threading.Thread(target=lambda: erases.rebuild(names(), no_progress))
    began = list[bool]()

    def while_another_erases(_done: int, _total: int) -> None:
        if began:
            return
        began.append(True)
        school.keys.eraser().destroy([Owner(school_id, pupil, Category.PUPIL_PARTICULARS)], SystemClock().now())
        second.start()
        while second.is_alive() and not waiting(watcher):
            pass

    school.rebuilder.rebuild(names(), while_another_erases)
    second.join(timeout=60)
    assert began
    assert not second.is_alive()
    assert school.rows(school_id) == [(None, 1)]
    with school.scratch.pool("points_owner").connection() as connection:
        left = connection.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'pupil_name%'").fetchall()
    assert len(left) == 1, "neither leaves anything over"
