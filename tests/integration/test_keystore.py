"""The key database: a role opens its categories and no others; what is destroyed stays destroyed."""

import threading
from collections.abc import Callable
from uuid import UUID, uuid4

import psycopg
import pytest

from deploy.operator.config import OperatorConfig
from shared.privacy.categories import Category
from shared.privacy.keystore import Destroyed, Eraser, KeyMissing, KeyStore, Owner, SubjectKey
from shared.runtime.clock import SystemClock
from shared.runtime.database import open_pool

Keys = Callable[[str], KeyStore]


def destroy(config: OperatorConfig, *owners: Owner) -> int:
    with open_pool(config.server("passfile.owner"), database="bookbag_keys", role="keys_eraser", max_size=1) as pool:
        return Eraser(pool).destroy(owners, SystemClock().now())


def a_pupil(school_id: UUID) -> Owner:
    return Owner(school_id, uuid4(), Category.PUPIL_PARTICULARS)


def test_a_key_is_made_once_and_found_again(key_store: Keys, school_id: UUID):
    store, owner = key_store("identity"), a_pupil(school_id)
    first = store.obtain([owner])[owner]
    assert store.obtain([owner])[owner] == first
    assert store.fetch([first.key_id]) == {first.key_id: first.key}


def test_of_many_who_need_a_new_key_at_once_all_get_the_same(key_store: Keys, school_id: UUID):
    store, owner = key_store("identity"), a_pupil(school_id)
    found: list[SubjectKey] = []
    ready = threading.Barrier(4)

    def ask() -> None:
        ready.wait(timeout=10)
        found.append(store.obtain([owner])[owner])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len({(key.key_id, key.key) for key in found}) == 1
    assert len(found) == 4


def test_another_service_s_role_cannot_read_a_key_of_a_category_that_is_not_its_own(key_store: Keys, school_id: UUID):
    note = Owner(school_id, uuid4(), Category.POINTS_NOTE)
    key = key_store("points").obtain([note])[note]
    with pytest.raises(KeyMissing):
        key_store("identity").fetch([key.key_id])


def test_another_service_s_role_cannot_make_a_key_of_a_category_that_is_not_its_own(key_store: Keys, school_id: UUID):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        key_store("identity").obtain([Owner(school_id, uuid4(), Category.POINTS_NOTE)])


def test_a_destroyed_key_is_known_as_destroyed_and_is_not_made_again(
    key_store: Keys, school_id: UUID, operator_config: OperatorConfig
):
    store, owner = key_store("identity"), a_pupil(school_id)
    key = store.obtain([owner])[owner]
    assert destroy(operator_config, owner) == 1
    assert store.fetch([key.key_id]) == {key.key_id: None}
    with pytest.raises(Destroyed):
        store.obtain([owner])
    assert destroy(operator_config, owner) == 0


def test_a_key_that_is_neither_held_nor_destroyed_is_an_error(key_store: Keys):
    with pytest.raises(KeyMissing):
        key_store("identity").fetch([uuid4()])


def test_the_eraser_reads_no_key(operator_config: OperatorConfig, key_store: Keys):
    assert key_store
    server = operator_config.server("passfile.owner")
    with (
        open_pool(server, database="bookbag_keys", role="keys_eraser", max_size=1) as pool,
        pool.connection() as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("SELECT wrapped FROM subject_key")


def test_a_service_cannot_delete_a_key(key_store: Keys, school_id: UUID, operator_config: OperatorConfig):
    owner = a_pupil(school_id)
    key_store("identity").obtain([owner])
    server = operator_config.server("passfile.identity.api")
    with (
        open_pool(server, database="bookbag_keys", role="keys_identity", max_size=1) as pool,
        pool.connection() as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("DELETE FROM subject_key")


def test_a_service_cannot_connect_to_another_s_database(operator_config: OperatorConfig):
    server = operator_config.server("passfile.points.api")
    with pytest.raises(psycopg.OperationalError, match="permission denied|password"):
        psycopg.connect(
            host=server.host,
            port=server.port,
            dbname="bookbag_identity",
            user="points_writer",
            passfile=server.passfile,
            connect_timeout=5,
        )
