"""Who may do what in moderation: one pure function an action, default deny.

Cases, alerts, records and ledgers are for the Headteacher, the Deputy and the safeguarding lead: for anyone else they
do not exist, and neither do those about oneself.
"""

from uuid import UUID

from shared.events.moderation import DecidedBy
from shared.policy.codes import GUARDIANS_ONLY, HEADTEACHER_ONLY, LEADERS_ONLY, NOT_FOUND
from shared.policy.principal import LEADERS, Capacity, Principal, Role
from shared.policy.refusal import Refusal

SAFEGUARDS = LEADERS | {Role.SAFEGUARDING_LEAD}
"""Who learns what was flagged (S76, S77)."""

HEARS_APPEALS = LEADERS | {Role.GOVERNOR}
"""Whom an appeal goes to (T7)."""


def may_know(caller: Principal, about: UUID | None = None) -> None:
    """Asked before anything is looked up; `about` is the adult whom it concerns, once that is known."""
    _for(SAFEGUARDS, caller, about)


def may_decide(caller: Principal, about: UUID | None = None) -> None:
    """Acknowledges and decides: the Headteacher, or the Deputy in their place (S76, S06)."""
    may_know(caller, about)
    if not caller.has_role(*LEADERS):
        raise Refusal(LEADERS_ONLY)


def may_decide_about(caller: Principal, about: UUID) -> None:
    """Lifts, rescinds, reinstates and overrides: the Headteacher alone (S06)."""
    may_know(caller, about)
    if not caller.has_role(Role.HEADTEACHER):
        raise Refusal(HEADTEACHER_ONLY)


def may_hear_appeals(caller: Principal, about: UUID | None = None) -> None:
    _for(HEARS_APPEALS, caller, about)


def may_appeal(caller: Principal) -> None:
    """Stands where one stands oneself, and appeals: a guardian, also a removed one."""
    if caller.capacity is not Capacity.GUARDIAN:
        raise Refusal(GUARDIANS_ONLY)


def may_report(caller: Principal) -> None:
    """Anyone at the school may say that something was shared elsewhere; an operator is not at it."""
    if caller.capacity is Capacity.OPERATOR:
        raise Refusal(NOT_FOUND)


def decides_as(caller: Principal) -> DecidedBy:
    """Whose decision it is, of somebody who may decide."""
    if caller.has_role(Role.HEADTEACHER):
        return DecidedBy.HEADTEACHER
    return DecidedBy.DEPUTY_HEADTEACHER


def _for(roles: frozenset[Role], caller: Principal, about: UUID | None) -> None:
    if caller.capacity is not Capacity.STAFF or caller.roles.isdisjoint(roles) or caller.person_id == about:
        raise Refusal(NOT_FOUND)
