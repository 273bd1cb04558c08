"""docs/policy.md: every clause with its words, where it is enforced, and the tests that act it out, or "not yet".

Made from the clauses, the switches and the proof that is on file. What has no proof of the code as it is now is called
not proven, whatever anybody believes.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import groupby
from typing import Any

from shared.policy.clauses import ClauseId
from shared.policy.words import WORDS, Clause, Named
from tests.policy.owed import OWED
from tests.policy.registry import Switch, borne, place_of, problems_of, proof, proven
from tests.policy.switches import SWITCHES
from tests.repo.project import ROOT

PAGE = ROOT / "docs/policy.md"
HEAD = """\
# The policy, clause by clause

The school's policy is data (`shared/policy/words.py`), and this page is made of it: of each clause its own words, what
the software owes, the rule that carries it out, and the tests that notice when that rule is taken away.
`GET /v1/policy` shows the words with a school's own name; here it is left open.

Nobody marks a clause as enforced by hand. Each rule has a switch (`tests/policy/switches.py`) that takes it out of a
copy of the code. A clause is called enforced when a test that bears its id was seen to fail without the rule, and both
code and test are still those that were seen (`docs/policy-proof.json`). Where only a part of a clause has a rule, what
is missing stands below it. `make policy-proof` throws every switch whose code or tests have changed; `make docs` writes
this page.

"""
NOBODY = Named(
    school="[the school]",
    author="[the author]",
    office_email="[the office's address]",
    help_link="[the website]",
)


class State(StrEnum):
    """How far a clause is carried out."""

    ENFORCED = "enforced"
    IN_PART = "enforced in part"
    NOT_PROVEN = "not proven"
    NOT_YET = "not yet"


def switches_of(clause: ClauseId) -> Sequence[Switch]:
    return [switch for switch in SWITCHES if clause in switch.clauses]


def state_of(clause: ClauseId, known: Mapping[str, Any]) -> State:
    switches = switches_of(clause)
    if not switches:
        return State.NOT_YET
    if not all(proven(switch, known) for switch in switches):
        return State.NOT_PROVEN
    return State.IN_PART if clause in OWED else State.ENFORCED


def rendered() -> str:
    known = proof()
    states = {clause: state_of(clause, known) for clause in WORDS}
    counted = Counter(states.values())
    summary = ", ".join(f"{counted[state]} {state}" for state in State if counted[state])
    parts = [HEAD, f"Of {len(WORDS)} clauses: {summary}.\n"]
    for section, clauses in groupby(WORDS.values(), key=lambda one: one.section):
        parts.append(f"\n## {section}\n")
        for clause in clauses:
            parts += _shown(clause, states[clause.id])
    return "".join(parts)


def _shown(clause: Clause, state: State) -> Iterator[str]:
    yield f"\n### {clause.id}: {state}\n\n> {clause.said_to(NOBODY)}\n\n{clause.owes}\n"
    switches = switches_of(clause.id)
    named = {test for switch in switches for test in switch.caught_by if clause.id in borne().get(test, ())}
    if switches:
        yield "\n"
    for switch in switches:
        noticed = _tests(sorted(named & set(switch.caught_by)))
        yield f"- {_where(switch)}. Without it: {switch.without}. Noticed by {noticed}.\n"
    others = Counter(test.partition("::")[0] for test, ids in borne().items() if clause.id in ids and test not in named)
    if others:
        told = ", ".join(f"{count} in `{file}`" for file, count in sorted(others.items()))
        more = "More tests bear its id" if switches else "Tests bear its id, and none was seen to fail without a rule"
        yield f"\n{more}: {told}.\n"
    if clause.id in OWED:
        yield f"\nNot yet: {OWED[clause.id]}\n"


def _where(switch: Switch) -> str:
    place = "" if any(problems_of(switch)) else place_of(switch)
    return f"`{switch.file}`" + (f", `{place}`" if place else "")


def _tests(tests: Sequence[str]) -> str:
    told = [f"`{name}` (`{file}`)" for file, _, name in (test.partition("::") for test in tests)]
    return " and ".join(told)


def main() -> None:
    PAGE.write_text(rendered())
    missing = [clause for clause in WORDS if state_of(clause, proof()) is State.NOT_PROVEN]
    if missing:
        sys.stdout.write(f"Not proven as the code is now: {', '.join(missing)}. Run make policy-proof.\n")


if __name__ == "__main__":
    main()
