"""How what was read is shown: ids with the names that the roster knows, decisions in one form."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from services.moderation.queries.appeals import AppealRow
from services.moderation.queries.cases import AlertRow, CaseRow, FlagRow, ItemRow
from services.moderation.queries.guardians import HeldRow, LedgerRow, StandingRow
from services.moderation.queries.people import Name
from services.moderation.queries.records import EntryRow, RecordRow
from services.moderation.queries.reports import ReportRow

Names = Mapping[UUID, Name]
Shown = dict[str, Any]

NAMELESS = Name(None, None)

_NAMING = (
    "guardian_id",
    "pupil_id",
    "staff_id",
    "acknowledged_by",
    "decided_by",
    "opened_by",
    "author_id",
    "reported_id",
    "reporter_id",
)


def people_of(*rows: Any) -> set[UUID]:
    """Every person whom some rows name."""
    return {found for row in rows for name in _NAMING if (found := getattr(row, name, None)) is not None}


def person(names: Names, person_id: UUID | None) -> Shown | None:
    return None if person_id is None else {"person_id": person_id, **asdict(names.get(person_id, NAMELESS))}


def alert(row: AlertRow, names: Names) -> Shown:
    return asdict(row) | _family(row, names)


def listed_case(row: CaseRow, names: Names) -> Shown:
    return asdict(row) | _family(row, names) | {"decision": decision(row, names, row.consequence)}


def case(row: CaseRow, flags: Sequence[FlagRow], names: Names) -> Shown:
    message = {
        "message_id": row.message_id,
        "conversation_id": row.conversation_id,
        "sent_at": row.message_sent_at,
        "position": row.message_position,
        "hash": row.message_hash,
        "copy": row.copy,
    }
    return listed_case(row, names) | {
        "message": message,
        "flags": [asdict(flag) | {"by": person(names, flag.staff_id)} for flag in flags],
        "acknowledged_by": person(names, row.acknowledged_by),
    }


def decision(row: CaseRow | ReportRow, names: Names, consequence: str | None = None) -> Shown | None:
    """What a leader decided, in the one form in which every decision is shown; None while nobody has."""
    if row.outcome is None:
        return None
    return {
        "outcome": row.outcome,
        "consequence": consequence,
        "decided_as": row.decided_as,
        "by": person(names, row.decided_by),
        "at": row.decided_at,
        "reason": row.reason,
        "not_headteacher_because": row.not_headteacher_because,
    }


def item(row: ItemRow, names: Names) -> Shown:
    audience = {"pupil_id": row.pupil_id, "guardian_id": row.guardian_id, "class_id": row.class_id}
    return asdict(row) | {"author": person(names, row.author_id), "audience": audience}


def standing(row: StandingRow) -> Shown:
    warning = None
    if row.warning_id is not None:
        warning = {
            "warning_id": row.warning_id,
            "reason": row.warned_because,
            "warned_at": row.warned_at,
            "delivered": row.delivered_at is not None,
        }
    return asdict(row) | {"state": row.state, "warning": warning}


def entry(row: LedgerRow, names: Names) -> Shown:
    return asdict(row) | {"by": person(names, row.staff_id)}


def outcome(row: LedgerRow | HeldRow) -> Shown:
    """What a guardian is told: in what office it was decided, and never by whom or about which flag."""
    return asdict(row) | {"decided_by": row.decided_as}


def report(row: ReportRow, names: Names) -> Shown:
    return asdict(row) | {
        "reported": person(names, row.reported_id),
        "reporter": person(names, row.reporter_id),
        "decision": decision(row, names),
    }


def record(row: RecordRow, names: Names) -> Shown:
    return asdict(row) | _family(row, names) | {"opened_by": person(names, row.opened_by)}


def record_entry(row: EntryRow, names: Names) -> Shown:
    return asdict(row) | {"by": person(names, row.staff_id)}


def appeal(row: AppealRow, names: Names, stands: StandingRow) -> Shown:
    return asdict(row) | {"guardian": person(names, row.guardian_id), "state": stands.state}


def _family(row: AlertRow | CaseRow | RecordRow, names: Names) -> Shown:
    return {"guardian": person(names, row.guardian_id), "pupil": person(names, row.pupil_id)}
