"""The policies that this one refers to: a school says where each can be read and which version it is (S42, S60)."""

from dataclasses import dataclass
from enum import StrEnum

from shared.policy.clauses import ClauseId


class Linked(StrEnum):
    """A policy that this one names."""

    REMOTE_LEARNING = "remote_learning"
    INTERNET_USE = "internet_use"
    STAFF_CONDUCT = "staff_conduct"

    @property
    def called(self) -> str:
        """As this policy calls it."""
        return _TITLES[self]

    @property
    def clause(self) -> ClauseId:
        """The clause that names it."""
        return ClauseId("S42" if self is Linked.REMOTE_LEARNING else "S60")

    @property
    def link(self) -> str:
        """The parameter that holds its address."""
        return f"{self}_policy_link"

    @property
    def version(self) -> str:
        """The parameter that holds its version."""
        return f"{self}_policy_version"


_TITLES = {
    Linked.REMOTE_LEARNING: "Remote Learning Policy",
    Linked.INTERNET_USE: "Internet Acceptable Use Policy",
    Linked.STAFF_CONDUCT: "Staff Code of Conduct Policy",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedPolicy:
    """One of them as a school has it. Attributes: link, version: empty while the school has not said."""

    policy: Linked
    link: str
    version: str
