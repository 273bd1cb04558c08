"""Appointments: given a person and their roles, when they are appointed or it ends, then these events."""

from uuid import UUID

import pytest

from services.identity.domain.appointments import Appoint, AppointedRole, EndAppointment, Staff, decide, evolve
from shared.events.identity import PersonId, PersonRegistered, RoleAppointed, RoleEnded, StaffId, StaffRole
from shared.policy.codes import NOT_FOUND
from shared.testing.specification import specification

given = specification(decide, evolve, Staff())

WHO = UUID(int=7)
REGISTERED = PersonRegistered(
    person_id=PersonId(WHO), given_name="Ivy", family_name="Fernsby", email="ivy@school.example"
)


def appointed(role: StaffRole, *, by_roster: bool = False) -> RoleAppointed:
    return RoleAppointed(staff_id=StaffId(WHO), role=role, by_roster=by_roster)


def ended(role: StaffRole) -> RoleEnded:
    return RoleEnded(staff_id=StaffId(WHO), role=role)


def appoint(role: AppointedRole) -> Appoint:
    return Appoint(staff_id=StaffId(WHO), role=role)


def end(role: AppointedRole) -> EndAppointment:
    return EndAppointment(staff_id=StaffId(WHO), role=role)


@pytest.mark.parametrize("role", AppointedRole)
def test_S06_a_member_of_staff_is_appointed_and_it_ends(role: AppointedRole):
    given(REGISTERED).when(appoint(role)).then(appointed(StaffRole(role)))
    given(REGISTERED, appointed(StaffRole(role))).when(end(role)).then(ended(StaffRole(role)))


def test_who_holds_the_role_already_is_not_appointed_again():
    office = AppointedRole.OFFICE
    given(REGISTERED, appointed(StaffRole.OFFICE)).when(appoint(office)).then_nothing()
    given(REGISTERED, appointed(StaffRole.OFFICE, by_roster=True)).when(appoint(office)).then_nothing()


def test_after_an_end_one_may_be_appointed_again():
    before = (REGISTERED, appointed(StaffRole.OFFICE), ended(StaffRole.OFFICE))
    given(*before).when(appoint(AppointedRole.OFFICE)).then(appointed(StaffRole.OFFICE))


def test_what_one_is_not_cannot_end():
    given(REGISTERED).when(end(AppointedRole.OFFICE)).then_refused(NOT_FOUND)
    others = (REGISTERED, appointed(StaffRole.GOVERNOR))
    given(*others).when(end(AppointedRole.OFFICE)).then_refused(NOT_FOUND)


def test_nobody_who_is_not_registered_is_appointed():
    """A pupil's login names somebody too, who is no adult of the school."""
    given().when(appoint(AppointedRole.SAFEGUARDING_LEAD)).then_refused(NOT_FOUND)


def test_T13_roles_stand_beside_one_another():
    before = (REGISTERED, appointed(StaffRole.TEACHER, by_roster=True), appointed(StaffRole.OFFICE))
    given(*before).when(appoint(AppointedRole.GOVERNOR)).then(appointed(StaffRole.GOVERNOR))
    given(*before).when(end(AppointedRole.OFFICE)).then(ended(StaffRole.OFFICE))


@pytest.mark.parametrize("role", [StaffRole.HEADTEACHER, StaffRole.TEACHER, StaffRole.SUPPORT_STAFF])
def test_S06_what_the_roster_gives_is_not_given_by_appointment(role: StaffRole):
    """Or a Headteacher could be made by who is none."""
    with pytest.raises(ValueError, match=role):
        AppointedRole(role)
