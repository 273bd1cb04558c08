"""A pupil's points (S32 to S34, S36): awarded by staff, linked to a value or rule, revoked and never deleted.

Stream `points-<pupil>`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from services.points.domain.taxonomy import Taxonomy, allowed_points
from shared.events.identity import PupilId, StaffId
from shared.events.points import AwardId, BehaviourId, PointAwarded, PointRevoked, RevocationId
from shared.policy.codes import ALREADY_REVOKED, LEADERS_ONLY, NOT_FOUND, NOT_ON_ROLL, UNLINKED_BEHAVIOUR
from shared.policy.parameters import Parameters
from shared.policy.refusal import Refusal

PointsEvent = PointAwarded | PointRevoked


@dataclass(frozen=True, slots=True)
class Award:
    points: int
    by: StaffId
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class PupilPoints:
    awards: Mapping[AwardId, Award] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """What the points come to: what was awarded and not revoked."""
        return sum(award.points for award in self.awards.values() if not award.revoked)


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardPoint:
    """Attributes: points: None for as many as the behaviour says."""

    award_id: AwardId
    pupil_id: PupilId
    staff_id: StaffId
    behaviour_id: BehaviourId | None
    points: int | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokePoint:
    """Attributes: by_leader: whether the one who revokes may correct colleagues' awards."""

    revocation_id: RevocationId
    award_id: AwardId
    pupil_id: PupilId
    staff_id: StaffId
    by_leader: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardFacts:
    """What others know and the decision rests on."""

    taxonomy: Taxonomy
    parameters: Parameters
    pupil_on_roll: bool
    roster_position: int


def award(command: AwardPoint, facts: AwardFacts) -> list[PointsEvent]:
    """It rests on no earlier award: a pupil collects as many as they are given."""
    if not facts.pupil_on_roll:
        raise Refusal(NOT_ON_ROLL)
    behaviour = facts.taxonomy.linked(command.behaviour_id)
    if behaviour is None or command.behaviour_id is None:
        raise Refusal(UNLINKED_BEHAVIOUR)
    points = behaviour.points if command.points is None else command.points
    return [
        PointAwarded(
            award_id=command.award_id,
            pupil_id=command.pupil_id,
            staff_id=command.staff_id,
            behaviour_id=command.behaviour_id,
            value_id=behaviour.value_id,
            points=allowed_points(points, facts.parameters),
            roster_position=facts.roster_position,
            note=command.note,
        )
    ]


def revoke(command: RevokePoint, state: PupilPoints) -> list[PointsEvent]:
    found = state.awards.get(command.award_id)
    if found is None:
        raise Refusal(NOT_FOUND)
    if found.by != command.staff_id and not command.by_leader:
        raise Refusal(LEADERS_ONLY)
    if found.revoked:
        raise Refusal(ALREADY_REVOKED)
    return [
        PointRevoked(
            revocation_id=command.revocation_id,
            award_id=command.award_id,
            pupil_id=command.pupil_id,
            staff_id=command.staff_id,
            points=found.points,
            reason=command.reason,
        )
    ]


def evolve(state: PupilPoints, event: PointsEvent) -> PupilPoints:
    match event:
        case PointAwarded(award_id=award_id, points=points, staff_id=staff_id):
            return replace(state, awards={**state.awards, award_id: Award(points, staff_id)})
        case PointRevoked(award_id=award_id):
            revoked = replace(state.awards[award_id], revoked=True)
            return replace(state, awards={**state.awards, award_id: revoked})
