"""The school's people over HTTP: who am I, classes, pupils, guardians, staff."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import falcon

from services.identity.avatar_api import OwnAvatar
from services.identity.domain.permission import (
    may_list_staff,
    may_read_class,
    may_read_guardians,
    may_read_pupil,
    sees_every_class,
)
from services.identity.erasure_api import erasure_routes
from services.identity.held_api import HeldAboutMe
from services.identity.policy_api import review_told
from services.identity.schemas import Classes, ClassWithPeople, Guardians, Me, PupilShown, StaffList
from shared.http.app import caller
from shared.http.operations import Route, operation
from shared.policy.codes import NOT_CLASS_TEACHER, NOT_FOUND, NOT_YOUR_AREA, STAFF_ONLY
from shared.policy.principal import Capacity, Principal
from shared.policy.refusal import Refusal
from shared.projections.roster_queries import PupilFacts

if TYPE_CHECKING:
    from services.identity.api import IdentityApi

TAG = "People"


def people_routes(api: "IdentityApi") -> list[Route]:
    return [
        Route("/v1/me", WhoAmI(api)),
        Route("/v1/me/avatar", OwnAvatar(api)),
        Route("/v1/me/held/identity", HeldAboutMe(api)),
        Route("/v1/classes", ClassList(api)),
        Route("/v1/classes/{class_id:uuid}", OneClass(api)),
        Route("/v1/pupils/{pupil_id:uuid}", OnePupil(api)),
        Route("/v1/pupils/{pupil_id:uuid}/guardians", GuardiansOfPupil(api)),
        Route("/v1/staff", Staff(api)),
        *erasure_routes(api),
    ]


@dataclass(frozen=True, slots=True)
class WhoAmI:
    api: "IdentityApi"

    @operation(summary="Who I am here", tag=TAG, response=Me, clauses=["S04", "S07", "S30", "S43"], restricted=True)
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        by = caller(req)
        shown = {
            "person_id": by.person_id,
            "capacity": by.capacity,
            "access": by.access,
            "school_id": by.school_id,
            "school": None,
            "help_link": None,
            "given_name": None,
            "family_name": None,
            "avatar": None,
            "policy_review": review_told(by, self.api.clock.now().date()),
            "roles": sorted(by.roles),
            "classes": [],
            "children": [],
        }
        if by.school_id is not None:
            name = self.api.queries.name_of(by.school_id, by.person_id)
            shown |= asdict(name) if name else {}
            shown |= {
                "school": self.api.queries.school_name(by.school_id),
                "avatar": self.api.queries.avatar_of(by.school_id, by.person_id)
                if by.capacity is Capacity.PUPIL
                else None,
                "help_link": self.api.parameters(by.school_id).help_link or None,
                "classes": [asdict(row) for row in self.api.queries.classes(by.school_id, sorted(by.classes))],
                "children": [asdict(row) for row in self.api.queries.pupils(by.school_id, sorted(by.children))],
            }
        resp.media = Me().dump(shown)


@dataclass(frozen=True, slots=True)
class ClassList:
    api: "IdentityApi"

    @operation(summary="My classes; for leaders and the office, all", tag=TAG, response=Classes)
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        by = caller(req)
        school_id = _school(by)
        only = None if sees_every_class(by) else sorted(by.classes)
        resp.media = Classes().dump({"items": [asdict(row) for row in self.api.queries.classes(school_id, only)]})


@dataclass(frozen=True, slots=True)
class OneClass:
    api: "IdentityApi"

    @operation(
        summary="A class with its pupils and staff",
        tag=TAG,
        response=ClassWithPeople,
        clauses=["S16", "S30"],
        codes=[NOT_FOUND, NOT_CLASS_TEACHER],
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, class_id: UUID) -> None:
        by, queries = caller(req), self.api.queries
        school_id = _school(by)
        found = queries.classes(school_id, [class_id])
        if not found:
            raise Refusal(NOT_FOUND)
        may_read_class(by, class_id)
        people = {
            "pupils": [asdict(row) for row in queries.pupils_of_class(school_id, class_id)],
            "staff": [asdict(row) for row in queries.staff_of_class(school_id, class_id)],
        }
        resp.media = ClassWithPeople().dump(asdict(found[0]) | people)


@dataclass(frozen=True, slots=True)
class OnePupil:
    api: "IdentityApi"

    @operation(
        summary="A pupil",
        tag=TAG,
        response=PupilShown,
        clauses=["S16", "S43"],
        codes=[NOT_FOUND, NOT_YOUR_AREA, NOT_CLASS_TEACHER],
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, pupil_id: UUID) -> None:
        by = caller(req)
        pupil = _pupil(self.api, by, pupil_id)
        may_read_pupil(by, pupil_id, pupil.classes)
        shown = self.api.queries.pupils(_school(by), [pupil_id])
        if not shown:
            raise Refusal(NOT_FOUND)
        surname = shown[0].family_name if by.capacity is not Capacity.PUPIL else None
        resp.media = PupilShown().dump(asdict(shown[0]) | {"family_name": surname})


@dataclass(frozen=True, slots=True)
class GuardiansOfPupil:
    api: "IdentityApi"

    @operation(
        summary="The adults who are linked to a pupil",
        tag=TAG,
        response=Guardians,
        clauses=["S16", "S27"],
        codes=[NOT_FOUND, NOT_CLASS_TEACHER],
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, pupil_id: UUID) -> None:
        by = caller(req)
        may_read_guardians(by, pupil_id, _pupil(self.api, by, pupil_id).classes)
        rows = self.api.queries.guardians_of(_school(by), pupil_id)
        resp.media = Guardians().dump({"items": [asdict(row) for row in rows]})


@dataclass(frozen=True, slots=True)
class Staff:
    api: "IdentityApi"

    @operation(summary="The school's staff", tag=TAG, response=StaffList, codes=[STAFF_ONLY])
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        by = caller(req)
        may_list_staff(by)
        resp.media = StaffList().dump({"items": [asdict(row) for row in self.api.queries.staff(_school(by))]})


def _school(by: Principal) -> UUID:
    if by.school_id is None:
        raise Refusal(NOT_FOUND)
    return by.school_id


def _pupil(api: "IdentityApi", by: Principal, pupil_id: UUID) -> PupilFacts:
    found = api.roster.pupil(_school(by), pupil_id)
    if found is None:
        raise Refusal(NOT_FOUND)
    return found
