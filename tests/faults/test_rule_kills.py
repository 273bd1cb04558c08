"""kill -9 at every named point on a message's way through the rule: each step happens once, and goes on by itself.

Points: after a group's commit and before its answers, after the append and before the answer, after the effects and
before the commit, after the commit and before the acknowledgement, after the publish and before the relay's progress is
saved. And the broker, PostgreSQL, and a broker that has lost all its data.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest

from shared.testing.driver import Bookbag, Refused, Saw, Session, Wrote
from shared.testing.school import InventedPerson, invented_school
from tests.faults.invariants import until, wait_until_quiet
from tests.faults.rule_histories import PASSING, guardians_of
from tests.installation import Bench, School, patiently, went
from tests.oracle.logs import differences, read_logs, sanctions_in

GOES_ON = 120
"""Most tries of a client that asks again; each that waits for a position waits up to two seconds."""

ON_A_MESSAGE = (
    ("messaging.api", "append.committed"),
    ("messaging.worker", "relay.published"),
    ("messaging.worker", "projection.effects_applied"),  # no read model of messaging's own knows of a flag
)
ON_A_FLAG = (
    ("messaging.api", "group.committed"),
    ("messaging.api", "append.committed"),
    ("messaging.worker", "relay.published"),
    ("moderation.worker", "subscription.applied"),
    ("moderation.worker", "reaction.effects_applied"),
    ("moderation.worker", "reaction.committed"),
    ("moderation.worker", "projection.effects_applied"),
)
ON_A_DECISION = (
    ("moderation.api", "group.committed"),
    ("moderation.api", "append.committed"),
    ("moderation.worker", "relay.published"),
    ("messaging.worker", "subscription.applied"),
    ("messaging.worker", "reaction.effects_applied"),
    ("messaging.worker", "reaction.committed"),
    ("identity.worker", "projection.effects_applied"),
)
ON_A_RECEIPT = (
    ("messaging.api", "append.committed"),
    ("moderation.worker", "reaction.effects_applied"),
    ("moderation.worker", "reaction.committed"),
)


@dataclass(slots=True)
class Family:
    """A guardian nobody else uses, and the steps that lead to a removal; each is asked for until it is answered."""

    bench: Bench
    school: School
    person: InventedPerson
    class_no: int
    parent: Session
    conversation: UUID
    messages: list[UUID] = field(default_factory=list)

    @property
    def case(self) -> UUID:
        return uuid5(self.messages[-1], "conduct")

    def send(self) -> None:
        key = str(uuid4())
        self.messages.append(self._until_answered(lambda: self.parent.send(self.conversation, "Words", key=key)).id)

    def flag(self) -> None:
        teacher, message = self.school.teacher(self.class_no), self.messages[-1]
        self._until_answered(lambda: teacher.flag(message, note="As it reads"))
        self._until_answered(lambda: self.school.head.case(self.case), also=("NOT_FOUND",))

    def decide(self) -> None:
        key = str(uuid4())
        self._until_answered(lambda: self.school.head.decide(self.case, "uphold", "Read with care", key=key))

    def receive(self) -> None:
        warning = self._until_answered(self.parent.my_standing)["warning"]["warning_id"]
        self._until_answered(lambda: self.parent.receive_warning(warning))

    def state(self) -> str:
        """As the guardian sees it; a sanction has ended the session by then."""
        answer = self._until_answered(self.parent.my_standing, also=("NOT_SIGNED_IN",), tries=3)
        if isinstance(answer, Refused):
            self.parent = self.school.newly_signed_in(self.person, "guardian")
            answer = self._until_answered(self.parent.my_standing)
        return str(answer["state"])

    def _until_answered(
        self, do: Callable[[], Saw | Wrote | Refused], *, also: tuple[str, ...] = (), tries: int = GOES_ON
    ) -> Any:
        answer: Saw | Wrote | Refused | None = None
        for _ in range(tries):
            answer = do()
            if not isinstance(answer, Refused):
                return answer
            assert answer.status in PASSING or answer.code in also, f"{answer.status} {answer.code}"
            if answer.code != "NOT_YET_VISIBLE":  # that one waits by itself
                self.bench.it.wait_ready()
        assert answer is not None
        assert also, f"no answer: {answer}"
        return answer


@pytest.fixture(scope="module")
def school(bookbag: Bookbag, operator: Session) -> School:
    people = invented_school(seed=99, classes=2, pupils_per_class=26, on=datetime.now(UTC).date())
    school_id = went(operator.register_school("kills", people.name)).id
    patiently(operator.import_roster, people.zip(), school_id)
    return School(bookbag, operator, "kills", school_id, people)


@pytest.fixture
def family(bench: Bench, school: School, taken: list[str]) -> Family:
    person, class_no = next(one for one in guardians_of(school) if one[0].login not in taken)
    taken.append(person.login)
    parent = school.newly_signed_in(person, "guardian")
    conversation = went(parent.open_conversation(went(parent.me())["children"][0]["pupil_id"])).id
    return Family(bench, school, person, class_no, parent, conversation)


@pytest.fixture(scope="module")
def taken() -> list[str]:
    return []


def until_it_has_died(bench: Bench, process: str) -> None:
    """The point is passed a moment after the step was answered."""
    until(bench, lambda: bench.has_crashed(process), f"{process} comes to the point")
    bench.it.wait_ready(process)


def happened_once(bench: Bench, family: Family, expected: list[str]) -> None:
    wait_until_quiet(bench)  # messaging hears of a sanction a moment after it was decided
    logs, guardian = read_logs(bench.ask, family.school.school_id), str(family.parent.person_id)
    assert [what for what, _ in sanctions_in(logs, guardian)] == expected
    assert differences(logs, guardian) == []
    recorded = [said.what for _, said in logs.messaging if said.guardian == guardian]
    assert recorded.count("warning") == expected.count("warned")
    assert recorded.count("removed") == expected.count("removed")
    assert recorded.count("sent") == len(family.messages)
    assert bench.faults() == []


@pytest.mark.parametrize(("process", "point"), ON_A_MESSAGE)
def test_S75_killed_while_a_message_is_on_its_way(process: str, point: str, bench: Bench, family: Family):
    bench.crash_at(process, point)
    family.send()
    until_it_has_died(bench, process)
    family.flag()
    family.decide()
    assert family.state() == "warned"
    happened_once(bench, family, ["warned"])


@pytest.mark.parametrize(("process", "point"), ON_A_FLAG)
def test_S75_killed_while_a_flag_is_on_its_way(process: str, point: str, bench: Bench, family: Family):
    family.send()
    bench.crash_at(process, point)
    family.flag()
    until_it_has_died(bench, process)
    family.decide()
    assert family.state() == "warned"
    happened_once(bench, family, ["warned"])


@pytest.mark.parametrize(("process", "point"), ON_A_DECISION)
def test_S73_killed_while_a_removal_is_on_its_way(process: str, point: str, bench: Bench, family: Family):
    warned_and_heard(family)
    family.send()
    family.flag()
    bench.crash_at(process, point)
    family.decide()
    until_it_has_died(bench, process)
    assert family.state() == "removed"
    happened_once(bench, family, ["warned", "removed"])


@pytest.mark.parametrize(("process", "point"), ON_A_RECEIPT)
def test_S73_killed_while_a_receipt_is_on_its_way(process: str, point: str, bench: Bench, family: Family):
    family.send()
    family.flag()
    family.decide()
    bench.crash_at(process, point)
    family.receive()
    until_it_has_died(bench, process)
    family.send()
    family.flag()
    family.decide()
    assert family.state() == "removed"
    happened_once(bench, family, ["warned", "removed"])


@pytest.mark.timeout(600)  # seven deaths of PostgreSQL took two minutes where others were at work
@pytest.mark.parametrize("victim", ["broker", "postgres", "messaging.api", "moderation.api", "nginx"])
def test_S73_killed_between_any_two_steps(victim: str, bench: Bench, family: Family):
    for step in (family.send, family.flag, family.decide, family.receive, family.send, family.flag, family.decide):
        step()
        bench.it.kill(victim)
    bench.it.wait_ready()
    assert family.state() == "removed"
    happened_once(bench, family, ["warned", "removed"])


def test_S73_a_broker_that_has_lost_all_its_data_changes_nothing(bench: Bench, family: Family):
    family.send()
    family.flag()
    family.decide()
    bench.it.stop("broker")
    shutil.rmtree(bench.it.run_dir / "rabbitmq" / "data")
    family.receive()
    bench.it.resume("broker")
    family.send()
    family.flag()
    family.decide()
    assert family.state() == "removed"
    happened_once(bench, family, ["warned", "removed"])


def warned_and_heard(family: Family) -> None:
    family.send()
    family.flag()
    family.decide()
    family.receive()
