"""When a service may say that it has seen all that another decided, and how often it looks."""

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest
from structlog.testing import capture_logs

from shared.events.envelope import Envelope
from shared.log.feed import FeedBroken
from shared.log.read import Head
from shared.projections.cursors import Diverged
from shared.projections.declaration import Projection
from shared.projections.follower import LONGEST_REST, PAUSE, TOGETHER, Follower
from shared.projections.runner import BATCH
from shared.runtime.metrics import PROJECTION_FAILURES

SOURCE = "moderation"


class Logs:
    """Stands where the runner does: what each consumer has yet to take, and what goes wrong."""

    def __init__(self) -> None:
        self.left = {"first": 0, "second": 0}
        self.at = 100.0
        self.heads_take = 0.0
        self.away = False
        self.fails: dict[str, Exception] = {}
        self.ends: dict[int, Head] = {}
        self.looked_at: list[set[int]] = []
        self.moves: dict[str, int | Exception] = {"first": 0, "second": 0}
        self.stand_at = {"first": 0, "second": 0}

    def monotonic(self) -> float:
        return self.at

    def heads(self, _source: str) -> Mapping[int, Head]:
        self.at += self.heads_take
        if self.away:
            raise FeedBroken("moderation: ConnectError")
        return self.ends

    def source(self, _name: str) -> Any:
        return self

    def take(self, consumer: Projection, _partition: int, _delivered: Any) -> int:
        moves = self.moves[consumer.name]
        if isinstance(moves, Exception):
            raise moves
        return moves

    def stands_at(self, consumer: Projection, heads: Mapping[int, Head]) -> bool:
        return all(self.stand_at[consumer.name] >= head.position for head in heads.values())

    def catch_up(self, consumer: Projection, heads: Mapping[int, Head], **_log: Any) -> int:
        self.looked_at.append(set(heads))
        if consumer.name in self.fails:
            raise self.fails[consumer.name]
        taken, self.left[consumer.name] = self.left[consumer.name], 0
        return taken


@pytest.fixture
def logs() -> Logs:
    return Logs()


def following(logs: Logs, told: Callable[[str, float], None], pauses: Mapping[str, float] | None = None) -> Follower:
    models = [Projection(name=name, version=1, source=SOURCE, tables=()) for name in logs.left]
    runner: Any = logs
    return Follower(runner, models, logs.monotonic, told, pauses or {})


def test_a_source_is_seen_when_every_consumer_stands_at_its_heads(logs: Logs):
    told: list[tuple[str, float]] = []
    follower = following(logs, lambda source, asked: told.append((source, asked)))
    logs.left["second"] = 3
    assert follower.round(SOURCE) == 3
    assert told == [], "there may be more where that came from"
    assert follower.round(SOURCE) == 0
    assert told == [(SOURCE, 100.0)]


def test_what_was_seen_is_as_old_as_the_question(logs: Logs):
    told: list[tuple[str, float]] = []
    follower = following(logs, lambda source, asked: told.append((source, asked)))
    logs.heads_take = 4.0
    follower.round(SOURCE)
    assert told == [(SOURCE, 100.0)]


@pytest.mark.parametrize("error", [ValueError("a handler's fault"), psycopg.OperationalError("gone")])
def test_a_source_is_not_seen_while_one_consumer_cannot_take_it(logs: Logs, error: Exception):
    told: list[tuple[str, float]] = []
    follower = following(logs, lambda source, asked: told.append((source, asked)))
    logs.fails["first"] = error
    follower.round(SOURCE)
    assert told == []


def test_a_consumer_that_has_diverged_counts_each_look_and_says_it_once_until_it_has_rejoined(logs: Logs):
    follower = following(logs, lambda _source, _asked: None)
    counted = PROJECTION_FAILURES.labels("first", "diverged")
    before = counted._value.get()
    with capture_logs() as said:
        for diverged in (True, True, False, True):
            logs.fails = {"first": Diverged("first", SOURCE, 1, 7)} if diverged else {}
            follower.round(SOURCE)
    assert counted._value.get() == before + 3
    told = [one["event"] for one in said if "source" not in one["event"]]
    assert told == ["consumer.diverged", "consumer.rejoined", "consumer.diverged"]


def test_a_source_that_cannot_be_asked_is_not_seen(logs: Logs):
    told: list[tuple[str, float]] = []
    follower = following(logs, lambda source, asked: told.append((source, asked)))
    logs.away = True
    assert follower.round(SOURCE) == 0
    assert (told, follower.fresh()) == ([], False)


