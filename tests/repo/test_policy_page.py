"""docs/policy.md tells the truth: what it calls enforced has a proof, of the code and the tests as they are now."""

import pytest

from shared.policy.words import WORDS
from tests.policy import page
from tests.policy.owed import OWED
from tests.policy.registry import PROOF, Switch, entry_of, problems_of, proof, proven
from tests.policy.switches import SWITCHES


def test_the_page_is_what_the_clauses_the_switches_and_the_proof_make():
    assert page.PAGE.read_text() == page.rendered(), "written anew by: make docs"


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: f"{'_'.join(switch.clauses)}: {switch.without}")
def test_a_switch_fits_the_code_and_has_a_proof_of_it_as_it_is_now(switch: Switch):
    assert list(problems_of(switch)) == []
    assert proven(switch, proof()), "code or tests have changed since it was seen: make policy-proof"


def test_the_proof_holds_nothing_but_the_switches_that_there_are():
    held = {(clause, without) for clause, found in proof().items() for without in found}
    assert held == {(clause, switch.without) for switch in SWITCHES for clause in switch.clauses}, "make policy-proof"


def test_no_two_switches_of_a_clause_have_one_name():
    named = [(clause, switch.without) for switch in SWITCHES for clause in switch.clauses]
    assert sorted(set(named)) == sorted(named)


def test_what_is_still_owed_is_owed_of_a_clause_that_has_a_rule():
    ruled = {str(clause) for switch in SWITCHES for clause in switch.clauses}
    assert OWED.keys() <= ruled
    assert ruled <= set(WORDS)


SOME = SWITCHES[0]


def test_a_clause_without_a_switch_is_not_yet_and_one_without_a_proof_is_not_proven():
    ruled = {clause for switch in SWITCHES for clause in switch.clauses}
    assert page.state_of(SOME.clauses[0], {}) is page.State.NOT_PROVEN
    assert {page.state_of(clause, proof()) for clause in WORDS if clause not in ruled} <= {page.State.NOT_YET}


@pytest.mark.parametrize("lost", ["file_sha256", "switch_sha256", "tests"])
def test_a_proof_of_other_code_of_another_switch_or_of_other_tests_is_none(lost: str):
    entry = entry_of(SOME) | {lost: "another"}
    assert not proven(SOME, {clause: {SOME.without: entry} for clause in SOME.clauses})


def test_the_proof_is_kept_where_the_page_says():
    assert PROOF.name in page.HEAD
