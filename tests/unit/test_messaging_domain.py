"""Messaging in the policy's words: given what happened, when someone acts, then these events or this refusal."""

from dataclasses import fields
from datetime import UTC, date, datetime, time
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from services.messaging.commands import MessagingCommands
from services.messaging.domain import conversation, message, standing
from services.messaging.domain.conversation import Conversation, OpenConversation, conversation_id_of
from services.messaging.domain.message import FlagFacts, FlagMessage, Message, SendFacts, SendMessage
from services.messaging.domain.permission import Relations
from services.messaging.domain.standing import HandOverWarning, ReceiveWarning, Standing
from services.messaging.schemas import NewFlag
from shared.events.declaration import Event
from shared.events.identity import ClassId, GuardianId, PersonId, PupilId, StaffId
from shared.events.messaging import (
    ConversationOpened,
    DeliveryId,
    DeliveryMeans,
    FlagCategory,
    FlagId,
    MessageFlagged,
    MessageId,
    MessageSent,
    ReinstatementRecorded,
    RemovalRecorded,
    Sender,
    SuspensionEndRecorded,
    SuspensionRecorded,
    Track,
    WarningHandedOver,
    WarningReceived,
    WarningRecorded,
    WarningRescissionRecorded,
)
from shared.events.moderation import RemovalId, SuspensionId, WarningId
from shared.log.append import Answer
from shared.log.commands import Asked
from shared.policy.codes import (
    CLASS_HAS_MOVED_ON,
    FULL_NAME_USED,
    INITIAL_NOT_NEEDED,
    NAME_DOUBTFUL,
    NOT_A_RECIPIENT,
    NOT_ALLOWED,
    NOT_FOUND,
    NOT_YOUR_CHILDS_TEACHER,
    REMOVED,
    SUSPENDED,
    WARNING_UNREAD,
    WRONG_CATEGORY,
    Code,
)
from shared.policy.principal import Capacity
from shared.policy.refusal import Refusal
from shared.policy.school_names import ClassRoll, PupilName, SchoolNames
from shared.projections.roster_names import KnownNames
from shared.projections.roster_queries import SchoolFacts
from shared.runtime.clock import FixedClock
from shared.testing.memory import MemoryLog
from shared.testing.principals import principal
from shared.testing.specification import specification

GUARDIAN, OTHER_GUARDIAN = GuardianId(UUID(int=1)), GuardianId(UUID(int=2))
PUPIL, CLASS = PupilId(UUID(int=3)), ClassId(UUID(int=4))
TEACHER, SECOND_TEACHER = StaffId(UUID(int=5)), StaffId(UUID(int=6))
MESSAGE, FLAG, DELIVERY = MessageId(UUID(int=7)), FlagId(UUID(int=8)), DeliveryId(UUID(int=9))
WARNING, REMOVAL, SUSPENSION = WarningId(UUID(int=10)), RemovalId(UUID(int=11)), SuspensionId(UUID(int=12))
PHONE = "0151 496 0000"
SENT_AT = datetime(2026, 9, 7, 8, 30, tzinfo=UTC)
PUPILS = [PupilName("Amelia", "Khan"), PupilName("Bo", "Rose"), PupilName("Amelia", "Young")]
"""The first two are in the conversation's class."""
WHERE = Conversation(guardian_id=GUARDIAN, pupil_id=PUPIL, class_id=CLASS)


def opened(by: Sender = Sender.GUARDIAN) -> ConversationOpened:
    return ConversationOpened(
        conversation_id=conversation_id_of(WHERE),
        guardian_id=GUARDIAN,
        pupil_id=PUPIL,
        class_id=CLASS,
        by=by,
        roster_position=12,
    )


def sent(sender: Sender = Sender.GUARDIAN, text: str = "Is there swimming?") -> MessageSent:
    return MessageSent(
        message_id=MESSAGE,
        conversation_id=conversation_id_of(WHERE),
        guardian_id=GUARDIAN,
        pupil_id=PUPIL,
        class_id=CLASS,
        sender_id=PersonId(GUARDIAN if sender is Sender.GUARDIAN else TEACHER),
        sender=sender,
        roster_position=12,
        text=text,
    )


