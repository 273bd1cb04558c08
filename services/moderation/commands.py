"""What can be done in moderation. One shape: guard, facts, load, decide, append at the versions that were read."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from services.moderation.domain import case, conduct, decision, record, reshare
from services.moderation.domain.case import Case, Decision, case_stream
from services.moderation.domain.conduct import (
    Conduct,
    HeadteachersDecision,
    KeepSuspension,
    LiftSuspension,
    LodgeAppeal,
    Reinstate,
    RemoveByOverride,
    RemoveForResharing,
    RescindWarning,
    SuspendForResharing,
    conduct_stream,
)
from services.moderation.domain.decision import Ids, Known
from services.moderation.domain.permission import (
    decides_as,
    may_appeal,
    may_decide,
    may_decide_about,
    may_know,
    may_report,
)
from services.moderation.domain.record import AddEntry, Record, record_of, record_stream
from services.moderation.domain.reshare import DecideReport, Report, Reported, ReportReshare, reshare_stream
from services.moderation.queries.people import PeopleQueries
from shared.events.identity import GuardianId, PersonId, StaffId
from shared.events.messaging import Track
from shared.events.moderation import (
    AppealId,
    CaseId,
    EntryId,
    EntryKind,
    RecordId,
    RemovalId,
    ReportedAs,
    ReportId,
    Shared,
    SuspensionId,
    WarningId,
)
from shared.log.append import Answer
from shared.log.commands import Asked, CommandHandler, Drafts, History
from shared.policy.codes import CASE_WAITS, NOT_FOUND
from shared.policy.refusal import Refusal
from shared.projections.roster_queries import Roster, registered
from shared.runtime.clock import Clock

ASK_AGAIN = 60
"""Seconds after which an operator may have put right what a case waits for."""


class Outcome(StrEnum):
    """What a leader finds of a case."""

    UPHOLD = "uphold"
    DISMISS = "dismiss"


class Finding(StrEnum):
    """What a leader finds of a report."""

    CONFIRM = "confirm"
    DISMISS = "dismiss"


class About(StrEnum):
    """What the Headteacher decides about a guardian."""

    RESCIND_WARNING = "rescind_warning"
    REINSTATE = "reinstate"
    REMOVE = "remove"
    KEEP_SUSPENSION = "keep_suspension"
    LIFT_SUSPENSION = "lift_suspension"
    REMOVE_FOR_RESHARING = "remove_for_resharing"


@dataclass(frozen=True, slots=True)
class ModerationCommands:
    handler: CommandHandler
    roster: Roster
    queries: PeopleQueries
    clock: Clock
    new_id: Callable[[], UUID]

    def acknowledge(self, asked: Asked, *, case_id: UUID) -> Answer:
        may_know(asked.by)

        def decide(history: History) -> Drafts:
            stream = case_stream(case_id)
            known = history.fold(stream, Case(), case.evolve)
            may_decide(asked.by, known.opened.guardian_id)
            events = case.acknowledge(CaseId(case_id), StaffId(asked.by.person_id), known)
            return [(stream, event) for event in events]

        return self._handle(asked, decide, _case(case_id))

    def decide(
        self, asked: Asked, *, case_id: UUID, outcome: Outcome, reason: str, not_headteacher_because: str | None
    ) -> Answer:
        may_know(asked.by)
        staff_id = StaffId(asked.by.person_id)
        found = Decision(
            case_id=CaseId(case_id),
            by=decides_as(asked.by),
            staff_id=staff_id,
            reason=reason,
            not_headteacher_because=not_headteacher_because,
        )
        ids = Ids(
            warning_id=WarningId(self.new_id()),
            removal_id=RemovalId(self.new_id()),
            entry_id=EntryId(self.new_id()),
        )

        def decide(history: History) -> Drafts:
            known = history.fold(case_stream(case_id), Case(), case.evolve)
            about = known.opened
            may_decide(asked.by, about.guardian_id)
            self._nothing_waits(asked, about.guardian_id, about.pupil_id)
            held = history.fold(record_stream(record_of(case_id)), Record(), record.evolve)
            standing = Conduct()
            if about.track is Track.CONDUCT:
                standing = history.fold(conduct_stream(about.guardian_id), standing, conduct.evolve)
            facts = Known(case=known, conduct=standing, record=held)
            if outcome is Outcome.UPHOLD:
                return decision.uphold(found, facts, ids)
            return decision.dismiss(found, staff_id, facts, ids)

        return self._handle(asked, decide, _case(case_id))

    def decide_about(self, asked: Asked, *, guardian_id: UUID, decision: About, reason: str) -> Answer:
        may_decide_about(asked.by, guardian_id)
        if not self.queries.is_guardian(asked.school_id, guardian_id):
            raise Refusal(NOT_FOUND)
        command = self._headteachers(decision, GuardianId(guardian_id), StaffId(asked.by.person_id), reason)

        def decide(history: History) -> Drafts:
            self._nothing_waits(asked, guardian_id)
            stream = conduct_stream(guardian_id)
            standing = history.fold(stream, Conduct(), conduct.evolve)
            return [(stream, event) for event in conduct.decide(command, standing)]

        return self._handle(asked, decide, f"/v1/moderation/guardians/{guardian_id}")

    def appeal(self, asked: Asked, *, text: str) -> Answer:
        may_appeal(asked.by)
        command = LodgeAppeal(guardian_id=GuardianId(asked.by.person_id), appeal_id=AppealId(self.new_id()), text=text)

        def decide(history: History) -> Drafts:
            stream = conduct_stream(asked.by.person_id)
            standing = history.fold(stream, Conduct(), conduct.evolve)
            return [(stream, event) for event in conduct.appeal(command, standing)]

        return self._handle(asked, decide, f"/v1/appeals/{command.appeal_id}")

    def report_reshare(
        self, asked: Asked, *, reported_as: ReportedAs, reported_id: UUID, shared: Shared, account: str
    ) -> Answer:
        may_report(asked.by)
        # Who has left is not here, whatever was once decided about them: the answer must not tell that anything was.
        is_here = self.queries.is_staff if reported_as is ReportedAs.STAFF else self.roster.has_guardian
        if not is_here(asked.school_id, reported_id):
            raise Refusal(NOT_FOUND)
        command = ReportReshare(
            report_id=ReportId(self.new_id()),
            reported_as=reported_as,
            reported_id=PersonId(reported_id),
            shared=shared,
            reporter_id=PersonId(asked.by.person_id),
            account=account,
        )

        def decide(history: History) -> Drafts:
            stream = reshare_stream(command.report_id)
            return [
                (stream, event) for event in reshare.report(command, history.fold(stream, Report(), reshare.evolve))
            ]

        return self._handle(asked, decide, _report(command.report_id))

    def decide_reshare(
        self, asked: Asked, *, report_id: UUID, outcome: Finding, reason: str, not_headteacher_because: str | None
    ) -> Answer:
        may_know(asked.by)
        command = DecideReport(
            report_id=ReportId(report_id),
            confirmed=outcome is Finding.CONFIRM,
            by=decides_as(asked.by),
            staff_id=StaffId(asked.by.person_id),
            reason=reason,
            not_headteacher_because=not_headteacher_because,
        )
        suspension_id = SuspensionId(self.new_id())

        def decide(history: History) -> Drafts:
            stream = reshare_stream(report_id)
            known = history.fold(stream, Report(), reshare.evolve)
            about = known.made
            may_decide(asked.by, about.reported_id)
            self._nothing_waits(asked, about.reported_id)
            events = [(stream, event) for event in reshare.decide(command, known)]
            return [*events, *_suspended(command, about, suspension_id, history)]

        return self._handle(asked, decide, _report(report_id))

    def add_to_record(self, asked: Asked, *, record_id: UUID, kind: EntryKind, text: str) -> Answer:
        may_know(asked.by)
        command = AddEntry(
            record_id=RecordId(record_id),
            entry_id=EntryId(self.new_id()),
            kind=kind,
            staff_id=StaffId(asked.by.person_id),
            text=text,
        )

        def decide(history: History) -> Drafts:
            stream = record_stream(record_id)
            held = history.fold(stream, Record(), record.evolve)
            may_know(asked.by, held.about)
            return [(stream, event) for event in record.add(command, held)]

        return self._handle(asked, decide, f"/v1/safeguarding/records/{record_id}")

    def _headteachers(
        self, decision: About, guardian_id: GuardianId, staff_id: StaffId, reason: str
    ) -> HeadteachersDecision:
        match decision:
            case About.RESCIND_WARNING:
                return RescindWarning(guardian_id=guardian_id, staff_id=staff_id, reason=reason)
            case About.REINSTATE:
                return Reinstate(guardian_id=guardian_id, staff_id=staff_id, reason=reason)
            case About.KEEP_SUSPENSION:
                return KeepSuspension(guardian_id=guardian_id, staff_id=staff_id, reason=reason)
            case About.LIFT_SUSPENSION:
                return LiftSuspension(guardian_id=guardian_id, staff_id=staff_id, reason=reason)
            case About.REMOVE:
                removal_id = RemovalId(self.new_id())
                return RemoveByOverride(
                    guardian_id=guardian_id, removal_id=removal_id, staff_id=staff_id, reason=reason
                )
            case About.REMOVE_FOR_RESHARING:
                removal_id = RemovalId(self.new_id())
                return RemoveForResharing(
                    guardian_id=guardian_id, removal_id=removal_id, staff_id=staff_id, reason=reason
                )

    def _nothing_waits(self, asked: Asked, *people: UUID) -> None:
        """Nothing is decided about people of whom something is known that could not be taken in."""
        if self.queries.waits(asked.school_id, people):
            raise Refusal(CASE_WAITS, retry_after=ASK_AGAIN)

    def _handle(self, asked: Asked, decide: Callable[[History], Drafts], location: str) -> Answer:
        school = registered(self.roster.school(asked.school_id))
        return self.handler.handle(asked.request(school.partition, self.clock.now()), decide, location=location)


def _suspended(command: DecideReport, about: Reported, suspension_id: SuspensionId, history: History) -> Drafts:
    """What follows at once from a report that was confirmed: about a guardian suspension, about staff nothing (S70)."""
    if not command.confirmed or about.reported_as is not ReportedAs.GUARDIAN:
        return []
    suspend = SuspendForResharing(
        guardian_id=GuardianId(about.reported_id),
        suspension_id=suspension_id,
        report_id=command.report_id,
        by=command.by,
        staff_id=command.staff_id,
        reason=command.reason,
    )
    stream = conduct_stream(about.reported_id)
    standing = history.fold(stream, Conduct(), conduct.evolve)
    return [(stream, event) for event in conduct.suspend(suspend, standing)]


def _case(case_id: UUID) -> str:
    return f"/v1/moderation/cases/{case_id}"


def _report(report_id: UUID) -> str:
    return f"/v1/moderation/reshare-reports/{report_id}"
