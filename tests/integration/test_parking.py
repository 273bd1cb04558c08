"""Reactions and parking on a real PostgreSQL: an event has one effect; what cannot be taken holds up nothing else."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid5

import pytest

from deploy.operator.config import OperatorConfig
from shared.bus.messages import Bus
from shared.events.envelope import Envelope
from shared.events.identity import SchoolId
from shared.events.points import PointAwarded, SchoolValueDefined, ValueId, ValueKind
from shared.log import read
from shared.log.commands import Drafts
from shared.policy.parameters import Parameters
from shared.projections.declaration import Projection, Tx
from shared.projections.parking import BEHIND, Parked, Stream, parked
from shared.projections.reaction import Given, Reaction
from shared.projections.rebuild import Rebuilder, no_progress
from shared.projections.runner import Consumer, OwnLog, Reacting, Runner
from shared.runtime import crash
from shared.runtime.clock import FixedClock
from shared.runtime.config import BrokerConfig, Secret
from tests.integration.conftest import ScratchLog, scratch_database
from tests.integration.line import SOURCE, Died, Line, awards, die, until

SCHOOL_TIME, REAL_TIME = datetime(2031, 2, 3, 9, 0, tzinfo=UTC), datetime(2030, 9, 2, 8, 0, tzinfo=UTC)
NOWHERE = Bus(broker=BrokerConfig(host="127.0.0.1", port=1, password=Secret("none")), key=bytes(32))


def thanks(*cannot: UUID) -> Reaction:
    """For each award something is appended to this service's log; it cannot take some awards."""
    made = Reaction(name="thanks", source=SOURCE)

    @made.on(PointAwarded)
    def _(e: PointAwarded, given: Given) -> Drafts:
        stream = f"values-{e.pupil_id}"
        before = given.history.fold(stream, 0, lambda count, _event: count + 1)
        if e.award_id in cannot:
            raise RuntimeError
        return [
            (
                stream,
                SchoolValueDefined(
                    school_id=SchoolId(given.cause.school_id),
                    value_id=ValueId(e.award_id),
                    kind=ValueKind.VALUE,
                    name=f"award {before + 1} of this pupil",
                ),
            )
        ]

    return made


class House:
    """A foreign log, and a service with a log of its own whose consumers follow it."""

    def __init__(self, line: Line, own: ScratchLog) -> None:
        self.line, self.own = line, own
        self.pool = own.pool("points_worker", max_size=6)
        reacting = Reacting(
            service="thanking",
            clock=FixedClock(SCHOOL_TIME),
            parameters=lambda _school: Parameters.from_mapping({}),
            real=FixedClock(REAL_TIME),
        )
        foreign = OwnLog(line.scratch.pool("points_worker"))
        self.runner = Runner(self.pool, line.vault, {SOURCE: foreign}, reacting)
        self.rebuilder = Rebuilder(own.pool("points_owner"), self.runner)
        self.rebuilder.install_or_rebuild(awards(), no_progress)
        self.watcher = own.connection("points_worker")

    def catch_up(self, consumer: Consumer) -> int:
        return self.runner.catch_up(consumer, self.runner.heads(SOURCE))

    def appended(self) -> list[Envelope]:
        return read.after(self.watcher, 1, 0, 1000)

    def values(self) -> list[UUID]:
        return [UUID(envelope.data["value_id"]) for envelope in self.appended()]

    def aside(self) -> list[Parked]:
        return list(parked(self.watcher))

    def stream_of(self, pupil: UUID) -> Stream:
        return (self.line.school, f"points-{pupil}")

    def cursor(self, consumer: str = "thanks") -> int:
        row = self.watcher.execute("SELECT position FROM projection_cursor WHERE consumer = %s", (consumer,)).fetchone()
        return row[0] if row else 0

    def model(self) -> dict[UUID, int]:
        return dict(self.watcher.execute("SELECT award_id, times FROM award_v1").fetchall())


@pytest.fixture
def house(scratch: ScratchLog, operator_config: OperatorConfig) -> Iterator[House]:
    with (
        scratch_database(operator_config, "points_owner", "shared/log/migrations") as name,
        ExitStack() as stack,
    ):
        yield House(Line(scratch, NOWHERE), ScratchLog(name, operator_config, stack))
    crash.install(None)


