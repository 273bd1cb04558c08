"""Appointments that a roster does not give: Deputy, safeguarding lead, office, governor. Stream `person-<id>`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from shared.events.identity import PersonRegistered, PersonRenamed, RoleAppointed, RoleEnded, StaffId, StaffRole
from shared.policy.codes import NOT_FOUND
from shared.policy.refusal import Refusal


class AppointedRole(StrEnum):
    """The roles that are given by appointment. The others are the roster's alone."""

    DEPUTY_HEADTEACHER = StaffRole.DEPUTY_HEADTEACHER
    SAFEGUARDING_LEAD = StaffRole.SAFEGUARDING_LEAD
    OFFICE = StaffRole.OFFICE
    GOVERNOR = StaffRole.GOVERNOR


StaffEvent = PersonRegistered | PersonRenamed | RoleAppointed | RoleEnded


@dataclass(frozen=True, slots=True)
class Staff:
    registered: bool = False
    roles: frozenset[StaffRole] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Appoint:
    staff_id: StaffId
    role: AppointedRole


@dataclass(frozen=True, slots=True, kw_only=True)
class EndAppointment:
    staff_id: StaffId
    role: AppointedRole


def decide(command: Appoint | EndAppointment, state: Staff) -> Sequence[RoleAppointed | RoleEnded]:
    if not state.registered:
        raise Refusal(NOT_FOUND)
    role = StaffRole(command.role)
    match command:
        case Appoint(staff_id=staff) if role not in state.roles:
            return [RoleAppointed(staff_id=staff, role=role, by_roster=False)]
        case EndAppointment(staff_id=staff) if role in state.roles:
            return [RoleEnded(staff_id=staff, role=role)]
        case EndAppointment():
            raise Refusal(NOT_FOUND)
        case _:
            return []


def evolve(state: Staff, event: StaffEvent) -> Staff:
    match event:
        case PersonRegistered() | PersonRenamed():
            return replace(state, registered=True)
        case RoleAppointed(role=role):
            return replace(state, roles=state.roles | {role})
        case RoleEnded(role=role):
            return replace(state, roles=state.roles - {role})
