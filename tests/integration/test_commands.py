"""The one handler shape on a real PostgreSQL: decided once, answered again, never doubled, whatever comes between."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from services.points.domain import taxonomy
from services.points.domain.taxonomy import Taxonomy
from shared.events.envelope import Actor
from shared.events.identity import SchoolId
from shared.events.points import SchoolValueDefined, SchoolValueRetired, ValueId, ValueKind
from shared.log import read
from shared.log.append import Answer, Claim
from shared.log.commands import CommandHandler, Drafts, History, Request
from shared.log.states import State, States
from shared.policy.codes import CONFLICT, IDEMPOTENCY_KEY_REUSED, NOT_FOUND, STAFF_ONLY
from shared.policy.refusal import Refusal
from shared.privacy.keystore import KeyStore
from shared.privacy.vault import Vault
from shared.runtime import crash
from shared.runtime.clock import SystemClock
from shared.runtime.ids import new_id
from tests.integration.conftest import ScratchKeys, ScratchLog
from tests.integration.line import until


class Desk:
    """A command handler on a log of its own, and small commands for it."""

    def __init__(self, scratch: ScratchLog, keys: KeyStore, school: UUID) -> None:
        self.school, self.stream = school, f"values-{school}"
        self.handler = CommandHandler(
            scratch.pool(max_size=8), Vault("points", keys, lambda: 0.0), SystemClock(), new_id
        )
        self.reader = scratch.connection("points_worker")
        self.connect = lambda: nullcontext(self.reader)
        self.decided = 0
        self.remembered: list[bool] = []

    def request(self, claim: Claim | None = None) -> Request:
        return Request(
            school_id=self.school,
            partition=1,
            actor=Actor(kind="staff", id="1"),
            occurred_at=SystemClock().now(),
            correlation_id=uuid4(),
            claim=claim,
        )

    def define(self, value: UUID, claim: Claim | None = None, between: Callable[[], object] = lambda: None) -> Answer:
        """Defines a value; refuses one that is there. `between` runs after the load and before the append."""

        def decide(history: History) -> Drafts:
            self.decided += 1
            state = history.fold(self.stream, Taxonomy(), taxonomy.evolve)
            between()
            if value in state.values:
                raise Refusal(STAFF_ONLY)
            event = SchoolValueDefined(
                school_id=SchoolId(self.school), value_id=ValueId(value), kind=ValueKind.VALUE, name="Kindness"
            )
            return [(self.stream, event)]

        return self.handler.handle(self.request(claim), decide, location=f"/v1/values/{value}")

    def retire(self, value: UUID) -> Answer:
        def decide(history: History) -> Drafts:
            history.fold(self.stream, Taxonomy(), taxonomy.evolve)
            return [(self.stream, SchoolValueRetired(school_id=SchoolId(self.school), value_id=ValueId(value)))]

        return self.handler.handle(self.request(), decide)

    def needs(self, value: UUID, between: Callable[[], object] = lambda: None) -> Answer:
        """Retires a value; refuses one that is not there."""

        def decide(history: History) -> Drafts:
            self.decided += 1
            state = history.fold(self.stream, Taxonomy(), taxonomy.evolve)
            between()
            if value not in state.values:
                raise Refusal(NOT_FOUND)
            return [(self.stream, SchoolValueRetired(school_id=SchoolId(self.school), value_id=ValueId(value)))]

        return self.handler.handle(self.request(), decide)

    def adds(self, between: Callable[[], object] = lambda: None, how: str = "appends_to") -> Answer:
        """Defines another value, whatever is there."""

        def decide(history: History) -> Drafts:
            self.decided += 1
            getattr(history, how)(self.stream)
            self.remembered.append(history.remembered)
            between()
            event = SchoolValueDefined(
                school_id=SchoolId(self.school), value_id=ValueId(uuid4()), kind=ValueKind.VALUE, name="Kindness"
            )
            return [(self.stream, event)]

        return self.handler.handle(self.request(), decide)

    def recorded(self) -> list[str]:
        return [event.type for event in read.stream(self.reader, self.school, self.stream)]


_evolved: list[object] = []


def _evolve_counting(state: Taxonomy, event: Any) -> Taxonomy:
    _evolved.append(event)
    return taxonomy.evolve(state, event)


@pytest.fixture
def desk(scratch: ScratchLog, keys: ScratchKeys, school_id: UUID) -> Iterator[Desk]:
    yield Desk(scratch, keys.store("points"), school_id)
    crash.install(None)
    _evolved.clear()


@pytest.fixture
def other(scratch: ScratchLog, keys: ScratchKeys, school_id: UUID) -> Desk:
    """Another process at the same log."""
    return Desk(scratch, keys.store("points"), school_id)


def are_held_up(watcher: psycopg.Connection[Any]) -> bool:
    """Whether anyone waits for a partition."""
    waits = (
        "SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
        " WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted"
    )
    return bool(watcher.execute(waits).fetchall())


def a_claim(body: int = 0) -> Claim:
    return Claim(person_id=UUID(int=1), key="k", body_mac=bytes([body]) * 32)


def test_the_same_request_with_its_key_gets_the_first_answer_and_is_not_decided_again(desk: Desk):
    value = uuid4()
    first = desk.define(value, a_claim())
    assert desk.define(value, a_claim()) == first
    assert desk.decided == 1
    assert desk.recorded() == ["points.SchoolValueDefined"]


def test_a_key_with_another_body_is_refused(desk: Desk):
    desk.define(uuid4(), a_claim())
    with pytest.raises(Refusal) as refused:
        desk.define(uuid4(), a_claim(body=1))
    assert refused.value.code == IDEMPOTENCY_KEY_REUSED
    assert len(desk.recorded()) == 1


def test_a_refusal_is_not_kept_so_the_same_key_may_succeed_later(desk: Desk):
    value = uuid4()
    desk.define(value)
    with pytest.raises(Refusal):
        desk.define(value, a_claim())
    desk.retire(value)
    assert desk.define(value, a_claim()).status == 201


def test_a_request_whose_twin_was_carried_out_while_it_was_decided_gets_the_twin_s_answer(desk: Desk):
    """The twin commits between the look for an earlier answer and the load: what follows is a refusal, not its own."""
    value, answers = uuid4(), list[Answer]()

    def decide(history: History) -> Drafts:
        if not answers:
            answers.append(desk.define(value, a_claim()))
        state = history.fold(desk.stream, Taxonomy(), taxonomy.evolve)
        if value in state.values:
            raise Refusal(STAFF_ONLY)
        return []

    assert desk.handler.handle(desk.request(a_claim()), decide) == answers[0]
    assert len(desk.recorded()) == 1


def test_a_decision_whose_stream_moved_meanwhile_is_decided_anew(desk: Desk):
    others = [uuid4()]

    def meanwhile() -> None:
        if others:
            desk.define(others.pop())

    desk.define(uuid4(), between=meanwhile)
    assert len(desk.recorded()) == 2
    assert desk.decided == 3


def test_a_decision_whose_stream_always_moves_is_made_in_the_end_while_nobody_else_may_append(desk: Desk, other: Desk):
    """Another process always comes between, but for the time when it can only wait."""
    watcher, rivals = desk.reader, list[threading.Thread]()

    def meanwhile() -> None:
        rival = threading.Thread(target=other.define, args=(uuid4(),))
        rival.start()
        rivals.append(rival)
        until(lambda: not rival.is_alive() or are_held_up(watcher), "the rival was first, or has to wait")

    mine = desk.define(uuid4(), between=meanwhile)
    for rival in rivals:
        rival.join(60)
    assert len(desk.recorded()) == len(rivals) + 1
    assert mine.position == len(rivals), "the last rival waited for it, and came after it"


def test_many_twins_at_once_are_one_command(desk: Desk):
    value, answers = uuid4(), list[Answer]()
    ready = threading.Barrier(6)

    def ask() -> None:
        ready.wait(timeout=10)
        answers.append(desk.define(value, a_claim()))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(answers) == 6
    assert len(set(answers)) == 1
    assert len(desk.recorded()) == 1


class Died(BaseException):
    """Stands for SIGKILL inside one process."""


def test_a_process_that_dies_after_the_append_and_before_the_answer_has_not_lost_the_command(desk: Desk, tmp_path: Any):
    value = uuid4()
    point = tmp_path / "crash"
    point.write_text("append.committed")

    def die() -> None:
        raise Died

    crash.install(point, kill=die)
    with pytest.raises(Died):
        desk.define(value, a_claim())
    again = desk.define(value, a_claim())
    assert again.location == f"/v1/values/{value}"
    assert again.position == 1
    assert len(desk.recorded()) == 1


def test_a_command_with_nothing_to_record_is_answered_and_its_answer_kept(desk: Desk):
    claim = a_claim()
    first = desk.handler.handle(desk.request(claim), lambda _history: [], status=200, location="/v1/x")
    assert (first.status, first.position) == (200, 0)
    assert desk.handler.handle(desk.request(claim), lambda _history: [], status=500, location="/v1/y") == first


def test_S16_a_command_with_nothing_to_record_does_not_tell_what_happened_to_others(desk: Desk):
    def elsewhere(history: History) -> Drafts:
        history.recorded("values-of-others")
        event = SchoolValueDefined(
            school_id=SchoolId(desk.school), value_id=ValueId(uuid4()), kind=ValueKind.VALUE, name="Courage"
        )
        return [("values-of-others", event)]

    def look(stream: str) -> Callable[[History], Drafts]:
        def nothing(history: History) -> Drafts:
            history.recorded(stream)
            return []

        return nothing

    mine = desk.define(uuid4())
    assert desk.handler.handle(desk.request(), elsewhere).position == mine.position + 1
    assert desk.handler.handle(desk.request(), look(desk.stream)).position == mine.position
    assert desk.handler.handle(desk.request(), look("values-of-nobody")).position == 0


# What a decision does not rest on.


def test_what_rests_on_nothing_of_a_stream_goes_to_its_end_and_reads_none_of_its_events(desk: Desk, other: Desk):
    for _ in range(3):
        other.define(uuid4())
    assert [desk.adds().position for _ in range(3)] == [4, 5, 6]
    assert desk.remembered == [False, True, True]
    assert desk.decided == 3


def test_what_rests_on_nothing_of_a_stream_is_written_once_behind_what_came_between(desk: Desk, other: Desk):
    desk.adds()
    between = [lambda: other.define(uuid4())]
    assert desk.adds(between=lambda: between and between.pop()()).position == 3
    assert desk.decided == 3
    assert len(desk.recorded()) == 3


def test_a_stream_that_a_command_begins_is_not_there_before_it(desk: Desk):
    desk.adds(how="begins")
    with pytest.raises(Refusal) as refused:
        desk.adds(how="begins")
    assert refused.value.code == CONFLICT
    assert len(desk.recorded()) == 1


# What a process remembers of the log.


def beside(desk: Desk, stream: str, seen: list[tuple[int, bool]]) -> Callable[[History], Drafts]:
    """Adds a value, and rests on another stream too: how many values that one has, and whether it was remembered."""

    def decide(history: History) -> Drafts:
        found = len(history.fold(stream, Taxonomy(), taxonomy.evolve).values)
        seen.append((found, history.remembered))
        new = f"values-{uuid4()}"
        history.begins(new)
        event = SchoolValueDefined(
            school_id=SchoolId(desk.school), value_id=ValueId(uuid4()), kind=ValueKind.VALUE, name="Kindness"
        )
        return [(new, event)]

    return decide


def test_that_a_stream_is_not_there_is_remembered_and_not_believed(desk: Desk, other: Desk):
    seen: list[tuple[int, bool]] = []
    for _ in range(2):
        desk.handler.handle(desk.request(), beside(desk, desk.stream, seen))
    other.define(uuid4())
    desk.handler.handle(desk.request(), beside(desk, desk.stream, seen))
    assert seen == [(0, False), (0, True), (0, True), (1, False)]


def test_a_command_on_a_stream_that_nobody_else_moves_is_decided_on_what_is_remembered(desk: Desk):
    first, second = uuid4(), uuid4()
    desk.define(first)
    desk.define(second)
    histories: list[History] = []

    def look(history: History) -> Drafts:
        histories.append(history)
        assert set(history.fold(desk.stream, Taxonomy(), taxonomy.evolve).values) == {first, second}
        return []

    desk.handler.handle(desk.request(), look)
    assert [history.remembered for history in histories] == [True]


def test_what_another_process_has_written_since_is_not_passed_over(desk: Desk, other: Desk):
    desk.define(uuid4())
    value = uuid4()
    other.define(value)
    desk.define(uuid4())
    assert desk.needs(value).position == 4
    assert len(desk.recorded()) == 4


def test_who_was_outrun_reads_what_is_new_and_not_the_whole_stream_again(desk: Desk, other: Desk):
    for _ in range(5):
        desk.define(uuid4())
    states, taken = States(), list[int]()
    whole = History(desk.connect, desk.school, states)
    whole.fold(desk.stream, Taxonomy(), _evolve_counting)
    taken.append(len(_evolved))
    value = uuid4()
    other.define(value)
    carried_on = History(desk.connect, desk.school, states, anew=False, outrun={desk.stream: 5})
    assert value in carried_on.fold(desk.stream, Taxonomy(), _evolve_counting).values
    taken.append(len(_evolved))
    assert taken == [5, 6]
    assert carried_on.versions == {desk.stream: 6}


def test_who_was_outrun_by_another_thread_of_the_process_reads_nothing(desk: Desk):
    value = uuid4()
    desk.define(uuid4())
    states = States()
    at_first = History(desk.connect, desk.school, states)
    at_first.fold(desk.stream, Taxonomy(), taxonomy.evolve)
    desk.define(value)
    History(desk.connect, desk.school, states).fold(desk.stream, Taxonomy(), taxonomy.evolve)

    def unreachable() -> AbstractContextManager[psycopg.Connection[Any]]:
        raise AssertionError("the log was read")

    carried_on = History(unreachable, desk.school, states, anew=False, outrun=at_first.versions)
    assert value in carried_on.fold(desk.stream, Taxonomy(), taxonomy.evolve).values
    assert carried_on.remembered


def test_a_state_that_the_log_has_not_come_to_is_not_carried_on(desk: Desk):
    """A service restored to an older point, under a process that remembers what came after it."""
    value = uuid4()
    desk.define(value)
    states = States()
    states.keep(desk.school, desk.stream, taxonomy.evolve, State(Taxonomy(), Taxonomy(), 3))
    history = History(desk.connect, desk.school, states, anew=False, outrun={desk.stream: 3})
    assert set(history.fold(desk.stream, Taxonomy(), taxonomy.evolve).values) == {value}
    assert (history.versions, history.remembered) == ({desk.stream: 1}, False)
    found = states.find(desk.school, desk.stream, Taxonomy(), taxonomy.evolve)
    assert found is not None
    assert found.version == 1


def test_a_refusal_rests_on_what_the_log_says_and_not_on_what_was_remembered(desk: Desk, other: Desk):
    desk.define(uuid4())
    value = uuid4()
    other.define(value)
    assert desk.needs(value).position == 3
    assert desk.decided == 3, "once on what it remembered, once on what it read"


def test_what_an_echo_decided_is_not_remembered_as_if_it_had_been_written(desk: Desk, other: Desk):
    value = uuid4()
    first = desk.define(uuid4(), a_claim())
    assert other.define(value, a_claim()) == first
    desk.define(uuid4())
    with pytest.raises(Refusal) as refused:
        other.needs(value)
    assert refused.value.code == NOT_FOUND


def test_the_first_answer_is_found_by_another_process_too(desk: Desk, other: Desk):
    value = uuid4()
    first = desk.define(value, a_claim())
    assert other.define(value, a_claim()) == first
    with pytest.raises(Refusal) as refused:
        other.define(uuid4(), a_claim(body=1))
    assert refused.value.code == IDEMPOTENCY_KEY_REUSED
    assert len(desk.recorded()) == 1


def test_a_decision_that_read_one_stream_twice_read_it_at_one_version(desk: Desk, other: Desk):
    """It comes about where one half of a state was remembered and the other is read."""
    desk.define(uuid4())
    seen: list[tuple[int, int]] = []

    def decide(history: History) -> Drafts:
        remembered = history.fold(desk.stream, Taxonomy(), taxonomy.evolve)
        if not seen:
            other.define(uuid4())
        seen.append((len(remembered.values), -1))
        seen[-1] = len(remembered.values), len(history.recorded(desk.stream))
        return [(desk.stream, SchoolValueRetired(school_id=SchoolId(desk.school), value_id=ValueId(uuid4())))]

    desk.handler.handle(desk.request(), decide)
    assert seen == [(1, -1), (2, 2)]
