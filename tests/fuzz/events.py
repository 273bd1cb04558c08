"""The properties of test_wire_forms.py with far more examples."""

import traceback

import hypothesis
from hypothesis import Phase, Verbosity

from tests.fuzz import test_wire_forms
from tests.fuzz.plan import Finding, Plan

EXAMPLES = 2000


def play(plan: Plan) -> list[Finding]:
    """One round over every property."""
    found = []
    properties = [
        made for name, made in vars(test_wire_forms).items() if name.startswith("test_") and hasattr(made, "hypothesis")
    ]
    for number, made in enumerate(properties):
        plan.step(number, len(properties))
        settings = hypothesis.settings(
            max_examples=plan.enough(EXAMPLES),
            database=None,
            deadline=None,
            # Explaining which parts matter takes minutes, and says little here.
            phases=[Phase.explicit, Phase.generate, Phase.shrink],
            verbosity=Verbosity.normal,
        )
        try:
            hypothesis.seed(plan.seed)(settings(made))()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what was looked for
            shown = "".join(traceback.format_exception(error))
            found.append(Finding(made.__name__.removeprefix("test_").replace("_", " "), shown[-3000:]))
    return found
