"""The catalogues in docs/ are those of the code as it is now, and their documents are well formed."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]

from deploy.catalogues import asyncapi, events, refusals
from deploy.services import SERVICES
from shared.events.declaration import REGISTRY, personal_marks
from shared.policy.codes import CODES
from shared.privacy.categories import Category
from tests.repo.project import ROOT

GOLDEN = ROOT / "shared/events/golden"
DOCUMENT = asyncapi.made()
NAMES = list(REGISTRY.names())


@pytest.mark.parametrize("catalogue", [asyncapi, events, refusals], ids=lambda one: one.FILE.name)
def test_a_catalogue_is_what_the_code_makes(catalogue: Any):
    assert catalogue.FILE.read_text() == catalogue.rendered(), "written anew by: make docs"


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "$ref":
                yield inner
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def found_at(reference: str) -> Any:
    assert reference.startswith("#/")
    at: Any = DOCUMENT
    for step in reference[2:].split("/"):
        at = at[step.replace("~1", "/").replace("~0", "~")]
    return at


def test_the_events_document_has_the_parts_that_asyncapi_3_asks_for():
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= DOCUMENT["info"].keys()
    assert DOCUMENT.keys() <= {"asyncapi", "info", "defaultContentType", "channels", "operations", "components"}
    for operation in DOCUMENT["operations"].values():
        assert operation["action"] in {"send", "receive"}
        assert found_at(operation["channel"]["$ref"]) in DOCUMENT["channels"].values()
    for channel in DOCUMENT["channels"].values():
        assert channel["parameters"].keys() == {"partition"}
        assert "{partition}" in channel["address"]


def test_every_reference_of_the_events_document_leads_somewhere():
    led = set(references(DOCUMENT))
    assert len(led) > len(NAMES)
    for reference in led:
        assert isinstance(found_at(reference), dict)


def test_every_service_has_a_channel_and_every_event_is_in_its_service_s():
    assert set(DOCUMENT["channels"]) <= {*SERVICES, "stories"}
    assert {f"{name}.publish" for name in DOCUMENT["channels"]} == set(DOCUMENT["operations"])
    told = [name for channel in DOCUMENT["channels"].values() for name in channel["messages"]]
    assert sorted(told) == sorted(NAMES)
    for service, channel in DOCUMENT["channels"].items():
        assert all(name.startswith(f"{service}.") for name in channel["messages"])


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    whole = schema | {"components": DOCUMENT["components"]}
    Draft202012Validator.check_schema(whole)
    return Draft202012Validator(whole, format_checker=FormatChecker())


@pytest.mark.parametrize("name", NAMES)
def test_an_event_s_schema_takes_its_golden_form_and_nothing_beside_it(name: str):
    made = REGISTRY.of(name)
    assert made is not None
    data = json.loads((GOLDEN / f"{name}.v{made.schema_version}.json").read_text())["data"]
    check = validator(DOCUMENT["components"]["schemas"][name])
    assert [error.message for error in check.iter_errors(data)] == []
    assert not check.is_valid(data | {"unknown": 1})
    for field in data:
        assert not check.is_valid({other: value for other, value in data.items() if other != field})


@pytest.mark.parametrize("name", NAMES)
def test_a_personal_field_says_its_category_and_takes_no_plain_text(name: str):
    made = REGISTRY.of(name)
    assert made is not None
    properties = DOCUMENT["components"]["schemas"][name]["properties"]
    marked = {field: schema["x-personal"] for field, schema in properties.items() if "x-personal" in schema}
    assert marked == {
        field: {"category": mark.category, "subject": mark.subject} for field, mark in personal_marks(made).items()
    }
    for field, said in marked.items():
        assert said["category"] in set(Category)
        assert not validator(properties[field]).is_valid("plain")


def test_the_events_page_shows_every_event_and_the_refusals_page_every_code():
    page, codes = events.rendered(), refusals.rendered()
    assert [name for name in NAMES if f"### {name.partition('.')[2]}, version " not in page] == []
    assert [name for name in CODES if f"| `{name}` |" not in codes] == []
