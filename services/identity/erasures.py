"""What people can do about erasures: ask, and decide. The operator carries out what was decided (decision 17)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from services.identity.domain import erasure, people
from services.identity.domain.erasure import DecideErasure, Erasure, RequestErasure, erasure_id_of, stream_of
from services.identity.domain.people import People
from services.identity.domain.permission import may_ask_for_erasure, may_decide_on_erasure
from services.identity.domain.school import School
from services.identity.domain.school import evolve as school_evolve
from shared.events.identity import ErasureReason, ErasureRequested, PersonId, StaffId
from shared.log.append import Answer
from shared.log.commands import Asked, CommandHandler, Drafts, History
from shared.runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class Erasures:
    handler: CommandHandler
    clock: Clock

    def request(self, asked: Asked, *, subject_id: UUID) -> Answer:
        may_ask_for_erasure(asked.by, subject_id)
        command = RequestErasure(
            erasure_id=erasure_id_of(asked.school_id, subject_id),
            subject_id=PersonId(subject_id),
            requested_by=PersonId(asked.by.person_id),
        )

        def decide(history: History) -> Drafts:
            state = history.fold(stream_of(subject_id), Erasure(), erasure.evolve)
            return [(stream_of(subject_id), event) for event in erasure.request(command, state)]

        answer = self._handle(asked, decide, f"/v1/erasures/{command.erasure_id}")
        return replace(answer, position=self._asked_at(asked.school_id, command))

    def decide(self, asked: Asked, *, subject_id: UUID, reason: ErasureReason) -> Answer:
        may_decide_on_erasure(asked.by)
        command = DecideErasure(
            erasure_id=erasure_id_of(asked.school_id, subject_id),
            subject_id=PersonId(subject_id),
            reason=reason,
            decided_by=StaffId(asked.by.person_id),
        )

        def decide(history: History) -> Drafts:
            state = history.fold(stream_of(subject_id), Erasure(), erasure.evolve)
            school = history.fold_school(people.CATEGORIES, People(), people.evolve)
            return erasure.decide(command, state, school)

        return self._handle(asked, decide, f"/v1/erasures/{command.erasure_id}")

    def _asked_at(self, school_id: UUID, command: RequestErasure) -> int:
        """The position of the caller's own request: that of the stream would move when another of the adults asks."""
        recorded = self.handler.history(school_id).recorded(stream_of(command.subject_id))
        own = ErasureRequested.event_type, str(command.requested_by)
        return next(e.position for e in recorded if (e.type, e.data.get("requested_by")) == own)

    def _handle(self, asked: Asked, decide: Callable[[History], Drafts], location: str) -> Answer:
        stream = f"school-{asked.school_id}"
        partition = self.handler.history(asked.school_id).fold(stream, School(), school_evolve).partition
        return self.handler.handle(asked.request(partition, self.clock.now()), decide, location=location)
