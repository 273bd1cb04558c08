"""Identity over HTTP, and nothing else: sign-in, schools, rosters. People are in `people_api.py`."""

from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID

import falcon

from services.identity.awaited import Awaited
from services.identity.clock_api import SchoolTime
from services.identity.commands import IdentityCommands
from services.identity.domain.appointments import AppointedRole
from services.identity.domain.permission import may_import_roster, may_lead, may_run_the_platform
from services.identity.oneroster import RosterInvalid, read_roster, unzip_roster
from services.identity.policy_api import Policy
from services.identity.principals import Principals
from services.identity.queries import IdentityQueries
from services.identity.schemas import (
    Appointment,
    CodeRequest,
    IssuedCode,
    NewParameters,
    NewPassword,
    NewSchool,
    RosterReceipt,
    ShownParameters,
    SignedIn,
    SignIn,
)
from services.identity.sign_in import SignIn as SignInDesk
from shared.hosting.writes import Asks, Written, written
from shared.http.app import caller
from shared.http.operations import Route, body, operation, raw_body
from shared.http.position import HEADER as POSITION
from shared.http.principal import HEADER
from shared.policy.codes import (
    CAPACITY_REQUIRED,
    CONFLICT,
    HEADTEACHER_ONLY,
    INVALID_FIELDS,
    NOT_FOUND,
    NOT_SIGNED_IN,
    NOT_YET_VISIBLE,
    OFFICE_ONLY,
    OPERATOR_ONLY,
    ROSTER_INVALID,
    SIGN_IN_FAILED,
    TOO_MANY_ATTEMPTS,
    YEAR_OUT_OF_RANGE,
)
from shared.policy.parameters import Parameters
from shared.policy.refusal import Refusal
from shared.policy.working_time import LONDON
from shared.projections.roster_queries import Roster as RosterFacts
from shared.projections.sharing import Sharing
from shared.runtime.clock import Clock

SIGN_IN, SCHOOLS = "Sign-in", "Schools"
ZIP = "application/zip"


@dataclass(frozen=True, slots=True)
class IdentityApi:
    """What the resources work with. Attributes: development: whether one-time codes and a clock to set exist."""

    asks: Asks
    commands: IdentityCommands
    queries: IdentityQueries
    roster: RosterFacts
    sharing: Sharing
    desk: SignInDesk
    principals: Principals
    awaited: Awaited
    clock: Clock
    development: bool

    def routes(self) -> list[Route]:
        routes = [
            Route("/internal/principal", GatewayPrincipal(self)),
            Route("/internal/principals/{session_id:uuid}", SessionPrincipal(self)),
            Route("/v1/sessions", Sessions(self)),
            Route("/v1/sessions/current", CurrentSession(self)),
            Route("/v1/me/password", Password(self)),
            Route("/v1/schools", Schools(self)),
            Route("/v1/schools/{school_id:uuid}/parameters", SchoolParameters(self)),
            Route("/v1/schools/{school_id:uuid}/roster-imports", RosterImportsOf(self)),
            Route("/v1/schools/{school_id:uuid}/appointments", AppointmentsOf(self)),
            Route("/v1/roster-imports", RosterImports(self)),
            Route("/v1/roster-imports/{import_id:uuid}", RosterImportReceipt(self)),
            Route("/v1/appointments", Appointments(self)),
            Route("/v1/appointments/{staff_id:uuid}/{role}", OneAppointment(self)),
            Route("/v1/policy", Policy(self._school_name, self.parameters, self._today)),
        ]
        if not self.development:
            return routes
        return [
            *routes,
            Route("/v1/one-time-codes", OneTimeCodes(self)),
            Route("/v1/clock", SchoolTime(self.clock, self.principals)),
        ]

    def _school_name(self, school_id: UUID) -> str:
        return self.queries.school_name(school_id)

    def parameters(self, school_id: UUID) -> Parameters:
        """What the school varies of the policy; the policy itself where it has said nothing."""
        found = self.roster.school(school_id)
        return Parameters() if found is None else Parameters.from_mapping(found.parameters)

    def _today(self) -> date:
        return self.clock.now().astimezone(LONDON).date()


@dataclass(frozen=True, slots=True)
class GatewayPrincipal:
    """What the gateway asks before it passes a request on: who is this?"""

    api: IdentityApi

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        scheme, _, token = (req.get_header("Authorization") or "").partition(" ")
        header = self.api.principals.of_token(token) if scheme.lower() == "bearer" and token else None
        if header is not None and self.api.awaited.decision_if_possible(req.get_header(POSITION)):
            header = self.api.principals.of_token(token, anew=True)
        if header is None:
            raise Refusal(NOT_SIGNED_IN)
        resp.set_header(HEADER, header)
        resp.status = falcon.HTTP_204


