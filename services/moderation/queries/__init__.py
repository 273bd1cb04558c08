"""Reads of moderation's read models: plain SQL, each in a transaction that shows one school's rows.

Lists for staff leave out what is about the reader (`not_about`): nobody reads of their own case.
"""

from dataclasses import dataclass

from services.moderation.queries.appeals import AppealQueries
from services.moderation.queries.cases import CaseQueries
from services.moderation.queries.guardians import GuardianQueries
from services.moderation.queries.people import PeopleQueries
from services.moderation.queries.records import RecordQueries
from services.moderation.queries.reports import ReportQueries
from shared.runtime.database import Pool


@dataclass(frozen=True, slots=True)
class ModerationQueries:
    """What the api asks, by what it asks about."""

    people: PeopleQueries
    cases: CaseQueries
    guardians: GuardianQueries
    records: RecordQueries
    reports: ReportQueries
    appeals: AppealQueries


def queries_of(reader: Pool) -> ModerationQueries:
    """All of them, by one role that may only read."""
    return ModerationQueries(
        people=PeopleQueries(reader),
        cases=CaseQueries(reader),
        guardians=GuardianQueries(reader),
        records=RecordQueries(reader),
        reports=ReportQueries(reader),
        appeals=AppealQueries(reader),
    )
