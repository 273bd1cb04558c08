"""The checks that every request passes, in one process and without a network."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import falcon
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from falcon import Request, Response
from falcon.testing import Result, create_environ
from falcon.testing import TestClient as Client

from shared.http.app import AppConfig, caller, consumer, make_app
from shared.http.operations import MAX_UPLOAD, Route, body, operation, query, raw_body
from shared.http.paging import page_of
from shared.http.position import LogPosition, Waiter
from shared.http.principal import sign
from shared.http.schemas import Id, Schema, StrictInt, Text
from shared.policy.codes import CONFLICT, NOT_SIGNED_IN, POSITIVE_ONLY, UNAVAILABLE
from shared.policy.principal import AccessState, Capacity, Principal
from shared.policy.refusal import Refusal
from shared.runtime.clock import FixedClock
from shared.runtime.config import Secret
from shared.runtime.health import Health

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
KEY = Ed25519PrivateKey.generate()
GATEWAY = "gateway secret"
TOKEN_DIGEST = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"  # of "foo"
GUARDIAN = Principal(
    session_id=uuid4(),
    school_id=uuid4(),
    person_id=uuid4(),
    capacity=Capacity.GUARDIAN,
    roles=frozenset(),
    classes=frozenset(),
    children=frozenset({uuid4()}),
    access=AccessState.ACTIVE,
    access_known=True,
    issued_at=NOW,
)


class NoteSchema(Schema):
    text = Text(1, 40, required=True)
    weight = StrictInt(1, 5)


class SearchSchema(Schema):
    pupil = Id()


class NameTakenError(Exception):
    pass


class Notes:
    """Its doings are told by the text it is sent."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.before_answer: Callable[[], None] = lambda: None

    @operation(summary="Write", tag="notes", request=NoteSchema, response=NoteSchema, status=201)
    def on_post(self, req: Request, resp: Response) -> None:
        note = body(req, NoteSchema)
        self.seen.append((note, req.context.idempotency_key))
        match note["text"]:
            case "negative":
                raise Refusal(POSITIVE_ONLY)
            case "taken":
                raise NameTakenError
            case "crash":
                raise RuntimeError("Amelia Khan's row")
        self.before_answer()
        resp.set_header("Location", "/v1/notes/1")
        resp.context.position = LogPosition(service="points", partition=1, position=7)
        resp.media = note

    @operation(summary="Look", tag="notes", query=SearchSchema, paged=True)
    def on_get(self, req: Request, resp: Response) -> None:
        self.seen.append((query(req, SearchSchema), page_of(req)))
        self.before_answer()
        resp.media = {"person": str(caller(req).person_id)}


class Note:
    @operation(summary="Look", tag="notes")
    def on_get(self, _req: Request, resp: Response, note_id: UUID) -> None:
        resp.media = {"id": str(note_id)}


class Decision:
    @operation(summary="Look", tag="notes", restricted=True)
    def on_get(self, _req: Request, resp: Response) -> None:
        resp.media = {"decision": "here"}

    @operation(summary="Drop", tag="notes", restricted=True)
    def on_delete(self, _req: Request, resp: Response) -> None:
        resp.media = {"decision": "gone"}


class SignOut:
    @operation(summary="Sign out", tag="notes", status=204, restricted=True, signs_out=True)
    def on_delete(self, _req: Request, resp: Response) -> None:
        resp.status = falcon.HTTP_204


class Door:
    @operation(summary="Knock", tag="notes", request=NoteSchema, public=True, idempotent=False)
    def on_post(self, req: Request, resp: Response) -> None:
        resp.media = body(req, NoteSchema)


class Pictures:
    @operation(summary="Send", tag="notes", upload=("image/jpeg", "image/png"), status=201)
    def on_post(self, req: Request, resp: Response) -> None:
        resp.media = {"bytes": raw_body(req).hex()}

    @operation(summary="Look", tag="notes", answers="image/jpeg")
    def on_get(self, _req: Request, resp: Response) -> None:
        resp.data, resp.content_type = b"\xff\xd8", "image/jpeg"


