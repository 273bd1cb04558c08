"""What is wrong with a set: which row of which file, and what to change. Never what stands in it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.policy.codes import ROSTER_INVALID, YEAR_OUT_OF_RANGE, Code

MOST = 100
"""Who has more to mend than this starts with these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterProblem:
    """Attributes: line: of the file, the heading being 1; 0 where the whole file is meant."""

    file: str
    line: int
    field: str
    message: str
    code: Code = ROSTER_INVALID


class RosterInvalid(Exception):  # noqa: N818 - like a refusal, it is an answer
    """The set cannot be brought in. Attributes: problems: at least one, at most MOST."""

    def __init__(self, problems: Sequence[RosterProblem]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = tuple(problems[:MOST])

    @property
    def code(self) -> Code:
        """YEAR_OUT_OF_RANGE where that is all that is wrong (S23)."""
        years_only = all(problem.code is YEAR_OUT_OF_RANGE for problem in self.problems)
        return YEAR_OUT_OF_RANGE if years_only else ROSTER_INVALID


@dataclass(slots=True)
class Problems:
    """Collects what is found, so that a person mends all of it at once."""

    found: list[RosterProblem] = field(default_factory=list)

    def add(self, file: str, line: int, column: str, message: str, code: Code = ROSTER_INVALID) -> None:
        self.found.append(RosterProblem(file=file, line=line, field=column, message=message, code=code))

    def stop_if_any(self) -> None:
        if self.found:
            raise RosterInvalid(self.found)
