"""The policy's clauses by id: what refusals, routes and tests name."""

from typing import Self

LAST_CLAUSE = 81
"""The policy is cut into clauses S01 to S81; the ids are stable."""


class ClauseId(str):
    """A clause of the policy, `S01` to `S81`. Raises ValueError for any other text."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if text not in _NAMES:
            raise ValueError("a clause is named S01 to S81")
        return super().__new__(cls, text)


_NAMES = frozenset(f"S{number:02}" for number in range(1, LAST_CLAUSE + 1))

CLAUSES: tuple[ClauseId, ...] = tuple(ClauseId(name) for name in sorted(_NAMES))
"""Every clause, in the policy's order."""
