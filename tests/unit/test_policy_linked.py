"""What a school says of its policy, as whoever asks for it reads it: its author, a link for help, linked policies."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.identity.policy_api import Policy, PolicyShown
from shared.policy.parameters import MOST_LINK, Parameters

DAY = date(2026, 9, 7)
NAMES = ["Remote Learning Policy", "Internet Acceptable Use Policy", "Staff Code of Conduct Policy"]
SAID = Parameters(
    policy_author="A. Writer",
    help_link="https://www.willowbrook.example/bookbag",
    remote_learning_policy_link="https://www.willowbrook.example/policies/remote-learning.pdf",
    remote_learning_policy_version="2024-09-01",
    staff_conduct_policy_link="https://www.willowbrook.example/policies/conduct.pdf",
    staff_conduct_policy_version="3",
)


def read(slug: str | None, said: Parameters) -> dict[str, Any]:
    policy = Policy(lambda _: "Willowbrook Primary School", lambda _: said, lambda: DAY)
    return dict(PolicyShown().dump(policy.answer(slug)))


def words_of(answer: dict[str, Any], clause: str) -> Sequence[str]:
    return [one["words"] for one in answer["texts"] if one["id"] == clause]


def test_S01_a_school_names_the_author_of_its_policy():
    answer = read("willowbrook", SAID)
    assert answer["completed_by"] == "A. Writer"
    assert words_of(answer, "S01") == ["Completed by: A. Writer"]


def test_S07_a_school_s_policy_says_where_there_is_more_information():
    answer = read("willowbrook", SAID)
    assert answer["help_link"] == "https://www.willowbrook.example/bookbag"
    assert words_of(answer, "S07") == [
        "For more information about ClassDojo please refer to: https://www.willowbrook.example/bookbag"
    ]


def test_S42_S60_the_policies_that_this_one_names_are_listed_with_address_and_version():
    remote, internet, conduct = read("willowbrook", SAID)["linked"]
    assert [one["title"] for one in (remote, internet, conduct)] == NAMES
    assert [one["clause"] for one in (remote, internet, conduct)] == ["S42", "S60", "S60"]
    assert remote["link"] == "https://www.willowbrook.example/policies/remote-learning.pdf"
    assert remote["version"] == "2024-09-01"
    assert (internet["link"], internet["version"]) == (None, None), (
        "the school has not said: it is the office's to give"
    )
    assert (conduct["link"], conduct["version"]) == ("https://www.willowbrook.example/policies/conduct.pdf", "3")


def test_S01_S07_S42_where_no_school_is_asked_for_nothing_of_a_school_is_shown():
    answer = read(None, SAID)
    assert answer["completed_by"] == "the policy's author"
    assert answer["help_link"] is None
    assert words_of(answer, "S07") == ["For more information about ClassDojo please refer to: the school's website"]
    assert {one["link"] for one in answer["linked"]} == {None}


@pytest.mark.parametrize("slug", [None, "willowbrook"])
def test_S01_what_is_answered_is_what_the_api_s_document_promises(slug: str | None):
    """Also with the longest name and the longest links that a school may have."""
    link = "https://www.willowbrook.example/".ljust(MOST_LINK, "a")
    said = replace(SAID, help_link=link, remote_learning_policy_link=link)
    policy = Policy(lambda _: "W" * 200, lambda _: said, lambda: DAY)
    answer = PolicyShown().dump(policy.answer(slug))
    assert PolicyShown().load(answer)