def flagged(staff: StaffId = TEACHER, track: Track = Track.CONDUCT, flag_id: FlagId = FLAG) -> MessageFlagged:
    return MessageFlagged(
        flag_id=flag_id,
        message_id=MESSAGE,
        conversation_id=conversation_id_of(WHERE),
        guardian_id=GUARDIAN,
        pupil_id=PUPIL,
        staff_id=staff,
        track=track,
        category=FlagCategory.OTHER,
        message_position=41,
        message_sent_at=SENT_AT,
        message_hash="ab" * 32,
        note="As it reads",
        copy="Is there swimming?",
    )


# -- conversations -------------------------------------------------------------------------------------------------

opening = specification(conversation.open_, conversation.evolve, None)


def open_by(sender: Sender = Sender.GUARDIAN) -> OpenConversation:
    return OpenConversation(conversation=WHERE, by=sender, roster_position=12)


def test_S46_a_conversation_is_between_a_guardian_and_the_class_of_their_child():
    opening().when(open_by()).then(opened())


@pytest.mark.parametrize("sender", Sender)
def test_S46_opening_it_again_finds_it_whoever_opens_it(sender: Sender):
    opening(opened()).when(open_by(sender)).then_nothing()


def test_S52_two_guardians_of_one_child_have_two_conversations():
    mine, theirs = WHERE, Conversation(guardian_id=OTHER_GUARDIAN, pupil_id=PUPIL, class_id=CLASS)
    assert conversation_id_of(mine) != conversation_id_of(theirs)
    assert conversation_id_of(mine) == conversation_id_of(WHERE)


def test_S46_each_child_and_each_class_has_its_own_conversation():
    sibling = Conversation(guardian_id=GUARDIAN, pupil_id=PupilId(UUID(int=30)), class_id=CLASS)
    next_year = Conversation(guardian_id=GUARDIAN, pupil_id=PUPIL, class_id=ClassId(UUID(int=40)))
    assert len({conversation_id_of(one) for one in (WHERE, sibling, next_year)}) == 3


# -- sending -------------------------------------------------------------------------------------------------------


def stands(*events: Event) -> Standing:
    state = Standing()
    for event in events:
        state = standing.evolve(state, event)  # type: ignore[arg-type]
    return state


def sending(*history: Event, linked: bool = True, in_class: bool = True):
    facts = SendFacts(
        standing=stands(*history),
        office_phone=PHONE,
        linked=linked,
        in_class=in_class,
        school_names=SchoolNames(PUPILS),
        roll=ClassRoll.of(PUPILS[:2]),
        roster_position=12,
    )
    return specification(lambda command, _state: message.send(command, facts), message.evolve, Message())()


def a_message(
    sender: Sender = Sender.GUARDIAN, text: str = "Is there swimming?", confirmed: bool = False
) -> SendMessage:
    who = PersonId(GUARDIAN if sender is Sender.GUARDIAN else TEACHER)
    return SendMessage(
        message_id=MESSAGE, conversation=WHERE, sender_id=who, sender=sender, text=text, confirmed=confirmed
    )


@pytest.mark.parametrize(
    ("text", "code", "clause"),
    [
        ("Amelia Khan was kind.", FULL_NAME_USED, "S57"),
        ("Khan, Amelia was kind.", FULL_NAME_USED, "S57"),
        ("Amelia Young of the next class was kind.", FULL_NAME_USED, "S57"),
        ("Amelia K was kind.", INITIAL_NOT_NEEDED, "S58"),
    ],
)
def test_S57_S58_staff_write_first_names_only_in_messages_too(text: str, code: Code, clause: str):
    sending().when(a_message(Sender.STAFF, text)).then_refused(code, clause)
    sending().when(a_message(Sender.STAFF, text, confirmed=True)).then_refused(code, clause)


def test_S57_T9_where_it_is_doubtful_the_teacher_confirms():
    sending().when(a_message(Sender.STAFF, text="ameliakhan")).then_refused(NAME_DOUBTFUL, "S57")
    sending().when(a_message(Sender.STAFF, text="ameliakhan", confirmed=True)).then(sent(Sender.STAFF, "ameliakhan"))


