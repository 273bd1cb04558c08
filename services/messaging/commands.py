"""What can be done with messages. One shape: guard, facts, load, decide, append at the versions that were read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.messaging.domain import conversation, message, standing
from services.messaging.domain.conversation import Conversation, OpenConversation, conversation_id_of
from services.messaging.domain.message import AskToPhone, FlagFacts, FlagMessage, Message, SendFacts, SendMessage
from services.messaging.domain.permission import (
    Relations,
    Wanted,
    may_ask_to_phone,
    may_flag,
    may_hand_over_warning,
    may_open,
    may_receive_warning,
    part_in,
    still_linked,
    teaches,
)
from services.messaging.domain.standing import HandOverWarning, ReceiveWarning, Standing
from services.messaging.reactions import standing_stream
from shared.events.declaration import Event
from shared.events.envelope import Envelope
from shared.events.identity import GuardianId, PersonId, StaffId
from shared.events.messaging import (
    DeliveryId,
    DeliveryMeans,
    FlagCategory,
    FlagId,
    MessageFlagged,
    MessageId,
    MessageSent,
    Sender,
    Track,
)
from shared.events.moderation import WarningId
from shared.http.caller import NO_PHONE
from shared.log.append import Answer
from shared.log.commands import Asked, CommandHandler, Drafts, History
from shared.log.own import at_own_place
from shared.policy.codes import NOT_FOUND
from shared.policy.parameters import Parameters
from shared.policy.refusal import Refusal
from shared.projections.roster import shown
from shared.projections.roster_names import NO_NAMES, KnownNames
from shared.projections.roster_queries import SchoolFacts, registered
from shared.runtime.clock import Clock


class Names(Protocol):
    """What commands ask of the school's names."""

    def of(self, school_id: UUID, class_id: UUID, at: int) -> KnownNames: ...


class RosterFacts(Protocol):
    """What commands ask of the roster."""

    def school(self, school_id: UUID) -> SchoolFacts | None: ...

    def relations(self, school_id: UUID, pupil_id: UUID, class_id: UUID | None = None) -> Relations | None: ...


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was sent. Attributes: sender: as whom, at: when, by the school's clock."""

    answer: Answer
    sender: Sender
    at: datetime


def conversation_stream(conversation_id: UUID) -> str:
    return f"conversation-{conversation_id}"


def message_stream(message_id: UUID) -> str:
    return f"message-{message_id}"


