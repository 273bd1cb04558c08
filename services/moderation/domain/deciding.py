"""Whose decision it is (S06): the Deputy decides in the Headteacher's place and says why the Headteacher did not."""

from shared.events.moderation import DecidedBy
from shared.policy.codes import SAY_WHY_NOT_HEADTEACHER
from shared.policy.refusal import Refusal


def because(by: DecidedBy, said: str | None) -> str | None:
    """What is recorded of why the Headteacher did not decide: nothing where they did.

    Raises:
        Refusal: SAY_WHY_NOT_HEADTEACHER where the Deputy has not said.
    """
    if by is not DecidedBy.DEPUTY_HEADTEACHER:
        return None
    if said is None:
        raise Refusal(SAY_WHY_NOT_HEADTEACHER)
    return said
