"""Messaging's commands on a real PostgreSQL: what comes between a decision and its append is not passed over."""

import threading
from collections.abc import Mapping, Sequence
from uuid import UUID, uuid4

import pytest

from services.messaging.commands import MessagingCommands
from services.messaging.domain.permission import Relations
from services.messaging.reactions import standing_stream
from shared.events.declaration import Event
from shared.events.envelope import Actor
from shared.events.identity import GuardianId
from shared.events.messaging import (
    FlagCategory,
    MessageFlagged,
    RemovalRecorded,
    SuspensionRecorded,
    Track,
    WarningRecorded,
)
from shared.events.moderation import RemovalId, SuspensionId, WarningId
from shared.log import read
from shared.log.commands import Asked, CommandHandler, Drafts, History, Request
from shared.policy.codes import REMOVED, SUSPENDED, WARNING_UNREAD, Code
from shared.policy.principal import Capacity
from shared.policy.refusal import Refusal
from shared.privacy.keystore import Owner, SubjectKey
from shared.privacy.vault import Vault
from shared.projections.roster_names import NO_NAMES, KnownNames
from shared.projections.roster_queries import SchoolFacts
from shared.runtime.clock import SystemClock
from shared.runtime.ids import new_id
from shared.testing.principals import SCHOOL, principal
from tests.integration.conftest import ScratchLog
from tests.integration.interrupted import Interrupted

GUARDIAN, TEACHER = GuardianId(UUID(int=10)), UUID(int=20)
PUPIL, CLASS = UUID(int=30), UUID(int=40)
WARNING, REMOVAL, SUSPENSION = WarningId(UUID(int=50)), RemovalId(UUID(int=51)), SuspensionId(UUID(int=52))
WARNED = WarningRecorded(guardian_id=GUARDIAN, warning_id=WARNING)
OUT = RemovalRecorded(guardian_id=GUARDIAN, removal_id=REMOVAL)
PAUSED = SuspensionRecorded(guardian_id=GUARDIAN, suspension_id=SUSPENSION)


class Keys:
    """Keys that anybody opens: who may is another test's."""

    def __init__(self) -> None:
        self._held: dict[Owner, SubjectKey] = {}
        self._lock = threading.Lock()

    def obtain(self, owners: Sequence[Owner]) -> Mapping[Owner, SubjectKey]:
        with self._lock:
            return {owner: self._held.setdefault(owner, SubjectKey(uuid4(), bytes(32))) for owner in owners}

    def fetch(self, key_ids: Sequence[UUID]) -> Mapping[UUID, bytes | None]:
        return {key.key_id: key.key for key in self._held.values() if key.key_id in key_ids}


class Desk:
    """Messaging's commands on a log of its own, whose roster knows one child."""

    def __init__(self, scratch: ScratchLog) -> None:
        self.keys = Keys()
        self.vault = Vault("messaging", self.keys, lambda: 0.0)
        self._handler = CommandHandler(scratch.pool(max_size=8), self.vault, SystemClock(), new_id)
        self._interrupted = Interrupted(self._handler)
        self.commands = MessagingCommands(
            handler=self._interrupted,  # type: ignore[arg-type]  # the handler, with something in between
            roster=self,
            names=self,
            open=self.vault.open,
            clock=SystemClock(),
            new_id=new_id,
        )
        self.reader = scratch.connection("points_worker")

    def school(self, _school_id: UUID) -> SchoolFacts:
        return SchoolFacts(partition=1, parameters={})

    def relations(self, _school_id: UUID, _pupil_id: UUID, _class_id: UUID | None = None) -> Relations:
        return Relations(
            pupil_id=PUPIL,
            guardians=frozenset({GUARDIAN}),
            classes=frozenset({CLASS}),
            teachers={CLASS: frozenset({TEACHER})},
            roster_position=1,
        )

    def of(self, _school_id: UUID, _class_id: UUID, _at: int) -> KnownNames:
        return NO_NAMES

    def meanwhile(self, stream: str, event: Event) -> None:
        """What another process records, once, between the next decision and its append."""
        self._interrupted.meanwhile.append(lambda: self.record(stream, event))

    def record(self, stream: str, event: Event) -> None:
        """As a reaction would, in a transaction of its own."""
        request = Request(
            school_id=SCHOOL,
            partition=1,
            actor=Actor(kind="service", id="messaging"),
            occurred_at=SystemClock().now(),
            correlation_id=uuid4(),
        )

        def decide(history: History) -> Drafts:
            history.recorded(stream)
            return [(stream, event)]

        self._handler.handle(request, decide)

    def types(self) -> list[str]:
        return [envelope.type for row in read.rows(self.reader, 1) for envelope in [read.envelope_of(row)]]


