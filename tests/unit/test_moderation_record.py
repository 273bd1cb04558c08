"""Safeguarding records (S77): opened by a flag, added to, never changed."""

from uuid import UUID

import pytest

from services.moderation.domain import record
from services.moderation.domain.case import case_of
from services.moderation.domain.record import AddEntry, Record, record_of
from shared.events.identity import GuardianId, StaffId
from shared.events.messaging import MessageFlagged, MessageId, Track
from shared.events.moderation import EntryId, EntryKind, RecordEntryAdded, SafeguardingRecordOpened
from shared.policy.codes import INVALID_FIELDS, NOT_FOUND
from shared.policy.refusal import Refusal
from shared.testing.examples import example_of


def a_flag() -> MessageFlagged:
    made = example_of(MessageFlagged)
    assert isinstance(made, MessageFlagged)
    return made


FLAG = a_flag()
LEAD = StaffId(UUID(int=77))
RECORD = record_of(case_of(FLAG.message_id, FLAG.track))
OPEN = Record(guardian_id=GuardianId(UUID(int=5)))


def an_entry(kind: EntryKind = EntryKind.ACTION) -> AddEntry:
    return AddEntry(record_id=RECORD, entry_id=EntryId(UUID(int=8)), kind=kind, staff_id=LEAD, text="Phoned the family")


def test_S77_a_flag_opens_a_record_with_the_message_as_it_was_sent_and_the_hash_of_its_event():
    opened, account = record.receive(FLAG, Record())
    assert isinstance(opened, SafeguardingRecordOpened)
    assert (opened.copy, opened.message_hash) == (FLAG.copy, FLAG.message_hash)
    assert opened.opened_by == FLAG.staff_id
    assert isinstance(account, RecordEntryAdded)
    assert (account.kind, account.text, account.staff_id) == (EntryKind.ACCOUNT, FLAG.note, FLAG.staff_id)


def test_S77_a_second_flag_of_the_incident_is_a_further_account_in_the_same_record():
    state = Record()
    for event in record.receive(FLAG, state):
        state = record.evolve(state, event)
    second = MessageFlagged(**{**_fields(FLAG), "flag_id": UUID(int=900)})  # type: ignore[arg-type]
    [account] = record.receive(second, state)
    assert isinstance(account, RecordEntryAdded)
    assert account.record_id == RECORD
    assert record.receive(FLAG, state) == [], "what was filed is not filed again"


def _fields(flag: MessageFlagged) -> dict[str, object]:
    return {name: getattr(flag, name) for name in MessageFlagged.__dataclass_fields__}


def test_T14_each_track_of_a_message_has_its_own_record():
    message = MessageId(UUID(int=1))
    assert record_of(case_of(message, Track.CONDUCT)) != record_of(case_of(message, Track.CHILD_CONCERN))


@pytest.mark.parametrize("kind", [EntryKind.ACCOUNT, EntryKind.ACTION, EntryKind.NOTE])
def test_S77_accounts_actions_and_notes_are_added(kind: EntryKind):
    [added] = record.add(an_entry(kind), OPEN)
    assert added == RecordEntryAdded(
        record_id=RECORD, entry_id=EntryId(UUID(int=8)), kind=kind, staff_id=LEAD, text="Phoned the family"
    )


def test_S77_nobody_writes_a_decision_into_a_record_but_the_decision():
    with pytest.raises(Refusal) as raised:
        record.add(an_entry(EntryKind.DECISION), OPEN)
    assert raised.value.code is INVALID_FIELDS


def test_a_record_that_no_flag_opened_is_not_there():
    with pytest.raises(Refusal) as raised:
        record.add(an_entry(), Record())
    assert raised.value.code is NOT_FOUND
    with pytest.raises(Refusal):
        _ = Record().about


def test_S77_no_event_changes_or_takes_out_what_a_record_holds():
    """Append-only by construction: a record's events open it and add to it, and there are no others."""
    assert set(record.RecordEvent.__args__) == {SafeguardingRecordOpened, RecordEntryAdded}