class Feed:
    def on_get(self, req: Request, resp: Response) -> None:
        resp.media = {"consumer": consumer(req)}


class Ask:
    def on_get(self, _req: Request, resp: Response) -> None:
        resp.status = falcon.HTTP_204


class House:
    """One app with all that it rests on in reach of the test."""

    def __init__(self) -> None:
        self.clock = FixedClock(NOW)
        self.notes = Notes()
        self.reached = True
        self.asked: list[UUID] = []
        self.identity: Callable[[UUID], str] = self.says_again
        self.health = Health({"database": lambda: True})
        self.pauses: list[float] = []
        self.client = Client(
            make_app(
                AppConfig(
                    service="points",
                    routes=[
                        Route("/v1/notes", self.notes),
                        Route("/v1/notes/{note_id:uuid}", Note()),
                        Route("/v1/decision", Decision()),
                        Route("/v1/session", SignOut()),
                        Route("/v1/door", Door()),
                        Route("/v1/pictures", Pictures()),
                        Route("/internal/feed", Feed()),
                        Route("/internal/principal", Ask()),
                    ],
                    gateway_secret=Secret(GATEWAY),
                    public_key=KEY.public_key(),
                    reask=self.ask,
                    service_credentials={"moderation": TOKEN_DIGEST},
                    health=self.health,
                    reached=lambda _: self.reached,
                    waiter=Waiter(1, monotonic=lambda: sum(self.pauses), pause=self.pauses.append),
                    translations={NameTakenError: lambda _: Refusal(CONFLICT)},
                    office_phone=lambda _: "0151 496 0000",
                    clock=self.clock,
                )
            )
        )

    def ask(self, session_id: UUID) -> str:
        self.asked.append(session_id)
        return self.identity(session_id)

    def says_again(self, session_id: UUID) -> str:
        return sign(replace(GUARDIAN, session_id=session_id, issued_at=self.clock.now()), KEY)

    def request(self, method: str, path: str, *, who: Principal | None = GUARDIAN, **options: Any) -> Result:
        headers: dict[str, str | None] = {
            "Bookbag-Gateway": GATEWAY,
            "Idempotency-Key": "k1",
            "Content-Type": "application/json",
        }
        if who is not None:
            headers["Bookbag-Principal"] = sign(who, KEY)
        headers |= options.pop("headers", {})
        sent = {name: value for name, value in headers.items() if value is not None}
        return self.client.simulate_request(method, path, headers=sent, **options)

    def write(self, text: str = "hello", **options: Any) -> Result:
        return self.request("POST", "/v1/notes", body=json.dumps({"text": text}), **options)


@pytest.fixture
def house() -> House:
    return House()


def code_of(result: Result) -> tuple[int, str]:
    assert result.headers["content-type"] == "application/problem+json"
    assert result.json["status"] == result.status_code
    return result.status_code, result.json["code"]


def test_a_write_is_answered_with_its_place_in_the_log(house: House) -> None:
    result = house.write()
    assert (result.status_code, result.json) == (201, {"text": "hello"})
    assert result.headers["bookbag-position"] == "points.1.7"
    assert result.headers["cache-control"] == "no-store"
    assert house.notes.seen == [({"text": "hello"}, "k1")]


def test_whoever_comes_past_the_gateway_is_turned_away(house: House) -> None:
    for sent in (None, "", "guess"):
        assert code_of(house.write(headers={"Bookbag-Gateway": sent})) == (403, "GATEWAY_ONLY")
        assert code_of(house.request("GET", "/internal/principal", headers={"Bookbag-Gateway": sent}))[0] == 403
    assert house.request("GET", "/internal/principal", who=None).status_code == 204
    assert house.notes.seen == []


