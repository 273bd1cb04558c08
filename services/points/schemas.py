"""The wire forms of points: what is sent and what is shown."""

from shared.events.points import ValueKind
from shared.http.schemas import EnumField, Flag, Id, ListOf, Part, Schema, StrictInt, Text, When

NAME = 80
NOTE = 280
REASON = 280
MOST_POINTS = 1_000_000
"""Bounds of the field; how many may be given at once is the school's parameter (S33)."""


class ValueDefinition(Schema):
    kind = EnumField(ValueKind, required=True)
    name = Text(1, NAME, required=True)


class Value(Schema):
    value_id = Id(required=True)
    kind = EnumField(ValueKind, required=True)
    name = Text(required=True)
    active = Flag(required=True)


class Values(Schema):
    items = ListOf(Part(Value), required=True)


class BehaviourDefinition(Schema):
    value_id = Id(required=True)
    name = Text(1, NAME, required=True)
    points = StrictInt(-MOST_POINTS, MOST_POINTS, load_default=1)


class Behaviour(Schema):
    behaviour_id = Id(required=True)
    value_id = Id(required=True)
    value = Text(required=True)
    name = Text(required=True)
    points = StrictInt(required=True)
    active = Flag(required=True)


class Behaviours(Schema):
    items = ListOf(Part(Behaviour), required=True)


class Award(Schema):
    """`behaviour_id` may be missing on the wire, so that the policy refuses it (S34) and not the form."""

    pupil_id = Id(required=True)
    behaviour_id = Id(load_default=None, allow_none=True)
    points = StrictInt(-MOST_POINTS, MOST_POINTS, load_default=None, allow_none=True)
    note = Text(1, NOTE, load_default=None, allow_none=True)


class Revocation(Schema):
    reason = Text(1, REASON, required=True)


class GivenBy(Schema):
    staff_id = Id(required=True)
    given_name = Text(required=True, allow_none=True)
    family_name = Text(required=True, allow_none=True)


class Awarded(Schema):
    award_id = Id(required=True)
    pupil_id = Id(required=True)
    behaviour_id = Id(required=True)
    behaviour = Text(required=True)
    value_id = Id(required=True)
    value = Text(required=True)
    points = StrictInt(required=True)
    note = Text(required=True, allow_none=True)
    given_by = Part(GivenBy, required=True)
    awarded_at = When(required=True)
    revoked_at = When(required=True, allow_none=True)
    revoked_because = Text(required=True, allow_none=True)


class ValueTotal(Schema):
    value_id = Id(required=True)
    kind = EnumField(ValueKind, required=True)
    name = Text(required=True)
    total = StrictInt(required=True)


class PupilPoints(Schema):
    """The total counts every award that stands; `awards` is a page of the list, newest first."""

    pupil_id = Id(required=True)
    total = StrictInt(required=True)
    by_value = ListOf(Part(ValueTotal), required=True)
    items = ListOf(Part(Awarded), required=True)
    next = Text(required=True, allow_none=True)


class PupilTotal(Schema):
    pupil_id = Id(required=True)
    given_name = Text(required=True, allow_none=True)
    total = StrictInt(required=True)


class ClassPoints(Schema):
    class_id = Id(required=True)
    items = ListOf(Part(PupilTotal), required=True)
