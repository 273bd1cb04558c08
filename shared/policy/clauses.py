"""The policy's clauses by id, and the version of the policy that is in force, as data (S01 to S04)."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
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


class Standing(StrEnum):
    """How a version of the policy stands on a day. Being overdue for review never stops the service (S04)."""

    NOT_ISSUED = "not_issued"
    ISSUED_NOT_APPROVED = "issued_not_approved"
    APPROVED = "approved"
    REVIEW_OVERDUE = "review_overdue"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVersion:
    """One version of the policy with the days that it carries on its front page.

    Attributes:
        name: what refusals and consents cite; the day of issue.
        completed_by: S01.  issued_on: S02.  approved_on: by the governors, S03.  review_on: S04.
    """

    name: str
    completed_by: str
    issued_on: date
    approved_on: date
    review_on: date

    def standing_on(self, day: date) -> Standing:
        """The standing on a school day (a local date). A review is overdue strictly after its day."""
        if day < self.issued_on:
            return Standing.NOT_ISSUED
        if day < self.approved_on:
            return Standing.ISSUED_NOT_APPROVED
        return Standing.REVIEW_OVERDUE if day > self.review_on else Standing.APPROVED


POLICY = PolicyVersion(
    name="2020-11-02",
    completed_by="Mrs. R Mellor",
    issued_on=date(2020, 11, 2),
    approved_on=date(2021, 3, 1),
    review_on=date(2021, 11, 2),
)

POLICY_VERSION = POLICY.name
"""The version that refusals cite."""
