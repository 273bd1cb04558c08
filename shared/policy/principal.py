"""Who is asking: what identity vouches for, and every permission is decided from."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Capacity(StrEnum):
    """As what a person is signed in. Sanctions bind a capacity, not a human being."""

    GUARDIAN = "guardian"
    STAFF = "staff"
    PUPIL = "pupil"
    OPERATOR = "operator"


class Role(StrEnum):
    """What a member of staff, or a governor, is at the school."""

    TEACHER = "teacher"
    SUPPORT_STAFF = "support_staff"
    OFFICE = "office"
    DEPUTY_HEADTEACHER = "deputy_headteacher"
    HEADTEACHER = "headteacher"
    SAFEGUARDING_LEAD = "safeguarding_lead"
    DEPUTY_SAFEGUARDING_LEAD = "deputy_safeguarding_lead"
    GOVERNOR = "governor"
    CLERK = "clerk"


LEADERS = frozenset({Role.HEADTEACHER, Role.DEPUTY_HEADTEACHER})
"""Whom the policy calls the Deputy Headteacher/Headteacher (S76)."""


class AccessState(StrEnum):
    """How far a session reaches. All but ACTIVE are restricted sessions: own decision, appeal, notices and own data."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REMOVED = "removed"

    @property
    def restricted(self) -> bool:
        """Whether the session reaches only what a sanction must leave open."""
        return self is not AccessState.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The caller of a request as identity vouched for them.

    Attributes:
        school_id: None for an operator alone, and never None for anyone else.
        classes: taught by a member of staff, or a pupil's own.
        children: of a guardian.
        access_known: whether identity has lately seen all that moderation decided, so that `access` is what holds. Of
            anyone but a guardian it is True: no sanction binds them.
        issued_at: when identity looked; UTC.
    """

    session_id: UUID
    school_id: UUID | None
    person_id: UUID
    capacity: Capacity
    roles: frozenset[Role]
    classes: frozenset[UUID]
    children: frozenset[UUID]
    access: AccessState
    access_known: bool
    issued_at: datetime

    def __post_init__(self) -> None:
        """Raises ValueError for a principal that identity never makes, so that no rule has to think of it."""
        if (self.school_id is None) != (self.capacity is Capacity.OPERATOR):
            raise ValueError("an operator has no school, and everyone else has one")
        if self.issued_at.tzinfo is None:
            raise ValueError("issued_at needs a zone")
        if self.children and self.capacity is not Capacity.GUARDIAN:
            raise ValueError("only a guardian has children here")
        if self.roles and self.capacity is not Capacity.STAFF:
            raise ValueError("only staff have roles")
        if not self.access_known and self.capacity is not Capacity.GUARDIAN:
            raise ValueError("only a guardian waits for what moderation decided")

    def has_role(self, *roles: Role) -> bool:
        """Whether the caller holds any of these roles."""
        return not self.roles.isdisjoint(roles)
