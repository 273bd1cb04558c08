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
        ("timezone", "Europe/Paris"),
        ("max_children", 2),
    ],
)
def test_a_parameter_out_of_its_range_is_refused_by_name_and_never_by_value(name: str, value: Any) -> None:
    with pytest.raises(Refusal) as caught:
        Parameters.from_mapping({name: value})
    assert caught.value.code.name == "INVALID_FIELDS"
    assert list(caught.value.errors) == [name if name in CLAUSE_OF else "parameters"]
