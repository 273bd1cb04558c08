"""The oracle has teeth: each fault, written into a copy of the rule, is caught within some hundred histories."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.property.copies import Edit, copied_to, edited
from tests.property.hunt import CAUGHT

HISTORIES = 1500
CONDUCT = "services/moderation/domain/conduct.py"
DECISION = "services/moderation/domain/decision.py"
CASE = "services/moderation/domain/case.py"
STANDING = "services/messaging/domain/standing.py"
COMMANDS = "services/moderation/commands.py"
RECORDED = "services/messaging/reactions.py"
BROUGHT_BACK = "services/moderation/reactions.py"


BOTH_PLACES = "message_position > delivered and message_position > reinstated"
FIRST_COUNTS = "state.warning.warning_id != warning or state.warning.delivered_at is not None"

FAULTS: dict[str, tuple[Edit, ...]] = {
    "a warning that was not delivered counts": ((CONDUCT, BOTH_PLACES, "message_position > reinstated"),),
    "a message from before the reinstatement counts": ((CONDUCT, BOTH_PLACES, "message_position > delivered"),),
    "every upheld misuse warns": ((CONDUCT, "case Conduct(warning=None):", "case Conduct(removal=None):"),),
    "reinstating clears the warning": (
        (CONDUCT, "removal=None, reinstated=", "removal=None, warning=None, reinstated="),
    ),
    "rescinding keeps the warning": ((CONDUCT, "return replace(state, warning=None)", "return state"),),
    "a later receipt moves the delivery": (  # two guards hold this: either alone suffices
        (CONDUCT, FIRST_COUNTS, "state.warning.warning_id != warning"),
        (STANDING, "if told is not Told.UNREAD:", "if told is Told.RESCINDED:"),
    ),
    "the receipt of another warning delivers": ((CONDUCT, FIRST_COUNTS, "state.warning.delivered_at is not None"),),
    "re-sharing uses the warning": (
        (
            CONDUCT,
            "return replace(state, suspension=suspension)",
            "return replace(state, suspension=suspension, warning=WarningGiven(WarningId(suspension), 0))",
        ),
    ),
    "a concern about a child counts as misuse": (
        (DECISION, "if about.track is Track.CONDUCT:", "if True:"),
        (COMMANDS, "if about.track is Track.CONDUCT:", "if True:"),
    ),
    "a decided case is decided again": ((CASE, "if state.decided:\n        raise", "if False:\n        raise"),),
    "every flag is a case of its own": (
        (CASE, "return [received] if state.about else", "return [received] if 0 else"),
    ),
    "a warning need not be read": ((STANDING, "if standing.unread:", "if False:"),),
    "whoever was removed still sends": ((STANDING, "if standing.removed:", "if False:"),),
    "a reinstatement does not reach messaging": ((RECORDED, "@outcomes.on(ParentReinstated)\n", ""),),
    "a delivery does not reach moderation": ((BROUGHT_BACK, "@messaging_followed.on(WarningReceived)\n", ""),),
    "the delivery is placed where it was heard of": (
        (BROUGHT_BACK, "means, given.cause.position, standing)", "means, given.cause.position + 4, standing)"),
    ),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied_to(tmp_path_factory.mktemp("rule"))


def hunt(copy: Path, histories: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-B", "-m", "tests.property.hunt", str(histories)],
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_S73_a_fault_in_the_rule_is_caught(fault: str, copy: Path):
    with edited(copy, FAULTS[fault]):
        done = hunt(copy, HISTORIES)
    assert done.returncode == CAUGHT, f"not caught:\n{done.stdout}{done.stderr[-1500:]}"


def test_without_a_fault_the_copy_agrees_with_the_policy(copy: Path):
    done = hunt(copy, 50)
    assert done.returncode == 0, done.stdout + done.stderr[-1500:]
