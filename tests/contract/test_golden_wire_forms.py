"""The wire form of every released version of every event is a file. A changed declaration is a new version."""

import json
import os
from pathlib import Path

import pytest

import shared.events
from shared.events.declaration import REGISTRY, Erased, Registry, Sealed, event, personal, personal_marks, upcast
from shared.events.declaration import Event as BaseEvent
from shared.events.wire import PersonalPart, WireError, from_wire, to_wire
from shared.privacy.categories import Category
from shared.testing.examples import example_of

GOLDEN = Path(shared.events.__file__).parent / "golden"
SEALED = {"key": "00000000-0000-0000-0000-000000000000", "nonce": "", "text": ""}


def path_of(name: str, version: int) -> Path:
    return GOLDEN / f"{name}.v{version}.json"


def golden_form(name: str) -> dict[str, object]:
    """The plain fields, and for each personal one whose key seals it and what is sealed."""
    made = REGISTRY.of(name)
    assert made is not None
    plain, parts = to_wire(example_of(made))
    return {
        "data": plain | {part.field: SEALED for part in parts},
        "personal": {
            part.field: {
                "subject": part.mark.subject,
                "category": part.mark.category,
                "value": json.loads(part.text),
            }
            for part in parts
        },
    }


@pytest.mark.parametrize("name", REGISTRY.names())
def test_an_event_s_wire_form_is_its_golden_file(name: str):
    made = REGISTRY.of(name)
    assert made is not None
    golden = path_of(name, made.schema_version)
    if os.environ.get("BOOKBAG_WRITE_GOLDEN") and not golden.exists():
        golden.write_text(json.dumps(golden_form(name), indent=2, sort_keys=True) + "\n")
    assert golden.exists(), "a new event or version: make golden writes its file, to be read and committed"
    assert json.loads(golden.read_text()) == golden_form(name)


@pytest.mark.parametrize("golden", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_every_released_version_can_still_be_read(golden: Path):
    name, _, version = golden.stem.rpartition(".v")
    form = json.loads(golden.read_text())
    opened = {field: json.dumps(found["value"]).encode() for field, found in form["personal"].items()}
    read = from_wire(name, int(version), form["data"], opened)
    assert read == example_of(type(read))


@pytest.mark.parametrize("name", REGISTRY.names())
def test_personal_fields_are_never_in_the_plain_part(name: str):
    made = REGISTRY.of(name)
    assert made is not None
    plain, parts = to_wire(example_of(made))
    assert plain.keys().isdisjoint(personal_marks(made))
    assert {part.field for part in parts} == personal_marks(made).keys()


def test_an_older_version_is_led_to_the_latest_one_step_at_a_time():
    registry = Registry()

    @event("tests.LabelPrinted", version=3, registry=registry)
    class LabelPrinted(BaseEvent):
        label: str
        copies: int

    @upcast("tests.LabelPrinted", from_version=1, registry=registry)
    def _(data: dict[str, object]) -> dict[str, object]:
        return {"label": data["title"]}

    @upcast("tests.LabelPrinted", from_version=2, registry=registry)
    def _(data: dict[str, object]) -> dict[str, object]:
        return data | {"copies": 1}

    assert from_wire("tests.LabelPrinted", 1, {"title": "PE kit"}, {}, registry) == LabelPrinted(
        label="PE kit", copies=1
    )
    assert from_wire("tests.LabelPrinted", 2, {"label": "PE kit"}, {}, registry) == LabelPrinted(
        label="PE kit", copies=1
    )
    with pytest.raises(WireError):
        from_wire("tests.LabelPrinted", 4, {"label": "PE kit", "copies": 1}, {}, registry)


@pytest.mark.parametrize(
    "data",
    [
        {"label": "a", "copies": 1, "colour": "red"},
        {"label": "a"},
        {"label": 1, "copies": 1},
        {"label": "a", "copies": True},
        {"label": "a", "copies": 2**53},
        {"label": "a", "copies": "1"},
    ],
)
def test_data_that_is_not_of_its_type_is_an_error_and_its_text_tells_no_value(data: dict[str, object]):
    registry = Registry()

    @event("tests.Sheet", version=1, registry=registry)
    class _Sheet(BaseEvent):
        label: str
        copies: int

    with pytest.raises(WireError) as raised:
        from_wire("tests.Sheet", 1, data, {}, registry)
    assert "red" not in str(raised.value)


def test_a_personal_value_is_open_erased_or_sealed_as_it_was_found():
    registry = Registry()

    @event("tests.Named", version=1, registry=registry)
    class Named(BaseEvent):
        pupil_id: str
        name: str = personal(subject="pupil_id", category=Category.PUPIL_PARTICULARS)

    data = {"pupil_id": "p", "name": SEALED}
    assert from_wire("tests.Named", 1, data, {"name": b'"Ada"'}, registry) == Named(pupil_id="p", name="Ada")
    assert from_wire("tests.Named", 1, data, {"name": Erased()}, registry) == Named(pupil_id="p", name=Erased())  # type: ignore[arg-type]
    assert from_wire("tests.Named", 1, data, {}, registry) == Named(pupil_id="p", name=Sealed())  # type: ignore[arg-type]


def test_a_personal_part_hides_its_text():
    marks = personal_marks(REGISTRY.of("identity.PersonRegistered"))  # type: ignore[arg-type]
    from uuid import uuid4

    part = PersonalPart(field="given_name", subject=uuid4(), mark=marks["given_name"], text=b"canary")
    assert "canary" not in repr(part)