def test_a_note_that_cannot_be_written_ends_nothing(logs: Logs):
    def away(_source: str, _asked: float) -> None:
        raise psycopg.OperationalError("gone")

    follower = following(logs, away)
    assert follower.round(SOURCE) == 0
    assert follower.fresh()


@pytest.mark.parametrize(("pauses", "expected"), [({}, PAUSE), ({SOURCE: 0.1}, 0.1), ({"points": 0.1}, PAUSE)])
def test_a_source_is_looked_at_at_its_own_pace(logs: Logs, pauses: Mapping[str, float], expected: float):
    follower = following(logs, lambda _source, _asked: None, pauses)
    waited: list[float] = []

    def idle(seconds: float) -> None:
        waited.append(seconds)

    follower.follow(SOURCE, lambda _seconds: bool(waited), idle)
    assert waited == [expected]


def delivered(position: int) -> Envelope:
    """As far as the follower looks at one."""
    event: Envelope = cast("Any", SimpleNamespace(position=position))
    return event


FAILS = psycopg.OperationalError("gone")


@pytest.mark.parametrize(
    ("moves", "looks"), [((50, 50), False), ((50, 0), False), ((0, 0), True), ((50, FAILS), True), ((FAILS, 50), True)]
)
def test_what_the_bus_is_bringing_to_all_is_left_to_it(logs: Logs, moves: tuple[Any, Any], looks: bool):
    follower = following(logs, lambda _source, _asked: None)
    logs.moves = dict(zip(logs.moves, moves, strict=True))
    logs.ends = {1: Head(position=103, hash=b""), 2: Head(position=5, hash=b"")}
    follower.deliver(SOURCE, 1, [delivered(99), delivered(100)])
    follower.round(SOURCE)
    assert logs.looked_at == [{1, 2} if looks else {2}] * 2


def test_a_bus_that_stands_still_between_two_looks_is_not_waited_for(logs: Logs):
    follower = following(logs, lambda _source, _asked: None)
    logs.moves, logs.ends = {"first": 50, "second": 50}, {1: Head(position=9000, hash=b"")}
    follower.deliver(SOURCE, 1, [delivered(100)])
    follower.round(SOURCE)
    follower.round(SOURCE)
    assert logs.looked_at == [set(), set(), {1}, {1}]


@pytest.mark.parametrize(("second", "expected"), [(103, [100.0]), (102, [])])
def test_a_source_whose_events_come_all_the_time_is_seen_at_the_heads_of_the_look_before(
    logs: Logs, second: int, expected: list[float]
):
    told: list[float] = []
    follower = following(logs, lambda _source, asked: told.append(asked))
    logs.moves = {"first": 1, "second": 1}
    for position in (103, 110):
        logs.ends = {1: Head(position=position, hash=b"")}
        follower.deliver(SOURCE, 1, [delivered(position - 1)])
        logs.stand_at = {"first": position - 1, "second": second}
        follower.round(SOURCE)
        logs.at += PAUSE
    assert told == expected


@pytest.mark.parametrize(("taken", "rounds"), [(1, 1), (BATCH - 1, 1), (BATCH, 2)])
def test_it_looks_again_at_once_only_after_a_whole_batch(logs: Logs, taken: int, rounds: int):
    """Counted in rounds until it idles for the first time."""
    follower = following(logs, lambda _source, _asked: None)
    logs.left["first"] = taken
    idled: list[float] = []

    def idle(seconds: float) -> None:
        idled.append(seconds)

    follower.follow(SOURCE, lambda _seconds: bool(idled), idle)
    assert len(logs.looked_at) == 2 * rounds, "two consumers a round"


@pytest.mark.parametrize(
    ("took", "left"),
    [
        pytest.param(0.0, TOGETHER, id="at once"),
        pytest.param(TOGETHER / 4, TOGETHER * 3 / 4, id="a short round"),
        pytest.param(TOGETHER * 2, TOGETHER * 2, id="a long one rests as long again"),
        pytest.param(1.0, LONGEST_REST, id="but not for ever"),
    ],
)
def test_what_comes_within_a_moment_of_a_round_s_beginning_is_the_next_one_s(logs: Logs, took: float, left: float):
    """Else each event at a steady pace costs a round. It waits before it idles: what comes then wakes it at once."""
    follower = following(logs, lambda _source, _asked: None)
    logs.heads_take, logs.at = took, 0.0
    did: list[float] = []

    def wait(seconds: float) -> bool:
        did.append(seconds)
        return PAUSE in did

    def idle(seconds: float) -> None:
        did.append(seconds)

    follower.follow(SOURCE, wait, idle)
    assert did[:3] == [0, pytest.approx(left), PAUSE]
