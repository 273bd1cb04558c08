"""What moderation does when messaging has recorded something: a flag opens a case and a record, a receipt delivers.

Positions that are recorded here are messaging's: they say what was sent after what.
"""

from uuid import uuid5

from services.moderation.domain import case, conduct, decision, record
from services.moderation.domain.case import Case, Decision, case_of, case_stream
from services.moderation.domain.conduct import Conduct, conduct_stream
from services.moderation.domain.decision import Ids, Known
from services.moderation.domain.record import Record, record_of, record_stream
from shared.events.messaging import (
    MessageFlagged,
    ReinstatementRecorded,
    Track,
    WarningHandedOver,
    WarningReceived,
)
from shared.events.moderation import DecidedBy, DeliveredBy, EntryId, RemovalId, WarningId
from shared.log.commands import Drafts
from shared.projections.reaction import Given, Reaction

THE_SCHOOL_S_RULE = "A message that you sent was found not to be right. At this school a warning follows from that."
"""The reason where no leader gives one. It tells of the outcome, not of who found so (S75)."""

messaging_followed = Reaction(name="messaging_followed", source="messaging")


@messaging_followed.on(MessageFlagged)
def _(e: MessageFlagged, given: Given) -> Drafts:
    case_id = case_of(e.message_id, e.track)
    to_case, to_record = case_stream(case_id), record_stream(record_of(case_id))
    known = given.history.fold(to_case, Case(), case.evolve)
    held = given.history.fold(to_record, Record(), record.evolve)
    received, filed = case.receive(e, known), record.receive(e, held)
    for event in received:
        known = case.evolve(known, event)
    for entry in filed:
        held = record.evolve(held, entry)
    return [
        *((to_case, event) for event in received),
        *((to_record, entry) for entry in filed),
        *_warned_by_itself(e, given, known, held),
    ]


def _warned_by_itself(e: MessageFlagged, given: Given, known: Case, held: Record) -> Drafts:
    """A school may let a flag on conduct warn with no leader's decision (T6): never twice, and it never removes."""
    if not given.parameters.flag_warns_by_itself or e.track is not Track.CONDUCT or known.decided:
        return []
    standing = given.history.fold(conduct_stream(e.guardian_id), Conduct(), conduct.evolve)
    if standing.warning is not None:
        return []
    found = Decision(
        case_id=case_of(e.message_id, e.track),
        by=DecidedBy.SCHOOL_PARAMETER,
        staff_id=None,
        reason=THE_SCHOOL_S_RULE,
    )
    # From the event alone: however often it is delivered, it is the same warning.
    ids = Ids(
        warning_id=WarningId(uuid5(e.flag_id, "warning")),
        removal_id=RemovalId(uuid5(e.flag_id, "removal")),
        entry_id=EntryId(uuid5(e.flag_id, "decision")),
    )
    return decision.uphold(found, Known(case=known, conduct=standing, record=held), ids)


@messaging_followed.on(WarningReceived)
def _(e: WarningReceived, given: Given) -> Drafts:
    return _delivered(e, DeliveredBy.RECEIPT, given)


@messaging_followed.on(WarningHandedOver)
def _(e: WarningHandedOver, given: Given) -> Drafts:
    return _delivered(e, DeliveredBy(e.means.value), given)


def _delivered(e: WarningReceived | WarningHandedOver, means: DeliveredBy, given: Given) -> Drafts:
    stream = conduct_stream(e.guardian_id)
    standing = given.history.fold(stream, Conduct(), conduct.evolve)
    found = conduct.delivered(e.guardian_id, e.warning_id, means, given.cause.position, standing)
    return [(stream, event) for event in found]


@messaging_followed.on(ReinstatementRecorded)
def _(e: ReinstatementRecorded, given: Given) -> Drafts:
    stream = conduct_stream(e.guardian_id)
    standing = given.history.fold(stream, Conduct(), conduct.evolve)
    found = conduct.took_effect(e.guardian_id, e.removal_id, given.cause.position, standing)
    return [(stream, event) for event in found]


REACTIONS = (messaging_followed,)
