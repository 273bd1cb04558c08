import json

import pytest

from shared.http.strict_json import MAX_BYTES, MAX_DEPTH, MAX_INTEGER, decode
from shared.policy.refusal import Refusal


def refused_code(raw: bytes) -> str:
    with pytest.raises(Refusal) as caught:
        decode(raw)
    return caught.value.code.name


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"a": [1, -2, 0.5, true, false, null, "x"]}', {"a": [1, -2, 0.5, True, False, None, "x"]}),
        (b' \t\r\n"caf\xc3\xa9" ', "café"),
        (rb'"\ud83d\ude00"', "😀"),
        (rb'"one\ntwo\tthree"', "one\ntwo\tthree"),
        (rb'"\\\"[[[[{{{{"', '\\"[[[[{{{{'),
        (b"{}", {}),
        (b"1e5", 100000.0),
    ],
)
def test_plain_json_is_taken_as_it_is(raw: bytes, value: object) -> None:
    assert decode(raw) == value


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"{",
        b"[1,]",
        b"{'a': 1}",
        b'{"a": 1}{"b": 2}',
        b"nul",
        b"+1",
        b"01",
        b".5",
        b"\xff",
        b'"\xed\xa0\x80"',  # a surrogate written in UTF-8
        b'"\xc0\x80"',  # a NUL written too long
        b"\xef\xbb\xbf{}",  # a byte order mark
        b'"\n"',  # a line feed in text is written as an escape
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        '{"a": 1}'.encode("utf-16"),
    ],
)
def test_what_is_not_json_is_refused(raw: bytes) -> None:
    assert refused_code(raw) == "MALFORMED_JSON"


@pytest.mark.parametrize("raw", [b'{"a": 1, "a": 1}', b'[{"x": {"b": 1, "c": 2, "b": 3}}]', rb'{"a": 1, "\u0061": 2}'])
def test_a_field_that_is_sent_twice_is_refused(raw: bytes) -> None:
    assert refused_code(raw) == "DUPLICATE_FIELD"


@pytest.mark.parametrize("sign", [1, -1])
def test_integers_are_taken_up_to_two_to_the_53_less_one_and_no_further(sign: int) -> None:
    assert decode(str(sign * MAX_INTEGER).encode()) == sign * (2**53 - 1)
    assert refused_code(str(sign * (MAX_INTEGER + 1)).encode()) == "NUMBER_OUT_OF_RANGE"


@pytest.mark.parametrize("raw", [b"1e400", b"-1e400", b"[1.0e99999]", b"9" * 30 + b".5e300"])
def test_a_number_that_overflows_is_refused(raw: bytes) -> None:
    assert refused_code(raw) == "NUMBER_OUT_OF_RANGE"


@pytest.mark.parametrize(
    "raw",
    [
        rb'"\u0000"',
        rb'{"\u0000": 1}',
        rb'{"a\nb": 1}',
        rb'"\ud800"',
        rb'"\udc00\ud800"',
        rb'{"\udfff": 1}',
        rb'["a", {"b": "\u001b[31m"}]',
        rb'"\r"',
        rb'"\b"',
        b'"\x7f"',
        '"\x85"'.encode(),
        rb'"\u009f"',
    ],
)
def test_text_that_postgresql_or_a_screen_would_choke_on_is_refused(raw: bytes) -> None:
    assert refused_code(raw) == "TEXT_NOT_ALLOWED"


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_nesting_is_taken_up_to_32_levels_and_no_further(opening: bytes, closing: bytes) -> None:
    decode(opening * MAX_DEPTH + b"1" + closing * MAX_DEPTH)
    assert refused_code(opening * (MAX_DEPTH + 1) + b"1" + closing * (MAX_DEPTH + 1)) == "TOO_DEEP"


def test_brackets_inside_text_are_no_nesting() -> None:
    assert decode(json.dumps({"a": '[["' * 500}).encode()) == {"a": '[["' * 500}


@pytest.mark.parametrize("raw", [b"[" * 100_000, b'{"a":' * 50_000, b"[" * 100_000 + b"]" * 100_000])
def test_nesting_that_exhausts_a_stack_is_refused_before_it_is_parsed(raw: bytes) -> None:
    assert refused_code(raw) == "TOO_DEEP"


def test_the_longest_input_is_taken_and_one_byte_more_is_not() -> None:
    longest = b'"' + b"a" * (MAX_BYTES - 2) + b'"'
    assert len(str(decode(longest))) == MAX_BYTES - 2
    assert refused_code(longest + b" ") == "BODY_TOO_LARGE"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"9" * MAX_BYTES, "NUMBER_OUT_OF_RANGE"),
        (b"1" + b"0" * 100_000, "NUMBER_OUT_OF_RANGE"),
        (b'"' + rb"\"" * (MAX_BYTES // 2 - 1), "MALFORMED_JSON"),
        (b'"' + b"\\" * (MAX_BYTES - 1), "MALFORMED_JSON"),
        (b'""' * (MAX_BYTES // 2), "MALFORMED_JSON"),
    ],
    ids=["digits", "zeros", "escaped quotes", "backslashes", "empty texts"],
)
@pytest.mark.timeout(30)  # what is linear takes milliseconds here, what is quadratic takes minutes
def test_hostile_input_of_the_greatest_length_costs_little(raw: bytes, code: str) -> None:
    assert refused_code(raw) == code


def test_a_refusal_says_nothing_of_what_was_sent() -> None:
    with pytest.raises(Refusal) as caught:
        decode(b'{"Amelia": NaN}')
    assert "Amelia" not in f"{caught.value!r} {caught.value.detail} {caught.value.errors}"
    assert caught.value.__cause__ is None
