"""What a decision on a case comes to over the three streams it touches: the case, the guardian's conduct, the record.

They are appended together, at the versions at which they were read: no second decision comes between.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.moderation.domain import case, conduct, record
from services.moderation.domain.case import Case, Decision, case_stream
from services.moderation.domain.conduct import Conduct, Misuse, conduct_stream
from services.moderation.domain.record import Record, record_of, record_stream
from shared.events.declaration import Event
from shared.events.identity import StaffId
from shared.events.messaging import Track
from shared.events.moderation import Consequence, EntryId, RemovalId, WarningId

Decided = Sequence[tuple[str, Event]]
"""(stream, event), in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """Made beforehand; a decision uses those that it needs."""

    warning_id: WarningId
    removal_id: RemovalId
    entry_id: EntryId


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the decision rests on. The conduct of a case about a child is never looked at (T14)."""

    case: Case
    conduct: Conduct
    record: Record


def uphold(decision: Decision, known: Known, ids: Ids) -> Decided:
    """Finds what was flagged to be so. Misuse has the consequence that the one-warning rule gives it (S73)."""
    about = known.case.opened
    consequence, follows = Consequence.NONE, list[tuple[str, Event]]()
    if about.track is Track.CONDUCT:
        misuse = Misuse(
            guardian_id=about.guardian_id,
            case_id=decision.case_id,
            message_id=about.message_id,
            message_position=about.message_position,
            by=decision.by,
            staff_id=decision.staff_id,
            reason=decision.reason,
        )
        stream = conduct_stream(about.guardian_id)
        follows = [(stream, e) for e in conduct.uphold(misuse, known.conduct, ids.warning_id, ids.removal_id)]
        if follows:
            consequence = known.conduct.consequence_of(about.message_position)
    upheld = [(case_stream(decision.case_id), e) for e in case.uphold(decision, known.case, consequence)]
    return [*upheld, *follows, *_recorded(decision, known, ids)]


def dismiss(decision: Decision, staff_id: StaffId, known: Known, ids: Ids) -> Decided:
    """Finds that nothing follows. It is final."""
    dismissed = [(case_stream(decision.case_id), e) for e in case.dismiss(decision, staff_id, known.case)]
    return [*dismissed, *_recorded(decision, known, ids)]


def _recorded(decision: Decision, known: Known, ids: Ids) -> list[tuple[str, Event]]:
    stream = record_stream(record_of(decision.case_id))
    entries = record.decided(decision.case_id, ids.entry_id, decision.staff_id, decision.reason, known.record)
    return [(stream, entry) for entry in entries]
