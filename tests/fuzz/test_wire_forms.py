"""Events, envelopes and messages: whole ones come back as they were, damaged ones are refused and never misread.

Each test here is played with far more examples by `make fuzz`.
"""

import json
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import hypothesis
import orjson
from hypothesis import given
from hypothesis import strategies as st

from shared.bus import messages
from shared.events.declaration import REGISTRY, Event, Registry, event, upcast
from shared.events.envelope import Envelope, canonical, envelope_from_wire, envelope_to_wire
from shared.events.wire import WireError, from_wire, to_wire
from shared.http.strict_json import decode
from shared.privacy.categories import CATEGORIES
from shared.privacy.keystore import KeyMissing, Owner, SubjectKey
from shared.privacy.vault import Tampered, Vault
from shared.testing.envelopes import envelope_of
from tests.contract.test_golden_wire_forms import GOLDEN
from tests.fuzz.strategies import damaged, events, json_values, moments, respelt

KEY = bytes(32)
CANARY = "Canary7431"


def through_json(value: Any) -> Any:
    """As it is after it was sent."""
    return decode(orjson.dumps(value))


def same(one: Any, other: Any) -> bool:
    """Of one spelling: to Python True is 1."""
    return orjson.dumps(one, option=orjson.OPT_SORT_KEYS) == orjson.dumps(other, option=orjson.OPT_SORT_KEYS)


@given(events())
def test_every_event_comes_back_from_its_wire_form_as_it_was(made: Event):
    plain, parts = to_wire(made)
    sent = through_json(plain) | {part.field: {} for part in parts}
    read = from_wire(made.event_type, made.schema_version, sent, {part.field: part.text for part in parts})
    assert read == made
    assert to_wire(read) == (plain, parts)
    canonical(plain)


def test_strategies_reach_every_declared_event():
    """Or the tests here would show nothing of those that they leave out."""
    assert {path.stem.rpartition(".v")[0] for path in GOLDEN.glob("*.json")} == set(REGISTRY.names())


forms = st.sampled_from(sorted(GOLDEN.glob("*.json"))).map(
    lambda path: (*path.stem.rpartition(".v")[::2], json.loads(path.read_text()))
)
"""Type, version and golden form of every version that was ever released."""


@given(forms, st.data())
def test_a_damaged_form_of_a_released_version_is_refused_or_means_what_it_says(
    form: tuple[str, str, dict[str, Any]], data: st.DataObject
):
    name, version, golden = form
    opened = {field: orjson.dumps(found["value"]) for field, found in golden["personal"].items()}
    sent = data.draw(damaged(golden["data"]))
    at = data.draw(st.sampled_from([int(version)] * 8 + [0, -1, int(version) + 1, 2**53]))
    try:
        read = from_wire(name, at, sent if isinstance(sent, dict) else {"": sent}, opened)
    except WireError:
        return
    plain, parts = to_wire(read)
    assert at == int(version)
    assert same(plain, {field: value for field, value in sent.items() if field in plain})
    assert sent.keys() == plain.keys() | {part.field for part in parts}


@given(forms, st.data())
def test_a_personal_value_of_another_form_is_refused_and_the_error_tells_nothing_of_it(
    form: tuple[str, str, dict[str, Any]], data: st.DataObject
):
    name, version, golden = form
    values = {field: found["value"] for field, found in golden["personal"].items()}
    hypothesis.assume(values)
    changed = data.draw(st.sampled_from(sorted(values)))
    opened = {field: orjson.dumps(value) for field, value in values.items()}
    other = data.draw(
        st.sampled_from(
            [CANARY, f"2026-{CANARY}", [CANARY], {CANARY: CANARY}, {"key": CANARY}, True, 10**15, 0.5, None]
        )
        | json_values
    )
    opened[changed] = data.draw(st.sampled_from([orjson.dumps(other), b"", b'"' + CANARY.encode(), CANARY.encode()]))
    try:
        read = from_wire(name, int(version), golden["data"], opened)
    except WireError as error:
        assert CANARY not in "".join(traceback.format_exception(error))  # noqa: PT017 - one of many examples
        return
    sent = {part.field: part.text for part in to_wire(read)[1]}
    assert orjson.loads(sent.get(changed, b"null")) == orjson.loads(opened[changed])


