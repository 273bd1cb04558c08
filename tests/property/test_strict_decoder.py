import json
import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.http.strict_json import MAX_DEPTH, MAX_INTEGER, decode
from shared.policy.refusal import Refusal

# What a message may hold: no control characters but line feed and tab, no lone surrogates.
plain_text = st.text(st.characters(exclude_categories=("Cc", "Cs")) | st.sampled_from("\n\t"))
keys = st.text(st.characters(exclude_categories=("Cc", "Cs")))
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | plain_text
)
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=40)


@given(values, st.booleans())
def test_every_value_of_the_safe_subset_comes_back_as_json_reads_it(value: Any, ascii_only: bool) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only, allow_nan=False).encode()
    assert decode(raw) == json.loads(raw)
    assert repr(decode(raw)) == repr(json.loads(raw))


json_like = st.text(st.sampled_from('{}[]":,\\ue+-.0189aN\n\0\ud800')).map(
    lambda text: text.encode("utf-8", "surrogatepass")
)


@given(st.binary(max_size=200) | json_like)
def test_any_bytes_are_refused_or_are_what_json_reads(raw: bytes) -> None:
    try:
        value = decode(raw)
    except Refusal:
        return
    assert repr(value) == repr(json.loads(raw))
    check_safe(value, 0)


@given(values, st.integers(MAX_INTEGER + 1) | st.integers(max_value=-MAX_INTEGER - 1))
def test_a_number_too_big_is_found_wherever_it_stands(value: Any, big: int) -> None:
    raw = json.dumps({"first": value, "then": [{"deep": big}]}).encode()
    try:
        decode(raw)
    except Refusal as refusal:
        assert refusal.code.name == "NUMBER_OUT_OF_RANGE"  # noqa: PT017 - one of many examples
    else:
        raise AssertionError(raw)


@given(values, st.sampled_from([*map(chr, range(9)), "\x0b", "\r", "\x1b", "\x7f", "\x80", "\x9f", "\ud800", "\udfff"]))
def test_a_hidden_character_is_found_wherever_it_stands(value: Any, hidden: str) -> None:
    raw = json.dumps({"first": value, "then": [{"deep": f"a{hidden}b"}]}).encode()
    try:
        decode(raw)
    except Refusal as refusal:
        assert refusal.code.name == "TEXT_NOT_ALLOWED"  # noqa: PT017 - one of many examples
    else:
        raise AssertionError(raw)


@given(st.integers(0, 80), st.text(st.sampled_from('[{"\\ab')))
def test_depth_is_counted_as_the_parser_counts_it(depth: int, text: str) -> None:
    raw = b"[" * depth + json.dumps(text).encode() + b"]" * depth
    try:
        decode(raw)
    except Refusal as refusal:
        assert refusal.code.name == "TOO_DEEP"  # noqa: PT017 - one of many examples
        assert depth > MAX_DEPTH
    else:
        assert depth <= MAX_DEPTH


def check_safe(value: Any, depth: int) -> None:
    assert depth <= MAX_DEPTH
    match value:
        case float():
            assert math.isfinite(value)
        case int():
            assert abs(value) <= MAX_INTEGER
        case str():
            value.encode()
            assert "\0" not in value
        case list():
            for item in value:
                check_safe(item, depth + 1)
        case dict():
            for key, item in value.items():
                check_safe(key, depth + 1)
                check_safe(item, depth + 1)
