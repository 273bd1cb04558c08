"""Read models on a real PostgreSQL: each event once, in order, with its cursor; versions, rebuilds and row policies."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from shared.events.declaration import Erased
from shared.events.envelope import Envelope
from shared.events.identity import PupilAdmitted, PupilId, YearGroup
from shared.log import read
from shared.log.read import Head
from shared.privacy.categories import Category
from shared.privacy.keystore import Owner
from shared.privacy.vault import CACHE_SECONDS, Vault
from shared.projections import cursors
from shared.projections.declaration import Projection, Table, Tx
from shared.projections.install import install
from shared.projections.parking import parked
from shared.projections.rebuild import Progress, Rebuilder, no_progress
from shared.projections.roster import shown
from shared.projections.runner import OwnLog, Runner
from shared.runtime import crash
from shared.runtime.clock import SystemClock
from shared.runtime.database import Pool, reading
from shared.runtime.metrics import PROJECTION_FAILURES
from tests.integration.appending import record
from tests.integration.conftest import ScratchKeys, ScratchLog


def names(version: int = 1) -> Projection:
    """A small read model: pupils' names by id, and how often each was told."""
    made = Projection(
        name="names",
        version=version,
        source="points",
        tables=(Table("pupil_name", {"pupil_id": "uuid", "given_name": "text", "told": "integer"}, ("pupil_id",)),),
    )

    @made.on(PupilAdmitted)
    def _(tx: Tx, e: PupilAdmitted, meta: Envelope) -> None:
        tx.execute(
            "INSERT INTO {pupil_name} AS n (school_id, pupil_id, given_name, told) VALUES (%s, %s, %s, 1)"
            " ON CONFLICT (school_id, pupil_id) DO UPDATE SET given_name = excluded.given_name, told = n.told + 1",
            meta.school_id,
            e.pupil_id,
            shown(e.given_name),
        )

    return made


class House:
    """A log with a vault and a runner, as a worker process puts them together."""

    def __init__(self, scratch: ScratchLog, keys: ScratchKeys) -> None:
        self.scratch = scratch
        self.at = 0.0
        self.keys = keys
        self.vault = Vault("identity", keys.store("identity"), lambda: self.at)
        self.worker: Pool = scratch.pool("points_worker")
        self.writer = scratch.connection("points_writer")
        self.runner = Runner(self.worker, self.vault, {"points": OwnLog(self.worker)})
        self.rebuilder = Rebuilder(scratch.pool("points_owner"), self.runner)

    def admit(self, school: UUID, pupil: UUID, name: str) -> None:
        event = PupilAdmitted(
            pupil_id=PupilId(pupil),
            year_group=YearGroup.YEAR_2,
            given_name=name,
            family_name="Young",
            birth_date=None,
        )
        record(self.writer, self.vault, school, (f"pupil-{pupil}", event))

    def catch_up(self, projection: Projection) -> int:
        return self.runner.catch_up(projection, self.runner.heads("points"))

    def rows(self, school: UUID) -> list[tuple[Any, ...]]:
        with reading(self.scratch.pool("points_reader"), school) as cursor:
            return cursor.execute("SELECT given_name, told FROM pupil_name ORDER BY given_name").fetchall()


@pytest.fixture
def house(scratch: ScratchLog, keys: ScratchKeys) -> Iterator[House]:
    house = House(scratch, keys)
    with scratch.pool("points_owner").connection() as connection:
        install(connection, names())
    yield house
    crash.install(None)


def test_a_read_model_shows_what_was_appended(house: House, school_id: UUID):
    house.admit(school_id, uuid4(), "Ada")
    assert house.catch_up(names()) == 1
    assert house.rows(school_id) == [("Ada", 1)]


def test_what_was_applied_is_not_applied_again(house: House, school_id: UUID):
    house.admit(school_id, uuid4(), "Ada")
    house.catch_up(names())
    assert house.catch_up(names()) == 0
    assert house.rows(school_id) == [("Ada", 1)]


