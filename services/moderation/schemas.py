"""The wire forms of moderation: what is sent and what is shown."""

from enum import StrEnum

from services.moderation.commands import About, Finding, Outcome
from shared.events.messaging import FlagCategory, Track
from shared.events.moderation import Consequence, DecidedBy, EntryKind, ReportedAs, Shared
from shared.http.schemas import EnumField, Flag, Id, ListOf, Part, Schema, StrictInt, Text, When

REASON = 2000
ACCOUNT = 8000
"""Characters of a reason, and of an account of what happened."""


class CasesShown(StrEnum):
    """Which cases a list holds."""

    OPEN = "open"
    DECIDED = "decided"
    ALL = "all"


class AlertKind(StrEnum):
    """A flag that nobody has acknowledged, or an event that could not be taken in."""

    FLAGGED = "flagged"
    WAITING = "waiting"


class EntryByHand(StrEnum):
    """What a person may add to a record; a decision adds its own entry."""

    ACCOUNT = EntryKind.ACCOUNT.value
    ACTION = EntryKind.ACTION.value
    NOTE = EntryKind.NOTE.value


class StandingState(StrEnum):
    """Where a guardian stands, in one word."""

    ACTIVE = "active"
    WARNED = "warned"
    SUSPENDED = "suspended"
    REMOVED = "removed"


class ConcernedPerson(Schema):
    """A person by id, with the name that the roster knows."""

    person_id = Id(required=True)
    given_name = Text(required=True, allow_none=True)
    family_name = Text(required=True, allow_none=True)


class LeadersDecision(Schema):
    """Whose decision it was (S06): `by` is nobody where the school lets a flag warn by itself."""

    outcome = Text(required=True)
    consequence = EnumField(Consequence, required=True, allow_none=True)
    decided_as = EnumField(DecidedBy, required=True)
    by = Part(ConcernedPerson, required=True, allow_none=True)
    at = When(required=True)
    reason = Text(required=True, allow_none=True)
    not_headteacher_because = Text(required=True, allow_none=True)


class Alert(Schema):
    kind = EnumField(AlertKind, required=True)
    alert_id = Id(required=True)
    at = When(required=True)
    case_id = Id(required=True, allow_none=True)
    message_id = Id(required=True, allow_none=True)
    track = EnumField(Track, required=True, allow_none=True)
    guardian_id = Id(required=True, allow_none=True)
    pupil_id = Id(required=True, allow_none=True)
    guardian = Part(ConcernedPerson, required=True, allow_none=True)
    pupil = Part(ConcernedPerson, required=True, allow_none=True)


class CaseQuery(Schema):
    state = EnumField(CasesShown, load_default=CasesShown.OPEN)


class CaseListed(Schema):
    case_id = Id(required=True)
    message_id = Id(required=True)
    track = EnumField(Track, required=True)
    opened_at = When(required=True)
    guardian = Part(ConcernedPerson, required=True)
    pupil = Part(ConcernedPerson, required=True)
    flags = StrictInt(required=True)
    acknowledged_at = When(required=True, allow_none=True)
    decision = Part(LeadersDecision, required=True, allow_none=True)


class FlagShown(Schema):
    flag_id = Id(required=True)
    flagged_at = When(required=True)
    by = Part(ConcernedPerson, required=True)
    category = EnumField(FlagCategory, required=True)
    note = Text(required=True, allow_none=True)


class FlaggedMessage(Schema):
    """The message as it was sent, and its event's place and hash in messaging's log."""

    message_id = Id(required=True)
    conversation_id = Id(required=True)
    sent_at = When(required=True)
    position = StrictInt(required=True)
    hash = Text(required=True)
    copy = Text(required=True, allow_none=True)


class CaseShown(Schema):
    case_id = Id(required=True)
    track = EnumField(Track, required=True)
    opened_at = When(required=True)
    guardian = Part(ConcernedPerson, required=True)
    pupil = Part(ConcernedPerson, required=True)
    record_id = Id(required=True, allow_none=True)
    message = Part(FlaggedMessage, required=True)
    flags = ListOf(Part(FlagShown), required=True)
    acknowledged_at = When(required=True, allow_none=True)
    acknowledged_by = Part(ConcernedPerson, required=True, allow_none=True)
    decision = Part(LeadersDecision, required=True, allow_none=True)


class CaseDecision(Schema):
    """`not_headteacher_because` is the Deputy's to say, and may be missing on the wire, so that the policy refuses."""

    outcome = EnumField(Outcome, required=True)
    reason = Text(1, REASON, required=True)
    not_headteacher_because = Text(1, REASON, load_default=None, allow_none=True)


class ItemAudience(Schema):
    """For whom it was.

    A message for a guardian and a class, an award for a pupil and whoever reads their points, a story for a class or
    for the adults of one of its pupils.
    """

    pupil_id = Id(required=True, allow_none=True)
    guardian_id = Id(required=True, allow_none=True)
    class_id = Id(required=True, allow_none=True)


class ItemShown(Schema):
    """Something that can be reported: what, by whom, for whom. Never what it says."""

    item_id = Id(required=True)
    kind = Text(required=True)
    author_as = Text(required=True)
    author = Part(ConcernedPerson, required=True)
    audience = Part(ItemAudience, required=True)
    at = When(required=True)


