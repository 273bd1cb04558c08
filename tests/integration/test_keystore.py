"""The key database: a role opens its categories and no others; what is destroyed stays destroyed."""

import threading
from uuid import UUID, uuid4

import psycopg
import pytest

from deploy.operator.config import OperatorConfig
from shared.privacy.categories import Category
from shared.privacy.keystore import Destroyed, KeyMissing, Owner, SubjectKey
from shared.runtime.clock import SystemClock
from tests.integration.conftest import ScratchKeys


def a_pupil(school_id: UUID) -> Owner:
    return Owner(school_id, uuid4(), Category.PUPIL_PARTICULARS)


def test_a_key_is_made_once_and_found_again(keys: ScratchKeys, school_id: UUID):
    store, owner = keys.store("identity"), a_pupil(school_id)
    first = store.obtain([owner])[owner]
    assert store.obtain([owner])[owner] == first
    assert store.fetch([first.key_id]) == {first.key_id: first.key}


def test_of_many_who_need_a_new_key_at_once_all_get_the_same(keys: ScratchKeys, school_id: UUID):
    store, owner = keys.store("identity"), a_pupil(school_id)
    found: list[SubjectKey] = []
    ready = threading.Barrier(4)

    def ask() -> None:
        ready.wait(timeout=10)
        found.append(store.obtain([owner])[owner])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len({(key.key_id, key.key) for key in found}) == 1
    assert len(found) == 4


def test_who_asks_together_with_one_whose_key_was_destroyed_gets_theirs(keys: ScratchKeys, school_id: UUID):
    store, gone, one, other = keys.store("identity"), a_pupil(school_id), a_pupil(school_id), a_pupil(school_id)
    store.obtain([gone])
    keys.eraser().destroy([gone], SystemClock().now())
    outcomes = store._obtained([frozenset({one}), frozenset({gone}), frozenset({one, other})])
    assert isinstance(outcomes[1], Destroyed)
    first, third = outcomes[0], outcomes[2]
    assert not isinstance(first, Exception)
    assert not isinstance(third, Exception)
    assert set(first) == {one}
    assert set(third) == {one, other}
    assert first[one] == third[one]


def test_another_service_s_role_cannot_read_a_key_of_a_category_that_is_not_its_own(keys: ScratchKeys, school_id: UUID):
    note = Owner(school_id, uuid4(), Category.POINTS_NOTE)
    key = keys.store("points").obtain([note])[note]
    with pytest.raises(KeyMissing):
        keys.store("identity").fetch([key.key_id])


def test_another_service_s_role_cannot_make_a_key_of_a_category_that_is_not_its_own(keys: ScratchKeys, school_id: UUID):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        keys.store("identity").obtain([Owner(school_id, uuid4(), Category.POINTS_NOTE)])


def test_a_destroyed_key_is_known_as_destroyed_and_is_not_made_again(keys: ScratchKeys, school_id: UUID):
    store, owner = keys.store("identity"), a_pupil(school_id)
    key = store.obtain([owner])[owner]
    assert keys.eraser().destroy([owner], SystemClock().now()) == 1
    assert store.fetch([key.key_id]) == {key.key_id: None}
    with pytest.raises(Destroyed):
        store.obtain([owner])
    assert keys.eraser().destroy([owner], SystemClock().now()) == 0


def test_a_key_that_is_neither_held_nor_destroyed_is_an_error(keys: ScratchKeys):
    with pytest.raises(KeyMissing):
        keys.store("identity").fetch([uuid4()])


def test_the_eraser_reads_no_key(keys: ScratchKeys):
    with (
        keys.pool("keys_eraser").connection() as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("SELECT wrapped FROM subject_key")


def test_a_service_cannot_delete_a_key(keys: ScratchKeys, school_id: UUID):
    keys.store("identity").obtain([a_pupil(school_id)])
    with (
        keys.pool("keys_identity").connection() as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("DELETE FROM subject_key")


def test_a_service_cannot_connect_to_another_s_database(operator_config: OperatorConfig):
    server = operator_config.server("passfile.points.api")
    with pytest.raises(psycopg.OperationalError, match=r"permission denied|password"):
        psycopg.connect(
            host=server.host,
            port=server.port,
            dbname="bookbag_identity",
            user="points_writer",
            passfile=server.passfile,
            connect_timeout=60,
        )