def test_a_second_worker_that_comes_between_effects_and_commit_applies_nothing_again(house: House, school_id: UUID):
    """Two runners at the same event: the second has read the same cursor and stands before its lock."""
    house.admit(school_id, uuid4(), "Ada")
    watcher, first, applied = house.scratch.connection("points_worker"), names(), list[int]()
    second = threading.Thread(target=lambda: applied.append(house.catch_up(names())))
    apply = first.handlers[PupilAdmitted.event_type]

    def while_another_comes(tx: Tx, event: PupilAdmitted, meta: Envelope) -> None:
        apply(tx, event, meta)
        second.start()
        while second.is_alive() and not waiting(watcher):
            pass

    first.handlers[PupilAdmitted.event_type] = while_another_comes
    assert house.catch_up(first) == 1
    second.join(timeout=60)
    assert applied == [0]
    assert house.rows(school_id) == [("Ada", 1)]


def another_worker(house: House) -> Runner:
    """A second worker of the service, which does not wait long for a row."""
    pool = house.scratch.pool("points_worker", max_size=1)
    with pool.connection() as connection:
        connection.execute("SET lock_timeout = '100ms'")
    return Runner(pool, house.vault, {"points": OwnLog(pool)})


def test_a_runner_goes_on_where_another_has_left_off(house: House, school_id: UUID):
    """It does not look where a consumer stands that it has left itself: what it does then stands under the lock."""
    other = another_worker(house)
    for runner, name in ((house.runner, "Ada"), (other, "Bea"), (house.runner, "Cleo"), (house.runner, "Dora")):
        house.admit(school_id, uuid4(), name)
        assert runner.catch_up(names(), runner.heads("points")) == 1
    assert house.rows(school_id) == [("Ada", 1), ("Bea", 1), ("Cleo", 1), ("Dora", 1)]


@pytest.mark.parametrize("something_comes", [False, True], ids=["at_a_quiet_time", "when_something_comes"])
def test_a_consumer_that_was_set_back_is_brought_forward_again(house: House, school_id: UUID, something_comes: bool):
    """As after an operator has said which history counts; the worker has not been started anew."""
    house.admit(school_id, uuid4(), "Ada")
    house.catch_up(names())
    with house.scratch.pool("points_owner").connection() as connection:
        connection.execute("UPDATE projection_cursor SET position = 0, hash = decode(repeat('00', 32), 'hex')")
    if something_comes:
        house.admit(school_id, uuid4(), "Bea")
    while house.catch_up(names()):
        pass
    assert house.rows(school_id) == [("Ada", 2), *([("Bea", 1)] if something_comes else [])]


def test_a_cursor_that_was_set_to_another_history_takes_nothing_more_of_the_one_before(house: House, school_id: UUID):
    house.admit(school_id, uuid4(), "Ada")
    house.catch_up(names())
    house.admit(school_id, uuid4(), "Bea")
    with house.scratch.pool("points_owner").connection() as connection:
        connection.execute("UPDATE projection_cursor SET hash = decode(repeat('11', 32), 'hex')")
    with pytest.raises(cursors.Diverged):
        house.catch_up(names())
    assert house.rows(school_id) == [("Ada", 1)]


def waits_in_vain(runner: Runner) -> None:
    with pytest.raises(psycopg.errors.LockNotAvailable):
        runner.catch_up(names(), runner.heads("points"))


def sessions_ended() -> float:
    ended: float = PROJECTION_FAILURES.labels("names", "held_up")._value.get()
    return ended


def lock_the_row(connection: psycopg.Connection[Any]) -> None:
    cursors.standing(connection, names().consumer, "points", 1, lock=True)


