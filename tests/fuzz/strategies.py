"""Any event, made from its declaration alone, and what damage does to a JSON value."""

import copy
import dataclasses
import types
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from shared.events.declaration import REGISTRY, Erased, Event, Sealed
from shared.http.strict_json import MAX_INTEGER

# What passes the strict decoder: no control characters but line feed and tab, no lone surrogates.
texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from("\n\t"))
names = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=12)
integers = st.integers(-MAX_INTEGER, MAX_INTEGER)
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC) | zones)  # noqa: DTZ001 - theirs
leaves = st.none() | st.booleans() | integers | texts
json_values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=8
)
"""JSON as events may hold it: no floats, keys in ASCII."""

_SCALARS: Mapping[Any, SearchStrategy[Any]] = {
    UUID: st.uuids(),
    str: texts,
    bool: st.booleans(),
    int: integers,
    date: st.dates(),
    datetime: moments,
}


def events() -> SearchStrategy[Event]:
    """Any value of any declared event, every personal value open."""
    return st.sampled_from(list(REGISTRY.names())).flatmap(lambda name: _made(REGISTRY.of(name)))


def _made(cls: Any) -> SearchStrategy[Any]:
    hints = get_type_hints(cls)
    return st.builds(cls, **{field.name: _of(hints[field.name]) for field in dataclasses.fields(cls)})


def _of(hint: Any) -> SearchStrategy[Any]:  # noqa: PLR0911 - one line a kind of type
    if isinstance(hint, NewType):
        return _of(hint.__supertype__)
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return st.one_of(*(_of(arg) for arg in args if arg not in (Erased, Sealed)))
    if hint is type(None):
        return st.none()
    if origin is tuple:
        return st.lists(_of(args[0]), max_size=3).map(tuple)
    if origin is not None and issubclass(origin, Mapping):
        return st.dictionaries(names, _of(args[1]), max_size=3).map(types.MappingProxyType)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    return _made(hint) if dataclasses.is_dataclass(hint) else _SCALARS[hint]


@st.composite
def damaged(draw: DrawFn, whole: Any) -> Any:
    """The value with one thing in it taken away, added, exchanged or spelt in another way."""
    value = copy.deepcopy(whole)
    at = draw(st.sampled_from(list(_places(value))))
    if not at:
        return draw(json_values)
    inside = value
    for step in at[:-1]:
        inside = inside[step]
    match draw(st.sampled_from(["drop", "add", "exchange", "respell"])):
        case "drop":
            del inside[at[-1]]
        case "add" if isinstance(inside, dict):
            inside[draw(names)] = draw(json_values)
        case "respell" if isinstance(inside[at[-1]], str):
            inside[at[-1]] = draw(respelt(inside[at[-1]]))
        case _:
            inside[at[-1]] = draw(json_values)
    return value


def respelt(text: str) -> SearchStrategy[str]:
    """Another text that a lenient reader would take for the same, or for one like it."""
    # An Arabic digit is a digit to int() and to many a pattern.
    others = [text.upper(), text.lower(), text.replace("-", ""), f"{{{text}}}", f"urn:uuid:{text}", f" {text}"]
    others += [f"{text} ", text[:-1], text + "\n", text.replace("0", "\u0660"), text.replace("0", " "), text + "=="]
    others += [text.replace("T", " "), text.replace("Z", "+00:00"), text.replace("-", "_"), f"+{text}", "*" + text]
    return st.sampled_from(others) | st.tuples(st.integers(0, len(text)), st.characters(exclude_categories=["Cs"])).map(
        lambda change: text[: change[0]] + change[1] + text[change[0] + 1 :]
    )


def _places(value: Any, at: tuple[Any, ...] = ()) -> Any:
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, part in inner:
        yield from _places(part, (*at, step))