@dataclass(frozen=True, slots=True)
class SessionPrincipal:
    """What another service asks when the answer it was given has grown old."""

    api: IdentityApi

    def on_get(self, _req: falcon.Request, resp: falcon.Response, session_id: UUID) -> None:
        resp.set_header(HEADER, self.api.principals.now(session_id))
        resp.status = falcon.HTTP_204


@dataclass(frozen=True, slots=True)
class Sessions:
    api: IdentityApi

    @operation(
        summary="Sign in, by password or one-time code",
        tag=SIGN_IN,
        status=201,
        request=SignIn,
        response=SignedIn,
        clauses=["S21"],
        codes=[SIGN_IN_FAILED, TOO_MANY_ATTEMPTS, CAPACITY_REQUIRED, NOT_YET_VISIBLE],
        public=True,
        idempotent=False,
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        fields = body(req, SignIn)
        password, code = fields.get("password"), fields.get("code")
        if fields.keys() == {"operator", "password"}:
            found = self.api.desk.operator(name=fields["operator"], password=fields["password"])
        elif (
            "operator" in fields
            or "school" not in fields
            or "login" not in fields
            or (password is None) == (code is None)
        ):
            words = "Please give a school, a login, and a password or a code."
            raise Refusal(INVALID_FIELDS, errors={"login": [words]})
        else:
            found = self.api.desk.person(
                school=fields["school"],
                login=fields["login"],
                password=password,
                code=code,
                capacity=fields.get("capacity"),
                once_proven=lambda: self.api.awaited.decision(req.get_header(POSITION)),
            )
        resp.status = falcon.HTTP_201
        resp.media = SignedIn().dump(asdict(found))

    @operation(
        summary="Sign out everywhere",
        tag=SIGN_IN,
        status=204,
        clauses=["S21"],
        restricted=True,
        signs_out=True,
    )
    def on_delete(self, req: falcon.Request, resp: falcon.Response) -> None:
        self.api.desk.end_all(caller(req))
        self.api.principals.forget()
        resp.status = falcon.HTTP_204


@dataclass(frozen=True, slots=True)
class CurrentSession:
    api: IdentityApi

    @operation(summary="Sign out", tag=SIGN_IN, status=204, clauses=["S21"], restricted=True, signs_out=True)
    def on_delete(self, req: falcon.Request, resp: falcon.Response) -> None:
        self.api.desk.end(caller(req).session_id)
        self.api.principals.forget()
        resp.status = falcon.HTTP_204


@dataclass(frozen=True, slots=True)
class Password:
    api: IdentityApi

    @operation(
        summary="Choose a password",
        tag=SIGN_IN,
        status=204,
        request=NewPassword,
        clauses=["S21"],
        codes=[SIGN_IN_FAILED, TOO_MANY_ATTEMPTS, NOT_FOUND],
        idempotent=False,
        restricted=True,
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        self.api.desk.set_password(caller(req), **body(req, NewPassword))
        self.api.principals.forget()
        resp.status = falcon.HTTP_204


@dataclass(frozen=True, slots=True)
class OneTimeCodes:
    api: IdentityApi

    @operation(
        summary="Issue a code that signs a person in once (development installations only)",
        tag=SIGN_IN,
        status=201,
        request=CodeRequest,
        response=IssuedCode,
        codes=[OPERATOR_ONLY, NOT_FOUND],
        idempotent=False,
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        may_run_the_platform(caller(req))
        resp.status = falcon.HTTP_201
        resp.media = IssuedCode().dump(asdict(self.api.desk.one_time_code(**body(req, CodeRequest))))


@dataclass(frozen=True, slots=True)
class Schools:
    api: IdentityApi

    @operation(
        summary="Register a school",
        tag=SCHOOLS,
        status=201,
        request=NewSchool,
        response=Written,
        codes=[OPERATOR_ONLY, CONFLICT],
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        answer = self.api.commands.register_school(self.api.asks.of(req), **body(req, NewSchool))
        written(resp, "identity", answer)


@dataclass(frozen=True, slots=True)
class SchoolParameters:
    api: IdentityApi

    @operation(
        summary="What the school varies of the policy",
        tag=SCHOOLS,
        response=ShownParameters,
        clauses=["S06", "S11"],
        codes=[NOT_FOUND],
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, school_id: UUID) -> None:
        _own_school(caller(req).school_id, school_id)
        found = self.api.roster.school(school_id)
        if found is None:
            raise Refusal(NOT_FOUND)
        resp.media = ShownParameters().dump({"parameters": Parameters.from_mapping(found.parameters).to_mapping()})

    @operation(
        summary="Vary the policy for the school, with a reason",
        tag=SCHOOLS,
        request=NewParameters,
        response=Written,
        clauses=["S06", "S11"],
        codes=[HEADTEACHER_ONLY, NOT_FOUND],
    )
    def on_put(self, req: falcon.Request, resp: falcon.Response, school_id: UUID) -> None:
        fields = body(req, NewParameters)
        may_lead(caller(req))
        _own_school(caller(req).school_id, school_id)
        parameters = Parameters.from_mapping(fields["parameters"])
        answer = self.api.commands.set_parameters(self.api.asks.of(req), parameters=parameters, reason=fields["reason"])
        written(resp, "identity", answer)


@dataclass(frozen=True, slots=True)
class RosterImports:
    api: IdentityApi

    @operation(
        summary="Bring in the school's roster: a OneRoster 1.2 CSV set, zipped",
        tag=SCHOOLS,
        status=201,
        upload=ZIP,
        response=Written,
        clauses=["S23", "S25", "S27"],
        codes=[OFFICE_ONLY, ROSTER_INVALID, YEAR_OUT_OF_RANGE],
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        may_import_roster(caller(req))
        self.bring_in(req, resp, self.api.asks.of(req).school_id)

    def bring_in(self, req: falcon.Request, resp: falcon.Response, school_id: UUID) -> None:
        try:
            roster = read_roster(unzip_roster(raw_body(req)), on=self.api.clock.now().date())
        except RosterInvalid as invalid:
            errors: dict[str, list[str]] = {}
            for problem in invalid.problems:
                errors.setdefault(f"{problem.file}:{problem.line}:{problem.field}", []).append(problem.message)
            raise Refusal(invalid.code, errors=errors) from None
        answer = self.api.commands.import_roster(self.api.asks.of(req), school_id=school_id, roster=roster)
        written(resp, "identity", answer)


@dataclass(frozen=True, slots=True)
class RosterImportsOf:
    api: IdentityApi

    @operation(
        summary="Bring in a school's roster as its operator; shows no content",
        tag=SCHOOLS,
        status=201,
        upload=ZIP,
        response=Written,
        clauses=["S23", "S25", "S27"],
        codes=[OPERATOR_ONLY, ROSTER_INVALID, NOT_FOUND],
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response, school_id: UUID) -> None:
        may_run_the_platform(caller(req))
        RosterImports(self.api).bring_in(req, resp, school_id)


@dataclass(frozen=True, slots=True)
class RosterImportReceipt:
    api: IdentityApi

    @operation(
        summary="What a roster import came to",
        tag=SCHOOLS,
        response=RosterReceipt,
        clauses=["S20", "S27"],
        codes=[OFFICE_ONLY, NOT_FOUND],
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, import_id: UUID) -> None:
        may_import_roster(caller(req))
        found = self.api.queries.roster_import(self.api.asks.of(req).school_id, import_id)
        if found is None:
            raise Refusal(NOT_FOUND)
        refused = [
            {"pupil_id": UUID(link["pupil_id"]), "guardian_id": UUID(link["guardian_id"])}
            | {"code": "PARENT_LIMIT", "clause": "S27"}
            for link in found.refused_links
        ]
        left_out = [{"person_id": person, "code": "ERASED_BEFORE", "clause": "S20"} for person in found.left_out]
        resp.media = RosterReceipt().dump(asdict(found) | {"refused_links": refused, "left_out": left_out})


@dataclass(frozen=True, slots=True)
class Appointments:
    api: IdentityApi

    @operation(
        summary="Appoint a member of staff",
        tag=SCHOOLS,
        status=201,
        request=Appointment,
        response=Written,
        clauses=["S06"],
        codes=[HEADTEACHER_ONLY, NOT_FOUND],
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        fields = body(req, Appointment)
        may_lead(caller(req))
        asked = self.api.asks.of(req)
        written(resp, "identity", self.api.commands.appoint(asked, school_id=asked.school_id, **fields))


@dataclass(frozen=True, slots=True)
class OneAppointment:
    api: IdentityApi

    @operation(
        summary="End an appointment",
        tag=SCHOOLS,
        response=Written,
        clauses=["S06"],
        codes=[HEADTEACHER_ONLY, NOT_FOUND],
    )
    def on_delete(self, req: falcon.Request, resp: falcon.Response, staff_id: UUID, role: str) -> None:
        may_lead(caller(req))
        asked = self.api.asks.of(req)
        if role not in list(AppointedRole):
            raise Refusal(NOT_FOUND)
        answer = self.api.commands.end_appointment(
            asked, school_id=asked.school_id, staff_id=staff_id, role=AppointedRole(role)
        )
        written(resp, "identity", answer, status=200)


@dataclass(frozen=True, slots=True)
class AppointmentsOf:
    api: IdentityApi

    @operation(
        summary="Appoint a member of a school's staff as its operator",
        tag=SCHOOLS,
        status=201,
        request=Appointment,
        response=Written,
        clauses=["S06"],
        codes=[OPERATOR_ONLY, NOT_FOUND],
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response, school_id: UUID) -> None:
        fields = body(req, Appointment)
        may_run_the_platform(caller(req))
        answer = self.api.commands.appoint(self.api.asks.of(req), school_id=school_id, **fields)
        written(resp, "identity", answer)


def _own_school(mine: UUID | None, school_id: UUID) -> None:
    if mine != school_id:
        raise Refusal(NOT_FOUND)