def test_it_occurred_by_the_school_s_clock_and_was_recorded_by_the_real_one(house: House):
    house.line.award()
    house.catch_up(thanks())
    [effect] = house.appended()
    assert (effect.occurred_at, effect.recorded_at) == (SCHOOL_TIME, REAL_TIME)


ADA, BEA = UUID(int=0xADA), UUID(int=0xBEA)


def test_what_a_reaction_appends_follows_from_the_event_and_says_so(house: House):
    [award] = house.line.award()
    assert house.catch_up(thanks()) == 1
    [cause], [effect] = house.line.log(), house.appended()
    assert effect.id == uuid5(cause.id, "thanks:0")
    assert (effect.causation_id, effect.correlation_id) == (cause.id, cause.correlation_id)
    assert str(effect.actor) == "service:thanking"
    assert house.values() == [award]


def test_a_reaction_that_dies_after_the_append_and_before_the_commit_has_done_nothing(house: House, tmp_path: Path):
    [award] = house.line.award()
    point = tmp_path / "crash"
    point.write_text("reaction.effects_applied")
    crash.install(point, kill=die)
    with pytest.raises(Died):
        house.catch_up(thanks())
    assert (house.values(), house.cursor()) == ([], 0)
    house.catch_up(thanks())
    assert (house.values(), house.cursor()) == ([award], 1)


def test_a_reaction_that_dies_after_the_commit_does_nothing_again(house: House, tmp_path: Path):
    [award] = house.line.award()
    point = tmp_path / "crash"
    point.write_text("reaction.committed")
    crash.install(point, kill=die)
    with pytest.raises(Died):
        house.catch_up(thanks())
    assert (house.values(), house.cursor()) == ([award], 1)
    assert house.catch_up(thanks()) == 0
    assert house.values() == [award]


def test_two_runners_at_one_event_append_once(house: House, monkeypatch: pytest.MonkeyPatch):
    """The second has decided and stands before the cursor's row while the first commits."""
    [award] = house.line.award()
    done: list[int] = []
    second = threading.Thread(target=lambda: done.append(house.catch_up(thanks())))

    def while_another_comes(name: str) -> None:
        if name == "reaction.effects_applied" and not second.ident:
            second.start()
            until(lambda: waits_for_a_lock(house), "the second stands before the lock")

    monkeypatch.setattr("shared.projections.runner.crash_point", while_another_comes)
    assert house.catch_up(thanks()) == 1
    second.join(60)
    assert done == [0]
    assert (house.values(), house.cursor()) == ([award], 1)


def waits_for_a_lock(house: House) -> bool:
    row = house.watcher.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    ).fetchone()
    return row is not None and row[0] > 0


def test_an_event_that_a_reaction_cannot_take_is_parked_with_its_stream_and_the_others_go_on(house: House):
    [first] = house.line.award(pupil=ADA)
    [other] = house.line.award(pupil=BEA)
    house.line.award(pupil=ADA)
    assert house.catch_up(thanks(first)) == 3
    assert house.values() == [other]
    assert [(row.consumer, row.position, row.why) for row in house.aside()] == [
        ("thanks", 1, "RuntimeError"),
        ("thanks", 3, BEHIND),
    ]


def test_what_comes_later_of_a_parked_stream_waits_behind_it_even_when_it_could_be_taken(house: House):
    [first] = house.line.award(pupil=ADA)
    house.catch_up(thanks(first))
    house.line.award(pupil=ADA)
    house.catch_up(thanks())
    assert house.values() == []
    assert [row.why for row in house.aside()] == ["RuntimeError", BEHIND]


def test_a_retry_takes_a_parked_stream_in_order_and_once(house: House):
    [first] = house.line.award(pupil=ADA)
    [second] = house.line.award(pupil=ADA)
    house.catch_up(thanks(first))
    taken, failed = house.runner.retry(thanks(first), house.stream_of(ADA))
    assert (taken, failed.position if failed else 0, house.values()) == (0, 1, [])
    assert house.runner.retry(thanks(), house.stream_of(ADA)) == (2, None)
    assert (house.values(), house.aside()) == ([first, second], [])
    assert house.runner.retry(thanks(), house.stream_of(ADA)) == (0, None)
    [third] = house.line.award(pupil=ADA)
    house.catch_up(thanks())
    assert house.values() == [first, second, third]


