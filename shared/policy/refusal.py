"""A refusal: the policy, or the protocol, says no, and says why and what to do next."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from shared.policy.clauses import ClauseId
from shared.policy.codes import Code

MAX_FACT = 200
"""Longest text of a fact, in characters: a phone number or a list of year groups, never a message."""


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """Raised by whoever decides; HTTP renders it as problem+json, the metrics count it.

    Attributes:
        code: what is refused.
        clause: the clause it rests on; the code's own unless the raise names another.
        facts: what the detail needs filled in. Text and integers that are nobody's: never a name, never what was sent.
        errors: for INVALID_FIELDS and ROSTER_INVALID, calm sentences by field path; never values.
        retry_after: whole seconds after which trying again makes sense; None where it does not.
    """

    def __init__(
        self,
        code: Code,
        *,
        clause: ClauseId | None = None,
        errors: Mapping[str, Sequence[str]] | None = None,
        retry_after: int | None = None,
        **facts: str | int,
    ) -> None:
        """Raises ValueError where the facts are not those of the code's detail."""
        if facts.keys() != code.facts:
            raise ValueError(f"{code.name} needs the facts {sorted(code.facts)}")
        for name, value in facts.items():
            _check_fact(name, value)
        # The text of the exception is the code alone, so that no log of it can tell more.
        super().__init__(code.name)
        self.code = code
        self.clause = code.clause if clause is None else clause
        self.facts: Mapping[str, str | int] = MappingProxyType(dict(facts))
        self.errors: Mapping[str, Sequence[str]] = MappingProxyType(dict(errors or {}))
        self.retry_after = retry_after

    @property
    def detail(self) -> str:
        """The code's sentence with its facts."""
        return self.code.detail.format_map(self.facts)


def _check_fact(name: str, value: str | int) -> None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"the fact {name} is neither text nor an integer")  # noqa: TRY004 - one error for all of them
    if isinstance(value, str) and (len(value) > MAX_FACT or not value.isprintable()):
        raise ValueError(f"the fact {name} is too long or not printable")
