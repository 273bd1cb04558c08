"""What families may expect of a class's stories, said with the feed: nobody waits for a number (S44, S45, S80)."""

from typing import Final

from shared.policy.principal import Capacity

POSTS_VARY: Final = (
    "How much is posted is not the same from week to week. It depends on what is happening in school, and it may differ"
    " between year groups too."
)


def notice_for(capacity: Capacity) -> str | None:
    """The words for parents and carers; staff and pupils need none."""
    return POSTS_VARY if capacity is Capacity.GUARDIAN else None