@pytest.mark.parametrize("text", ["Amelia Khan was kind.", "Amelia K was kind.", "ameliakhan"])
def test_S57_what_a_guardian_writes_is_not_checked(text: str):
    sending().when(a_message(text=text)).then(sent(text=text))


WARNED = WarningRecorded(guardian_id=GUARDIAN, warning_id=WARNING)
READ = WarningReceived(guardian_id=GUARDIAN, warning_id=WARNING)
HANDED = WarningHandedOver(
    delivery_id=DELIVERY,
    guardian_id=GUARDIAN,
    warning_id=WARNING,
    means=DeliveryMeans.LETTER,
    staff_id=StaffId(UUID(int=20)),
    reason="By post",
)
RESCINDED = WarningRescissionRecorded(guardian_id=GUARDIAN, warning_id=WARNING)
OUT = RemovalRecorded(guardian_id=GUARDIAN, removal_id=REMOVAL)
BACK = ReinstatementRecorded(guardian_id=GUARDIAN, removal_id=REMOVAL)
PAUSED = SuspensionRecorded(guardian_id=GUARDIAN, suspension_id=SUSPENSION)
LIFTED = SuspensionEndRecorded(guardian_id=GUARDIAN, suspension_id=SUSPENSION)


@pytest.mark.parametrize("sender", Sender)
def test_S46_guardian_and_class_teacher_write_to_each_other(sender: Sender):
    sending().when(a_message(sender)).then(sent(sender))


@pytest.mark.parametrize("text", ["  spaces kept  ", "Zoë\u0301 👩\u200d👧\n\nthanks", "<b>not bold</b>"])
def test_a_message_is_kept_as_sent(text: str):
    sending().when(a_message(text=text)).then(sent(text=text))


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ((WARNED,), WARNING_UNREAD),
        ((WARNED, READ), None),
        ((WARNED, HANDED), None),
        ((WARNED, RESCINDED), None),
        ((WARNED, READ, OUT), REMOVED),
        ((OUT,), REMOVED),
        ((WARNED, OUT), REMOVED),
        ((OUT, BACK), None),
        ((WARNED, READ, OUT, BACK), None),
        ((PAUSED,), SUSPENDED),
        ((PAUSED, LIFTED), None),
        ((PAUSED, OUT), REMOVED),
        ((WARNED, PAUSED, LIFTED), WARNING_UNREAD),
    ],
)
def test_S73_S70_a_guardian_sends_unless_removed_suspended_or_with_a_warning_unread(
    history: tuple[Event, ...], expected: Code | None
):
    outcome = sending(*history).when(a_message())
    if expected is None:
        outcome.then(sent())
    else:
        outcome.then_refused(expected)


@pytest.mark.parametrize("history", [(OUT,), (PAUSED,)])
def test_S73_S70_who_may_not_send_is_told_the_office_s_number(history: tuple[Event, ...]):
    refusal = sending(*history).when(a_message()).refusal
    assert refusal is not None
    assert PHONE in refusal.detail


@pytest.mark.parametrize("history", [(WARNED,), (OUT,), (PAUSED,)])
def test_S73_a_sanction_binds_the_guardian_and_not_the_teacher(history: tuple[Event, ...]):
    sending(*history).when(a_message(Sender.STAFF)).then(sent(Sender.STAFF))


@pytest.mark.parametrize(
    ("sender", "linked", "in_class", "expected"),
    [
        (Sender.GUARDIAN, False, True, NOT_YOUR_CHILDS_TEACHER),
        (Sender.GUARDIAN, False, False, NOT_YOUR_CHILDS_TEACHER),
        (Sender.GUARDIAN, True, False, CLASS_HAS_MOVED_ON),
        (Sender.STAFF, False, True, NOT_ALLOWED),
        (Sender.STAFF, True, False, NOT_ALLOWED),
    ],
)
def test_S46_nobody_sends_once_guardian_child_and_class_no_longer_belong_together(
    sender: Sender, linked: bool, in_class: bool, expected: Code
):
    sending(linked=linked, in_class=in_class).when(a_message(sender)).then_refused(expected, "S46")


