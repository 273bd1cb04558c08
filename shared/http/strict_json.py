"""One strict decoder for what clients send and what other services publish.

What passes it can be stored in PostgreSQL, hashed (RFC 8785) and sent on unchanged. It refuses what `json.loads` takes:
duplicate keys, NaN and infinities, numbers that overflow, lone surrogates, nesting that exhausts the stack. Work and
memory are linear in the input, which is bounded.
"""

import json
import math
import re
from typing import TypeAlias

from shared.policy.codes import (
    BODY_TOO_LARGE,
    DUPLICATE_FIELD,
    MALFORMED_JSON,
    NUMBER_OUT_OF_RANGE,
    TEXT_NOT_ALLOWED,
    TOO_DEEP,
)
from shared.policy.refusal import Refusal

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"

MAX_BYTES = 256 * 1024
"""Longest input in bytes, inclusive."""
MAX_DEPTH = 32
"""Most arrays and objects inside one another, inclusive."""
MAX_INTEGER = 2**53 - 1
"""Largest integer either way, inclusive: beyond it readers that hold numbers as doubles lose digits (RFC 8259, 6)."""

_MAX_INTEGER_TEXT = len(str(-MAX_INTEGER))
# A quote always matches up to its end or the input's, so that no start is tried twice: linear also on broken input.
_TOKENS = re.compile(r'"(?:[^"\\]++|\\(?:.|\Z))*+(?:"|\Z)|[\[{]|[\]}]', re.DOTALL)
# Of the control characters text may hold line feed and tab; surrogates here are lone, for pairs were joined before.
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_NOT_KEY = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def decode(raw: bytes, *, limit: int = MAX_BYTES) -> JsonValue:
    """The JSON value of strict UTF-8 JSON text.

    Args:
        raw: the bytes as received.
        limit: the most bytes taken; another only where the sender is one of our own services.

    Raises:
        Refusal: BODY_TOO_LARGE, MALFORMED_JSON, TOO_DEEP, DUPLICATE_FIELD, NUMBER_OUT_OF_RANGE or TEXT_NOT_ALLOWED.
    """
    if len(raw) > limit:
        raise Refusal(BODY_TOO_LARGE, limit=limit)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal(MALFORMED_JSON) from None
    # Before parsing: the parser recurses, and nesting is cheaper to count than a stack to exhaust.
    _check_depth(text)
    try:
        value: JsonValue = _DECODER.decode(text)
    except ValueError:
        raise Refusal(MALFORMED_JSON) from None
    _check_text(value)
    return value


def _check_depth(text: str) -> None:
    depth = 0
    for token in _TOKENS.finditer(text):
        match text[token.start()]:
            case "[" | "{":
                depth += 1
                if depth > MAX_DEPTH:
                    raise Refusal(TOO_DEEP, limit=MAX_DEPTH)
            case "]" | "}":
                depth -= 1


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Refusal(DUPLICATE_FIELD)
    return made


def _integer(text: str) -> int:
    # The length first: making an int of many digits takes time that grows with their square.
    if len(text) > _MAX_INTEGER_TEXT or abs(value := int(text)) > MAX_INTEGER:
        raise Refusal(NUMBER_OUT_OF_RANGE)
    return value


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise Refusal(NUMBER_OUT_OF_RANGE)
    return value


def _constant(_: str) -> float:
    # NaN, Infinity and -Infinity: Python's own additions to JSON.
    raise Refusal(MALFORMED_JSON)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant, strict=True
)


def _check_text(value: JsonValue) -> None:
    match value:
        case str():
            if _NOT_TEXT.search(value):
                raise Refusal(TEXT_NOT_ALLOWED)
        case list():
            for item in value:
                _check_text(item)
        case dict():
            for key, item in value.items():
                if _NOT_KEY.search(key):
                    raise Refusal(TEXT_NOT_ALLOWED)
                _check_text(item)
        case _:
            return