def test_a_retry_leaves_other_streams_parked(house: House):
    [ada] = house.line.award(pupil=ADA)
    [bea] = house.line.award(pupil=BEA)
    house.catch_up(thanks(ada, bea))
    assert house.runner.retry(thanks(), house.stream_of(BEA)) == (1, None)
    assert house.values() == [bea]
    assert [row.stream for row in house.aside()] == [f"points-{ADA}"]


@pytest.mark.parametrize("kind", ["reaction", "read model"])
def test_two_operators_who_retry_at_once_have_it_taken_once(house: House, kind: str, monkeypatch: pytest.MonkeyPatch):
    """The second has read what is parked, and stands before the cursor's row while the first commits."""
    [award] = house.line.award(pupil=ADA)
    consumer: Consumer = thanks() if kind == "reaction" else awards()
    house.catch_up(thanks(award) if kind == "reaction" else broken(award))
    done: list[int] = []
    retry = house.runner.retry
    second = threading.Thread(target=lambda: done.append(retry(consumer, house.stream_of(ADA))[0]))

    def while_another_comes(*given: object) -> None:
        unpark(*given)  # type: ignore[arg-type]
        if not second.ident:
            second.start()
            until(lambda: waits_for_a_lock(house), "the second stands before the lock")

    from shared.projections.parking import unpark

    monkeypatch.setattr("shared.projections.runner.unpark", while_another_comes)
    assert retry(consumer, house.stream_of(ADA)) == (1, None)
    second.join(60)
    assert done == [0]
    assert (house.values() if kind == "reaction" else list(house.model())) == [award]
    assert set(house.model().values()) <= {1}


def broken(*cannot: UUID) -> Projection:
    """The read model with a handler that cannot take some awards."""
    made = awards()
    apply = made.handlers[PointAwarded.event_type]

    def fails(tx: Tx, event: PointAwarded, meta: Envelope) -> None:
        if event.award_id in cannot:
            raise RuntimeError
        apply(tx, event, meta)

    made.handlers[PointAwarded.event_type] = fails
    return made


def test_a_rebuild_with_a_mended_handler_leaves_nothing_parked(house: House):
    [ada] = house.line.award(pupil=ADA)
    [bea] = house.line.award(pupil=BEA)
    house.catch_up(broken(ada))
    assert (list(house.model()), len(house.aside())) == ([bea], 1)
    house.rebuilder.rebuild(awards(), no_progress)
    assert (house.model(), house.aside()) == ({ada: 1, bea: 1}, [])


def test_a_rebuild_with_the_same_fault_parks_the_same_and_a_retry_mends_it(house: House):
    [ada] = house.line.award(pupil=ADA)
    [again] = house.line.award(pupil=ADA)
    [bea] = house.line.award(pupil=BEA)
    house.catch_up(broken(ada))
    before = [(row.consumer, row.position, row.why) for row in house.aside()]
    house.rebuilder.rebuild(broken(ada), no_progress)
    assert [(row.consumer, row.position, row.why) for row in house.aside()] == before
    assert house.model() == {bea: 1}
    assert house.runner.retry(awards(), house.stream_of(ADA)) == (2, None)
    assert (house.model(), house.aside()) == ({ada: 1, again: 1, bea: 1}, [])


def test_a_new_reaction_starts_at_the_heads_and_does_not_act_on_the_past(house: House):
    house.line.award(3)
    house.rebuilder.install_reactions([thanks()])
    assert house.catch_up(thanks()) == 0
    [award] = house.line.award()
    house.rebuilder.install_reactions([thanks()])
    house.catch_up(thanks())
    assert house.values() == [award]


def test_a_rebuild_runs_no_reaction_and_leaves_it_where_it_stands(house: House):
    """The read model and the reaction follow the same log: one begins anew, the other does not."""
    thanked = house.line.award(3)
    house.catch_up(awards())
    house.catch_up(thanks())
    standing = house.watcher.execute("SELECT * FROM projection_cursor WHERE consumer = 'thanks'").fetchall()
    house.rebuilder.rebuild(awards(), no_progress)
    assert house.watcher.execute("SELECT * FROM projection_cursor WHERE consumer = 'thanks'").fetchall() == standing
    assert house.catch_up(thanks()) == 0
    assert house.values() == thanked
    assert house.model() == dict.fromkeys(thanked, 1)