def test_S73_a_removed_guardian_whose_child_has_moved_on_is_told_of_the_removal():
    sending(OUT, in_class=False).when(a_message()).then_refused(REMOVED)


# -- the hour (S47, S78) -------------------------------------------------------------------------------------------

LONDON = ZoneInfo("Europe/London")
TIMES = [time(7, 59, 59), time(8, 0), time(16, 59, 59), time(17, 0), time(0, 0), time(3, 30), time(23, 59, 59)]
DAYS = {
    "a Monday": date(2026, 9, 7),
    "a Friday": date(2026, 9, 11),
    "a Saturday": date(2026, 9, 12),
    "a Sunday": date(2026, 9, 13),
    "the clocks go forward": date(2026, 3, 29),
    "the clocks go back": date(2026, 10, 25),
    "Christmas Day": date(2026, 12, 25),
}


class OneFamily:
    """What the roster says of one child, whose class has two class teachers."""

    def school(self, _school_id: UUID) -> SchoolFacts:
        return SchoolFacts(partition=1, parameters={})

    def of(self, _school_id: UUID, _class_id: UUID, _at: int) -> KnownNames:
        return KnownNames(school=SchoolNames(PUPILS), roll=ClassRoll.of(PUPILS[:2]))

    def relations(self, _school_id: UUID, pupil_id: UUID, _class_id: UUID | None = None) -> Relations | None:
        if pupil_id != PUPIL:
            return None
        return Relations(
            pupil_id=PUPIL,
            guardians=frozenset({GUARDIAN, OTHER_GUARDIAN}),
            classes=frozenset({CLASS}),
            teachers={CLASS: frozenset({TEACHER, SECOND_TEACHER})},
            roster_position=12,
        )


def a_desk(log: MemoryLog, at: datetime = SENT_AT) -> MessagingCommands:
    return MessagingCommands(
        handler=log,  # type: ignore[arg-type]  # the same shape, in memory
        roster=OneFamily(),
        names=OneFamily(),
        open=log.open,
        clock=FixedClock(at),
        new_id=uuid4,
    )


def asks(capacity: Capacity, person: UUID) -> Asked:
    if capacity is Capacity.GUARDIAN:
        by = principal(capacity, person=person, children=(PUPIL,))
    else:
        by = principal(capacity, person=person, classes=(CLASS,))
    return Asked(by=by, correlation_id=UUID(int=1), claim=None)


@pytest.mark.parametrize("day", DAYS.values(), ids=DAYS)
@pytest.mark.parametrize("at", TIMES, ids=str)
@pytest.mark.parametrize(("capacity", "who"), [(Capacity.GUARDIAN, GUARDIAN), (Capacity.STAFF, TEACHER)])
def test_S47_S66_S78_a_message_is_sent_at_any_hour_of_any_day(capacity: Capacity, who: UUID, day: date, at: time):
    log, now = MemoryLog(), datetime.combine(day, at, LONDON)
    log.record(f"conversation-{conversation_id_of(WHERE)}", opened())
    a_desk(log, now).send(asks(capacity, who), conversation_id=conversation_id_of(WHERE), text="Is there swimming?")
    last = log.envelopes[-1]
    assert (last.type, last.occurred_at) == ("messaging.MessageSent", now)


def test_S78_nothing_that_decides_about_a_message_is_told_the_time():
    """The message's own time goes into the flag's copy (S77), and no rule reads it."""
    told = {one.name for kind in (SendMessage, SendFacts, FlagMessage) for one in fields(kind)}
    assert not [name for name in told if name.endswith("_at") or "time" in name or "hour" in name]


def test_S78_the_hour_of_sending_is_no_ground_for_a_flag():
    assert not [category for category in FlagCategory if "hour" in category or "time" in category or "late" in category]


# -- flags (S75) ---------------------------------------------------------------------------------------------------


def flagging(*events: Event, teaches: bool = True, text: str | None = "Is there swimming?"):
    facts = FlagFacts(teaches=teaches, position=41, sent_at=SENT_AT, hash=b"\xab" * 32, text=text)
    return specification(lambda command, state: message.flag(command, state, facts), message.evolve, Message())(*events)


