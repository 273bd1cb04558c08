"""Points in the policy's words: given what happened, when staff act, then these events or this refusal."""

from uuid import UUID

import pytest

from services.points.domain import pupil_points, taxonomy
from services.points.domain.pupil_points import AwardFacts, AwardPoint, PupilPoints, RevokePoint
from services.points.domain.taxonomy import (
    DefineBehaviour,
    DefineValue,
    RetireBehaviour,
    RetireValue,
    Taxonomy,
)
from shared.events.declaration import Event, Sealed
from shared.events.identity import PupilId, SchoolId, StaffId
from shared.events.points import (
    AwardId,
    BehaviourDefined,
    BehaviourId,
    BehaviourRetired,
    PointAwarded,
    PointRevoked,
    RevocationId,
    SchoolValueDefined,
    SchoolValueRetired,
    ValueId,
    ValueKind,
)
from shared.policy.codes import (
    ALREADY_REVOKED,
    CONFLICT,
    LEADERS_ONLY,
    NOT_FOUND,
    NOT_ON_ROLL,
    POINTS_OUT_OF_RANGE,
    POSITIVE_ONLY,
    UNLINKED_BEHAVIOUR,
)
from shared.policy.parameters import Parameters
from shared.testing.specification import specification

SCHOOL, PUPIL = SchoolId(UUID(int=1)), PupilId(UUID(int=2))
TEACHER, COLLEAGUE = StaffId(UUID(int=3)), StaffId(UUID(int=4))
KINDNESS, TIDINESS = ValueId(UUID(int=5)), ValueId(UUID(int=6))
HELPED, TIDIED = BehaviourId(UUID(int=7)), BehaviourId(UUID(int=8))
AWARD = AwardId(UUID(int=9))
REVOCATION = RevocationId(UUID(int=10))


def a_value(value_id: ValueId = KINDNESS, name: str = "Kindness") -> SchoolValueDefined:
    return SchoolValueDefined(school_id=SCHOOL, value_id=value_id, kind=ValueKind.VALUE, name=name)


def a_behaviour(behaviour_id: BehaviourId = HELPED, value_id: ValueId = KINDNESS, points: int = 1) -> BehaviourDefined:
    return BehaviourDefined(
        school_id=SCHOOL, behaviour_id=behaviour_id, value_id=value_id, name="Helped a friend", points=points
    )


def known(*events: Event) -> Taxonomy:
    state = Taxonomy()
    for event in events or (a_value(), a_behaviour()):
        state = taxonomy.evolve(state, event)  # type: ignore[arg-type]
    return state


def facts(
    *, taxonomy_state: Taxonomy | None = None, parameters: Parameters | None = None, on_roll: bool = True
) -> AwardFacts:
    return AwardFacts(
        taxonomy=taxonomy_state or known(),
        parameters=parameters or Parameters(),
        pupil_on_roll=on_roll,
        roster_position=12,
    )


def an_award(*, points: int = 1, award_id: AwardId = AWARD, note: object = None) -> PointAwarded:
    return PointAwarded(
        award_id=award_id,
        pupil_id=PUPIL,
        staff_id=TEACHER,
        behaviour_id=HELPED,
        value_id=KINDNESS,
        points=points,
        roster_position=12,
        note=note,  # type: ignore[arg-type]
    )


def award(*, points: int | None = None, behaviour_id: BehaviourId | None = HELPED) -> AwardPoint:
    return AwardPoint(
        award_id=AWARD, pupil_id=PUPIL, staff_id=TEACHER, behaviour_id=behaviour_id, points=points, note=None
    )


def revoke(*, by: StaffId = TEACHER, by_leader: bool = False) -> RevokePoint:
    return RevokePoint(
        revocation_id=REVOCATION,
        award_id=AWARD,
        pupil_id=PUPIL,
        staff_id=by,
        by_leader=by_leader,
        reason="The wrong pupil",
    )


def a_revocation(by: StaffId = TEACHER, points: int = 1) -> PointRevoked:
    return PointRevoked(
        revocation_id=REVOCATION,
        award_id=AWARD,
        pupil_id=PUPIL,
        staff_id=by,
        points=points,
        reason="The wrong pupil",
    )


def awarding(facts: AwardFacts):
    return specification(lambda command, _state: pupil_points.award(command, facts), pupil_points.evolve, PupilPoints())


revoking = specification(pupil_points.revoke, pupil_points.evolve, PupilPoints())


def defining(parameters: Parameters | None = None):
    return specification(
        lambda command, state: taxonomy.decide(command, state, parameters or Parameters()),
        taxonomy.evolve,
        Taxonomy(),
    )


def test_S32_a_pupil_collects_a_point_from_a_member_of_staff():
    awarding(facts())().when(award()).then(an_award())


def test_S33_a_negative_award_is_refused():
    awarding(facts())().when(award(points=-1)).then_refused(POSITIVE_ONLY, "S33")


def test_S33_an_award_of_nothing_is_refused():
    awarding(facts())().when(award(points=0)).then_refused(POSITIVE_ONLY, "S33")


def test_S33_a_school_may_allow_negative_awards_but_never_an_award_of_nothing():
    allowed = facts(parameters=Parameters(positive_points_only=False))
    awarding(allowed)().when(award(points=-1)).then(an_award(points=-1))
    awarding(allowed)().when(award(points=0)).then_refused(POSITIVE_ONLY, "S33")