def test_a_worker_that_stops_amid_its_statements_loses_its_session_to_another_and_goes_on_after_it(
    house: House, school_id: UUID
):
    """It has sent statements and not asked for their end: PostgreSQL takes its session for one at work."""
    house.admit(school_id, uuid4(), "Ada")
    other, stopped, before = another_worker(house), names(), sessions_ended()
    apply = stopped.handlers[PupilAdmitted.event_type]

    def while_another_takes_over(tx: Tx, event: PupilAdmitted, meta: Envelope) -> None:
        apply(tx, event, meta)
        waits_in_vain(other)
        assert sessions_ended() == before, "one look does not tell who stands still from who is at work"
        waits_in_vain(other)
        assert sessions_ended() == before + 1
        assert other.catch_up(names(), other.heads("points")) == 1
        assert house.rows(school_id) == [("Ada", 1)]

    stopped.handlers[PupilAdmitted.event_type] = while_another_takes_over
    with pytest.raises(psycopg.OperationalError):
        house.catch_up(stopped)
    assert house.rows(school_id) == [("Ada", 1)]
    assert house.catch_up(names()) == 0
    house.admit(school_id, uuid4(), "Bea")
    assert house.catch_up(names()) == 1
    assert house.rows(school_id) == [("Ada", 1), ("Bea", 1)]
    with house.worker.connection() as connection:
        assert parked(connection) == []


def test_a_worker_that_sends_its_statements_slowly_keeps_its_session(house: House, school_id: UUID):
    other, slow = another_worker(house), house.scratch.connection("points_worker")
    house.admit(school_id, uuid4(), "Ada")
    house.catch_up(names())
    house.admit(school_id, uuid4(), "Bea")
    with slow.transaction(), slow.pipeline():
        lock_the_row(slow)
        for number in range(4):
            waits_in_vain(other)
            assert slow.execute("SELECT %s::integer", (number,)).fetchone() == (number,)
    assert other.catch_up(names(), other.heads("points")) == 1


def test_a_worker_whose_statement_takes_long_keeps_its_session(house: House, school_id: UUID):
    other, slow = another_worker(house), house.scratch.connection("points_worker")
    house.admit(school_id, uuid4(), "Ada")
    house.catch_up(names())
    house.admit(school_id, uuid4(), "Bea")
    watcher = house.scratch.connection("points_worker")
    watcher.execute("SELECT pg_advisory_lock(1)")
    with slow.transaction(), slow.pipeline():
        lock_the_row(slow)
        waits_in_vain(other)
        slow.execute("SELECT pg_advisory_xact_lock(1)")
        while not waiting(watcher):
            pass
        waits_in_vain(other)
        waits_in_vain(other)
        watcher.execute("SELECT pg_advisory_unlock(1)")
    assert other.catch_up(names(), other.heads("points")) == 1


def waiting(watcher: psycopg.Connection[Any]) -> bool:
    """Whether a connection of the watcher's own role to this database waits for another's lock."""
    row = watcher.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    ).fetchone()
    return row is not None and row[0] > 0


def test_an_event_that_a_handler_cannot_take_is_parked_with_its_stream_and_the_others_go_on(
    house: House, school_id: UUID
):
    ada, broken = uuid4(), names()
    apply = broken.handlers[PupilAdmitted.event_type]

    def fail_on_ada(tx: Tx, event: PupilAdmitted, meta: Envelope) -> None:
        apply(tx, event, meta)
        if event.pupil_id == ada:
            raise RuntimeError

    broken.handlers[PupilAdmitted.event_type] = fail_on_ada
    house.admit(school_id, ada, "Ada")
    house.admit(school_id, uuid4(), "Bea")
    house.admit(school_id, ada, "Adah")
    assert house.catch_up(broken) == 3
    assert house.rows(school_id) == [("Bea", 1)], "nothing of what failed stays"
    with house.worker.connection() as connection:
        aside = parked(connection)
    assert [(row.position, row.why) for row in aside] == [(1, "RuntimeError"), (3, "behind")]
    assert house.runner.retry(broken, (school_id, f"pupil-{ada}")) == (0, aside[0]), "it fails again"
    assert house.runner.retry(names(), (school_id, f"pupil-{ada}")) == (2, None)
    assert house.rows(school_id) == [("Adah", 2), ("Bea", 1)]


