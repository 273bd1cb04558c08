from enum import StrEnum
from typing import Any

import pytest
from falcon import Request, Response
from openapi_spec_validator import OpenAPIV31SpecValidator

from shared.http.openapi import codes_of, document, merge
from shared.http.operations import Route, operation, operation_of
from shared.http.paging import PageQuery
from shared.http.schemas import DateField, EnumField, Flag, Id, ListOf, Part, Schema, StrictInt, Text, When
from shared.policy.codes import BAD_CURSOR, INVALID_FIELDS, STAFF_ONLY


class Year(StrEnum):
    NURSERY = "N"
    YEAR_6 = "Y6"


class LineSchema(Schema):
    text = Text(1, 10, required=True)


class AwardSchema(Schema):
    pupil = Id(required=True)
    weight = StrictInt(1, 5, required=True)
    year = EnumField(Year, allow_none=True)
    on = DateField()
    at = When()
    flag = Flag()
    note = Text(0, 100, allow_none=True)
    lines = ListOf(Part(LineSchema), least=1, most=3)


class FilterSchema(Schema):
    year = EnumField(Year)


class Awards:
    @operation(
        summary="Award points",
        tag="points",
        status=201,
        request=AwardSchema,
        response=AwardSchema,
        clauses=("S32", "S33"),
        codes=(STAFF_ONLY,),
    )
    def on_post(self, req: Request, resp: Response) -> None: ...

    @operation(summary="List", tag="points", response=AwardSchema, query=FilterSchema, paged=True)
    def on_get(self, req: Request, resp: Response) -> None: ...


class Award:
    @operation(summary="Look", tag="points", response=AwardSchema)
    def on_get(self, req: Request, resp: Response, award_id: object) -> None: ...


class Door:
    @operation(summary="Join", tag="join", request=LineSchema, public=True, idempotent=False, status=204)
    def on_post(self, req: Request, resp: Response) -> None: ...


class Pictures:
    @operation(summary="Send", tag="pictures", upload=("image/jpeg", "image/png"), status=201)
    def on_post(self, req: Request, resp: Response) -> None: ...

    @operation(summary="Look", tag="pictures", answers="image/jpeg")
    def on_get(self, req: Request, resp: Response) -> None: ...


class Roster:
    @operation(summary="Bring in", tag="pictures", upload="application/zip", status=201)
    def on_post(self, req: Request, resp: Response) -> None: ...


class Feed:
    def on_get(self, req: Request, resp: Response) -> None: ...


POINTS = [Route("/v1/points", Awards()), Route("/v1/points/{award_id:uuid}", Award()), Route("/internal/feed", Feed())]


@pytest.fixture
def points() -> dict[str, Any]:
    return document("Points", "1", POINTS)


