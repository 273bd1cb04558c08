"""A school: registered once by an operator, its parameters set by its Headteacher. Stream `school-<id>`.

A school's id follows from its slug, so that two schools of one slug are one stream: only the first can be registered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid5

from shared.events.identity import SchoolId, SchoolParametersSet, SchoolRegistered
from shared.policy.codes import CONFLICT, NOT_FOUND
from shared.policy.parameters import Parameters
from shared.policy.refusal import Refusal

SCHOOLS = UUID("6f1d6d0c-58b5-5d0e-9d2b-5a0f2f3c8e11")
"""The name space of slugs. It must never change: every school's id follows from it."""

SchoolEvent = SchoolRegistered | SchoolParametersSet


def school_id_of(slug: str) -> SchoolId:
    """The id of the school that people name so at sign-in, in any case."""
    return SchoolId(uuid5(SCHOOLS, slug.casefold()))


@dataclass(frozen=True, slots=True)
class School:
    """Attributes: partition: 0 while the school is not registered."""

    partition: int = 0
    parameters: Mapping[str, bool | int | str] | None = None

    @property
    def in_force(self) -> Parameters:
        """What the school has set, and the policy's defaults for the rest."""
        return Parameters.from_mapping(self.parameters or {})


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterSchool:
    slug: str
    name: str
    partition: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetParameters:
    school_id: SchoolId
    parameters: Parameters
    reason: str


def decide(command: RegisterSchool | SetParameters, state: School) -> list[SchoolEvent]:
    match command:
        case RegisterSchool() if state.partition:
            raise Refusal(CONFLICT)
        case RegisterSchool(slug=slug, name=name, partition=partition):
            return [SchoolRegistered(school_id=school_id_of(slug), slug=slug, name=name, partition=partition)]
        case SetParameters() if not state.partition:
            raise Refusal(NOT_FOUND)
        case SetParameters(school_id=school_id, parameters=parameters, reason=reason):
            chosen = parameters.to_mapping()
            if chosen == state.in_force.to_mapping():
                return []
            return [SchoolParametersSet(school_id=school_id, parameters=chosen, reason=reason)]


def evolve(state: School, event: SchoolEvent) -> School:
    match event:
        case SchoolRegistered(partition=partition):
            return School(partition, state.parameters)
        case SchoolParametersSet(parameters=parameters):
            return School(state.partition, parameters)