class Died(BaseException):
    """Stands for SIGKILL inside one process."""


def test_a_worker_that_dies_after_the_effects_and_before_the_commit_doubles_nothing(
    house: House, school_id: UUID, tmp_path: Any
):
    house.admit(school_id, uuid4(), "Ada")
    point = tmp_path / "crash"
    point.write_text("projection.effects_applied")

    def die() -> None:
        raise Died

    crash.install(point, kill=die)
    with pytest.raises(Died):
        house.catch_up(names())
    assert house.rows(school_id) == []
    assert house.catch_up(names()) == 1
    assert house.rows(school_id) == [("Ada", 1)]


def test_a_log_that_does_not_continue_what_was_applied_is_not_followed(house: House, school_id: UUID):
    house.admit(school_id, uuid4(), "Ada")
    house.catch_up(names())
    with house.worker.connection() as connection:
        connection.execute("UPDATE projection_cursor SET hash = decode(repeat('11', 32), 'hex')")
    house.admit(school_id, uuid4(), "Bea")
    with pytest.raises(cursors.Diverged):
        house.catch_up(names())
    assert house.rows(school_id) == [("Ada", 1)]


def test_a_log_that_is_shorter_than_what_was_applied_is_not_followed(house: House, school_id: UUID):
    house.admit(school_id, uuid4(), "Ada")
    house.catch_up(names())

    class Shorter(OwnLog):
        def heads(self) -> dict[int, Head]:
            return {1: Head(position=0, hash=bytes(32))}

    runner = Runner(house.worker, house.vault, {"points": Shorter(house.worker)})
    with pytest.raises(cursors.Diverged):
        runner.catch_up(names(), runner.heads("points"))


def test_heads_that_are_older_than_the_cursor_are_no_divergence(house: House, school_id: UUID):
    """The bus, or another worker, brought more after they were read."""
    heads = house.runner.heads("points")
    house.admit(school_id, uuid4(), "Ada")
    older = {1: Head(position=0, hash=bytes(32)), **heads}
    house.catch_up(names())
    assert house.runner.catch_up(names(), older) == 0


def test_a_gap_in_what_a_source_serves_is_not_passed_over(house: House, school_id: UUID):
    for name in ("Ada", "Bea", "Cem"):
        house.admit(school_id, uuid4(), name)

    class Gappy(OwnLog):
        def after(self, partition: int, at: Head, limit: int) -> list[Envelope]:
            found = super().after(partition, at, limit)
            return [found[0], *found[2:]]

    runner = Runner(house.worker, house.vault, {"points": Gappy(house.worker)})
    with pytest.raises(cursors.Diverged):
        runner.catch_up(names(), runner.heads("points"))
    assert house.rows(school_id) == []


def test_S16_a_reader_sees_its_school_s_rows_and_no_others(house: House):
    ours, theirs = uuid4(), uuid4()
    house.admit(ours, uuid4(), "Ada")
    house.admit(theirs, uuid4(), "Bea")
    house.catch_up(names())
    assert house.rows(ours) == [("Ada", 1)]
    assert house.rows(theirs) == [("Bea", 1)]
    with house.scratch.pool("points_reader").connection() as connection:
        assert connection.execute("SELECT * FROM pupil_name").fetchall() == []
        connection.execute("SELECT set_config('bookbag.school_id', '', true)")
        assert connection.execute("SELECT * FROM pupil_name").fetchall() == []
        assert connection.execute("SELECT * FROM pupil_name_v1").fetchall() == []


