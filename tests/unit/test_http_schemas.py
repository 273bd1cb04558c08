"""Schemas, problem documents, pages and the OpenAPI document."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

import pytest
from falcon import Request
from falcon.testing import create_environ
from marshmallow import ValidationError, fields, validate

from shared.http.operations import load
from shared.http.paging import Page, from_cursor, page_of, paged, to_cursor
from shared.http.problems import MOST_ERRORS, Calm, field_errors, invalid_fields, problem
from shared.http.schemas import DateField, EnumField, Flag, Id, ListOf, Part, Schema, StrictInt, Text, When
from shared.policy.codes import NOT_FOUND, PARENT_LIMIT
from shared.policy.refusal import Refusal


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Row(Schema):
    name = Text(1, 10, required=True)


class Everything(Schema):
    whole = StrictInt(1, 5)
    asked = StrictInt(0, 9, text=True)
    flag = Flag()
    text = Text(1, 5)
    note = Text(0, 5, allow_none=True)
    id = Id()
    when = When()
    day = DateField()
    colour = EnumField(Colour)
    rows = ListOf(Part(Row), least=1, most=2)


def errors_of(value: dict[str, Any]) -> dict[str, list[str]]:
    with pytest.raises(Refusal) as caught:
        load(Everything, value)
    assert caught.value.code.name == "INVALID_FIELDS"
    return {path: list(messages) for path, messages in caught.value.errors.items()}


def test_what_fits_is_loaded_and_dumped_again_unchanged() -> None:
    sent = {
        "whole": 5,
        "flag": False,
        "text": " a\n\tb",
        "note": None,
        "id": "0190c0de-0000-7000-8000-000000000000",
        "when": "2026-01-31T09:30:00.000001Z",
        "day": "2026-02-28",
        "colour": "red",
        "rows": [{"name": "x"}],
    }
    loaded = load(Everything, sent)
    assert loaded["id"] == UUID("0190c0de-0000-7000-8000-000000000000")
    assert loaded["when"] == datetime(2026, 1, 31, 9, 30, 0, 1, tzinfo=UTC)
    assert (loaded["day"], loaded["colour"], loaded["text"]) == (date(2026, 2, 28), Colour.RED, " a\n\tb")
    assert Everything().dump(loaded) == sent


def test_a_time_is_given_in_utc_whatever_zone_it_has() -> None:
    summer = datetime(2026, 7, 1, 10, tzinfo=timezone(timedelta(hours=1)))
    assert Everything().dump({"when": summer}) == {"when": "2026-07-01T09:00:00.000000Z"}


def each(field: str, values: Sequence[Any]) -> list[tuple[str, Any]]:
    return [(field, value) for value in values]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *each("whole", (0, 6, True, "3", 3.0, None, [], 10**30)),
        *each("asked", (3, "03", "+3", "3.0", " 3", "10", "-1", "\N{ARABIC-INDIC DIGIT ONE}", "9" * 99)),
        *each("flag", (1, 0, "true", None)),
        *each("text", ("", " ", "\n\t", "abcdef", 1, None, "\0", "\ud800", "a\r", "\u202f")),
        *each("id", ("", 1, None, "0190C0DE-0000-7000-8000-000000000000", uuid4().hex, [], {})),
        *[("id", f"{{{uuid4()}}}"), ("id", f"urn:uuid:{uuid4()}"), ("id", "0190c0de-0000-7000-8000-00000000000")],
        *each("when", ("2026-01-31T09:30:00Z", "2026-01-31T09:30:00.000000+00:00", "", 0, None)),
        *each("when", ("2026-02-30T09:30:00.000000Z", "2026-01-31 09:30:00.000000Z")),
        *each("day", ("2026-02-29", "20260131", "2026-1-31", "2026-W05-6", 0, None, "")),
        *each("colour", ("RED", "green", 1, None, ["red"], {})),
        *each("rows", ("x", {}, [], [{"name": "a"}] * 3, None, 5)),
    ],
)
def test_what_does_not_fit_is_refused_under_its_name_and_is_not_said_back(field: str, value: Any) -> None:
    found = errors_of({field: value})
    assert list(found) == [field]
    assert all(not isinstance(value, str) or len(value) < 6 or value not in message for message in found[field])


def test_a_number_in_a_query_is_its_canonical_text() -> None:
    assert load(Everything, {"asked": "7"}) == {"asked": 7}


def test_errors_inside_lists_are_found_by_their_path() -> None:
    assert errors_of({"rows": [{"name": "a"}, {"nickname": "b"}]}) == {
        "rows.1.name": ["Please fill this in."],
        "rows.1.nickname": ["We do not know this field."],
    }


def test_a_message_that_is_not_ours_may_quote_and_is_replaced() -> None:
    class Foreign(Schema):
        colour = fields.String(validate=validate.OneOf(["red"], error="{input} is not red"))
        ours = fields.String(validate=validate.Length(max=1))

    with pytest.raises(Refusal) as caught:
        load(Foreign, {"colour": "Amelia", "ours": "Khan"})
    assert dict(caught.value.errors) == {"colour": ["Please check this field."], "ours": ["Please check this field."]}


def test_a_message_of_our_own_is_kept() -> None:
    error = ValidationError({"_schema": [Calm("Please choose one.")], "a": {0: {"b": [Calm("Why?")]}}})
    assert field_errors(error) == {"?": ["Please choose one."], "a.0.b": ["Why?"]}


def test_an_answer_lists_a_hundred_errors_at_most() -> None:
    error = ValidationError({"rows": {number: [Calm("No.")] for number in range(5000)}})
    assert len(field_errors(error)) == MOST_ERRORS


def test_a_problem_names_clause_and_policy_for_a_rule_and_neither_otherwise() -> None:
    assert problem(Refusal(PARENT_LIMIT, limit=2)) == {
        "type": "about:blank",
        "title": "All places are taken",
        "status": 409,
        "code": "PARENT_LIMIT",
        "detail": "2 adults are already linked. Please speak to your child's teacher.",
        "clause": "S27",
        "policy_version": "2020-11-02",
    }
    assert not problem(Refusal(NOT_FOUND)).keys() & {"clause", "policy_version", "errors", "correlation_id"}
    assert problem(invalid_fields({"a": ["b"]}))["errors"] == {"a": ["b"]}


def page_for(query: str) -> Page:
    return page_of(Request(create_environ(query_string=query)))


def test_a_list_is_paged_to_its_end_without_a_gap_or_a_repeat() -> None:
    everything, seen, page = list(range(25)), list[int](), Page(limit=10)
    for _ in range(3):
        key = page.after_key(int)
        rest = [number for number in everything if key is None or number > int(key[0])]
        answer = paged(rest[: page.limit + 1], page, key=lambda number: (number,), shape=lambda number: number)
        seen += answer["items"]
        page = Page(limit=10, after=answer["next"])
    assert seen == everything
    assert page.after is None


def test_a_page_has_50_items_unless_it_is_asked_for_1_to_100() -> None:
    assert page_for("").limit == 50
    assert [page_for(f"limit={limit}").limit for limit in (1, 100)] == [1, 100]


@pytest.mark.parametrize(
    "limit", ["0", "101", "-1", "", "a", "1.0", "1e1", "0x1", "99999999999", "\N{SUPERSCRIPT TWO}"]
)
def test_another_limit_is_refused(limit: str) -> None:
    with pytest.raises(Refusal) as caught:
        page_for(f"limit={limit}")
    assert list(caught.value.errors) == ["limit"]


def test_a_cursor_holds_its_key() -> None:
    key = ("2026-01-31T09:30:00.000000Z", 42, str(uuid4()))
    assert from_cursor(to_cursor(key)) == key
    assert page_for(f"after={to_cursor(key)}").after_key(str, int, str) == key


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "????",
        "bnVsbA",
        "e30",
        "W10=",
        "WzEuNV0",
        "W3RydWVd",
        "W251bGxd",
        "WzEgXQ",
        "A" * 513,
        "W1sxXV0",
        "W10x",
    ],
)
def test_what_is_no_cursor_of_ours_is_refused(cursor: str) -> None:
    with pytest.raises(Refusal) as caught:
        from_cursor(cursor)
    assert caught.value.code.name == "BAD_CURSOR"


def test_a_cursor_of_another_list_is_refused() -> None:
    for key in ((1,), ("a", 1, 2), ("a", "1")):
        with pytest.raises(Refusal):
            Page(after=to_cursor(key)).after_key(str, int)


def test_a_cursor_that_is_given_twice_is_refused() -> None:
    with pytest.raises(Refusal):
        page_for(f"after={to_cursor((1,))}&after={to_cursor((2,))}")