def test_without_a_principal_only_the_public_door_opens(house: House) -> None:
    for path in ("/v1/notes", "/v1/decision", f"/v1/notes/{uuid4()}"):
        assert code_of(house.request("GET", path, who=None)) == (401, "NOT_SIGNED_IN")
    assert code_of(house.write(who=None)) == (401, "NOT_SIGNED_IN")
    answered = house.request("POST", "/v1/door", who=None, body='{"text": "knock"}', headers={"Idempotency-Key": None})
    assert answered.json == {"text": "knock"}


def test_a_401_names_the_scheme_it_wants(house: House) -> None:
    assert house.write(who=None).headers["www-authenticate"] == "Bearer"


def test_an_old_principal_is_refused_before_anything_is_done(house: House) -> None:
    old = replace(GUARDIAN, issued_at=NOW - timedelta(seconds=6))
    assert code_of(house.write(who=old)) == (401, "PRINCIPAL_EXPIRED")
    assert house.notes.seen == []


def test_a_fresh_principal_is_not_asked_about_again(house: House) -> None:
    house.clock.move(timedelta(milliseconds=300))
    assert house.write().status_code == 201
    assert house.asked == []


def test_past_300_milliseconds_identity_is_asked_again_before_anything_is_done(house: House) -> None:
    house.clock.move(timedelta(milliseconds=301))
    assert house.write().status_code == 201
    assert house.asked == [GUARDIAN.session_id]


def test_what_identity_said_lately_to_another_request_of_the_session_will_do(house: House) -> None:
    house.clock.move(timedelta(milliseconds=301))
    lately = replace(GUARDIAN, issued_at=NOW + timedelta(milliseconds=200))
    assert house.write(who=lately).status_code == 201
    assert house.write().status_code == 201
    assert house.asked == []
    # 200 ms later that too is older than 300 ms.
    house.clock.move(timedelta(milliseconds=200))
    assert house.write().status_code == 201
    assert house.asked == [GUARDIAN.session_id]


def test_what_identity_said_lately_of_another_session_does_not_help(house: House) -> None:
    house.clock.move(timedelta(milliseconds=301))
    another = replace(GUARDIAN, session_id=uuid4(), issued_at=NOW + timedelta(milliseconds=300))
    assert house.write(who=another).status_code == 201
    assert house.write().status_code == 201
    assert house.asked == [GUARDIAN.session_id]


def test_a_removal_that_identity_told_another_request_of_holds_for_this_one(house: House) -> None:
    house.clock.move(timedelta(milliseconds=301))
    removed = replace(GUARDIAN, access=AccessState.REMOVED, issued_at=NOW + timedelta(milliseconds=300))
    assert code_of(house.write(who=removed)) == (403, "REMOVED")
    assert code_of(house.write()) == (403, "REMOVED")
    assert house.notes.seen == []


def test_a_session_that_has_ended_meanwhile_does_nothing(house: House) -> None:
    def ended(_: UUID) -> str:
        raise Refusal(NOT_SIGNED_IN)

    house.identity = ended
    house.clock.move(timedelta(milliseconds=301))
    assert code_of(house.write()) == (401, "NOT_SIGNED_IN")
    assert house.notes.seen == []


@pytest.mark.parametrize("trouble", [TimeoutError(), RuntimeError("anything"), Refusal(UNAVAILABLE, retry_after=1)])
def test_while_identity_cannot_be_asked_nobody_acts_on_an_old_word(house: House, trouble: Exception) -> None:
    def silent(_: UUID) -> str:
        raise trouble

    house.identity = silent
    house.clock.move(timedelta(milliseconds=301))
    result = house.write()
    assert code_of(result) == (503, "UNAVAILABLE")
    assert result.headers["retry-after"] == "1"
    assert house.notes.seen == []


