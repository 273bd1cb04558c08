"""The one closed table of the kinds of personal data: who opens each, who decides on its erasure, how long it is kept.

A key belongs to (school, subject, category). The subject of particulars is the person; the subject of a text is
the item it stands in, and that of a picture the picture. Standard library only: the event declarations import it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Category(StrEnum):
    """A kind of personal data with a key of its own."""

    PUPIL_PARTICULARS = "pupil-particulars"
    ADULT_PARTICULARS = "adult-particulars"
    POINTS_NOTE = "points-note"
    STORY = "story"
    MEDIA = "media"
    MESSAGE = "message"
    FLAGGED_COPY = "flagged-copy"
    CONDUCT = "conduct"
    SAFEGUARDING = "safeguarding"


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryRule:
    """What holds for a category.

    Attributes:
        opened_by: the services whose database role may read the category's keys.
        added_by: the services that may add a key and never read one: what they seal they cannot open again.
        erasure_decided_by: whose decision an erasure is; ``None`` where a request alone suffices.
        kept: how long, as a sentence for the compliance report.
    """

    opened_by: frozenset[str]
    erasure_decided_by: str | None
    kept: str
    added_by: frozenset[str] = frozenset()


CATEGORIES: Mapping[Category, CategoryRule] = MappingProxyType(
    {
        Category.PUPIL_PARTICULARS: CategoryRule(
            opened_by=frozenset({"identity", "points", "stories", "messaging", "moderation"}),
            erasure_decided_by=None,
            kept="while the pupil is on roll, then until the school's retention date (S18)",
        ),
        Category.ADULT_PARTICULARS: CategoryRule(
            opened_by=frozenset({"identity", "points", "stories", "messaging", "moderation"}),
            erasure_decided_by=None,
            kept="while the person has a capacity at the school (S18)",
        ),
        Category.POINTS_NOTE: CategoryRule(
            opened_by=frozenset({"points"}),
            erasure_decided_by=None,
            kept="while the pupil is on roll (S18)",
        ),
        Category.STORY: CategoryRule(
            opened_by=frozenset({"stories"}),
            erasure_decided_by=None,
            kept="the current school year and the next",
        ),
        Category.MEDIA: CategoryRule(
            opened_by=frozenset({"stories"}),
            erasure_decided_by=None,
            kept="as long as the story or the piece of work that it belongs to; 30 days where that was withdrawn, a day"
            " where it was never posted (decision 24)",
        ),
        Category.MESSAGE: CategoryRule(
            opened_by=frozenset({"messaging"}),
            erasure_decided_by=None,
            kept="the current school year and the next",
        ),
        Category.FLAGGED_COPY: CategoryRule(
            opened_by=frozenset({"moderation"}),
            added_by=frozenset({"messaging"}),
            erasure_decided_by="safeguarding lead",
            kept="as long as the safeguarding record that it opened",
        ),
        Category.CONDUCT: CategoryRule(
            opened_by=frozenset({"moderation"}),
            added_by=frozenset({"messaging"}),
            erasure_decided_by="headteacher",
            kept="while a child of the person is on roll, and six years after",
        ),
        Category.SAFEGUARDING: CategoryRule(
            opened_by=frozenset({"moderation"}),
            erasure_decided_by="safeguarding lead",
            kept="25 years from the child's date of birth, then reviewed",
        ),
    }
)


def added_only(service: str) -> frozenset[Category]:
    """The categories that a service may seal in and never open."""
    return frozenset(
        category for category, rule in CATEGORIES.items() if service in rule.added_by and service not in rule.opened_by
    )
