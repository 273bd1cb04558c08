"""What a check of a text finds, and what follows: some findings refuse, others only ask the writer to look again."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.policy.codes import NAME_DOUBTFUL, SENSITIVE_IN_STORY, Code
from shared.policy.refusal import Refusal

CONFIRMABLE = frozenset({NAME_DOUBTFUL.name, SENSITIVE_IN_STORY.name})
"""Codes that the writer's own confirmation passes: a check of words cannot know better than who wrote them."""
MOST_SHOWN = 20
"""How many places a refusal names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One place in a text: from `start` to before `end`, counted in code points as Python does."""

    code: Code
    start: int
    end: int

    @property
    def confirmable(self) -> bool:
        """Whether the writer may pass it by confirming."""
        return self.code.name in CONFIRMABLE


def refuse(findings: Sequence[Finding], *, field: str, confirmed: bool) -> None:
    """Lets a text pass that has no findings, or whose writer confirmed those that can be confirmed.

    Raises:
        Refusal: of the first finding that cannot be confirmed, else of the first; `errors` names, under `field`, the
            places of all findings of that code, by where they stand and never by what stands there.
    """
    standing = [one for one in findings if not (one.confirmable and confirmed)]
    if not standing:
        return
    code = min(standing, key=lambda one: (one.confirmable, one.start)).code
    places = [f"Please look at letters {one.start + 1} to {one.end}." for one in standing if one.code == code]
    raise Refusal(code, errors={field: places[:MOST_SHOWN]})
