"""Who was told of a decision of moderation's, and asks with its position, finds access as it is after that decision.

Everyone else finds it within a second. A few may wait at once, and only those whom we know.
"""

from collections.abc import Callable
from dataclasses import dataclass

from services.identity.seen import MODERATION
from shared.http.position import LogPosition, Waiter
from shared.policy.codes import NOT_YET_VISIBLE
from shared.policy.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Awaited:
    """What is waited for, and where.

    Attributes:
        reached: whether the model of guardians' access has come to a position.
        recorded: whether anything stands at a position of moderation's log.
    """

    reached: Callable[[LogPosition], bool]
    waiter: Waiter
    recorded: Callable[[LogPosition], bool] = lambda _: True

    def decision(self, header: str | None) -> bool:
        """Returns once the model has come to what a position header names of moderation's log.

        Returns:
            Whether it names anything of it.

        Raises:
            Refusal: NOT_YET_VISIBLE, or BAD_HEADER for what is no position.
        """
        if header is None:
            return False
        named = [position for position in LogPosition.parse_all(header) if position.service == MODERATION]
        if named:
            self.waiter.wait(named, self.reached, self.recorded)
        return bool(named)

    def decision_if_possible(self, header: str | None) -> bool:
        """The same before the gateway's question is answered: what is wrong with the header is the service's to say."""
        try:
            return self.decision(header)
        except Refusal as refusal:
            return refusal.code is NOT_YET_VISIBLE