@pytest.mark.parametrize(
    ("again", "code"),
    [
        (replace(GUARDIAN, session_id=uuid4()), "NOT_SIGNED_IN"),
        (replace(GUARDIAN, person_id=uuid4()), "NOT_SIGNED_IN"),
        (replace(GUARDIAN, capacity=Capacity.STAFF, children=frozenset()), "NOT_SIGNED_IN"),
        (GUARDIAN, "UNAVAILABLE"),
    ],
    ids=["another session", "another person", "another capacity", "as old as before"],
)
def test_identitys_second_word_is_checked_like_its_first(house: House, again: Principal, code: str) -> None:
    house.clock.move(timedelta(milliseconds=600))
    old = again is GUARDIAN
    house.identity = lambda _: sign(again if old else replace(again, issued_at=house.clock.now()), KEY)
    assert code_of(house.write())[1] == code
    assert house.notes.seen == []


def test_no_2xx_leaves_half_a_second_after_identity_was_asked(house: House) -> None:
    def ended(_: UUID) -> str:
        raise Refusal(NOT_SIGNED_IN)

    house.identity = ended
    house.notes.before_answer = lambda: house.clock.move(timedelta(milliseconds=501))
    result = house.write()
    assert code_of(result) == (401, "NOT_SIGNED_IN")
    assert "bookbag-position" not in result.headers
    assert "location" not in result.headers


def test_a_slow_answer_leaves_when_identity_still_vouches_for_the_session(house: House) -> None:
    house.notes.before_answer = lambda: house.clock.move(timedelta(milliseconds=501))
    assert house.write().status_code == 201
    assert house.asked == [GUARDIAN.session_id]


@pytest.mark.parametrize(("access", "code"), [(AccessState.SUSPENDED, "SUSPENDED"), (AccessState.REMOVED, "REMOVED")])
def test_a_restricted_session_reaches_its_decision_and_nothing_else(
    house: House, access: AccessState, code: str
) -> None:
    who = replace(GUARDIAN, access=access)
    assert house.request("GET", "/v1/decision", who=who).status_code == 200
    for result in (house.write(who=who), house.request("GET", "/v1/notes", who=who)):
        assert code_of(result) == (403, code)
        assert "0151 496 0000" in result.json["detail"]
        assert result.json["policy_version"] == "2020-11-02"
    assert house.notes.seen == []


def test_a_guardian_restricted_meanwhile_is_stopped_by_identitys_second_word(house: House) -> None:
    house.clock.move(timedelta(milliseconds=301))
    house.identity = lambda _: sign(replace(GUARDIAN, access=AccessState.REMOVED, issued_at=house.clock.now()), KEY)
    assert code_of(house.write()) == (403, "REMOVED")


def test_while_it_is_not_known_how_things_stand_a_guardian_reads_and_does_not_write(house: House) -> None:
    who = replace(GUARDIAN, access_known=False)
    result = house.write(who=who)
    assert code_of(result) == (503, "UNAVAILABLE")
    assert result.headers["retry-after"] == "1"
    assert code_of(house.request("DELETE", "/v1/decision", who=who)) == (503, "UNAVAILABLE")
    assert house.notes.seen == []
    assert house.request("GET", "/v1/notes", who=who).status_code == 200
    assert house.request("HEAD", "/v1/notes", who=who).status_code == 200
    assert house.request("GET", "/v1/decision", who=who).status_code == 200


def test_signing_out_waits_for_nothing(house: House) -> None:
    for access in AccessState:
        who = replace(GUARDIAN, access=access, access_known=False)
        assert house.request("DELETE", "/v1/session", who=who).status_code == 204


def test_a_guardian_whose_standing_is_lost_sight_of_meanwhile_does_not_write(house: House) -> None:
    house.clock.move(timedelta(milliseconds=301))
    house.identity = lambda _: sign(replace(GUARDIAN, access_known=False, issued_at=house.clock.now()), KEY)
    assert code_of(house.write()) == (503, "UNAVAILABLE")
    assert house.notes.seen == []


def test_whoever_is_known_to_be_removed_is_told_so_and_not_to_try_again(house: House) -> None:
    who = replace(GUARDIAN, access=AccessState.REMOVED, access_known=False)
    assert code_of(house.write(who=who)) == (403, "REMOVED")


