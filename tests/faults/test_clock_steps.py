"""The machine's clock steps by an hour while everything works: order, answers and the one second do not go by it.

Stepped is the clock that Bookbag's processes read (tests/faults/stepping.py says how); the school's own clock, which
people set forward, is another thing (decision 18). Not stepped, for want of a way: the clocks of PostgreSQL and nginx.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest

from deploy.local.folders import ROOT
from shared.testing.driver import Refused, Saw, Session, Wrote
from tests.faults.apart import Apart
from tests.faults.clusters import until
from tests.faults.invariants import holds
from tests.faults.test_restored import a_conversation
from tests.installation import Bench, School, a_school, went

HOUR = timedelta(hours=1)
STEPS = (-HOUR, HOUR, timedelta())
BOUND = 1.0
BEYOND = 1.0
"""Seconds for which a session is asked on beyond the bound."""
ENOUGH, GOES_ON = 4, 2000
PASSING = {0, 401, 503}
"""What a request in flight may be told while the clock steps: that nobody vouches for it now. It is never let in."""


def ports(bench: Bench, *but: str) -> list[int]:
    return [one["port"] for name, one in bench.it.state["processes"].items() if name not in but]


def pids(bench: Bench) -> dict[str, int]:
    return {name: one["pid"] for name, one in bench.it.state["processes"].items()}


@dataclass(slots=True)
class Awards:
    """A teacher's client: asks with the same key until it is answered, with one session all the time."""

    teacher: Session
    pupil: UUID
    behaviour: UUID
    keys: dict[str, Wrote] = field(default_factory=dict)
    ended: threading.Event = field(default_factory=threading.Event)
    abandoned: threading.Event = field(default_factory=threading.Event)
    refused: list[Refused] = field(default_factory=list)

    def run(self) -> None:
        while not self.ended.is_set():
            key = str(uuid4())
            for _ in range(GOES_ON):  # also once it is told to end: what was asked for may stand
                if self.abandoned.is_set():
                    return
                answer = self.teacher.award(self.pupil, self.behaviour, key=key)
                if isinstance(answer, Wrote):
                    self.keys[key] = answer
                    break
                self.refused.append(answer)

    def more(self) -> None:
        before = len(self.keys)
        until(lambda: len(self.keys) >= before + ENOUGH, "awards are answered")


@contextmanager
def at_work(awards: Awards) -> Iterator[None]:
    thread = threading.Thread(target=awards.run)
    thread.start()
    try:
        yield
    except BaseException:
        awards.abandoned.set()  # the clock may stand where nobody is let in
        raise
    finally:
        awards.ended.set()
        thread.join()


@dataclass(slots=True)
class Asking:
    """A session that asks who it is, again and again: when each request that was let in began."""

    session: Session
    let_in: list[float] = field(default_factory=list)
    other: list[Refused] = field(default_factory=list)

    def run(self, over: Callable[[], bool]) -> None:
        while not over():
            began = time.monotonic()
            answer = self.session.me()
            if isinstance(answer, Saw):
                self.let_in.append(began)
            else:
                self.other.append(answer)


def signed_out_as_the_clock_steps(session: Session, step: Callable[[], None]) -> None:
    """From one second after the answer on nothing is let in, whichever way the clock has gone meanwhile."""
    asking, ends = Asking(session), list[float]()
    thread = threading.Thread(target=asking.run, args=(lambda: bool(ends) and time.monotonic() > ends[0],))
    thread.start()
    try:
        until(lambda: len(asking.let_in) >= ENOUGH, "the session is let in")
        step()
        until_signed_out(session)
        ended = time.monotonic()
    finally:
        ends.append(time.monotonic() + BOUND + BEYOND)
        thread.join()
    late = [began - ended for began in asking.let_in if began > ended + BOUND]
    assert late == [], "a session was let in after it had ended"
    assert {answer.status for answer in asking.other} <= PASSING
    assert asking.other, "it was never turned away"


