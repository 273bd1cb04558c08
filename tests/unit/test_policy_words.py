"""The policy's clauses can be read, by anybody, in the policy's own words."""

from dataclasses import fields
from datetime import date

import pytest

from services.identity.policy_api import PolicyShown, shown
from shared.policy.clauses import CLAUSES
from shared.policy.versions import POLICY
from shared.policy.words import WORDS, Clause, Named, Section

DAY = date(2026, 9, 7)
HERE = Named(school="Willowbrook Primary School", author="A. Writer", office_email="office@willowbrook.example")


def test_S11_every_clause_is_there_in_the_policy_s_order():
    assert tuple(WORDS) == CLAUSES
    assert [one.section for one in WORDS.values()] == sorted(
        (one.section for one in WORDS.values()), key=list(Section).index
    )


@pytest.mark.parametrize("clause", WORDS.values(), ids=lambda clause: clause.id)
def test_S11_a_clause_has_its_own_words_and_says_in_one_sentence_what_is_owed(clause: Clause):
    assert clause.words.strip() == clause.words != ""
    assert clause.owes.endswith(".")
    assert clause.owes.count(". ") == 0
    assert clause.placeholders <= {field.name for field in fields(Named)}


@pytest.mark.parametrize("named", [Named(), HERE], ids=["of no school", "of a school"])
def test_S11_whoever_asks_reads_all_clauses_with_their_words(named: Named):
    answer = PolicyShown().dump(shown(POLICY, DAY, named))
    assert [one["id"] for one in answer["texts"]] == answer["clauses"] == list(CLAUSES)
    assert all("{" not in one["words"] for one in answer["texts"])


def test_S11_a_school_reads_its_own_name_and_its_office_s_address():
    words = {one["id"]: one["words"] for one in shown(POLICY, DAY, HERE)["texts"]}
    assert words["S01"] == "Completed by: A. Writer"
    assert words["S05"].startswith("Willowbrook Primary School's staff and parents/carers")
    assert "emailing office@willowbrook.example to request" in words["S24"]


def test_S11_where_a_school_has_said_nothing_the_words_are_neutral():
    words = {one["id"]: one["words"] for one in shown(POLICY, DAY, Named())["texts"]}
    assert words["S05"].startswith("The school's staff and parents/carers")
    assert "emailing the school office to request" in words["S24"]
