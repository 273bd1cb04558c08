"""PostgreSQL fails over to a standby under load: a synchronous one has every answered command.

One that lags has lost some: then the database of one service is younger than what the others remember of it, and the
others find that out as they do after a restore.
"""

import threading
import time
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest

from shared.testing.driver import Refused, Session, Wrote
from tests.faults.apart import Apart
from tests.faults.clusters import Cluster, until
from tests.faults.invariants import Answered, Kept, holds, wait_until_quiet
from tests.faults.test_restored import SOURCE, a_conversation, is_found_out, is_put_right, to_be_lost
from tests.installation import School, a_school, went

CLIENTS = 4
ENOUGH = 6
"""Answers that each client must have had before the primary is killed, and again after."""
GOES_ON = 120


@dataclass(slots=True)
class Awards:
    """Clients that award until they are told to end; each asks with the same key until it is answered."""

    teacher: Session
    school: UUID
    pupil: UUID
    behaviour: UUID
    answered: list[Answered] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    gave_up: list[str] = field(default_factory=list)

    def run(self) -> None:
        while not self.ended.is_set():
            key = str(uuid4())
            answer = self._until_answered(key)
            if answer is None:
                return
            self.answered.append(
                Answered(
                    school_id=self.school,
                    person_id=self.teacher.person_id,
                    key=key,
                    event="points.PointAwarded",
                    named="award_id",
                    thing=answer.id,
                    position=answer.position,
                    location=answer.location,
                    at=time.monotonic(),
                )
            )

    def _until_answered(self, key: str) -> Wrote | None:
        answer: Wrote | Refused | None = None
        for _ in range(GOES_ON):
            answer = self.teacher.award(self.pupil, self.behaviour, key=key)
            if isinstance(answer, Wrote):
                return answer
            if answer.status not in {0, 502, 503, 504}:
                break
        self.gave_up.append(str(answer))
        return None

    def more(self) -> None:
        """Returns when each client has had some answers from now on."""
        before = len(self.answered)
        until(lambda: len(self.answered) >= before + CLIENTS * ENOUGH or bool(self.gave_up), "the clients are answered")
        assert not self.gave_up


def fails_over_in_step(apart: Apart, school: School, standby: Cluster) -> None:
    """The scenario: the primary is killed while clients write."""
    bench = apart.bench
    pupil, behaviour = school.pupil(1, 5).person_id, school.a_behaviour("Stood by")
    awards = Awards(school.teacher(1), school.school_id, pupil, behaviour)
    threads = [threading.Thread(target=awards.run) for _ in range(CLIENTS)]
    for one in threads:
        one.start()
    try:
        awards.more()
        apart.primary[0].kill()
        standby.promote()
        apart.address.lead_to(standby)
        apart.primary.insert(0, standby)
        awards.more()
    finally:
        awards.ended.set()
        for one in threads:
            one.join()
    assert not awards.gave_up
    holds(bench, Kept(schools=[school.school_id], answered=awards.answered))
    assert went(school.teacher(1).points_of(pupil))["total"] == len(awards.answered)


def one_database_fails_over_behind(apart: Apart, school: School, primary: Cluster) -> None:
    """The scenario: a standby that has missed the last events takes over the database of one service."""
    bench, talk = apart.bench, a_conversation(school)
    talk.say(2)
    behind = apart.clusters.standby("behind", primary)
    wait_until_quiet(bench)
    assert bench.operate("checkpoints", "--now").returncode == 0
    caught_up(primary, behind)
    behind.stop()
    lost = to_be_lost(bench, talk)
    behind.start(primary_conninfo="")
    behind.promote()
    apart.address.move(f"bookbag_{SOURCE}", behind)
    is_found_out(bench, talk, lost)
    is_put_right(bench, talk, lost)


def caught_up(primary: Cluster, standby: Cluster) -> None:
    with primary.connected() as server:
        [(here,)] = server.execute("SELECT pg_current_wal_lsn()").fetchall()
    with standby.connected() as server:
        asked = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
        until(lambda: server.execute(asked, (here,)).fetchone() == (True,), "the standby has all of it")


def everything_about_failing_over(apart: Apart) -> None:
    """Both scenarios, in a school of their own: first to a standby in step, and then to one behind."""
    [first] = apart.primary
    second = apart.clusters.standby("second", first)
    first.wait_for(second)
    school = a_school(apart.bookbag, apart.operator, "fails-over", seed=44)
    fails_over_in_step(apart, school, second)
    one_database_fails_over_behind(apart, school, second)


@pytest.mark.timeout(600)
def test_failing_over_to_a_standby_in_step_keeps_every_answered_command_and_to_one_behind_is_found_out(apart: Apart):
    everything_about_failing_over(apart)