def until_signed_out(session: Session) -> None:
    answer: Wrote | Refused | None = None
    for _ in range(ENOUGH * 100):
        answer = session.sign_out()
        if not isinstance(answer, Refused):
            return
        assert answer.status in PASSING, answer
    raise AssertionError(f"not signed out: {answer}")


def the_clock_steps(apart: Apart, school: School, seconds: list[Session]) -> None:
    """The scenario: there and back, under load."""
    bench = apart.bench
    before, talk = pids(bench), a_conversation(school)
    awards = Awards(school.teacher(1), school.pupil(1, 2).person_id, school.a_behaviour("Kept time"))
    with at_work(awards):
        awards.more()
        for by, session in zip(STEPS, seconds, strict=True):
            signed_out_as_the_clock_steps(session, partial(apart.steps.step, by, *ports(bench)))
            awards.more()
            talk.say()
    assert {answer.status for answer in awards.refused} <= PASSING, awards.refused
    for key, first in awards.keys.items():
        again = went(awards.teacher.award(awards.pupil, awards.behaviour, key=key))
        assert (again.location, again.position) == (first.location, first.position)
    assert went(awards.teacher.points_of(awards.pupil))["total"] == len(awards.keys)
    back = bench.ask("points", BACKWARDS)
    assert back[0][0] >= 2, "the clock of what writes was never stepped back"
    assert pids(bench) == before, "a process died of it"
    holds(bench)


BACKWARDS = (
    "SELECT count(*) FROM (SELECT recorded_at, lag(recorded_at) OVER (PARTITION BY partition ORDER BY position) AS"
    " before FROM log_event) e WHERE recorded_at < before - interval '30 minutes'"
)


def one_process_alone_is_wrong(apart: Apart, school: School, by: timedelta) -> None:
    """A process whose clock is not identity's believes nobody, and says so; the others go on."""
    bench, teacher = apart.bench, school.teacher(1)
    port = bench.it.state["processes"]["points.api"]["port"]
    pupil = school.pupil(1, 2).person_id
    before = bench.heads()["points"]
    apart.steps.step(by, port)
    try:
        behaviours = [teacher.award(pupil, None, key=str(uuid4())) for _ in range(ENOUGH)]
        answers = [teacher.points_of(pupil) for _ in range(ENOUGH)]
        for answer in (*behaviours, *answers):
            assert isinstance(answer, Refused), "let in by a clock that is wrong"
            assert answer.status in PASSING, answer
        went(teacher.me())
    finally:
        apart.steps.step(timedelta(), port)
    went(teacher.points_of(pupil))
    assert bench.heads()["points"] == before


def everything_about_steps(apart: Apart) -> None:
    """The scenario, in a school of its own."""
    school = a_school(apart.bookbag, apart.operator, "keeps-time", seed=48)
    # Signed in before the clock steps: an operator's session, which gives the codes, ends with the hour.
    for _ in (school.head, school.teacher(1), school.guardian_of(school.people.pupil(1, 1))):
        pass
    sessions = [school.newly_signed_in(school.people.pupil(1, number), "pupil") for number in (3, 4, 5)]
    try:
        the_clock_steps(apart, school, sessions)
        for by in (-HOUR, HOUR):
            one_process_alone_is_wrong(apart, school, by)
    finally:
        apart.steps.step(timedelta(), *ports(apart.bench))


@pytest.mark.timeout(600)
def test_a_clock_that_steps_by_an_hour_moves_neither_order_nor_answers_nor_the_one_second(apart: Apart):
    everything_about_steps(apart)


@pytest.mark.parametrize("folder", ["services", "shared"])
def test_nothing_asks_for_the_time_of_day_but_the_machine_s_clock(folder: str):
    """Else a step would not reach it in these tests."""
    asks = ("datetime.now(", "time.time(", "utcnow(", "date.today(")
    found = {
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line in path.read_text().splitlines()
        if any(one in line for one in asks)
    }
    # What is kept for a day and longer, and taken away later.
    allowed = {line for line in found if "parts.forget" in line or "parts.clear_pictures" in line}
    assert found - allowed == ({"shared/runtime/clock.py: return datetime.now(UTC)"} if folder == "shared" else set())