@pytest.mark.parametrize(("points", "allowed"), [(5, True), (6, False), (10_000, False)])
def test_S33_an_award_is_at_most_what_the_school_allows(points: int, allowed: bool):
    outcome = awarding(facts())().when(award(points=points))
    outcome.then(an_award(points=points)) if allowed else outcome.then_refused(POINTS_OUT_OF_RANGE, "S33")


def test_S34_an_award_that_names_no_behaviour_is_refused():
    awarding(facts())().when(award(behaviour_id=None)).then_refused(UNLINKED_BEHAVIOUR, "S34")


def test_S34_an_award_for_a_behaviour_that_does_not_exist_is_refused():
    awarding(facts())().when(award(behaviour_id=TIDIED)).then_refused(UNLINKED_BEHAVIOUR, "S34")


def test_S34_an_award_for_a_retired_behaviour_is_refused():
    retired = known(a_value(), a_behaviour(), BehaviourRetired(school_id=SCHOOL, behaviour_id=HELPED))
    awarding(facts(taxonomy_state=retired))().when(award()).then_refused(UNLINKED_BEHAVIOUR, "S34")


def test_S34_an_award_for_a_behaviour_whose_value_is_retired_is_refused():
    retired = known(a_value(), a_behaviour(), SchoolValueRetired(school_id=SCHOOL, value_id=KINDNESS))
    awarding(facts(taxonomy_state=retired))().when(award()).then_refused(UNLINKED_BEHAVIOUR, "S34")


def test_S25_a_pupil_who_is_not_on_roll_collects_no_points():
    awarding(facts(on_roll=False))().when(award()).then_refused(NOT_ON_ROLL)


def test_S32_a_pupil_collects_another_point_whatever_they_have():
    awarding(facts())(an_award(award_id=AwardId(UUID(int=10)))).when(award()).then(an_award())


def test_S33_an_award_is_taken_back_with_its_reason_and_stays_in_the_log():
    revoking(an_award(points=3)).when(revoke()).then(a_revocation(points=3))


def test_S33_an_award_is_taken_back_once():
    revoking(an_award(), a_revocation()).when(revoke()).then_refused(ALREADY_REVOKED)


def test_an_award_that_was_never_given_cannot_be_taken_back():
    revoking().when(revoke()).then_refused(NOT_FOUND)


def test_S06_a_colleague_s_award_is_taken_back_by_a_leader_only():
    revoking(an_award()).when(revoke(by=COLLEAGUE)).then_refused(LEADERS_ONLY)
    revoking(an_award()).when(revoke(by=COLLEAGUE, by_leader=True)).then(a_revocation(by=COLLEAGUE))


def test_S33_the_total_is_the_replay_of_what_was_awarded_and_not_taken_back():
    state = PupilPoints()
    other = AwardId(UUID(int=10))
    for event in (an_award(points=2), an_award(points=3, award_id=other), a_revocation(points=2)):
        state = pupil_points.evolve(state, event)
    assert state.total == 3


def test_a_history_decides_the_same_when_its_personal_values_cannot_be_read():
    revoking(an_award(note="well done")).when(revoke()).then(a_revocation())
    revoking(an_award(note=Sealed())).when(revoke()).then(a_revocation())


def test_S09_the_school_defines_its_values():
    command = DefineValue(school_id=SCHOOL, value_id=KINDNESS, kind=ValueKind.VALUE, name="Kindness")
    defining()().when(command).then(a_value())
    defining()(a_value()).when(command).then_refused(CONFLICT)


def test_S34_a_behaviour_is_linked_to_a_value_in_use():
    command = DefineBehaviour(
        school_id=SCHOOL, behaviour_id=HELPED, value_id=KINDNESS, name="Helped a friend", points=1
    )
    defining()(a_value()).when(command).then(a_behaviour())
    defining()().when(command).then_refused(UNLINKED_BEHAVIOUR, "S34")
    retired = SchoolValueRetired(school_id=SCHOOL, value_id=KINDNESS)
    defining()(a_value(), retired).when(command).then_refused(UNLINKED_BEHAVIOUR, "S34")
    defining()(a_value(), a_behaviour()).when(command).then_refused(CONFLICT)


def test_S33_a_behaviour_is_worth_a_positive_number_of_points():
    command = DefineBehaviour(school_id=SCHOOL, behaviour_id=HELPED, value_id=KINDNESS, name="Shouted", points=-1)
    defining()(a_value()).when(command).then_refused(POSITIVE_ONLY, "S33")


def test_a_value_or_behaviour_is_retired_once():
    retire_value = RetireValue(school_id=SCHOOL, value_id=KINDNESS)
    value_retired = SchoolValueRetired(school_id=SCHOOL, value_id=KINDNESS)
    defining()(a_value()).when(retire_value).then(value_retired)
    defining()(a_value(), value_retired).when(retire_value).then_nothing()
    defining()().when(retire_value).then_refused(NOT_FOUND)
    retire_behaviour = RetireBehaviour(school_id=SCHOOL, behaviour_id=HELPED)
    behaviour_retired = BehaviourRetired(school_id=SCHOOL, behaviour_id=HELPED)
    defining()(a_value(), a_behaviour()).when(retire_behaviour).then(behaviour_retired)
    defining()(a_value(), a_behaviour(), behaviour_retired).when(retire_behaviour).then_nothing()
    defining()().when(retire_behaviour).then_refused(NOT_FOUND)
