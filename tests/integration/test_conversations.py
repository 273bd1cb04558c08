"""Conversations as their two sides list them, on a real PostgreSQL. Points' roles stand in for messaging's."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.messaging.projections.conversations import conversations
from shared.events.declaration import Sealed
from shared.events.envelope import Envelope
from shared.events.identity import ClassId, GuardianId, PersonId, PupilId
from shared.events.messaging import ConversationId, MessageId, MessageSent, Sender
from shared.projections.declaration import Tx
from shared.projections.install import install
from shared.testing.envelopes import envelope_of
from tests.integration.conftest import ScratchLog

NOON = datetime(2026, 9, 7, 12, tzinfo=UTC)
CONVERSATION, CLASS = ConversationId(uuid4()), ClassId(uuid4())
MOTHER, CHILD = GuardianId(uuid4()), PupilId(uuid4())


def a_message(school_id: UUID, position: int, at: datetime) -> tuple[MessageSent, Envelope]:
    message = MessageSent(
        message_id=MessageId(uuid4()),
        conversation_id=CONVERSATION,
        guardian_id=MOTHER,
        pupil_id=CHILD,
        class_id=CLASS,
        sender_id=PersonId(MOTHER),
        sender=Sender.GUARDIAN,
        roster_position=1,
        text=Sealed(),
    )
    return message, envelope_of(message, at=at, school_id=school_id, position=position, data={})


@pytest.mark.parametrize("taken", [(1, 2), (2, 1)], ids=["in order", "one of them retried later"])
def test_the_last_message_is_the_last_in_the_log_though_the_clock_was_set_back_before_it(
    scratch: ScratchLog, taken: tuple[int, int]
):
    with scratch.pool("points_owner").connection() as connection:
        install(connection, conversations)
    worker, school_id = scratch.connection("points_worker"), uuid4()
    at = {1: NOON, 2: NOON - timedelta(hours=1)}
    for position in taken:
        with worker.cursor() as cursor:
            message, told = a_message(school_id, position, at[position])
            conversations.handlers[told.type](Tx(cursor, conversations.physical()), message, told)
    shown = worker.execute("SELECT position, last_message_at FROM conversation_v1").fetchall()
    assert shown == [(2, at[2])]