def test_a_reader_writes_nothing(house: House):
    with (
        house.scratch.pool("points_reader").connection() as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("DELETE FROM pupil_name_v1")


def test_a_rebuild_gives_the_same_rows_and_leaves_nothing_over(house: House, school_id: UUID):
    for name in ("Ada", "Bea", "Cem"):
        house.admit(school_id, uuid4(), name)
    house.catch_up(names())
    before = house.rows(school_id)
    told: list[tuple[int, int]] = []
    house.rebuilder.rebuild(names(), lambda done, total: told.append((done, total)))
    assert house.rows(school_id) == before
    assert told[-1] == (3, 3)
    tables = "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'pupil_name%'"
    assert house.writer.execute(tables).fetchone() == (1,)
    house.admit(school_id, uuid4(), "Dee")
    assert house.catch_up(names()) == 1
    assert len(house.rows(school_id)) == 4


def test_a_rebuild_mends_a_read_model_that_was_spoilt(house: House, school_id: UUID):
    house.admit(school_id, uuid4(), "Ada")
    house.catch_up(names())
    with house.worker.connection() as connection:
        connection.execute("UPDATE pupil_name_v1 SET told = 99")
    house.rebuilder.rebuild(names(), no_progress)
    assert house.rows(school_id) == [("Ada", 1)]


def test_a_rebuild_while_others_read_and_write_misses_nothing(house: House, school_id: UUID):
    for number in range(30):
        house.admit(school_id, uuid4(), f"Pupil {number:02}")
    house.catch_up(names())
    stop, seen = threading.Event(), list[int]()

    def look() -> None:
        pool = house.scratch.pool("points_reader")
        while not stop.is_set():
            with reading(pool, school_id) as cursor:
                row = cursor.execute("SELECT count(*) FROM pupil_name").fetchone()
                seen.append(row[0] if row else -1)

    def write() -> None:
        for number in range(30, 60):
            house.admit(school_id, uuid4(), f"Pupil {number:02}")
            house.catch_up(names())

    reader, writer = threading.Thread(target=look), threading.Thread(target=write)
    reader.start()
    writer.start()
    for _ in range(3):
        house.rebuilder.rebuild(names(), no_progress)
    writer.join(timeout=60)
    house.catch_up(names())
    stop.set()
    reader.join(timeout=60)
    assert len(house.rows(school_id)) == 60
    assert seen == sorted(seen), "a reader saw rows go"
    assert min(seen) >= 30


def test_what_comes_between_the_last_look_and_the_swap_is_not_lost(house: House, school_id: UUID):
    house.admit(school_id, uuid4(), "Ada")
    house.catch_up(names())
    late = ["Bea"]

    class Interrupted(Rebuilder):
        def _fill(self, projection: Projection, progress: Progress) -> None:
            super()._fill(projection, progress)
            if late:
                house.admit(school_id, uuid4(), late.pop())
                house.catch_up(names())

    Interrupted(house.scratch.pool("points_owner"), house.runner).rebuild(names(), no_progress)
    assert house.rows(school_id) == [("Ada", 1), ("Bea", 1)]


def test_a_rebuild_s_progress_never_goes_back_though_it_has_to_look_again(house: House, school_id: UUID):
    for name in ("Ada", "Bea", "Cem"):
        house.admit(school_id, uuid4(), name)
    house.catch_up(names())
    late, told = ["Dee"], list[tuple[int, int]]()

    def tells(done: int, total: int) -> None:
        told.append((done, total))
        if late:
            house.admit(school_id, uuid4(), late.pop())
            house.catch_up(names())

    house.rebuilder.rebuild(names(), tells)
    assert told == [(3, 3), (4, 4)]


@pytest.mark.parametrize("taken", [1, 9])
def test_a_rebuild_is_refused_where_the_live_model_took_what_the_log_does_not_hold(
    house: House, school_id: UUID, taken: int
):
    """Also once the log has gone on beyond that place: what is built would pass it."""
    house.admit(school_id, uuid4(), "Ada")
    house.catch_up(names())
    with house.worker.connection() as connection:
        cursors.move(connection, names().consumer, names().source, 1, Head(position=taken, hash=bytes(32)))
    house.admit(school_id, uuid4(), "Bea")
    with pytest.raises(cursors.Diverged):
        house.rebuilder.rebuild(names(), no_progress)
    assert house.rows(school_id) == [("Ada", 1)]
    house.rebuilder.rebuild(names(), no_progress, forked=True)
    assert house.rows(school_id) == [("Ada", 1), ("Bea", 1)]


def registers() -> Projection:
    """A read model of two tables, which a query may read in any order."""
    columns = {"pupil_id": "uuid"}
    made = Projection(
        name="registers",
        version=1,
        source="points",
        tables=(Table("morning", columns, ("pupil_id",)), Table("afternoon", columns, ("pupil_id",))),
    )

    @made.on(PupilAdmitted)
    def _(tx: Tx, e: PupilAdmitted, meta: Envelope) -> None:
        tx.execute("INSERT INTO {morning} (school_id, pupil_id) VALUES (%s, %s)", meta.school_id, e.pupil_id)
        tx.execute("INSERT INTO {afternoon} (school_id, pupil_id) VALUES (%s, %s)", meta.school_id, e.pupil_id)

    return made


def test_a_swap_gives_way_to_a_reader_that_wants_the_tables_in_another_order(house: House, school_id: UUID):
    """The reader has the second table and wants the first, the swap has the first and wants the second."""
    house.rebuilder.install_or_rebuild(registers(), no_progress)
    house.admit(school_id, uuid4(), "Ada")
    house.catch_up(registers())
    swapped = list[bool]()

    def rebuild() -> None:
        house.rebuilder.rebuild(registers(), no_progress)
        swapped.append(True)

    operator = threading.Thread(target=rebuild)
    watcher, reader = house.scratch.connection("points_owner"), house.scratch.connection("points_reader")
    with reader.transaction():
        reader.execute("SELECT set_config('bookbag.school_id', %s, true)", (str(school_id),))
        assert reader.execute("SELECT count(*) FROM afternoon").fetchone() == (1,)
        operator.start()
        while operator.is_alive() and not waiting(watcher):
            pass
        assert swapped == []
        assert reader.execute("SELECT count(*) FROM morning").fetchone() == (1,)
    operator.join(timeout=60)
    assert swapped == [True]


def test_a_new_version_is_built_beside_the_old_one_and_swapped_in(house: House, school_id: UUID):
    house.admit(school_id, uuid4(), "Ada")
    house.catch_up(names())
    house.rebuilder.install_or_rebuild(names(version=2), no_progress)
    assert house.rows(school_id) == [("Ada", 1)]
    found = house.writer.execute("SELECT version, tables FROM projection_live").fetchall()
    assert found == [(2, ["pupil_name_v2"])]
    tables = house.writer.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'pupil_name%'").fetchall()
    assert tables == [("pupil_name_v2",)]
    house.admit(school_id, uuid4(), "Bea")
    assert house.catch_up(names(version=2)) == 1


def test_S18_after_a_key_is_destroyed_a_rebuild_shows_no_name_and_everything_still_folds(house: House, school_id: UUID):
    pupil, other = uuid4(), uuid4()
    house.admit(school_id, pupil, "Canary")
    house.admit(school_id, other, "Bea")
    house.catch_up(names())
    gone = Owner(school_id, pupil, Category.PUPIL_PARTICULARS)
    assert house.keys.eraser().destroy([gone], SystemClock().now()) == 1
    house.at = CACHE_SECONDS
    [first, _] = house.vault.open(read.after(house.writer, 1, 0, 10))
    assert isinstance(first, PupilAdmitted)
    assert first.given_name == Erased()
    assert replace(first, given_name="", family_name="").year_group is YearGroup.YEAR_2
    house.rebuilder.rebuild(names(), no_progress)
    assert set(house.rows(school_id)) == {(None, 1), ("Bea", 1)}
