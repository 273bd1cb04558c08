from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from shared.policy.principal import LEADERS, AccessState, Capacity, Principal, Role


def principal(**changes: Any) -> Principal:
    values: dict[str, Any] = {
        "session_id": uuid4(),
        "school_id": uuid4(),
        "person_id": uuid4(),
        "capacity": Capacity.STAFF,
        "roles": frozenset({Role.TEACHER}),
        "classes": frozenset({uuid4()}),
        "children": frozenset(),
        "access": AccessState.ACTIVE,
        "access_known": True,
        "issued_at": datetime(2026, 1, 5, 9, tzinfo=UTC),
    }
    return Principal(**(values | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"school_id": None},
        {"capacity": Capacity.OPERATOR, "roles": frozenset()},
        {"capacity": Capacity.GUARDIAN},
        {"access_known": False},
        {"children": frozenset({uuid4()})},
        {"issued_at": datetime(2026, 1, 5, 9)},  # noqa: DTZ001 - without a zone on purpose
    ],
    ids=[
        "staff without a school",
        "an operator of a school",
        "a guardian with a role",
        "staff who wait for moderation",
        "staff with children",
        "no zone",
    ],
)
def test_a_principal_that_identity_never_makes_cannot_be_made(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"operator|role|children|moderation|zone"):
        principal(**changes)


def test_a_role_is_asked_for_by_any_of_several() -> None:
    assert principal(roles=frozenset({Role.HEADTEACHER})).has_role(*LEADERS)
    assert not principal().has_role(*LEADERS)
    assert not principal().has_role()


def test_every_access_but_the_active_one_is_restricted() -> None:
    assert [state for state in AccessState if not state.restricted] == [AccessState.ACTIVE]