@dataclass(frozen=True, slots=True)
class MessagingCommands:
    """Attributes: open: opens a recorded event's personal values, for the copy that a flag carries."""

    handler: CommandHandler
    roster: RosterFacts
    names: Names
    open: Callable[[Sequence[Envelope]], list[Event]]
    clock: Clock
    new_id: Callable[[], UUID]

    def open_conversation(
        self, asked: Asked, *, pupil_id: UUID, guardian_id: UUID | None, class_id: UUID | None
    ) -> Answer:
        school, relations = self._school(asked), self.roster.relations(asked.school_id, pupil_id)
        if relations is None:
            raise Refusal(NOT_FOUND)
        wanted, by = may_open(asked.by, Wanted(guardian_id=guardian_id, class_id=class_id), relations)
        command = OpenConversation(conversation=wanted, by=by, roster_position=relations.roster_position)
        conversation_id = conversation_id_of(wanted)

        def decide(history: History) -> Drafts:
            state = _conversation(history, conversation_id)
            return [(conversation_stream(conversation_id), event) for event in conversation.open_(command, state)]

        return self._handle(asked, school, decide, f"/v1/conversations/{conversation_id}")

    def send(self, asked: Asked, *, conversation_id: UUID, text: str, confirmed: bool = False) -> Sent:
        school, message_id = self._school(asked), MessageId(self.new_id())
        stream, location = message_stream(message_id), f"/v1/messages/{message_id}"
        request = asked.request(school.partition, self.clock.now())
        senders: list[Sender] = []

        def decide(history: History) -> Drafts:
            where = _conversation(history, conversation_id)
            if where is None:
                raise Refusal(NOT_FOUND)
            relations = self._relations(asked, where)
            sender = part_in(asked.by, where.guardian_id, where.class_id, relations.taught_by(where.class_id))
            staff = sender is Sender.STAFF
            names = self.names.of(asked.school_id, where.class_id, relations.roster_position) if staff else NO_NAMES
            facts = SendFacts(
                standing=history.fold(standing_stream(where.guardian_id), Standing(), standing.evolve),
                office_phone=Parameters.from_mapping(school.parameters).office_phone or NO_PHONE,
                linked=still_linked(asked.by, where, relations),
                in_class=where.class_id in relations.classes,
                school_names=names.school,
                roll=names.roll,
                roster_position=relations.roster_position,
            )
            command = SendMessage(
                message_id=message_id,
                conversation=where,
                sender_id=PersonId(asked.by.person_id),
                sender=sender,
                text=text,
                confirmed=confirmed,
            )
            senders[:] = [sender]
            history.begins(stream)
            return [(stream, event) for event in message.send(command, facts)]

        answer = self.handler.handle(request, decide, location=location)
        if answer.location == location:
            return Sent(answer, senders[0], request.occurred_at)
        # A repeated request is answered as it was at first: by whom and when, the log holds.
        at_first = message_stream(UUID(answer.location.rpartition("/")[2]))
        first = self.handler.history(asked.school_id).recorded(at_first)[0]
        return Sent(answer, Sender(first.data["sender"]), first.occurred_at)

    def flag(self, asked: Asked, *, message_id: UUID, track: Track, category: FlagCategory, note: str) -> Answer:
        """Answers with the message's own address: a flag has none, for nobody here can see it."""
        may_flag(asked.by)
        school, stream = self._school(asked), message_stream(message_id)
        command = FlagMessage(
            flag_id=FlagId(self.new_id()),
            message_id=MessageId(message_id),
            staff_id=StaffId(asked.by.person_id),
            track=track,
            category=category,
            note=note,
        )

        def decide(history: History) -> Drafts:
            state = history.fold(stream, Message(), message.evolve)
            if state.conversation is None:
                raise Refusal(NOT_FOUND)
            class_id = state.conversation.class_id
            relations = self._relations(asked, state.conversation)
            recorded = history.recorded(stream)[0]
            facts = FlagFacts(
                teaches=teaches(asked.by, class_id, relations.taught_by(class_id)),
                position=recorded.position,
                sent_at=recorded.occurred_at,
                hash=recorded.hash,
                text=self._text(recorded),
            )
            return [(stream, event) for event in message.flag(command, state, facts)]

        answer = self._handle(asked, school, decide, f"/v1/messages/{message_id}")
        return at_own_place(answer, self.handler, asked.school_id, stream, _known_to(asked.by.person_id))

    def ask_to_phone(self, asked: Asked, *, message_id: UUID) -> Answer:
        may_ask_to_phone(asked.by)
        school, stream = self._school(asked), message_stream(message_id)

        def decide(history: History) -> Drafts:
            state = history.fold(stream, Message(), message.evolve)
            if state.conversation is None:
                raise Refusal(NOT_FOUND)
            class_id = state.conversation.class_id
            relations = self._relations(asked, state.conversation)
            command = AskToPhone(
                message_id=MessageId(message_id),
                staff_id=StaffId(asked.by.person_id),
                teaches=teaches(asked.by, class_id, relations.taught_by(class_id)),
            )
            return [(stream, event) for event in message.ask_to_phone(command, state)]

        answer = self._handle(asked, school, decide, f"/v1/messages/{message_id}")
        return at_own_place(answer, self.handler, asked.school_id, stream, _known_to(asked.by.person_id))

    def receive_warning(self, asked: Asked, *, warning_id: UUID) -> Answer:
        may_receive_warning(asked.by)
        guardian_id = GuardianId(asked.by.person_id)
        command = ReceiveWarning(guardian_id=guardian_id, warning_id=WarningId(warning_id))
        return self._deliver(asked, command, "/v1/me/standing")

    def hand_over_warning(
        self, asked: Asked, *, warning_id: UUID, guardian_id: UUID, means: DeliveryMeans, reason: str
    ) -> Answer:
        may_hand_over_warning(asked.by, guardian_id)
        command = HandOverWarning(
            delivery_id=DeliveryId(self.new_id()),
            guardian_id=GuardianId(guardian_id),
            warning_id=WarningId(warning_id),
            means=means,
            staff_id=StaffId(asked.by.person_id),
            reason=reason,
        )
        return self._deliver(asked, command, f"/v1/moderation/guardians/{guardian_id}")

    def _deliver(self, asked: Asked, command: ReceiveWarning | HandOverWarning, location: str) -> Answer:
        school, stream = self._school(asked), standing_stream(command.guardian_id)

        def decide(history: History) -> Drafts:
            state = history.fold(stream, Standing(), standing.evolve)
            return [(stream, event) for event in standing.deliver(command, state)]

        return self._handle(asked, school, decide, location)

    def _school(self, asked: Asked) -> SchoolFacts:
        return registered(self.roster.school(asked.school_id))

    def _relations(self, asked: Asked, where: Conversation) -> Relations:
        found = self.roster.relations(asked.school_id, where.pupil_id, where.class_id)
        if found is None:  # a child whom the roster does not know has nobody here
            raise Refusal(NOT_FOUND)
        return found

    def _text(self, sent: Envelope) -> str | None:
        event = self.open([sent])[0]
        return shown(event.text) if isinstance(event, MessageSent) else None

    def _handle(self, asked: Asked, school: SchoolFacts, decide: Callable[[History], Drafts], location: str) -> Answer:
        return self.handler.handle(asked.request(school.partition, self.clock.now()), decide, location=location)


def _known_to(staff_id: UUID) -> Callable[[Envelope], bool]:
    """What a class teacher knows of a message: all but a colleague's flag (S76)."""
    return lambda one: one.type != MessageFlagged.event_type or one.data.get("staff_id") == str(staff_id)


def _conversation(history: History, conversation_id: UUID) -> Conversation | None:
    none: Conversation | None = None
    return history.fold(conversation_stream(conversation_id), none, conversation.evolve)