# -- the envelope, the message of the bus, and what is sealed ----------------------------------------------------------


WHOLE = {
    "id": "0199d2a0-0000-7000-8000-000000000001",
    "type": "points.PointAwarded",
    "schema_version": 1,
    "school_id": "0199d2a0-0000-7000-8000-00000000000a",
    "stream": "pupil-1",
    "stream_version": 3,
    "partition": 1,
    "position": 17,
    "occurred_at": "2026-09-07T08:30:00.123456Z",
    "recorded_at": "2026-09-07T08:30:00.123457Z",
    "actor": "staff:0199d2a0-0000-7000-8000-00000000000b",
    "correlation_id": "0199d2a0-0000-7000-8000-00000000000c",
    "causation_id": None,
    "data": {"points": 1, "note": None, "given": ["a", {"b": True}]},
    "previous": "0" * 63 + "a",
    "hash": "b" * 64,
}


def recorded(made: Event, data: Mapping[str, Any], at: datetime) -> Envelope:
    return envelope_of(made, id=UUID(int=1), school_id=UUID(int=2), data=data, at=at, causation_id=UUID(int=4))


@given(events(), moments, st.data())
def test_a_message_comes_back_as_it_was_and_a_damaged_one_is_discarded(made: Event, at: datetime, data: st.DataObject):
    envelope = recorded(made, to_wire(made)[0], at.astimezone(UTC))
    source = made.event_type.partition(".")[0]
    assert messages.read(KEY, source, 1, *messages.written(KEY, envelope)) == [envelope]
    # As if one of our own services had written it: the MAC is right.
    body = orjson.dumps(data.draw(damaged(envelope_to_wire(envelope))))
    read = messages.read(KEY, source, 1, body, {messages.HEADER: messages._mac(KEY, body)})
    if not isinstance(read, messages.Discarded):
        assert same([envelope_to_wire(one) for one in _all(read)], [orjson.loads(body)])


def _all(read: Any) -> list[Any]:
    """A message holds one event, or several."""
    return list(read) if isinstance(read, list | tuple) else [read]


@given(st.data())
def test_a_damaged_envelope_is_refused_or_means_what_it_says(data: st.DataObject):
    raw = data.draw(damaged(WHOLE))
    try:
        read = envelope_from_wire(raw if isinstance(raw, dict) else {"": raw})
    except WireError:
        return
    assert same(envelope_to_wire(read), raw)


class Keys:
    """One key for whatever is asked."""

    def obtain(self, owners: Sequence[Owner]) -> Mapping[Owner, SubjectKey]:
        return {owner: SubjectKey(UUID(int=9), KEY) for owner in owners}

    def fetch(self, key_ids: Sequence[UUID]) -> Mapping[UUID, bytes | None]:
        if set(key_ids) != {UUID(int=9)}:
            raise KeyMissing("missing")
        return {UUID(int=9): KEY}


def vault_that_opens(made: Event, field: str) -> Vault:
    category = next(part.mark.category for part in to_wire(made)[1] if part.field == field)
    return Vault(min(CATEGORIES[category].opened_by), Keys(), lambda: 0.0)


@given(events().filter(lambda made: to_wire(made)[1]), moments, st.data())
def test_what_is_sealed_opens_as_it_was_and_damaged_ciphertext_never(made: Event, at: datetime, data: st.DataObject):
    field = data.draw(st.sampled_from([part.field for part in to_wire(made)[1]]))
    vault = vault_that_opens(made, field)
    [sealed] = vault.seal(UUID(int=2), [(UUID(int=1), made)])
    [read] = vault.open([recorded(made, sealed, at)])
    assert getattr(read, field) == getattr(made, field)
    box = data.draw(damaged(sealed[field]))
    hypothesis.assume(box is not None and not same(box, sealed[field]))
    broken = recorded(made, sealed | {field: box}, at)
    try:
        [opened] = vault.open([broken])
    except (WireError, Tampered, KeyMissing):
        return
    # Base64 leaves bits at its end over: what was sealed may have another spelling, never another meaning.
    assert getattr(opened, field) == getattr(made, field)


