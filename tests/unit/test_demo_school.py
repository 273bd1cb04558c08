"""Loading the invented school as a client app does: what is not shown yet is asked for again, a refusal not."""

from collections.abc import Iterator

import pytest

from deploy.demo_school import PATIENCE, NotLoaded, _went
from shared.testing.driver import Refused

NOT_YET = Refused(status=503, code="NOT_YET_VISIBLE")


def answering(*answers: str | Refused) -> tuple[Iterator[str | Refused], list[str]]:
    return iter(answers), []


def ask(answers: Iterator[str | Refused], asked: list[str], who: str) -> str | Refused:
    asked.append(who)
    return next(answers)


def test_what_does_not_see_the_roster_yet_is_asked_for_again():
    answers, asked = answering(NOT_YET, NOT_YET, "appointed")
    assert _went(ask, answers, asked, "the deputy") == "appointed"
    assert asked == ["the deputy"] * 3


def test_a_refusal_ends_the_loading_and_is_said():
    answers, asked = answering(Refused(status=403, code="STAFF_ONLY", detail="Only staff."), "never asked for")
    with pytest.raises(NotLoaded, match=r"STAFF_ONLY: Only staff\."):
        _went(ask, answers, asked, "a guardian")
    assert asked == ["a guardian"]


def test_what_is_never_shown_ends_the_loading_too():
    answers, asked = answering(*[NOT_YET] * (PATIENCE + 1))
    with pytest.raises(NotLoaded):
        _went(ask, answers, asked, "the deputy")
    assert len(asked) == PATIENCE
