"""A rebuild in bulk shows what the ordinary way shows, of whatever is in the log; and refuses or parks the same."""

import random
import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.points.projections.pupil_points import pupil_points
from shared.events.declaration import Event
from shared.events.identity import PupilId, StaffId
from shared.events.points import (
    AwardId,
    BehaviourId,
    PointAwarded,
    PointRevoked,
    RevocationId,
    SchoolValueDefined,
    ValueId,
    ValueKind,
)
from shared.privacy.categories import Category
from shared.privacy.keystore import Owner
from shared.privacy.vault import Vault
from shared.projections import bulk
from shared.projections.bulk import Reach, where
from shared.projections.cursors import Diverged
from shared.projections.declaration import Projection, Table, Tx
from shared.projections.effects import Add, Insert, of
from shared.projections.install import install
from shared.projections.parking import parked
from shared.projections.rebuild import Rebuilder, no_progress
from shared.projections.runner import OwnLog, Runner
from shared.runtime.clock import SystemClock
from tests.integration.appending import record
from tests.integration.conftest import ScratchKeys, ScratchLog

KEY = bytes(32)  # the installation's, as the key store of the fixture has it
NOTES = ("Well done", None, "a\tb\\c\nd\re \\N \\. \u00e9\u4e16", "", "Again")


class Points:
    """A log of points with its read model, and both ways to build that anew."""

    def __init__(self, scratch: ScratchLog, keys: ScratchKeys) -> None:
        self.scratch, self.keys = scratch, keys
        self.vault = Vault("points", keys.store("points"), time.monotonic)
        self.worker, self.owner = scratch.pool("points_worker"), scratch.pool("points_owner")
        self.writer = scratch.connection("points_writer")
        self.runner = Runner(self.worker, self.vault, {"points": OwnLog(self.worker)})
        self.reach = Reach(
            service="points",
            logs={"points": where(self.worker)},
            model=where(self.worker),
            keys=where(keys.pool("keys_points")),
            installation_key=KEY,
        )
        with self.owner.connection() as connection:
            install(connection, pupil_points)

    def record(self, stream: str, event: Event, school: UUID, partition: int = 1) -> UUID:
        [event_id] = record(self.writer, self.vault, school, (stream, event), partition=partition)
        return event_id

    def award(self, school: UUID, pupil: UUID, value: UUID, note: str | None, partition: int = 1) -> PointAwarded:
        made = PointAwarded(
            award_id=AwardId(uuid4()),
            pupil_id=PupilId(pupil),
            staff_id=StaffId(uuid4()),
            behaviour_id=BehaviourId(uuid4()),
            value_id=ValueId(value),
            points=3,
            roster_position=1,
            note=note,
        )
        self.record(f"points-{pupil}", made, school, partition)
        return made

    def revoke(self, school: UUID, award: PointAwarded, partition: int = 1) -> None:
        revoked = PointRevoked(
            revocation_id=RevocationId(uuid4()),
            award_id=award.award_id,
            pupil_id=award.pupil_id,
            staff_id=award.staff_id,
            points=award.points,
            reason="By mistake",
        )
        self.record(f"points-{award.pupil_id}", revoked, school, partition)

    def rebuilt(self, *, in_bulk: bool) -> Mapping[str, list[tuple[Any, ...]]]:
        """What the tables hold after a rebuild, and where the cursors stand."""
        Rebuilder(self.owner, self.runner, self.reach if in_bulk else None).rebuild(pupil_points, no_progress)
        with self.worker.connection() as connection:
            return {
                name: sorted(connection.execute(query).fetchall(), key=str)
                for name, query in {
                    "award": "SELECT * FROM award_v1",
                    "total": "SELECT * FROM pupil_total_v1",
                    "cursor": "SELECT * FROM projection_cursor WHERE consumer = 'pupil_points_v1'",
                }.items()
            }

    def tables(self) -> list[tuple[Any, ...]]:
        """How the tables are made: columns, keys, indexes, policies, grants."""
        with self.owner.connection() as connection:
            return [
                *connection.execute(
                    "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,"
                    " ARRAY(SELECT unnest(c.relacl)::text ORDER BY 1),"
                    " ARRAY(SELECT polname || coalesce(pg_get_expr(polqual, polrelid), '') FROM pg_policy"
                    " WHERE polrelid = c.oid ORDER BY 1),"
                    " ARRAY(SELECT regexp_replace(pg_get_indexdef(indexrelid), 'INDEX \\S+ ON', 'INDEX ON')"
                    " FROM pg_index WHERE indrelid = c.oid ORDER BY 1),"
                    " ARRAY(SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = c.oid ORDER BY 1),"
                    " ARRAY(SELECT attname || attnotnull FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0)"
                    " FROM pg_class c WHERE relname IN ('award_v1', 'pupil_total_v1') ORDER BY 1"
                ).fetchall()
            ]


@pytest.fixture
def points(scratch: ScratchLog, keys: ScratchKeys, monkeypatch: pytest.MonkeyPatch) -> Points:
    """In runs so short that a small log has many, filled by two processes as a long one is."""
    monkeypatch.setattr(bulk, "LEAST", 1)
    monkeypatch.setattr(bulk, "RUN", 7)
    return Points(scratch, keys)