@pytest.fixture
def desk(scratch: ScratchLog) -> Desk:
    return Desk(scratch)


def asks(capacity: Capacity = Capacity.GUARDIAN) -> Asked:
    if capacity is Capacity.GUARDIAN:
        by = principal(capacity, person=GUARDIAN, children=(PUPIL,))
    else:
        by = principal(capacity, person=TEACHER, classes=(CLASS,))
    return Asked(by=by, correlation_id=uuid4(), claim=None)


def a_conversation(desk: Desk) -> UUID:
    answer = desk.commands.open_conversation(asks(), pupil_id=PUPIL, guardian_id=None, class_id=None)
    return UUID(answer.location.rpartition("/")[2])


@pytest.mark.parametrize(("happens", "expected"), [(WARNED, WARNING_UNREAD), (OUT, REMOVED), (PAUSED, SUSPENDED)])
def test_S73_S70_an_outcome_that_is_recorded_while_a_message_is_decided_stops_it(
    desk: Desk, happens: Event, expected: Code
):
    conversation_id = a_conversation(desk)
    desk.meanwhile(standing_stream(GUARDIAN), happens)
    with pytest.raises(Refusal) as refused:
        desk.commands.send(asks(), conversation_id=conversation_id, text="Is there swimming?")
    assert refused.value.code == expected
    assert "messaging.MessageSent" not in desk.types()


def test_S73_the_receipt_lets_the_next_message_pass(desk: Desk):
    conversation_id = a_conversation(desk)
    desk.record(standing_stream(GUARDIAN), WARNED)
    with pytest.raises(Refusal):
        desk.commands.send(asks(), conversation_id=conversation_id, text="Is there swimming?")
    desk.commands.receive_warning(asks(), warning_id=WARNING)
    desk.commands.send(asks(), conversation_id=conversation_id, text="Is there swimming?")
    assert desk.types() == [
        "messaging.ConversationOpened",
        "messaging.WarningRecorded",
        "messaging.WarningReceived",
        "messaging.MessageSent",
    ]


def test_S73_of_many_receipts_at_once_one_is_recorded(desk: Desk):
    desk.record(standing_stream(GUARDIAN), WARNED)
    ready = threading.Barrier(4)

    def receive() -> None:
        ready.wait(timeout=10)
        desk.commands.receive_warning(asks(), warning_id=WARNING)

    threads = [threading.Thread(target=receive) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert desk.types() == ["messaging.WarningRecorded", "messaging.WarningReceived"]


def test_S75_of_many_flags_at_once_by_one_teacher_on_one_track_one_is_recorded(desk: Desk):
    conversation_id = a_conversation(desk)
    sent = desk.commands.send(asks(), conversation_id=conversation_id, text="Is there swimming?").answer
    message_id, ready, answers = UUID(sent.location.rpartition("/")[2]), threading.Barrier(4), list[str]()

    def flag() -> None:
        ready.wait(timeout=10)
        answer = desk.commands.flag(
            asks(Capacity.STAFF), message_id=message_id, track=Track.CONDUCT, category=FlagCategory.OTHER, note="So"
        )
        answers.append(answer.location)

    threads = [threading.Thread(target=flag) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert answers == [sent.location] * 4
    assert desk.types() == ["messaging.ConversationOpened", "messaging.MessageSent", "messaging.MessageFlagged"]


def test_S77_a_flag_carries_the_text_and_the_hash_of_the_event_that_sent_it(desk: Desk):
    conversation_id = a_conversation(desk)
    sent = desk.commands.send(asks(), conversation_id=conversation_id, text="  As it was sent \u2028 ").answer
    message_id = UUID(sent.location.rpartition("/")[2])
    desk.commands.flag(
        asks(Capacity.STAFF), message_id=message_id, track=Track.CONDUCT, category=FlagCategory.OTHER, note="So"
    )
    message, flag = read.stream(desk.reader, SCHOOL, f"message-{message_id}")
    assert flag.data["message_position"] == message.position
    assert flag.data["message_hash"] == message.hash.hex()
    opened = Vault("moderation", desk.keys, lambda: 0.0).open([flag])[0]
    assert isinstance(opened, MessageFlagged)
    assert opened.copy == "  As it was sent \u2028 "
