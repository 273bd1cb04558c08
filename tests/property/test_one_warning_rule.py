"""S73, S74: the one-warning rule under every order, duplication, delay and loss, against an oracle of its own.

Two workers a service, a bus that loses and shuffles, crashes before and after the commit. A failing history prints its
seed; `a_history(SEED)` plays it again.
"""

from uuid import UUID

import pytest

from shared.events import messaging as said
from shared.events import moderation as decided
from shared.events.declaration import Event
from shared.policy.parameters import Parameters
from tests.oracle.one_warning import answer_to_sending, broken_promises, outcome
from tests.property.memory_house import Chance, MemoryLog
from tests.property.memory_school import CHILDREN, MemorySchool, one_case_each

HISTORIES = 10_000
BLOCKS = 20
STEPS = 80


def a_history(seed: int) -> MemorySchool:
    chance = Chance(seed)
    school = MemorySchool(chance, Parameters(flag_warns_by_itself=chance.happens(0.2)))
    school.a_day(chance.random.randint(5, STEPS))
    school.settle()
    return school


def wrong_with(school: MemorySchool) -> list[str]:
    """Where the product and the policy part ways."""
    messaging, decisions, wrong = school.said(), school.decisions(), list[str]()
    for guardian in CHILDREN:
        expected = outcome(str(guardian), messaging, decisions).sanctions
        found = [s for s in school.sanctions(guardian) if s[1] or s[0] != "removed"]
        if found != [s for s in expected if s[1] or s[0] != "removed"]:
            wrong.append(f"{guardian}: {found}, but the policy says {expected}")
        wrong += broken_promises(str(guardian), school.promises(guardian))
    for guardian, before, answered in school.sends:
        policy = answer_to_sending(str(guardian), messaging[:before])
        if policy != answered:
            wrong.append(f"{guardian}: a send was answered {answered}, but the policy says {policy}")
    if not one_case_each(school.moderation):
        wrong.append("a message on a track has more than one case, or a case no record of its own")
    decisions_on = _named(school.moderation, decided.FlagUpheld, "case_id") + _named(
        school.moderation, decided.FlagDismissed, "case_id"
    )
    if len(set(decisions_on)) != len(decisions_on):
        wrong.append("a case was decided twice")
    return wrong + unheard(school)


RECORDED = (
    ("warning_id", decided.ParentWarned, said.WarningRecorded),
    ("warning_id", decided.WarningRescinded, said.WarningRescissionRecorded),
    ("removal_id", decided.ParentRemoved, said.RemovalRecorded),
    ("removal_id", decided.ParentReinstated, said.ReinstatementRecorded),
    ("suspension_id", decided.AccountSuspended, said.SuspensionRecorded),
    ("suspension_id", decided.SuspensionLifted, said.SuspensionEndRecorded),
)
"""What moderation decides about somebody, and how messaging says that it has heard."""


def unheard(school: MemorySchool) -> list[str]:
    return [
        f"{kind.event_type} and {heard.event_type} do not match"
        for name, kind, heard in RECORDED
        if _named(school.moderation, kind, name) != _named(school.messaging, heard, name)
    ]


def _named(log: MemoryLog, kind: type[Event], name: str) -> list[UUID]:
    return sorted(getattr(event, name) for event in log.events.values() if isinstance(event, kind))


@pytest.mark.parametrize("block", range(BLOCKS))
def test_S73_whatever_breaks_the_rule_comes_out_as_the_policy_says(block: int):
    for seed in range(block * HISTORIES // BLOCKS, (block + 1) * HISTORIES // BLOCKS):
        wrong = wrong_with(a_history(seed))
        assert not wrong, f"a_history({seed}): {wrong}"


def test_the_histories_hold_what_they_are_to_try():
    """Else the rule would be tried on nothing: each kind of outcome comes about, in many histories."""
    seen = dict.fromkeys(("warned", "removed", "suspended", "reinstated", "rescinded", "delivered"), 0)
    answers = dict.fromkeys(("sent", "WARNING_UNREAD", "REMOVED", "SUSPENDED"), 0)
    crashed_or_doubled = 0
    for seed in range(800):
        school = a_history(seed)
        for guardian in CHILDREN:
            for what in {what for what, _ in school.promises(guardian)}:
                seen[what] += 1
        for _, _, answered in school.sends:
            answers[answered] += 1
        crashed_or_doubled += school.to_moderation.bag.published > 0
    assert min(seen.values()) > 10, seen
    assert min(answers.values()) > 10, answers
    assert crashed_or_doubled > 100