def a_flag(
    staff: StaffId = TEACHER,
    track: Track = Track.CONDUCT,
    category: FlagCategory = FlagCategory.OTHER,
    flag_id: FlagId = FLAG,
) -> FlagMessage:
    return FlagMessage(
        flag_id=flag_id, message_id=MESSAGE, staff_id=staff, track=track, category=category, note="As it reads"
    )


def test_S75_S77_a_flag_carries_the_message_as_it_was_sent_and_its_place_and_hash():
    flagging(sent()).when(a_flag()).then(flagged())


def test_S75_the_same_staff_and_track_again_is_nothing_new():
    flagging(sent(), flagged()).when(a_flag(flag_id=FlagId(UUID(int=80)))).then_nothing()


def test_S75_T14_a_message_may_be_flagged_by_each_who_received_it_and_on_both_tracks():
    second, concern = FlagId(UUID(int=81)), FlagId(UUID(int=82))
    flagging(sent(), flagged()).when(a_flag(SECOND_TEACHER, flag_id=second)).then(
        flagged(SECOND_TEACHER, flag_id=second)
    )
    flagging(sent(), flagged()).when(a_flag(track=Track.CHILD_CONCERN, flag_id=concern)).then(
        flagged(track=Track.CHILD_CONCERN, flag_id=concern)
    )


@pytest.mark.parametrize(
    ("track", "category"),
    [
        (Track.CONDUCT, FlagCategory.NEGLECT),
        (Track.CONDUCT, FlagCategory.SEXUAL_HARM),
        (Track.CHILD_CONCERN, FlagCategory.ABUSIVE),
        (Track.CHILD_CONCERN, FlagCategory.THREATENING),
    ],
)
def test_T14_misuse_and_a_worry_about_a_child_are_not_mixed(track: Track, category: FlagCategory):
    flagging(sent()).when(a_flag(track=track, category=category)).then_refused(WRONG_CATEGORY, "S75")


def test_S75_only_who_received_a_message_flags_it():
    flagging(sent(), teaches=False).when(a_flag()).then_refused(NOT_A_RECIPIENT, "S75")
    flagging(sent(Sender.STAFF)).when(a_flag(SECOND_TEACHER)).then_refused(NOT_A_RECIPIENT, "S75")


def test_S75_a_parent_who_teaches_the_class_does_not_flag_their_own_message():
    flagging(sent()).when(a_flag(StaffId(GUARDIAN))).then_refused(NOT_A_RECIPIENT, "S75")


def test_what_was_never_sent_or_is_erased_is_not_flagged():
    flagging().when(a_flag()).then_refused(NOT_FOUND)
    flagging(sent(), text=None).when(a_flag()).then_refused(NOT_FOUND)


def test_S77_the_flag_s_copy_place_and_hash_are_those_of_the_recorded_event():
    log = MemoryLog()
    log.record("message-of-another", opened())
    envelope = log.record(f"message-{MESSAGE}", sent(), at=SENT_AT)[0]
    found_at = a_desk(log).flag(
        asks(Capacity.STAFF, TEACHER), message_id=MESSAGE, track=Track.CONDUCT, category=FlagCategory.OTHER, note="So"
    )
    flag = log.open(log.envelopes[-1:])[0]
    assert isinstance(flag, MessageFlagged)
    assert (flag.copy, flag.message_position, flag.message_sent_at) == ("Is there swimming?", 2, SENT_AT)
    assert flag.message_hash == envelope.hash.hex()
    assert found_at.location == f"/v1/messages/{MESSAGE}"


@pytest.mark.parametrize("meanwhile", ["nothing", "a colleague's flag"])
def test_S76_saying_something_of_a_message_again_does_not_tell_of_a_colleague_s_flag(meanwhile: str):
    """Leaders alone learn of flags: a position that moved would tell the other teacher of the class."""
    log = MemoryLog()
    log.record(f"message-{MESSAGE}", sent())
    desk = a_desk(log)

    def flags(who: UUID) -> Answer:
        return desk.flag(
            asks(Capacity.STAFF, who),
            message_id=MESSAGE,
            track=Track.CONDUCT,
            category=FlagCategory.OTHER,
            note="As it reads",
        )

    flagged_at = flags(TEACHER).position
    asked_at = desk.ask_to_phone(asks(Capacity.STAFF, TEACHER), message_id=MESSAGE).position
    if meanwhile != "nothing":
        flags(SECOND_TEACHER)
    assert (flagged_at, asked_at) == (2, 3)
    assert flags(TEACHER).position == asked_at
    assert desk.ask_to_phone(asks(Capacity.STAFF, TEACHER), message_id=MESSAGE).position == asked_at


