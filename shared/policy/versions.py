"""The policy's versions with both of their clocks: when one was issued, and from when it is in force (S01 to S04).

Between issue and approval a version is issued and governs nothing yet. A version whose review is overdue goes on
governing (T16): a missed meeting closes no school.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

REVIEW_DUE = timedelta(days=30)
"""How long before its day a review is announced (S04)."""


class Standing(StrEnum):
    """How a version of the policy stands on a day."""

    NOT_ISSUED = "not_issued"
    ISSUED_NOT_APPROVED = "issued_not_approved"
    APPROVED = "approved"
    REVIEW_OVERDUE = "review_overdue"

    @property
    def said(self) -> str:
        """The standing in a person's words."""
        return _SAID[self]


_SAID = {
    Standing.NOT_ISSUED: "not issued",
    Standing.ISSUED_NOT_APPROVED: "issued, not yet governor-approved",
    Standing.APPROVED: "approved by the governors",
    Standing.REVIEW_OVERDUE: "approved by the governors, review overdue",
}


class Review(StrEnum):
    """How far the review is."""

    NOT_DUE = "not_due"
    DUE = "due"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVersion:
    """One version of the policy with the days that it carries on its front page.

    Attributes:
        name: what refusals and consents cite; the day of issue.
        issued_on: S02.  approved_on: by the governors, S03; None while they have not.  review_on: S04.
        effective_from: when it takes effect, if the governors named a day after their approval.
    """

    name: str
    issued_on: date
    approved_on: date | None
    review_on: date
    effective_from: date | None = None

    @property
    def in_force_from(self) -> date | None:
        """The day from which it governs: none before the governors approve it."""
        if self.approved_on is None:
            return None
        return self.approved_on if self.effective_from is None else max(self.approved_on, self.effective_from)

    def standing_on(self, day: date) -> Standing:
        """The standing on a school day (a local date). A review is overdue strictly after its day."""
        if day < self.issued_on:
            return Standing.NOT_ISSUED
        if self.approved_on is None or day < self.approved_on:
            return Standing.ISSUED_NOT_APPROVED
        return Standing.REVIEW_OVERDUE if day > self.review_on else Standing.APPROVED

    def review_state_on(self, day: date) -> Review:
        """Whether the review is announced or overdue; neither stops anything."""
        if day > self.review_on:
            return Review.OVERDUE
        return Review.DUE if day >= self.review_on - REVIEW_DUE else Review.NOT_DUE


POLICY = PolicyVersion(
    name="2020-11-02",
    issued_on=date(2020, 11, 2),
    approved_on=date(2021, 3, 1),
    review_on=date(2021, 11, 2),
)

VERSIONS: tuple[PolicyVersion, ...] = (POLICY,)
"""Every version, by their days of issue."""

POLICY_VERSION = POLICY.name
"""The version that refusals cite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """The version that a decision of a day names, and how it stood on that day."""

    version: PolicyVersion
    standing: Standing


def in_force_on(day: date, versions: Sequence[PolicyVersion] = VERSIONS) -> PolicyVersion | None:
    """The version that governs a day: of those that took effect by then, the last one. None before the first."""
    took_effect = [
        (version.in_force_from, version.issued_on, version)
        for version in versions
        if version.in_force_from is not None and version.in_force_from <= day
    ]
    return max(took_effect, key=lambda one: one[:2])[2] if took_effect else None


def cited_on(day: date, versions: Sequence[PolicyVersion] = VERSIONS) -> Citation | None:
    """What a decision of that day names: the version in force, else the last that was issued, as not yet approved.

    None before the first was issued.
    """
    issued = [version for version in versions if version.issued_on <= day]
    found = in_force_on(day, versions) or max(issued, key=lambda one: one.issued_on, default=None)
    return None if found is None else Citation(version=found, standing=found.standing_on(day))