def test_a_post_needs_a_key_unless_its_operation_says_otherwise(house: House) -> None:
    assert code_of(house.write(headers={"Idempotency-Key": None})) == (400, "IDEMPOTENCY_KEY_REQUIRED")


def test_a_rule_of_the_policy_is_refused_with_its_clause(house: House) -> None:
    result = house.write("negative")
    assert code_of(result) == (422, "POSITIVE_ONLY")
    assert (result.json["clause"], result.json["policy_version"]) == ("S33", "2020-11-02")
    assert result.json["correlation_id"] == result.headers["bookbag-correlation"]


def test_a_services_own_exception_is_answered_as_it_translates_it(house: House) -> None:
    assert code_of(house.write("taken")) == (409, "CONFLICT")


def test_what_nobody_foresaw_is_a_500_that_tells_nothing(house: House) -> None:
    result = house.write("crash")
    assert code_of(result) == (500, "INTERNAL")
    assert "Amelia" not in result.text
    assert "RuntimeError" not in result.text


def test_fields_are_refused_by_path_and_never_by_value(house: House) -> None:
    result = house.request("POST", "/v1/notes", body='{"text": " ", "weight": "Amelia", "Amelia Khan": 1}')
    assert code_of(result) == (422, "INVALID_FIELDS")
    assert result.json["errors"] == {
        "text": ["Please give a text of 1 to 40 characters."],
        "weight": ["Please give a whole number from 1 to 5."],
        "?": ["We do not know this field."],
    }


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ('{"text": "a", "text": "b"}', (400, "DUPLICATE_FIELD")),
        ("[]", (400, "MALFORMED_JSON")),
        ("", (400, "MALFORMED_JSON")),
        ("[" * 5000, (400, "TOO_DEEP")),
        ('{"text": NaN}', (400, "MALFORMED_JSON")),
        (rb'{"text": "\u0000"}', (400, "TEXT_NOT_ALLOWED")),
        ('{"weight": 1e400}', (400, "NUMBER_OUT_OF_RANGE")),
    ],
)
def test_a_body_goes_through_the_strict_decoder(house: House, sent: str, code: tuple[int, str]) -> None:
    assert code_of(house.request("POST", "/v1/notes", body=sent, headers={"Content-Length": str(len(sent))})) == code


@pytest.mark.parametrize("kind", [None, "text/plain", "application/json; charset=latin-1", "application/jsonx"])
def test_a_body_of_another_kind_is_refused(house: House, kind: str | None) -> None:
    result = house.write(headers={"Content-Type": kind})
    assert code_of(result) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert result.json["detail"].endswith("Please send it as application/json.")


def test_the_kind_may_name_its_charset(house: House) -> None:
    assert house.write(headers={"Content-Type": "Application/JSON; charset=UTF-8"}).status_code == 201


def send(house: House, kind: str | None, length: int | None = None) -> Result:
    headers = {"Content-Type": kind} | ({} if length is None else {"Content-Length": str(length)})
    return house.request("POST", "/v1/pictures", body=b"\x89\0\xff", headers=headers)


@pytest.mark.parametrize("kind", ["image/jpeg", "image/png"])
def test_an_upload_of_any_kind_that_is_taken_comes_through_as_it_was_sent(house: House, kind: str) -> None:
    result = send(house, kind)
    assert (result.status_code, result.json) == (201, {"bytes": "8900ff"})


@pytest.mark.parametrize("kind", [None, "", "image/webp", "image/svg+xml", "application/json", "image/jpeg, image/png"])
def test_an_upload_of_another_kind_is_refused_and_told_which_are_taken(house: House, kind: str | None) -> None:
    result = send(house, kind)
    assert code_of(result) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert result.json["detail"].endswith("Please send it as image/jpeg or image/png.")


def test_an_upload_has_a_limit_of_its_own(house: House) -> None:
    assert code_of(send(house, "image/png", length=MAX_UPLOAD + 1)) == (413, "BODY_TOO_LARGE")


