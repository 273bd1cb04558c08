"""The policy is there for anybody to read, before anybody signs in."""

from typing import Any

from shared.policy.clauses import CLAUSES
from shared.testing.driver import Bookbag
from tests.installation import School, went

NOBODY_S = "The school's staff and parents/carers who participate"


def words(answer: Any) -> dict[str, str]:
    return {one["id"]: one["words"] for one in answer["texts"]}


def test_S11_anybody_reads_every_clause_in_its_own_words(bookbag: Bookbag):
    answer = went(bookbag.policy())
    assert list(words(answer)) == answer["clauses"] == list(CLAUSES)
    assert words(answer)["S05"].startswith(NOBODY_S)


def test_S03_S04_T16_it_says_since_when_it_is_in_force_and_that_its_review_is_overdue(bookbag: Bookbag):
    answer = went(bookbag.policy())
    assert (answer["issued_on"], answer["in_force_from"], answer["review_on"]) == (
        *("2020-11-02", "2021-03-01", "2021-11-02"),
    )
    assert (answer["standing"], answer["review"]) == ("review_overdue", "overdue")


def test_S11_a_school_s_own_name_stands_in_it(bookbag: Bookbag, school: School):
    answer = went(bookbag.policy(school.slug))
    assert words(answer)["S05"].startswith(f"{school.people.name}'s staff and parents/carers")


def test_S11_a_school_that_is_not_there_is_nobody_s_name(bookbag: Bookbag):
    assert words(went(bookbag.policy("no-such-school")))["S05"].startswith(NOBODY_S)