class LedgerEntry(Schema):
    """One step, and why: `about_id` names what it rests on or changes; `cause_id` the event that led to it."""

    event_id = Id(required=True)
    kind = Text(required=True)
    clause = Text(required=True)
    at = When(required=True)
    cause_id = Id(required=True, allow_none=True)
    about_id = Id(required=True)
    decided_as = EnumField(DecidedBy, required=True, allow_none=True)
    by = Part(ConcernedPerson, required=True, allow_none=True)
    detail = Text(required=True, allow_none=True)
    reason = Text(required=True, allow_none=True)


class StandingWarning(Schema):
    warning_id = Id(required=True)
    reason = Text(required=True, allow_none=True)
    warned_at = When(required=True)
    delivered = Flag(required=True)


class GuardianLedger(Schema):
    """Where a guardian stands, and a page of how it came to that, newest first."""

    guardian = Part(ConcernedPerson, required=True)
    state = EnumField(StandingState, required=True)
    warning = Part(StandingWarning, required=True, allow_none=True)
    removed_at = When(required=True, allow_none=True)
    suspended_at = When(required=True, allow_none=True)
    items = ListOf(Part(LedgerEntry), required=True)
    next = Text(required=True, allow_none=True)


class GuardianDecision(Schema):
    decision = EnumField(About, required=True)
    reason = Text(1, REASON, required=True)


class ReshareReport(Schema):
    reported_as = EnumField(ReportedAs, required=True)
    reported_id = Id(required=True)
    shared = EnumField(Shared, required=True)
    account = Text(1, ACCOUNT, required=True)


class ReshareReportShown(Schema):
    report_id = Id(required=True)
    reported_at = When(required=True)
    reported_as = EnumField(ReportedAs, required=True)
    reported = Part(ConcernedPerson, required=True)
    shared = EnumField(Shared, required=True)
    reporter = Part(ConcernedPerson, required=True)
    account = Text(required=True, allow_none=True)
    decision = Part(LeadersDecision, required=True, allow_none=True)


class ReshareDecision(Schema):
    outcome = EnumField(Finding, required=True)
    reason = Text(1, REASON, required=True)
    not_headteacher_because = Text(1, REASON, load_default=None, allow_none=True)


class RecordListed(Schema):
    record_id = Id(required=True)
    case_id = Id(required=True)
    track = EnumField(Track, required=True)
    opened_at = When(required=True)
    guardian = Part(ConcernedPerson, required=True)
    pupil = Part(ConcernedPerson, required=True)
    entries = StrictInt(required=True)


class EntryShown(Schema):
    entry_id = Id(required=True)
    kind = EnumField(EntryKind, required=True)
    at = When(required=True)
    by = Part(ConcernedPerson, required=True, allow_none=True)
    text = Text(required=True, allow_none=True)


class RecordShown(Schema):
    """A record: the message as it was sent, and a page of its entries, oldest first."""

    record_id = Id(required=True)
    case_id = Id(required=True)
    track = EnumField(Track, required=True)
    opened_at = When(required=True)
    opened_by = Part(ConcernedPerson, required=True)
    guardian = Part(ConcernedPerson, required=True)
    pupil = Part(ConcernedPerson, required=True)
    message_id = Id(required=True)
    message_sent_at = When(required=True)
    message_position = StrictInt(required=True)
    message_hash = Text(required=True)
    copy = Text(required=True, allow_none=True)
    items = ListOf(Part(EntryShown), required=True)
    next = Text(required=True, allow_none=True)


class NewEntry(Schema):
    kind = EnumField(EntryByHand, required=True)
    text = Text(1, ACCOUNT, required=True)


class Appeal(Schema):
    text = Text(1, ACCOUNT, required=True)


class AppealShown(Schema):
    appeal_id = Id(required=True)
    lodged_at = When(required=True)
    guardian = Part(ConcernedPerson, required=True)
    state = EnumField(StandingState, required=True)
    text = Text(required=True, allow_none=True)


class OwnAppeal(Schema):
    appeal_id = Id(required=True)
    lodged_at = When(required=True)
    text = Text(required=True, allow_none=True)


class OutcomeShown(Schema):
    """What a guardian is told of a decision: the outcome, its reason, its clause, and in what office it was taken."""

    kind = Text(required=True)
    clause = Text(required=True)
    decided_by = EnumField(DecidedBy, required=True, allow_none=True)
    at = When(required=True)
    reason = Text(required=True, allow_none=True)


class OwnStanding(Schema):
    state = EnumField(StandingState, required=True)
    warning = Part(StandingWarning, required=True, allow_none=True)
    decisions = ListOf(Part(OutcomeShown), required=True)
    appeals = ListOf(Part(OwnAppeal), required=True)
    office_phone = Text(0, required=True)


class HeldThing(Schema):
    """One thing that is held about a person and theirs to see: an outcome, their appeal, a report that they made."""

    kind = Text(required=True)
    clause = Text(required=True)
    decided_by = EnumField(DecidedBy, required=True, allow_none=True)
    at = When(required=True)
    text = Text(required=True, allow_none=True)


class HeldByModeration(Schema):
    """Where the person stands (as a guardian; else null), and a page of what is held, newest first (S19)."""

    state = EnumField(StandingState, required=True, allow_none=True)
    warning = Part(StandingWarning, required=True, allow_none=True)
    items = ListOf(Part(HeldThing), required=True)
    next = Text(required=True, allow_none=True)
