"""A school: given what is recorded of it, when it is registered or varies the policy, then these events."""

from uuid import UUID

from services.identity.domain.school import RegisterSchool, School, SetParameters, decide, evolve, school_id_of
from shared.events.identity import SchoolParametersSet, SchoolRegistered
from shared.policy.codes import CONFLICT, NOT_FOUND
from shared.policy.parameters import Parameters
from shared.testing.specification import specification

given = specification(decide, evolve, School())

ASH = school_id_of("ashdown-hill")
REGISTER = RegisterSchool(slug="ashdown-hill", name="Ashdown Primary (invented)", partition=1)
REGISTERED = SchoolRegistered(school_id=ASH, slug="ashdown-hill", name="Ashdown Primary (invented)", partition=1)


def varied(**chosen: bool | int | str) -> Parameters:
    return Parameters.from_mapping(chosen)


def setting(parameters: Parameters) -> SetParameters:
    return SetParameters(school_id=ASH, parameters=parameters, reason="Agreed by governors")


def are_set(parameters: Parameters) -> SchoolParametersSet:
    return SchoolParametersSet(school_id=ASH, parameters=parameters.to_mapping(), reason="Agreed by governors")


def test_a_school_is_registered():
    given().when(REGISTER).then(REGISTERED)


def test_a_school_is_registered_once():
    given(REGISTERED).when(REGISTER).then_refused(CONFLICT)


def test_a_slug_names_one_school_in_any_case_and_another_slug_another():
    assert school_id_of("Ashdown-HILL") == ASH
    assert school_id_of("ashdown-hil") != ASH


def test_the_id_of_a_slug_never_changes():
    """Every id of every installation follows from it."""
    assert school_id_of("oakfield") == UUID("48fe56fa-d0db-598d-8102-10fc136a274e")


def test_S27_three_adults_a_child_are_varied_with_the_reason():
    three = varied(max_parents=3)
    given(REGISTERED).when(setting(three)).then(are_set(three))


def test_what_is_in_force_already_is_not_set_again():
    three = varied(max_parents=3)
    given(REGISTERED, are_set(three)).when(setting(three)).then_nothing()
    given(REGISTERED).when(setting(Parameters())).then_nothing()


def test_a_school_goes_back_to_the_policy_s_own_numbers():
    given(REGISTERED, are_set(varied(max_parents=3))).when(setting(Parameters())).then(are_set(Parameters()))


def test_a_school_that_does_not_exist_varies_nothing():
    given().when(setting(varied(max_parents=3))).then_refused(NOT_FOUND)


def test_S27_until_a_school_says_otherwise_the_policy_s_two_adults_are_in_force():
    assert evolve(School(), REGISTERED).in_force.max_parents == 2
    assert evolve(evolve(School(), REGISTERED), are_set(varied(max_parents=3))).in_force.max_parents == 3
