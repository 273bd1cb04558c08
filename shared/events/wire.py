"""Events to and from their wire form: plain JSON values, times as UTC with six digits, personal fields apart.

The wire form is strict both ways: an unknown, missing or ill-typed field is an error, never a guess.
"""

import dataclasses
import re
import types
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import Enum
from functools import lru_cache
from typing import Any, Literal, NewType, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import orjson

from shared.events.declaration import REGISTRY, Erased, Event, PersonalMark, Registry, Sealed, personal_marks

MAX_INTEGER = 2**53 - 1
"""Beyond it a JSON reader that holds numbers as doubles loses digits (RFC 8259, section 6)."""


class WireError(ValueError):
    """Data that is not a wire form of its type. Its text names types and fields, never values."""


class NotKnownHere(WireError):  # noqa: N818 - said as it is
    """An event of a type or a version that a newer process has written: this one can only leave it to that."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PersonalPart:
    """A personal value on its way to be sealed. Its text is kept out of every repr."""

    field: str
    subject: UUID
    mark: PersonalMark
    text: bytes = dataclasses.field(repr=False)


def time_to_wire(at: datetime) -> str:
    """RFC 3339, UTC, six digits, Z."""
    if at.tzinfo is None:
        raise WireError("a time without a zone")
    # orjson writes it in a third of isoformat's time, and leaves six noughts away.
    text = orjson.dumps(at.astimezone(UTC), option=orjson.OPT_UTC_Z)[1:-1].decode()
    return text if len(text) == _TIME_LENGTH else text[:-1] + ".000000Z"


def time_from_wire(text: str) -> datetime:
    """The moment, in UTC. Raises WireError for any form but that of `time_to_wire`."""
    # fromisoformat takes more forms than the one we write, at a tenth of strptime's time: of this length, with these
    # signs in their places, it is the only one.
    if len(text) != _TIME_LENGTH or text[4::3][:5] + text[-1] != "--T::Z" or text[19] != ".":
        raise WireError("a time that is not RFC 3339 with six digits and Z")
    return datetime.fromisoformat(text)


def uuid_to_wire(ident: UUID) -> str:
    """The id as str() spells it, in a third of its time."""
    return orjson.dumps(ident)[1:-1].decode()


@lru_cache(4096)
def uuid_from_wire(text: str) -> UUID:
    """The id. Raises WireError for any spelling but str()'s: two of one value would be two hashes of one event.

    The same few people, classes and cases are named in event after event: those are remembered.
    """
    if not _UUID(text):
        raise WireError("an id that is not in lower case with dashes")
    return UUID(text)


def to_wire(event: Event) -> tuple[dict[str, Any], tuple[PersonalPart, ...]]:
    """The plain fields, and the personal values that are still to be sealed. A personal None stays a plain null."""
    open_fields, personal_fields = _fields(type(event))
    plain = {name: encode(getattr(event, name)) for name, encode in open_fields}
    parts = []
    for name, encode, mark in personal_fields:
        value = getattr(event, name)
        if value is None:
            plain[name] = None
        elif isinstance(value, Erased | Sealed):
            raise WireError(f"{event.event_type}.{name} is not an open value")
        else:
            subject = getattr(event, mark.subject)
            parts.append(PersonalPart(field=name, subject=subject, mark=mark, text=orjson.dumps(encode(value))))
    return plain, tuple(parts)


_Encode = Callable[[Any], Any]
_Fields = tuple[Sequence[tuple[str, _Encode]], Sequence[tuple[str, _Encode, PersonalMark]]]


_written: dict[type[Event], _Fields] = {}


def _fields(cls: type[Event]) -> _Fields:
    """How the plain fields are written, and how the personal ones."""
    found = _written.get(cls)
    if found is None:
        marks, codecs = personal_marks(cls), _codecs(cls)
        found = _written[cls] = (
            [(name, encode) for name, (encode, _) in codecs.items() if name not in marks],
            [(name, encode, marks[name]) for name, (encode, _) in codecs.items() if name in marks],
        )
    return found


def from_wire(
    name: str,
    version: int,
    data: Mapping[str, Any],
    opened: Mapping[str, bytes | Erased | Sealed],
    registry: Registry = REGISTRY,
) -> Event:
    """The event of its wire form; `opened` holds what was found behind the personal fields that are not null.

    Raises:
        NotKnownHere: unknown type or version.
        WireError: data that is not of it.
    """
    cls = registry.of(name)
    if cls is None:
        raise NotKnownHere(f"the event type {name} is not known here")
    latest = at_latest(name, version, data, registry)
    codecs, marks = _codecs(cls), personal_marks(cls)
    if latest.keys() != codecs.keys():
        raise WireError(f"{name}: fields missing or unknown")
    values: dict[str, Any] = {}
    field = ""
    try:
        for field, (_, decode) in codecs.items():
            raw = latest[field]
            if field in marks and raw is not None:
                found = opened.get(field, _SEALED)
                values[field] = decode(orjson.loads(found)) if isinstance(found, bytes) else found
            else:
                values[field] = decode(raw)
    except _ILL_TYPED:
        raise WireError(f"{name}.{field} is ill-typed") from None
    return cls(**values)


def at_latest(name: str, version: int, data: Mapping[str, Any], registry: Registry = REGISTRY) -> dict[str, Any]:
    """The data of a known type as its latest version has it.

    Raises:
        NotKnownHere: the version is newer than that.
        WireError: it cannot be led there.
    """
    cls = registry.of(name)
    if cls is not None and version > cls.schema_version:
        raise NotKnownHere(f"{name} version {version} is not known here (latest {cls.schema_version})")
    try:
        return registry.upcast_to_latest(name, version, dict(data))
    except ValueError as error:
        raise WireError(str(error)) from None


_ILL_TYPED = (ValueError, TypeError, KeyError, AttributeError)
_SEALED = Sealed()
_TIME_LENGTH = 27


Codec = tuple[Callable[[Any], Any], Callable[[Any], Any]]


_known: dict[type[Any], dict[str, Codec]] = {}


def _codecs(cls: type[Any]) -> dict[str, Codec]:
    found = _known.get(cls)
    if found is None:
        hints = get_type_hints(cls)
        found = _known[cls] = {field.name: _codec(hints[field.name]) for field in dataclasses.fields(cls)}
    return found


def _codec(hint: Any) -> Codec:  # noqa: PLR0911 - one line a type is the table one wants to read
    if isinstance(hint, NewType):
        return _codec(hint.__supertype__)
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _union(tuple(arg for arg in get_args(hint) if arg not in (Erased, Sealed)))
    if origin is tuple:
        encode, decode = _codec(get_args(hint)[0])
        return (lambda v: [encode(i) for i in v]), (lambda r: tuple(decode(i) for i in _is(list, r)))
    if origin is Literal:
        return _same, lambda r: _one_of(get_args(hint), r)
    if origin is not None and issubclass(origin, Mapping):
        encode, decode = _codec(get_args(hint)[1])
        return (
            lambda v: {k: encode(i) for k, i in v.items()},
            lambda r: types.MappingProxyType({k: decode(i) for k, i in _is(dict, r).items()}),
        )
    if hint in _SCALARS:
        return _SCALARS[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return (lambda v: v.value), hint
    if dataclasses.is_dataclass(hint):
        return _value_object(hint)
    raise TypeError(f"an event field cannot be of type {hint}")


def _union(args: tuple[Any, ...]) -> Codec:
    optional = type(None) in args
    rest = tuple(arg for arg in args if arg is not type(None))
    if len(rest) > 1:  # a union of JSON scalars, as a school's parameters are
        return _same, lambda r: _one_type(rest, r)
    encode, decode = _codec(rest[0])
    if not optional:
        return encode, decode
    return (lambda v: None if v is None else encode(v)), (lambda r: None if r is None else decode(r))


def _value_object(cls: Any) -> Codec:
    def encode(value: Any) -> dict[str, Any]:
        return {name: codec[0](getattr(value, name)) for name, codec in _codecs(cls).items()}

    def decode(raw: Any) -> Any:
        codecs = _codecs(cls)
        if _is(dict, raw).keys() != codecs.keys():
            raise ValueError
        return cls(**{name: codec[1](raw[name]) for name, codec in codecs.items()})

    return encode, decode


def _same(value: Any) -> Any:
    return value


V = TypeVar("V")


def _is(kind: type[V], raw: Any) -> V:
    if type(raw) is not kind:  # exactly: a bool is no integer here
        raise TypeError
    return raw


def _one_of(allowed: tuple[Any, ...], raw: Any) -> Any:
    if raw not in allowed:
        raise ValueError
    return raw


def _one_type(allowed: tuple[Any, ...], raw: Any) -> Any:
    if type(raw) not in allowed:
        raise TypeError
    return raw


def _date(raw: Any) -> date:
    # fromisoformat takes weeks and forms without dashes too: with these two in their places it takes this one alone.
    if len(_is(str, raw)) != 10 or raw[4] + raw[7] != "--":  # noqa: PLR2004 - the length of the one form we write
        raise ValueError
    return date.fromisoformat(raw)


_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch


def _integer(raw: Any) -> int:
    if abs(_is(int, raw)) > MAX_INTEGER:
        raise ValueError
    return int(raw)


_SCALARS: dict[Any, Codec] = {
    str: (_same, lambda r: _is(str, r)),
    int: (_integer, _integer),
    bool: (_same, lambda r: _is(bool, r)),
    UUID: (uuid_to_wire, lambda r: uuid_from_wire(_is(str, r))),
    datetime: (time_to_wire, lambda r: time_from_wire(_is(str, r))),
    date: (date.isoformat, _date),
}
