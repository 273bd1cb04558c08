"""A school can set every parameter that varies the policy; the clock alone is no choice."""

from services.identity.schemas import ParametersForm
from shared.policy.parameters import CLAUSE_OF


def test_S11_the_form_takes_every_parameter_that_is_a_choice():
    assert ParametersForm().load_fields.keys() == CLAUSE_OF.keys() - {"timezone"}
