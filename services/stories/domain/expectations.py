"""What families are told with a class's stories: nobody waits for a number, and pictures stay here (S44, S69, S80)."""

from typing import Final

from shared.policy.principal import Capacity

POSTS_VARY: Final = (
    "How much is posted is not the same from week to week. It depends on what is happening in school, and it may differ"
    " between year groups too."
)


def notice_for(capacity: Capacity) -> str | None:
    """The words for parents and carers; staff and pupils need none."""
    return POSTS_VARY if capacity is Capacity.GUARDIAN else None


STAYS_HERE: Final = "Please keep pictures here. What the school shows here is not for other places online."


def reminder_for(pictures: int, *, staff: bool) -> str | None:
    """The words beside every story that shows a picture; staff are bound by their own rules."""
    return STAYS_HERE if pictures and not staff else None
