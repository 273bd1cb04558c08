"""Callers for tests of permission: whoever one needs, with nothing but what one says."""

from datetime import UTC, datetime
from uuid import UUID

from shared.policy.principal import AccessState, Capacity, Principal, Role

SCHOOL = UUID(int=1)
"""The school of everyone here but an operator."""
SOMEONE = UUID(int=9)


def principal(
    capacity: Capacity,
    *roles: Role,
    person: UUID = SOMEONE,
    classes: tuple[UUID, ...] = (),
    children: tuple[UUID, ...] = (),
) -> Principal:
    """An active caller in a capacity."""
    return Principal(
        session_id=UUID(int=99),
        school_id=None if capacity is Capacity.OPERATOR else SCHOOL,
        person_id=person,
        capacity=capacity,
        roles=frozenset(roles),
        classes=frozenset(classes),
        children=frozenset(children),
        access=AccessState.ACTIVE,
        access_known=True,
        issued_at=datetime(2026, 9, 7, tzinfo=UTC),
    )