def a_history(points: Points, count: int) -> list[PointAwarded]:
    """Awards to a few pupils of two schools in two partitions, some revoked, and what the read model does not take."""
    chance, awards = random.Random(count), list[PointAwarded]()  # noqa: S311 - a history, no secret
    schools = [(uuid4(), 1), (uuid4(), 2)]
    pupils, values = [uuid4() for _ in range(3)], [uuid4() for _ in range(2)]
    for number in range(count):
        school, partition = schools[number % 2]
        award = points.award(school, chance.choice(pupils), chance.choice(values), chance.choice(NOTES), partition)
        awards.append(award)
        if chance.random() < 0.2:
            points.revoke(school, award, partition)
        if chance.random() < 0.1:
            value = ValueId(uuid4())
            defined = SchoolValueDefined(school_id=school, value_id=value, kind=ValueKind.VALUE, name="Care")  # type: ignore[arg-type]
            points.record(f"values-{value}", defined, school, partition)
    return awards


def test_a_rebuild_in_bulk_shows_what_the_ordinary_way_shows(points: Points):
    a_history(points, 60)
    ordinary = points.rebuilt(in_bulk=False)
    made = points.tables()
    assert points.rebuilt(in_bulk=True) == ordinary
    assert points.tables() == made
    assert len(ordinary["award"]) == 60


def test_a_log_of_which_all_can_be_taken_needs_no_other_way(points: Points):
    """That other way shows the same, and would hide from these tests that a fill does not work."""
    a_history(points, 60)
    assert Rebuilder(points.owner, points.runner, points.reach)._filled_in_bulk(pupil_points, no_progress)


def test_what_was_erased_is_shown_by_neither_way(points: Points):
    school = uuid4()
    awards = [points.award(school, uuid4(), uuid4(), "Well done") for _ in range(20)]
    owner = Owner(school, awards[3].award_id, Category.POINTS_NOTE)
    assert points.keys.eraser().destroy([owner], SystemClock().now()) == 1
    found = points.rebuilt(in_bulk=True)
    assert found == points.rebuilt(in_bulk=False)
    assert [row[8] for row in found["award"]].count(None) == 1


def test_a_log_in_which_an_event_was_changed_is_refused(points: Points):
    school = uuid4()
    for _ in range(20):
        points.award(school, uuid4(), uuid4(), None)
    before = points.rebuilt(in_bulk=False)
    with superuser(points) as connection:
        connection.execute("UPDATE log_event SET hash = sha256(hash) WHERE position = 12")
    with pytest.raises(Diverged):
        points.rebuilt(in_bulk=True)
    with points.worker.connection() as connection:
        assert len(connection.execute("SELECT * FROM award_v1").fetchall()) == len(before["award"])


def test_an_event_that_cannot_be_taken_is_parked_as_by_the_ordinary_way(points: Points):
    """Its note was moved from another event: it does not open where it stands, and all others are shown."""
    school = uuid4()
    for _ in range(20):
        points.award(school, uuid4(), uuid4(), "Well done")
    with superuser(points) as connection:
        connection.execute(
            "UPDATE log_event SET data = jsonb_set(data::jsonb, '{note}', (SELECT data::jsonb->'note' FROM log_event"
            " WHERE position = 3))::json WHERE position = 12"
        )
    assert len(points.rebuilt(in_bulk=True)["award"]) == 19
    with points.worker.connection() as connection:
        assert [(row.position, row.why) for row in parked(connection)] == [(12, "Tampered")]


def test_readers_see_nothing_of_a_version_that_is_being_filled(points: Points):
    """A bare table has no row policies yet: nobody but who fills it may have any right on it."""
    plan = bulk.plan_of(pupil_points, "_next")
    assert plan is not None
    Rebuilder(points.owner, points.runner, points.reach)._make(pupil_points, bulk.bare_tables(plan))
    with points.owner.connection() as connection:
        rights = connection.execute(
            "SELECT grantee, privilege_type FROM information_schema.role_table_grants"
            " WHERE table_name = 'award_v1_next' AND grantee <> 'points_owner'"
        ).fetchall()
    assert rights == [("bookbag_worker", "INSERT")]


def test_a_handler_whose_order_counts_keeps_a_read_model_to_the_ordinary_way():
    model = Projection(name="m", version=1, source="points", tables=(Table("t", {"pupil_id": "uuid"}, ("pupil_id",)),))
    model.writes(PointAwarded, Insert("t", of("pupil_id")))
    assert bulk.plan_of(model, "") is not None

    @model.on(PointRevoked)
    def _(tx: Tx, e: PointRevoked, meta: Any) -> None: ...

    assert bulk.plan_of(model, "") is None


def test_a_column_of_a_type_that_is_not_copied_keeps_a_read_model_to_the_ordinary_way():
    table = Table("t", {"pupil_id": "uuid", "points": "numeric NOT NULL", "other": "jsonb"}, ("pupil_id",))
    model = Projection(name="m", version=1, source="points", tables=(table,))
    model.writes(PointAwarded, Insert("t", of("pupil_id")))
    assert bulk.plan_of(model, "") is not None
    model.writes(PointRevoked, Insert("t", of("pupil_id", "points")))
    assert bulk.plan_of(model, "") is None


def test_a_table_is_inserted_into_or_added_to_and_never_both():
    model = Projection(name="m", version=1, source="points", tables=())
    model.writes(PointAwarded, Insert("t", of("pupil_id")))
    with pytest.raises(ValueError, match="inserts into a table that it adds to"):
        model.writes(PointRevoked, Add("t", of("pupil_id"), of("points")))


def superuser(points: Points) -> Any:
    from tests.integration.conftest import _superuser

    return _superuser(points.scratch.config, points.scratch.name)
