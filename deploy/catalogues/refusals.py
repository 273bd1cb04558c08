"""docs/refusals.md: every code that a client can meet, with its status, its clause and its words."""

from deploy.operator.config import ROOT
from shared.policy.codes import CODES, Code

FILE = ROOT / "docs/refusals.md"
HEAD = """\
# The refusals

Every refusal and error is `application/problem+json` with one of these codes, made from `shared/policy/codes.py` by
`make docs`. A clause names the rule of the [policy](policy.md) that a code carries out; a route may name a closer one.
What stands in {braces} is filled in.

"""


def rendered() -> str:
    rows = "".join(
        _row(code) for code in sorted(CODES.values(), key=lambda one: (one.clause or "", one.status, one.name))
    )
    return f"{HEAD}| code | status | clause | title | words |\n|---|---|---|---|---|\n{rows}"


def _row(code: Code) -> str:
    return f"| `{code.name}` | {code.status} | {code.clause or ''} | {code.title} | {code.detail} |\n"
