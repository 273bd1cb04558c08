"""What a message of the bus is, and that nothing else is taken for one."""

import dataclasses
import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bus.messages import HEADER, MOST_EVENTS, Discarded, _decoded, bodies, bus_key, read, written
from shared.events.envelope import Envelope, envelope_to_wire
from shared.http.strict_json import MAX_BYTES, decode
from shared.policy.refusal import Refusal
from shared.testing.envelopes import an_envelope

KEY = bus_key(bytes(range(32)))


def an_event(**changed: Any) -> Envelope:
    return an_envelope(**{"data": {"points": 2}} | changed)


def signed(body: bytes, key: bytes = KEY) -> dict[str, str]:
    """The headers that only a holder of the key can make."""
    import hashlib
    import hmac

    return {HEADER: hmac.new(key, body, hashlib.sha256).hexdigest()}


def taken(body: Any, headers: Any) -> list[Envelope] | Discarded:
    found = read(KEY, "points", 1, body, headers)
    return found if isinstance(found, Discarded) else list(found)


def test_an_event_comes_out_as_it_went_in():
    assert taken(*written(KEY, an_event())) == [an_event()]


def test_events_come_out_in_the_order_in_which_they_went_in():
    events = [an_event(position=position, data={"note": "a\nb", "points": position}) for position in (1, 2, 3)]
    assert taken(*written(KEY, *events)) == events


@pytest.mark.parametrize("bad", [b"", b"{", b'{"a":1,"a":2}', b"[]"])
def test_one_line_that_is_no_event_discards_the_whole_message(bad: bytes):
    body = written(KEY, an_event())[0] + b"\n" + bad
    assert isinstance(taken(body, signed(body)), Discarded)


def test_an_event_that_is_not_written_as_we_write_one_is_read_all_the_same():
    """As relays of the version before this one do."""
    body = orjson.dumps(envelope_to_wire(an_event()), option=orjson.OPT_INDENT_2).replace(b"\n", b"")
    assert taken(body, signed(body)) == [an_event()]


@pytest.mark.parametrize("count", [0, 1, 2, MOST_EVENTS, MOST_EVENTS + 1, 3 * MOST_EVENTS])
def test_lines_go_in_order_into_as_few_messages_as_may_be(count: int):
    lines = [str(number).encode() for number in range(count)]
    found = list(bodies(lines))
    assert [line for some in found for line in some] == lines
    assert len(found) == -(-count // MOST_EVENTS)


@given(st.lists(st.integers(1, MAX_BYTES // 2 + 9), max_size=9))
def test_no_message_of_lines_that_fit_is_longer_than_a_consumer_takes(sizes: list[int]):
    lines = [bytes(size) for size in sizes]
    found = list(bodies(lines))
    assert [line for some in found for line in some] == lines
    assert all(len(b"\n".join(some)) <= MAX_BYTES for some in found)


WORDS = st.text(max_size=20) | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats() | st.booleans() | st.none()
VALUES = st.recursive(WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))


@given(value=VALUES, sort=st.booleans())
def test_reading_a_line_the_fast_way_takes_and_refuses_what_the_strict_decoder_does(value: Any, sort: bool):
    line = json.dumps(value, sort_keys=sort, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    assert outcome(_decoded, line) == outcome(decode, line)


@pytest.mark.parametrize(
    "line",
    [
        b'{"a":"\\u0000"}',
        b'{"a":"\\b"}',
        b'{"a":"\x7f"}',
        '{"a":"\u0085"}'.encode(),
        b'{"a":1,"a":1}',
        b"[" * 33 + b"]" * 33,
    ],
)
def test_what_only_the_strict_decoder_refuses_is_refused(line: bytes):
    with pytest.raises(Refusal):
        _decoded(line)


@pytest.mark.parametrize("number", [2**53, -(2**53), 2**63, 2**64, 10**40])
def test_an_integer_that_readers_of_json_may_not_hold_exactly_is_discarded(number: int):
    body = json.dumps(envelope_to_wire(an_event()) | {"data": {"points": number}}, sort_keys=True).encode()
    for spelt in (body, body.replace(b": ", b":").replace(b", ", b",")):
        assert isinstance(taken(spelt, signed(spelt)), Discarded)


def outcome(read_: Any, line: bytes) -> Any:
    try:
        return json.dumps(read_(line), sort_keys=True)
    except Refusal as refusal:
        return refusal.code


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
