import dataclasses
from typing import Any

import pytest

from shared.policy.parameters import CLAUSE_OF, Parameters
from shared.policy.refusal import Refusal


def test_the_defaults_are_the_policy_itself() -> None:
    parameters = Parameters()
    assert (parameters.max_parents, parameters.positive_points_only, parameters.timezone) == (2, True, "Europe/London")


def test_every_parameter_names_its_clause() -> None:
    assert {field.name for field in dataclasses.fields(Parameters)} == CLAUSE_OF.keys()


def test_parameters_survive_the_way_through_json() -> None:
    parameters = Parameters(max_parents=3, office_phone="0151 496 0000", office_email="office@school.example")
    assert Parameters.from_mapping(parameters.to_mapping()) == parameters
    assert Parameters.from_mapping({}) == Parameters()


def test_S49_a_school_that_says_nothing_answers_by_the_next_working_day_and_has_no_closure_of_its_own() -> None:
    assert (Parameters().reply_clock, Parameters().closure_days) == ("next_working_day", "")


def test_S47_closure_days_are_read_as_days_and_spans_with_both_their_ends() -> None:
    written = Parameters(closure_days="2026-10-23, 2026-12-30/2027-01-02,2026-10-23").working_time.closure_days
    assert sorted(map(str, written)) == ["2026-10-23", "2026-12-30", "2026-12-31", "2027-01-01", "2027-01-02"]


def test_S47_a_school_can_name_400_closure_days_and_not_one_more() -> None:
    assert len(Parameters(closure_days="2026-01-01/2027-02-04").working_time.closure_days) == 400
    for written in ("2026-01-01/2027-02-05", "2026-01-01/2027-02-04,2028-01-01", "0001-01-01/9999-12-31"):
        with pytest.raises(Refusal):
            Parameters(closure_days=written)


def test_S42_S60_a_policy_is_linked_with_its_address_and_its_version_or_not_at_all() -> None:
    with pytest.raises(Refusal) as caught:
        Parameters(remote_learning_policy_link="https://school.example/remote-learning.pdf")
    assert list(caught.value.errors) == ["remote_learning_policy_version"]
    with pytest.raises(Refusal) as caught:
        Parameters(staff_conduct_policy_version="2024-09-01")
    assert list(caught.value.errors) == ["staff_conduct_policy_link"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_parents", 0),
        ("max_parents", 11),
        ("max_parents", True),
        ("max_parents", "2"),
        ("max_parents", 2.0),
        ("positive_points_only", 1),
        ("positive_points_only", None),
        ("max_points_per_award", 0),
        ("max_points_per_award", 101),
        ("office_phone", "call me"),
        ("office_phone", "0151 496 0000\n"),
        ("office_phone", 151),
        ("office_email", "office"),
        ("office_email", "office@school.example\nBcc: x@y.example"),
        ("reply_clock", "24_hours"),
        ("reply_clock", ""),
        ("reply_clock", None),
        ("reply_clock", ["next_working_day"]),
        ("closure_days", "23/10/2026"),
        ("closure_days", "2026-10-23;2026-10-24"),
        ("closure_days", "2026-10-23,"),
        ("closure_days", " "),
        ("closure_days", "20261023"),
        ("closure_days", "2026-W43-5"),
        ("closure_days", "2026-02-29"),
        ("closure_days", "2026-10-24/2026-10-23"),
        ("closure_days", "2026-10-23/2026-10-24/2026-10-25"),
        ("closure_days", "2026-10-2٣"),
        ("closure_days", "2026-10-23\n"),
        ("closure_days", None),
        ("closure_days", ["2026-10-23"]),
        ("policy_author", " A. Writer"),
        ("policy_author", "A. Writer\nApproved by Governors"),
        ("policy_author", "A" * 121),
        ("policy_author", None),
        ("help_link", "http://help.school.example"),
        ("help_link", "javascript:alert(1)"),
        ("help_link", "https://someone@school.example/"),
        ("help_link", "https://school.example/a b"),
        ("help_link", 'https://school.example/"><script>'),
        ("help_link", "https://school.example/" + "a" * 300),
        ("help_link", "https://school"),
        ("help_link", 1),
        ("remote_learning_policy_link", "www.school.example/remote-learning"),
        ("internet_use_policy_version", "v1\n"),
        ("staff_conduct_policy_version", ["v1"]),
        ("timezone", "Europe/Paris"),
        ("max_children", 2),
    ],
)
def test_a_parameter_out_of_its_range_is_refused_by_name_and_never_by_value(name: str, value: Any) -> None:
    with pytest.raises(Refusal) as caught:
        Parameters.from_mapping({name: value})
    assert caught.value.code.name == "INVALID_FIELDS"
    assert list(caught.value.errors) == [name if name in CLAUSE_OF else "parameters"]