# -- upcasts -----------------------------------------------------------------------------------------------------------

Step = Callable[[dict[str, Any]], dict[str, Any]]


def renaming(old: str, new: str) -> Step:
    return lambda data: {new if name == old else name: value for name, value in data.items()}


def adding(field: str) -> Step:
    return lambda data: data | {field: f"{field} was not there"}


def dropping(field: str) -> Step:
    def without(data: dict[str, Any]) -> dict[str, Any]:
        del data[field]
        return data

    return without


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[set[str]], list[Step]]:
    """The fields of each version of an event, and the steps between them."""
    fields, steps = [{"a", "b"}], list[Step]()
    for number in range(draw(st.integers(1, 4))):
        known, fresh = sorted(fields[-1]), f"new{number}"
        match draw(st.sampled_from(["rename", "add", "drop"])):
            case "rename" if known:
                old = draw(st.sampled_from(known))
                steps.append(renaming(old, fresh))
                fields.append(fields[-1] - {old} | {fresh})
            case "drop" if known:
                old = draw(st.sampled_from(known))
                steps.append(dropping(old))
                fields.append(fields[-1] - {old})
            case _:
                steps.append(adding(fresh))
                fields.append(fields[-1] | {fresh})
    return fields, steps


def declared(fields: Sequence[set[str]], steps: Sequence[Step]) -> tuple[Registry, list[int]]:
    """A registry with the event, and the versions whose steps were taken."""
    registry, taken = Registry(), list[int]()
    body = {"__annotations__": dict.fromkeys(sorted(fields[-1]), str), "__module__": __name__}
    event("tests.Sheet", version=len(fields), registry=registry)(type("Sheet", (Event,), body))
    for version, step in enumerate(steps, start=1):

        def noted(data: dict[str, Any], step: Step = step, version: int = version) -> dict[str, Any]:
            taken.append(version)
            return step(data)

        upcast("tests.Sheet", from_version=version, registry=registry)(noted)
    return registry, taken


@given(histories(), st.data())
def test_every_version_is_led_to_the_newest_by_each_step_once_and_what_is_damaged_is_refused(
    history: tuple[list[set[str]], list[Step]], data: st.DataObject
):
    fields, steps = history
    registry, taken = declared(fields, steps)
    version = data.draw(st.integers(1, len(fields)))
    sent = {field: data.draw(st.text("xyz")) for field in sorted(fields[version - 1])}
    expected = dict(sent)
    for step in steps[version - 1 :]:
        expected = step(dict(expected))
    before = dict(sent)
    read = from_wire("tests.Sheet", version, sent, {}, registry)
    assert to_wire(read)[0] == expected
    assert taken == list(range(version, len(fields)))
    assert sent == before, "the stored form is not to be touched"
    broken = data.draw(damaged(sent))
    try:
        other = from_wire("tests.Sheet", version, broken if isinstance(broken, dict) else {"": broken}, {}, registry)
    except WireError:
        return
    assert broken.keys() >= fields[version - 1] & fields[-1]
    assert to_wire(other)[0].keys() == fields[-1]


@given(st.integers(), st.text("abXYZ.", max_size=8))
def test_a_version_or_a_type_that_is_not_known_here_is_refused(version: int, name: str):
    hypothesis.assume(version != 1)
    registry, _ = declared([{"a"}], [])
    for asked, at in (("tests.Sheet", version), (name, 1)):
        try:
            from_wire(asked, at, {"a": "x"}, {}, registry)
        except WireError:
            continue
        raise AssertionError(f"{asked} version {at} was read")


@given(st.dates() | st.uuids() | moments, st.data())
def test_a_value_has_one_spelling(value: Any, data: st.DataObject):
    """Two spellings of one value would be two hashes of one event."""
    registry = Registry()
    body = {"__annotations__": {"value": type(value)}, "__module__": __name__}
    made: Any = event("tests.Value", version=1, registry=registry)(type("Value", (Event,), body))
    spelt = to_wire(made(value=value))[0]["value"]
    other = data.draw(respelt(spelt))
    try:
        read = from_wire("tests.Value", 1, {"value": other}, {}, registry)
    except WireError:
        assert other != spelt
        return
    assert to_wire(read)[0]["value"] == other
