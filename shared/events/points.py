"""What points publishes. Streams: `values-<school>` (the taxonomy that points link to), `points-<pupil>`."""

from enum import StrEnum
from typing import NewType
from uuid import UUID

from shared.events.declaration import Event, Personal, event, personal
from shared.events.identity import PupilId, SchoolId, StaffId
from shared.privacy.categories import Category

ValueId = NewType("ValueId", UUID)
BehaviourId = NewType("BehaviourId", UUID)
AwardId = NewType("AwardId", UUID)
RevocationId = NewType("RevocationId", UUID)


class ValueKind(StrEnum):
    """A school value or a school rule: points link to either (S34)."""

    VALUE = "value"
    RULE = "rule"


@event("points.SchoolValueDefined", version=1)
class SchoolValueDefined(Event):
    school_id: SchoolId
    value_id: ValueId
    kind: ValueKind
    name: str


@event("points.SchoolValueRetired", version=1)
class SchoolValueRetired(Event):
    school_id: SchoolId
    value_id: ValueId


@event("points.BehaviourDefined", version=1)
class BehaviourDefined(Event):
    school_id: SchoolId
    behaviour_id: BehaviourId
    value_id: ValueId
    name: str
    points: int


@event("points.BehaviourRetired", version=1)
class BehaviourRetired(Event):
    school_id: SchoolId
    behaviour_id: BehaviourId


@event("points.PointAwarded", version=1)
class PointAwarded(Event):
    award_id: AwardId
    pupil_id: PupilId
    staff_id: StaffId
    behaviour_id: BehaviourId
    value_id: ValueId
    points: int
    roster_position: int  # how far the roster was known when the relation was judged
    note: Personal[str | None] = personal(subject="award_id", category=Category.POINTS_NOTE)


@event("points.PointRevoked", version=1)
class PointRevoked(Event):
    """The revocation is its reason's subject: an award whose note was erased can still be corrected."""

    revocation_id: RevocationId
    award_id: AwardId
    pupil_id: PupilId
    staff_id: StaffId
    points: int
    reason: Personal[str] = personal(subject="revocation_id", category=Category.POINTS_NOTE)
