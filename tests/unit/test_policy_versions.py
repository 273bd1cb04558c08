"""The policy's front page: what was issued, what governs, and what a decision of a day names."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.identity.policy_api import review_told, shown
from shared.policy.principal import Capacity, Role
from shared.policy.versions import POLICY, POLICY_VERSION, PolicyVersion, Review, Standing, cited_on, in_force_on
from shared.policy.words import Named
from shared.testing.principals import principal

NEXT = PolicyVersion(
    name="2022-09-05",
    issued_on=date(2022, 9, 5),
    approved_on=date(2022, 11, 7),
    effective_from=date(2023, 1, 9),
    review_on=date(2023, 9, 5),
)
BOTH = (POLICY, NEXT)


def day(text: str) -> date:
    return date.fromisoformat(text)


def test_S01_a_version_names_who_wrote_it_as_the_school_says():
    assert shown(POLICY, day("2026-09-07"), Named(author="A. Writer"))["completed_by"] == "A. Writer"
    assert shown(POLICY, day("2026-09-07"), Named())["completed_by"] == "the policy's author"


@pytest.mark.parametrize(
    ("on", "standing"),
    [("2020-11-01", Standing.NOT_ISSUED), ("2020-11-02", Standing.ISSUED_NOT_APPROVED)],
)
def test_S02_a_version_is_there_from_its_day_of_issue_and_that_puts_it_in_force_for_nobody(on: str, standing: Standing):
    assert POLICY.standing_on(day(on)) is standing
    assert in_force_on(day(on)) is None


@pytest.mark.parametrize(
    ("on", "standing"),
    [
        ("2021-02-01", Standing.ISSUED_NOT_APPROVED),
        ("2021-02-28", Standing.ISSUED_NOT_APPROVED),
        ("2021-03-01", Standing.APPROVED),
    ],
)
def test_S03_until_the_governors_approve_it_a_version_is_issued_and_not_yet_approved(on: str, standing: Standing):
    assert POLICY.standing_on(day(on)) is standing
    assert (in_force_on(day(on)) is POLICY) == (standing is Standing.APPROVED)


def test_S03_a_decision_before_the_approval_says_so():
    cited = cited_on(day("2021-02-01"))
    assert cited is not None
    assert (cited.version, cited.standing.said) == (POLICY, "issued, not yet governor-approved")


def test_S03_a_version_that_nobody_approved_never_governs():
    assert in_force_on(day("2026-01-01"), [replace(POLICY, approved_on=None)]) is None


@pytest.mark.parametrize(
    ("on", "name"),
    [
        ("2022-09-05", "2020-11-02"),  # issued
        ("2022-11-07", "2020-11-02"),  # approved, and the governors named a later day
        ("2023-01-08", "2020-11-02"),
        ("2023-01-09", "2022-09-05"),
    ],
)
def test_S03_the_version_before_governs_until_the_next_takes_effect(on: str, name: str):
    cited = cited_on(day(on), BOTH)
    assert cited is not None
    assert cited.version.name == name


def test_S03_a_day_of_effect_before_the_approval_does_not_count():
    hasty = replace(NEXT, effective_from=day("2022-09-05"))
    assert in_force_on(day("2022-11-06"), (POLICY, hasty)) is POLICY
    assert in_force_on(day("2022-11-07"), (POLICY, hasty)) is hasty


@pytest.mark.parametrize(
    ("on", "review", "standing"),
    [
        ("2021-10-02", Review.NOT_DUE, Standing.APPROVED),
        ("2021-10-03", Review.DUE, Standing.APPROVED),
        ("2021-11-02", Review.DUE, Standing.APPROVED),
        ("2021-11-03", Review.OVERDUE, Standing.REVIEW_OVERDUE),
    ],
)
def test_S04_a_review_is_due_thirty_days_before_its_day_and_overdue_after_it(
    on: str, review: Review, standing: Standing
):
    assert POLICY.review_state_on(day(on)) is review
    assert POLICY.standing_on(day(on)) is standing


def test_S04_T16_a_version_whose_review_is_overdue_goes_on_governing():
    assert in_force_on(day("2026-09-07")) is POLICY
    assert POLICY_VERSION == "2020-11-02"


def test_before_the_first_version_a_decision_names_none():
    assert cited_on(day("2020-11-01")) is None


def test_S04_leaders_and_governors_are_told_that_a_review_is_due_and_nobody_else_is():
    due, day_after = POLICY.review_on - timedelta(days=30), POLICY.review_on + timedelta(days=1)
    for role in (Role.HEADTEACHER, Role.DEPUTY_HEADTEACHER, Role.GOVERNOR):
        someone = principal(Capacity.STAFF, role)
        assert review_told(someone, due - timedelta(days=1)) is None
        assert review_told(someone, due) is Review.DUE
        assert review_told(someone, day_after) is Review.OVERDUE
    for someone in (principal(Capacity.STAFF, Role.TEACHER), principal(Capacity.GUARDIAN), principal(Capacity.PUPIL)):
        assert review_told(someone, day_after) is None