def test_S75_a_flag_alters_nothing_of_the_message():
    log = MemoryLog()
    before = log.record(f"message-{MESSAGE}", sent())[0]
    again = [Track.CONDUCT, Track.CONDUCT, Track.CHILD_CONCERN]
    answers = [
        a_desk(log).flag(
            asks(Capacity.STAFF, TEACHER), message_id=MESSAGE, track=track, category=FlagCategory.OTHER, note="So"
        )
        for track in again
    ]
    assert log.recorded(f"message-{MESSAGE}")[0] == before
    assert [envelope.type for envelope in log.envelopes] == [
        "messaging.MessageSent",
        "messaging.MessageFlagged",
        "messaging.MessageFlagged",
    ]
    assert len({(answer.status, answer.location) for answer in answers}) == 1


# -- warnings (S73) ------------------------------------------------------------------------------------------------

delivering = specification(standing.deliver, standing.evolve, Standing())
RECEIVE = ReceiveWarning(guardian_id=GUARDIAN, warning_id=WARNING)
HAND_OVER = HandOverWarning(
    delivery_id=DELIVERY,
    guardian_id=GUARDIAN,
    warning_id=WARNING,
    means=DeliveryMeans.LETTER,
    staff_id=StaffId(UUID(int=20)),
    reason="By post",
)


def test_S73_a_warning_is_delivered_by_the_guardian_s_receipt_or_by_the_headteacher():
    delivering(WARNED).when(RECEIVE).then(READ)
    delivering(WARNED).when(HAND_OVER).then(HANDED)


@pytest.mark.parametrize("first", [READ, HANDED, RESCINDED])
@pytest.mark.parametrize("again", [RECEIVE, HAND_OVER])
def test_S73_the_first_delivery_counts(first: Event, again: ReceiveWarning | HandOverWarning):
    delivering(WARNED, first).when(again).then_nothing()


@pytest.mark.parametrize("command", [RECEIVE, HAND_OVER])
def test_S73_a_warning_that_was_never_given_is_not_delivered(command: ReceiveWarning | HandOverWarning):
    delivering().when(command).then_refused(NOT_FOUND)


# -- commands, where a caller is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("capacity", "who"),
    [(Capacity.GUARDIAN, OTHER_GUARDIAN), (Capacity.PUPIL, PUPIL)],
    ids=["the other parent", "pupil"],
)
def test_S52_who_has_no_part_in_a_conversation_learns_no_more_than_of_one_that_does_not_exist(
    capacity: Capacity, who: UUID
):
    log = MemoryLog()
    log.record(f"conversation-{conversation_id_of(WHERE)}", opened())
    for where in (conversation_id_of(WHERE), uuid4()):
        with pytest.raises(Refusal) as refused:
            a_desk(log).send(asks(capacity, who), conversation_id=where, text="Hello")
        assert refused.value.code == NOT_FOUND
    assert len(log.envelopes) == 1


def test_S73_a_warning_that_was_recorded_before_the_message_stops_it():
    log = MemoryLog()
    log.record(f"conversation-{conversation_id_of(WHERE)}", opened())
    log.record(f"standing-{GUARDIAN}", WARNED)
    with pytest.raises(Refusal) as refused:
        a_desk(log).send(asks(Capacity.GUARDIAN, GUARDIAN), conversation_id=conversation_id_of(WHERE), text="Hello")
    assert refused.value.code == WARNING_UNREAD


def test_S77_no_flag_is_taken_without_the_account_that_its_record_opens_with():
    body = {"track": "conduct", "category": "abusive"}
    assert "note" in NewFlag().validate(body)
    assert "note" in NewFlag().validate(body | {"note": "  "})
    assert NewFlag().validate(body | {"note": "It came out of the blue."}) == {}
