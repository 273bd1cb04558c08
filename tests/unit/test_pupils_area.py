"""A pupil's own area, across the services: their points and themselves, and no messages."""

from uuid import UUID

import pytest

from services.identity.domain.permission import may_read_pupil
from services.messaging.domain.permission import Relations, Wanted, may_open, part_in
from services.points.domain.permission import may_read_points
from shared.policy.codes import NOT_FOUND
from shared.policy.principal import Capacity
from shared.policy.refusal import Refusal
from shared.testing.principals import principal

PUPIL, MUM, CLASS = UUID(int=1), UUID(int=2), UUID(int=3)
ME = principal(Capacity.PUPIL, person=PUPIL, classes=(CLASS,))


def test_S29_a_pupil_reads_themself_and_their_own_points():
    may_read_pupil(ME, PUPIL, frozenset({CLASS}))
    may_read_points(ME, PUPIL, frozenset({CLASS}))


def test_S29_a_pupil_opens_no_conversation_and_takes_part_in_none():
    relations = Relations(
        pupil_id=PUPIL,
        guardians=frozenset({MUM, PUPIL}),
        classes=frozenset({CLASS}),
        teachers={CLASS: frozenset({PUPIL})},
        roster_position=1,
    )
    with pytest.raises(Refusal) as opening:
        may_open(ME, Wanted(guardian_id=MUM), relations)
    with pytest.raises(Refusal) as reading:
        part_in(ME, PUPIL, CLASS, frozenset({PUPIL}))
    assert (opening.value.code, reading.value.code) == (NOT_FOUND, NOT_FOUND)
