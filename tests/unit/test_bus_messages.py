"""What a message of the bus is, and that nothing else is taken for one."""

import dataclasses
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bus.messages import HEADER, Discarded, bus_key, read, written
from shared.events.envelope import GENESIS, Actor, Envelope, envelope_to_wire, sealed_envelope
from shared.http.strict_json import MAX_BYTES

KEY = bus_key(bytes(range(32)))
AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def an_event(**changed: Any) -> Envelope:
    known = {
        "id": UUID(int=1),
        "type": "points.PointAwarded",
        "schema_version": 1,
        "school_id": UUID(int=2),
        "stream": "pupil-points-3",
        "stream_version": 1,
        "partition": 1,
        "position": 1,
        "occurred_at": AT,
        "recorded_at": AT,
        "actor": Actor(kind="staff", id="4"),
        "correlation_id": UUID(int=5),
        "causation_id": None,
        "data": {"points": 2},
    }
    return sealed_envelope(previous=GENESIS, **{**known, **changed})


def signed(body: bytes, key: bytes = KEY) -> dict[str, str]:
    """The headers that only a holder of the key can make."""
    import hashlib
    import hmac

    return {HEADER: hmac.new(key, body, hashlib.sha256).hexdigest()}


def taken(body: Any, headers: Any) -> Envelope | Discarded:
    return read(KEY, "points", 1, body, headers)


def test_an_event_comes_out_as_it_went_in():
    assert taken(*written(KEY, an_event())) == an_event()


def test_the_mac_is_hmac_sha256_of_the_body_in_hex():
    body, headers = written(KEY, an_event())
    assert headers == signed(body)


def test_the_key_follows_from_the_installation_s_key_and_is_another():
    assert bus_key(bytes(32)) == bus_key(bytes(32))
    assert len({bus_key(bytes(32)), bus_key(bytes(range(32))), bytes(32)}) == 3


@pytest.mark.parametrize(
    "headers",
    [None, {}, {HEADER: None}, {HEADER: 7}, {HEADER: ""}, {HEADER: "00" * 32}, {HEADER: "\u00e9"}, ["bookbag-mac"]],
)
def test_an_event_without_its_mac_is_discarded_although_it_links(headers: Any):
    body, _ = written(KEY, an_event())
    assert taken(body, headers) == Discarded("wrong MAC")


def test_an_event_with_the_mac_of_another_installation_is_discarded():
    assert taken(*written(bus_key(bytes(32)), an_event())) == Discarded("wrong MAC")


def test_a_mac_does_not_fit_another_body():
    _, headers = written(KEY, an_event())
    other, _ = written(KEY, an_event(data={"points": 3}))
    assert taken(other, headers) == Discarded("wrong MAC")


@pytest.mark.parametrize("body", [None, "text", 7, b"{" + b" " * MAX_BYTES])
def test_a_body_that_is_no_bytes_or_too_long_is_discarded_unread(body: Any):
    assert taken(body, signed(body) if isinstance(body, bytes) else {}) == Discarded("wrong MAC")


@pytest.mark.parametrize("body", [b"", b"{", b'{"a":1,"a":2}', b'{"a":NaN}', b"\xff", b"[" * 40 + b"]" * 40])
def test_what_the_strict_decoder_refuses_is_discarded(body: bytes):
    assert taken(body, signed(body)) == Discarded("not strict JSON")


@pytest.mark.parametrize("body", [b"[]", b"null", b"{}", b'{"id":"1"}'])
def test_json_that_is_no_envelope_is_discarded(body: bytes):
    assert taken(body, signed(body)) == Discarded("no envelope")


def test_an_envelope_with_a_number_that_no_event_holds_is_discarded():
    body = orjson.dumps(envelope_to_wire(an_event()) | {"data": {"points": 1.5}})
    assert taken(body, signed(body)) == Discarded("no envelope")


def test_an_envelope_whose_hash_does_not_follow_from_it_is_discarded():
    body, headers = written(KEY, dataclasses.replace(an_event(), position=2))
    assert taken(body, headers) == Discarded("wrong hash")


@pytest.mark.parametrize(("source", "partition"), [("identity", 1), ("points", 2), ("point", 1)])
def test_an_event_of_another_source_or_partition_is_discarded(source: str, partition: int):
    assert read(KEY, source, partition, *written(KEY, an_event())) == Discarded("not of this queue")


@given(body=st.binary(max_size=400))
def test_nothing_that_is_sent_raises(body: bytes):
    assert isinstance(taken(body, signed(body)), Discarded)