def test_an_answer_that_is_no_json_comes_through_as_it_was_given(house: House) -> None:
    result = house.request("GET", "/v1/pictures", headers={"Idempotency-Key": None, "Content-Type": None})
    assert (result.status_code, result.headers["content-type"], result.content) == (200, "image/jpeg", b"\xff\xd8")


def test_a_body_too_large_is_refused_before_it_is_read(house: House) -> None:
    # It announces a gigabyte and sends nothing: whoever reads first, waits.
    result = house.request("POST", "/v1/notes", headers={"Content-Length": str(2**30)})
    assert code_of(result) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize(
    "headers", [{"Transfer-Encoding": "chunked"}, {"Transfer-Encoding": "chunked", "Content-Length": "15"}, {}]
)
def test_a_body_of_unknown_length_is_refused(house: House, headers: dict[str, str]) -> None:
    result = house.request("POST", "/v1/notes", headers=headers)
    assert code_of(result) == (411, "LENGTH_REQUIRED")


def test_a_body_cut_short_is_refused(house: House) -> None:
    result = house.request("POST", "/v1/notes", body='{"text": "hello"}', headers={"Content-Length": "40"})
    assert code_of(result) == (400, "MALFORMED_JSON")


def test_a_body_where_none_is_taken_is_refused(house: House) -> None:
    result = house.request("GET", "/v1/decision", body="{}", headers={"Content-Length": "2"})
    assert code_of(result) == (400, "BODY_NOT_TAKEN")


@pytest.mark.parametrize("length", ["-1", "abc"])
def test_a_length_that_is_no_number_is_refused(house: House, length: str) -> None:
    # Past the test client, which checks the environment itself.
    headers = {"Bookbag-Gateway": GATEWAY, "Content-Length": length}
    environ = create_environ("/v1/door", method="POST", headers=headers)
    answered: list[str] = []

    def started(status: str, _headers: Any, _error: Any = None, /) -> Callable[[bytes], object]:
        answered.append(status)
        return lambda _written: None

    house.client.app(environ, started)
    assert answered == ["400 Bad Request"]


def test_an_unknown_parameter_is_refused_and_a_known_one_is_read(house: House) -> None:
    pupil = uuid4()
    assert code_of(house.request("GET", "/v1/notes", params={"pupils": str(pupil)})) == (422, "INVALID_FIELDS")
    assert code_of(house.request("GET", "/v1/decision", params={"limit": "1"})) == (422, "INVALID_FIELDS")
    assert house.request("GET", "/v1/notes", params={"pupil": str(pupil), "limit": "7"}).status_code == 200
    ((asked, page),) = house.notes.seen
    assert (asked, page.limit) == ({"pupil": pupil}, 7)


def test_a_parameter_that_is_given_twice_is_refused(house: House) -> None:
    twice = f"pupil={uuid4()}&pupil={uuid4()}"
    assert code_of(house.request("GET", "/v1/notes", query_string=twice)) == (422, "INVALID_FIELDS")


def test_a_query_waits_for_the_position_it_names(house: House) -> None:
    assert house.request("GET", "/v1/notes", headers={"Bookbag-Position": "points.1.7"}).status_code == 200
    house.reached = False
    result = house.request("GET", "/v1/notes", headers={"Bookbag-Position": "points.1.8"})
    assert code_of(result) == (503, "NOT_YET_VISIBLE")
    assert result.headers["retry-after"] == "1"
    assert code_of(house.request("GET", "/v1/notes", headers={"Bookbag-Position": "x"})) == (400, "BAD_HEADER")


def test_nobody_waits_without_a_principal(house: House) -> None:
    house.reached = False
    assert house.request("GET", "/v1/notes", who=None, headers={"Bookbag-Position": "points.1.8"}).status_code == 401
    assert house.pauses == []


