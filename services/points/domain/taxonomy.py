"""The school's values and rules, and the behaviours that earn points for them (S09, S34). Stream `values-<school>`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from shared.events.identity import SchoolId
from shared.events.points import (
    BehaviourDefined,
    BehaviourId,
    BehaviourRetired,
    SchoolValueDefined,
    SchoolValueRetired,
    ValueId,
    ValueKind,
)
from shared.policy.codes import CONFLICT, NOT_FOUND, POINTS_OUT_OF_RANGE, POSITIVE_ONLY, UNLINKED_BEHAVIOUR
from shared.policy.parameters import Parameters
from shared.policy.refusal import Refusal

TaxonomyEvent = SchoolValueDefined | SchoolValueRetired | BehaviourDefined | BehaviourRetired


@dataclass(frozen=True, slots=True)
class Behaviour:
    value_id: ValueId
    points: int


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """What points may be given for now: the active values and rules, and the active behaviours by id."""

    values: frozenset[ValueId] = frozenset()
    behaviours: Mapping[BehaviourId, Behaviour] = field(default_factory=dict)
    known: frozenset[UUID] = frozenset()

    def linked(self, behaviour_id: BehaviourId | None) -> Behaviour | None:
        """The behaviour, if it is active and so is the value or rule that it stands for."""
        behaviour = self.behaviours.get(behaviour_id) if behaviour_id else None
        return behaviour if behaviour and behaviour.value_id in self.values else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DefineValue:
    school_id: SchoolId
    value_id: ValueId
    kind: ValueKind
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireValue:
    school_id: SchoolId
    value_id: ValueId


@dataclass(frozen=True, slots=True, kw_only=True)
class DefineBehaviour:
    school_id: SchoolId
    behaviour_id: BehaviourId
    value_id: ValueId
    name: str
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireBehaviour:
    school_id: SchoolId
    behaviour_id: BehaviourId


TaxonomyCommand = DefineValue | RetireValue | DefineBehaviour | RetireBehaviour


def decide(command: TaxonomyCommand, state: Taxonomy, parameters: Parameters) -> list[TaxonomyEvent]:
    match command:
        case DefineValue():
            return _define_value(command, state)
        case RetireValue():
            return _retire_value(command, state)
        case DefineBehaviour():
            return _define_behaviour(command, state, parameters)
        case RetireBehaviour():
            return _retire_behaviour(command, state)


def _define_value(command: DefineValue, state: Taxonomy) -> list[TaxonomyEvent]:
    if command.value_id in state.known:
        raise Refusal(CONFLICT)
    return [
        SchoolValueDefined(school_id=command.school_id, value_id=command.value_id, kind=command.kind, name=command.name)
    ]


def _retire_value(command: RetireValue, state: Taxonomy) -> list[TaxonomyEvent]:
    if command.value_id in state.values:
        return [SchoolValueRetired(school_id=command.school_id, value_id=command.value_id)]
    if command.value_id in state.known:
        return []
    raise Refusal(NOT_FOUND)


def _define_behaviour(command: DefineBehaviour, state: Taxonomy, parameters: Parameters) -> list[TaxonomyEvent]:
    if command.behaviour_id in state.known:
        raise Refusal(CONFLICT)
    if command.value_id not in state.values:
        raise Refusal(UNLINKED_BEHAVIOUR)
    return [
        BehaviourDefined(
            school_id=command.school_id,
            behaviour_id=command.behaviour_id,
            value_id=command.value_id,
            name=command.name,
            points=allowed_points(command.points, parameters),
        )
    ]


def _retire_behaviour(command: RetireBehaviour, state: Taxonomy) -> list[TaxonomyEvent]:
    if command.behaviour_id in state.behaviours:
        return [BehaviourRetired(school_id=command.school_id, behaviour_id=command.behaviour_id)]
    if command.behaviour_id in state.known:
        return []
    raise Refusal(NOT_FOUND)


def allowed_points(points: int, parameters: Parameters) -> int:
    """The points, if the school's reading of S33 allows so many."""
    if points < 1 and (parameters.positive_points_only or points == 0):
        raise Refusal(POSITIVE_ONLY)
    if abs(points) > parameters.max_points_per_award:
        raise Refusal(POINTS_OUT_OF_RANGE, limit=parameters.max_points_per_award)
    return points


def evolve(state: Taxonomy, event: TaxonomyEvent) -> Taxonomy:
    match event:
        case SchoolValueDefined(value_id=value_id):
            return replace(state, values=state.values | {value_id}, known=state.known | {value_id})
        case SchoolValueRetired(value_id=value_id):
            return replace(state, values=state.values - {value_id})
        case BehaviourDefined(behaviour_id=behaviour_id):
            defined = {**state.behaviours, behaviour_id: Behaviour(event.value_id, event.points)}
            return replace(state, behaviours=defined, known=state.known | {behaviour_id})
        case BehaviourRetired(behaviour_id=retired):
            left = {ident: behaviour for ident, behaviour in state.behaviours.items() if ident != retired}
            return replace(state, behaviours=left)
