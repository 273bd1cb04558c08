"""What can be done with points. One shape: guard, facts, load, decide, append at the versions that were read."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from services.points.domain import pupil_points, taxonomy
from services.points.domain.permission import leads, may_award, may_define_values
from services.points.domain.pupil_points import AwardFacts, AwardPoint, PupilPoints, RevokePoint
from services.points.domain.taxonomy import DefineBehaviour, DefineValue, RetireBehaviour, RetireValue, Taxonomy
from services.points.queries import PointsQueries
from shared.events.identity import PupilId, SchoolId, StaffId
from shared.events.points import AwardId, BehaviourId, RevocationId, ValueId, ValueKind
from shared.log.append import Answer
from shared.log.commands import Asked, CommandHandler, Drafts, History
from shared.policy.codes import NOT_FOUND
from shared.policy.parameters import Parameters
from shared.policy.refusal import Refusal
from shared.projections.roster_queries import Roster, SchoolFacts, registered
from shared.runtime.clock import Clock


def values_stream(school_id: UUID) -> str:
    return f"values-{school_id}"


def points_stream(pupil_id: UUID) -> str:
    return f"points-{pupil_id}"


@dataclass(frozen=True, slots=True)
class PointsCommands:
    handler: CommandHandler
    roster: Roster
    queries: PointsQueries
    clock: Clock
    new_id: Callable[[], UUID]

    def award(
        self, asked: Asked, *, pupil_id: UUID, behaviour_id: UUID | None, points: int | None, note: str | None
    ) -> Answer:
        may_award(asked.by)
        found, pupil = self.roster.pupil_at_school(asked.school_id, pupil_id)
        school = registered(found)
        if pupil is None:
            raise Refusal(NOT_FOUND)
        command = AwardPoint(
            award_id=AwardId(self.new_id()),
            pupil_id=PupilId(pupil_id),
            staff_id=StaffId(asked.by.person_id),
            behaviour_id=None if behaviour_id is None else BehaviourId(behaviour_id),
            points=points,
            note=note,
        )

        def decide(history: History) -> Drafts:
            facts = AwardFacts(
                taxonomy=_taxonomy(history, asked.school_id),
                parameters=Parameters.from_mapping(school.parameters),
                pupil_on_roll=pupil.on_roll,
                roster_position=pupil.roster_position,
            )
            stream = points_stream(pupil_id)
            history.appends_to(stream)
            return [(stream, event) for event in pupil_points.award(command, facts)]

        return self._handle(asked, school, decide, f"/v1/points/{command.award_id}")

    def revoke(self, asked: Asked, *, award_id: UUID, reason: str) -> Answer:
        may_award(asked.by)
        school, found = self._school(asked), self.queries.award(asked.school_id, award_id)
        if found is None:
            raise Refusal(NOT_FOUND)
        command = RevokePoint(
            revocation_id=RevocationId(self.new_id()),
            award_id=AwardId(award_id),
            pupil_id=PupilId(found.pupil_id),
            staff_id=StaffId(asked.by.person_id),
            by_leader=leads(asked.by),
            reason=reason,
        )

        def decide(history: History) -> Drafts:
            stream = points_stream(found.pupil_id)
            state = history.fold(stream, PupilPoints(), pupil_points.evolve)
            return [(stream, event) for event in pupil_points.revoke(command, state)]

        return self._handle(asked, school, decide, f"/v1/points/{award_id}")

    def define_value(self, asked: Asked, *, kind: ValueKind, name: str) -> Answer:
        value_id = ValueId(self.new_id())
        command = DefineValue(school_id=SchoolId(asked.school_id), value_id=value_id, kind=kind, name=name)
        return self._change_taxonomy(asked, command, f"/v1/values/{value_id}")

    def retire_value(self, asked: Asked, *, value_id: UUID) -> Answer:
        command = RetireValue(school_id=SchoolId(asked.school_id), value_id=ValueId(value_id))
        return self._change_taxonomy(asked, command, f"/v1/values/{value_id}")

    def define_behaviour(self, asked: Asked, *, value_id: UUID, name: str, points: int) -> Answer:
        command = DefineBehaviour(
            school_id=SchoolId(asked.school_id),
            behaviour_id=BehaviourId(self.new_id()),
            value_id=ValueId(value_id),
            name=name,
            points=points,
        )
        return self._change_taxonomy(asked, command, f"/v1/behaviours/{command.behaviour_id}")

    def retire_behaviour(self, asked: Asked, *, behaviour_id: UUID) -> Answer:
        command = RetireBehaviour(school_id=SchoolId(asked.school_id), behaviour_id=BehaviourId(behaviour_id))
        return self._change_taxonomy(asked, command, f"/v1/behaviours/{behaviour_id}")

    def _change_taxonomy(self, asked: Asked, command: taxonomy.TaxonomyCommand, location: str) -> Answer:
        may_define_values(asked.by)
        school, stream = self._school(asked), values_stream(asked.school_id)

        def decide(history: History) -> Drafts:
            parameters = Parameters.from_mapping(school.parameters)
            events = taxonomy.decide(command, _taxonomy(history, asked.school_id), parameters)
            return [(stream, event) for event in events]

        return self._handle(asked, school, decide, location)

    def _school(self, asked: Asked) -> SchoolFacts:
        return registered(self.roster.school(asked.school_id))

    def _handle(self, asked: Asked, school: SchoolFacts, decide: Callable[[History], Drafts], location: str) -> Answer:
        return self.handler.handle(asked.request(school.partition, self.clock.now()), decide, location=location)


def _taxonomy(history: History, school_id: UUID) -> Taxonomy:
    return history.fold(values_stream(school_id), Taxonomy(), taxonomy.evolve)