def test_after_a_wait_the_principal_is_looked_at_again(house: House) -> None:
    house.reached = False

    def pause(seconds: float) -> None:
        house.pauses.append(seconds)
        house.clock.move(timedelta(milliseconds=400))
        house.reached = True

    house.client = Client(
        make_app(replace(_config_of(house), waiter=Waiter(1, monotonic=lambda: sum(house.pauses), pause=pause)))
    )
    house.request("GET", "/v1/notes", headers={"Bookbag-Position": "points.1.8"})
    assert house.asked == [GUARDIAN.session_id]


def test_head_is_answered_like_get_without_its_body(house: House) -> None:
    got, head = house.request("GET", "/v1/notes"), house.request("HEAD", "/v1/notes")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"]
    assert code_of_head(house.request("HEAD", "/v1/notes", who=None)) == 401


def code_of_head(result: Result) -> int:
    assert result.content == b""
    return result.status_code


def test_an_unknown_path_is_a_problem_document(house: House) -> None:
    assert code_of(house.request("GET", "/v1/nothing")) == (404, "NOT_FOUND")
    assert code_of(house.request("GET", "/v1/notes/not-an-id")) == (404, "NOT_FOUND")


def test_one_thing_has_one_address(house: House) -> None:
    one = uuid4()
    assert house.request("GET", f"/v1/notes/{one}").json == {"id": str(one)}
    for other in (str(one).upper(), one.hex, f"{{{one}}}", f"urn:uuid:{one}"):
        assert code_of(house.request("GET", f"/v1/notes/{other}")) == (404, "NOT_FOUND")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_a_method_that_is_not_there_is_a_problem_document_that_names_the_others(house: House, method: str) -> None:
    result = house.request(method, "/v1/notes")
    assert code_of(result) == (405, "METHOD_NOT_ALLOWED")
    assert result.headers["allow"] == "GET, POST"


def test_internal_paths_are_for_our_own_services(house: House) -> None:
    assert code_of(house.request("GET", "/internal/feed")) == (401, "SERVICE_ONLY")
    answered = house.request("GET", "/internal/feed", who=None, headers={"Authorization": "Bearer foo"})
    assert answered.json == {"consumer": "moderation"}


def test_a_correlation_is_kept_where_it_is_an_id_and_made_where_it_is_not(house: House) -> None:
    known = uuid4()
    for sent in (str(known), known.hex):
        assert house.write(headers={"Bookbag-Correlation": sent}).headers["bookbag-correlation"] == str(known)
    made = house.write(headers={"Bookbag-Correlation": "x\u0001"}).headers["bookbag-correlation"]
    assert UUID(made).version == 7


def test_the_probes_need_nobody_and_say_whether_the_process_can_work(house: House) -> None:
    assert house.client.simulate_get("/healthz").status_code == 200
    assert house.client.simulate_get("/readyz").json == {"ready": True, "failing": []}
    house.health.stop()
    stopping = house.client.simulate_get("/readyz")
    assert (stopping.status_code, stopping.json["failing"]) == (503, ["stopping"])


def test_refusals_are_counted_by_code_and_clause(house: House) -> None:
    house.write("negative")
    counted = house.client.simulate_get("/metrics").text
    assert 'bookbag_refusals_total{clause="S33",code="POSITIVE_ONLY",service="points"}' in counted
    assert str(GUARDIAN.person_id) not in counted


def test_a_responder_without_its_mark_is_not_served() -> None:
    class Forgotten:
        def on_get(self, _req: Request, _resp: Response) -> None: ...

    with pytest.raises(ValueError, match="on_get of /v1/forgotten"):
        make_app(replace(_config_of(House()), routes=[Route("/v1/forgotten", Forgotten())]))


def _config_of(house: House) -> AppConfig:
    return AppConfig(
        service="points",
        routes=[Route("/v1/notes", house.notes)],
        gateway_secret=Secret(GATEWAY),
        public_key=KEY.public_key(),
        reask=house.ask,
        service_credentials={},
        health=house.health,
        reached=lambda _: house.reached,
        clock=house.clock,
    )
