"""The safeguarding record of an incident (S77): opened by a flag, with the message as it was sent; entries are added.

Stream `record-<id>`. Nothing in a record is ever changed or taken out: a mistake is put right by a further entry.
"""

from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from services.moderation.domain.case import case_of
from shared.events.identity import GuardianId, StaffId
from shared.events.messaging import MessageFlagged
from shared.events.moderation import (
    CaseId,
    EntryId,
    EntryKind,
    RecordEntryAdded,
    RecordId,
    SafeguardingRecordOpened,
)
from shared.policy.codes import INVALID_FIELDS, NOT_FOUND
from shared.policy.refusal import Refusal

RecordEvent = SafeguardingRecordOpened | RecordEntryAdded


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Attributes: guardian_id: whom it is about; None before it is opened."""

    guardian_id: GuardianId | None = None
    entries: frozenset[EntryId] = frozenset()

    @property
    def about(self) -> GuardianId:
        """Whom the record is about. Raises Refusal(NOT_FOUND) where there is none."""
        if self.guardian_id is None:
            raise Refusal(NOT_FOUND)
        return self.guardian_id


@dataclass(frozen=True, slots=True, kw_only=True)
class AddEntry:
    record_id: RecordId
    entry_id: EntryId
    kind: EntryKind
    staff_id: StaffId
    text: str


def record_of(case_id: UUID) -> RecordId:
    """One record a case."""
    return RecordId(uuid5(case_id, "record"))


def record_stream(record_id: UUID) -> str:
    return f"record-{record_id}"


def receive(flag: MessageFlagged, state: Record) -> list[RecordEvent]:
    """The first flag of the incident opens the record; what each flag says is an account in it."""
    case_id = case_of(flag.message_id, flag.track)
    record_id, entry_id = record_of(case_id), EntryId(uuid5(flag.flag_id, "account"))
    if entry_id in state.entries:
        return []
    opened = SafeguardingRecordOpened(
        record_id=record_id,
        case_id=case_id,
        message_id=flag.message_id,
        guardian_id=flag.guardian_id,
        pupil_id=flag.pupil_id,
        track=flag.track,
        opened_by=flag.staff_id,
        message_position=flag.message_position,
        message_sent_at=flag.message_sent_at,
        message_hash=flag.message_hash,
        copy=flag.copy,
    )
    account = RecordEntryAdded(
        record_id=record_id, entry_id=entry_id, kind=EntryKind.ACCOUNT, staff_id=flag.staff_id, text=flag.note
    )
    return [opened, account] if state.guardian_id is None else [account]


def decided(
    case_id: CaseId, entry_id: EntryId, staff_id: StaffId | None, reason: str, state: Record
) -> list[RecordEvent]:
    """The decision of the case, with its reason, is an entry of the record."""
    if state.guardian_id is None:
        return []
    return [
        RecordEntryAdded(
            record_id=record_of(case_id),
            entry_id=entry_id,
            kind=EntryKind.DECISION,
            staff_id=staff_id,
            text=reason,
        )
    ]


def add(command: AddEntry, state: Record) -> list[RecordEvent]:
    """An account, an action or a note. What was decided is recorded by the decision alone."""
    if state.guardian_id is None:
        raise Refusal(NOT_FOUND)
    if command.kind is EntryKind.DECISION:
        raise Refusal(INVALID_FIELDS, errors={"kind": ["Please choose account, action or note."]})
    return [
        RecordEntryAdded(
            record_id=command.record_id,
            entry_id=command.entry_id,
            kind=command.kind,
            staff_id=command.staff_id,
            text=command.text,
        )
    ]


def evolve(state: Record, event: RecordEvent) -> Record:
    match event:
        case SafeguardingRecordOpened(guardian_id=guardian):
            return replace(state, guardian_id=guardian)
        case RecordEntryAdded(entry_id=entry):
            return replace(state, entries=state.entries | {entry})
