"""The JSON schema of an event's data, from its declaration alone: what its wire form accepts."""

import dataclasses
import types
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any, Literal, NewType, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from shared.events.declaration import Erased, Event, PersonalMark, Sealed, personal_marks
from shared.events.wire import MAX_INTEGER

SEALED = "Sealed"
"""The schema of a personal value: its ciphertext, and the id of the key that opens it."""
PERSONAL = "x-personal"

_SCALARS: Mapping[Any, Mapping[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer", "minimum": -MAX_INTEGER, "maximum": MAX_INTEGER},
    bool: {"type": "boolean"},
    UUID: {"type": "string", "format": "uuid"},
    datetime: {"type": "string", "format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"},
    date: {"type": "string", "format": "date"},
}


def schema_of(event: type[Event]) -> dict[str, Any]:
    """Every field is required and no other is allowed; a personal one says its category and whose key seals it."""
    return _object(event, personal_marks(event))


def sealed() -> dict[str, Any]:
    text = {"type": "string", "contentEncoding": "base64"}
    return _closed({"key": {"type": "string", "format": "uuid"}, "nonce": text, "text": text})


def kind_of(schema: Mapping[str, Any]) -> str:  # noqa: PLR0911 - one line a kind of schema
    """A schema in a few words, for a page."""
    if PERSONAL in schema:
        return f"sealed, {schema[PERSONAL]['category']}"
    if "anyOf" in schema:
        return " or ".join(kind_of(one) for one in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(str(one) for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {kind_of(schema['items'])}"
    if "properties" in schema:
        return "{" + ", ".join(f"{name}: {kind_of(one)}" for name, one in schema["properties"].items()) + "}"
    if "additionalProperties" in schema:
        return f"mapping to {kind_of(schema['additionalProperties'])}"
    return str(schema.get("format", schema.get("type", "a scalar")))


def _object(cls: Any, marks: Mapping[str, PersonalMark]) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return _closed(
        {
            field.name: _personal(hints[field.name], marks[field.name])
            if field.name in marks
            else _schema(hints[field.name])
            for field in dataclasses.fields(cls)
        }
    )


def _closed(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _personal(hint: Any, mark: PersonalMark) -> dict[str, Any]:
    known = {PERSONAL: {"category": str(mark.category), "subject": mark.subject}}
    reference = {"$ref": f"#/components/schemas/{SEALED}"}
    if type(None) in get_args(hint):  # a personal None is plain: that nothing was said is nobody's secret
        return {"anyOf": [reference, {"type": "null"}], **known}
    return {"allOf": [reference], **known}


def _schema(hint: Any) -> dict[str, Any]:  # noqa: PLR0911 - one line a kind of type, as the wire form has them
    if isinstance(hint, NewType):
        return _schema(hint.__supertype__)
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        kinds = [arg for arg in args if arg not in (Erased, Sealed)]
        return {"anyOf": [{"type": "null"} if kind is type(None) else _schema(kind) for kind in kinds]}
    if origin is tuple:
        return {"type": "array", "items": _schema(args[0])}
    if origin is Literal:
        return {"enum": list(args)}
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _schema(args[1])}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"type": "string", "enum": [one.value for one in hint]}
    if dataclasses.is_dataclass(hint):
        return _object(hint, {})
    return dict(_SCALARS[hint])
