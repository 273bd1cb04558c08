"""The hash chain: what is hashed is RFC 8785, and nothing in an envelope can change unseen."""

import dataclasses
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.events.envelope import Actor, Envelope, canonical, envelope_from_wire, envelope_to_wire
from shared.events.wire import WireError, time_to_wire, uuid_to_wire
from shared.testing.envelopes import AT, an_envelope

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
KEYS = st.text(st.characters(max_codepoint=0x7E, min_codepoint=0x20), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_canonical_bytes_are_those_of_rfc_8785(value: Any):
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [1.5, 2**53, -(2**53), {"é": 1}, {1: 2}, [object()]])
def test_what_no_event_can_hold_has_no_canonical_bytes(value: Any):
    with pytest.raises(WireError):
        canonical(value)


CHANGES: dict[str, Any] = {
    "previous": bytes([1]) * 32,
    "id": UUID(int=9),
    "type": "points.PointRevoked",
    "schema_version": 2,
    "school_id": UUID(int=9),
    "stream": "points-2",
    "stream_version": 2,
    "partition": 2,
    "position": 2,
    "occurred_at": AT + timedelta(microseconds=1),
    "recorded_at": AT + timedelta(microseconds=1),
    "actor": Actor(kind="staff", id="8"),
    "correlation_id": UUID(int=9),
    "causation_id": UUID(int=9),
    "data": {"points": 2},
}


def test_the_list_of_changes_names_every_field():
    assert CHANGES.keys() | {"hash"} == {field.name for field in dataclasses.fields(Envelope)}


@pytest.mark.parametrize("field", CHANGES)
def test_a_changed_field_no_longer_has_its_hash(field: str):
    envelope = an_envelope()
    assert envelope.hash_is_right()
    assert not dataclasses.replace(envelope, **{field: CHANGES[field]}).hash_is_right()


def test_an_envelope_comes_back_from_the_wire_as_it_was():
    envelope = an_envelope(causation_id=UUID(int=5))
    assert envelope_from_wire(envelope_to_wire(envelope)) == envelope


@given(st.datetimes(timezones=st.timezones()), st.booleans())
def test_a_time_is_written_in_utc_with_six_digits_also_where_they_are_noughts(at: datetime, whole: bool):
    assume(MINYEAR < at.year < MAXYEAR)  # a day beyond either end is no UTC time
    at = at.replace(microsecond=0) if whole else at
    assert time_to_wire(at) == at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


@given(st.uuids())
def test_an_id_is_written_as_it_is_shown(ident: UUID):
    assert uuid_to_wire(ident) == str(ident)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("position", 0),
        ("position", "1"),
        ("position", True),
        ("hash", "00"),
        ("id", 1),
        ("occurred_at", "2026-09-07T08:30:00Z"),
        ("occurred_at", "2026-09-07T08:30:00.000000+01:00"),
        ("actor", "nobody"),
        ("data", []),
        ("type", ""),
    ],
)
def test_an_ill_typed_envelope_is_refused(field: str, value: object):
    with pytest.raises(WireError):
        envelope_from_wire(envelope_to_wire(an_envelope()) | {field: value})


@pytest.mark.parametrize("raw", [{}, {"id": "x"}])
def test_an_envelope_with_missing_fields_is_refused(raw: dict[str, object]):
    with pytest.raises(WireError):
        envelope_from_wire(raw)


def test_an_envelope_with_an_unknown_field_is_refused():
    with pytest.raises(WireError):
        envelope_from_wire(envelope_to_wire(an_envelope()) | {"extra": 1})