def test_the_document_is_valid_openapi(points: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(points).validate()


def test_two_services_make_one_valid_document(points: dict[str, Any]) -> None:
    merged = merge("Bookbag", "1", [points, document("Identity", "1", [Route("/v1/join", Door())])])
    OpenAPIV31SpecValidator(merged).validate()
    assert list(merged["paths"]) == ["/v1/points", "/v1/points/{award_id}", "/v1/join"]


def test_an_upload_publishes_every_kind_that_it_takes_and_an_answer_its_own() -> None:
    made = document("Pictures", "1", [Route("/v1/pictures", Pictures()), Route("/v1/rosters", Roster())])
    OpenAPIV31SpecValidator(made).validate()
    pictures = made["paths"]["/v1/pictures"]
    assert pictures["post"]["requestBody"] == {"required": True, "content": {"image/jpeg": {}, "image/png": {}}}
    assert {"UNSUPPORTED_MEDIA_TYPE", "BODY_TOO_LARGE", "LENGTH_REQUIRED"} <= set(pictures["post"]["x-codes"])
    assert "MALFORMED_JSON" not in pictures["post"]["x-codes"]
    assert pictures["get"]["responses"]["200"]["content"] == {"image/jpeg": {}}
    assert made["paths"]["/v1/rosters"]["post"]["requestBody"]["content"] == {"application/zip": {}}


def test_two_services_cannot_have_one_path_or_two_schemas_of_one_name(points: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="path"):
        merge("Bookbag", "1", [points, points])
    other = document("Other", "1", [Route("/v1/join", Door())])
    other["components"]["schemas"]["Award"] = {"type": "string"}
    with pytest.raises(ValueError, match="Award"):
        merge("Bookbag", "1", [points, other])


def test_an_operation_publishes_its_clauses_codes_and_headers(points: dict[str, Any]) -> None:
    award = points["paths"]["/v1/points"]["post"]
    assert award["x-clauses"] == ["S32", "S33"]
    assert {"STAFF_ONLY", "IDEMPOTENCY_KEY_REQUIRED", "NOT_SIGNED_IN", "MALFORMED_JSON"} <= set(award["x-codes"])
    assert [(one["in"], one["name"], one["required"]) for one in award["parameters"]] == [
        ("header", "Idempotency-Key", True),
        ("header", "Bookbag-Position", False),
    ]
    assert "Bookbag-Position" in award["responses"]["201"]["headers"]
    assert "application/problem+json" in award["responses"]["403"]["content"]
    assert award["security"] == [{"session": []}]


def test_a_list_publishes_its_page_its_filter_and_the_position_it_takes(points: dict[str, Any]) -> None:
    listed = points["paths"]["/v1/points"]["get"]
    assert [one["name"] for one in listed["parameters"]] == ["Bookbag-Position", "limit", "after", "year"]
    assert set(listed["responses"]["200"]["content"]["application/json"]["schema"]["properties"]) == {"items", "next"}


def test_a_path_publishes_its_parameters(points: dict[str, Any]) -> None:
    parameter, _position = points["paths"]["/v1/points/{award_id}"]["get"]["parameters"]
    assert parameter["schema"] == {"type": "string", "format": "uuid"}


def test_the_schemas_say_what_the_fields_enforce(points: dict[str, Any]) -> None:
    award = points["components"]["schemas"]["Award"]
    assert award["properties"]["weight"] == {"type": "integer", "minimum": 1, "maximum": 5}
    assert award["properties"]["note"] == {"type": ["string", "null"], "minLength": 0, "maxLength": 100}
    assert award["properties"]["year"] == {"type": ["string", "null"], "enum": ["N", "Y6", None]}
    assert award["properties"]["lines"]["maxItems"] == 3
    assert award["properties"]["pupil"] == {"type": "string", "format": "uuid"}
    assert award["additionalProperties"] is False
    assert award["required"] == ["pupil", "weight"]


def test_a_public_operation_asks_for_no_session_and_no_key() -> None:
    join = document("Identity", "1", [Route("/v1/join", Door())])["paths"]["/v1/join"]["post"]
    assert join["security"] == []
    assert join["parameters"] == []
    assert "NOT_SIGNED_IN" not in join["x-codes"]


def test_internal_paths_are_not_published(points: dict[str, Any]) -> None:
    assert not [path for path in points["paths"] if path.startswith("/internal")]


def test_a_code_stands_once() -> None:
    made = operation_of(Awards(), "POST")
    assert made is not None
    codes = codes_of(made, "post")
    assert len(set(codes)) == len(codes)


def test_every_operation_says_that_it_refuses_what_it_does_not_know():
    for resource, verb in ((Award(), "get"), (Pictures(), "post"), (Pictures(), "get"), (Door(), "post")):
        found = operation_of(resource, verb)
        assert found is not None
        assert INVALID_FIELDS in codes_of(found, verb)


def test_an_operation_whose_answer_holds_a_page_among_other_things_says_that_it_refuses_a_cursor():
    class Ledger:
        @operation(summary="Read", tag="points", response=AwardSchema, query=PageQuery)
        def on_get(self, req: Request, resp: Response) -> None: ...

    made = operation_of(Ledger(), "get")
    assert made is not None
    assert BAD_CURSOR in codes_of(made, "get")
