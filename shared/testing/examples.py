"""One example of every declared event, made from its types alone: for golden wire forms and for catalogues."""

import dataclasses
import types
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, Literal, NewType, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from shared.events.declaration import Erased, Event, Sealed

AT = datetime(2026, 9, 7, 8, 30, 0, 123456, tzinfo=UTC)


def example_of(event: type[Event]) -> Event:
    """The same value at every call: ids count up by field, texts name their field, optional fields are filled."""
    hints = get_type_hints(event)
    values = {
        field.name: _value(hints[field.name], field.name, number)
        for number, field in enumerate(dataclasses.fields(event), start=1)
    }
    return event(**values)


def _value(hint: Any, name: str, number: int) -> Any:  # noqa: PLR0911 - one line a kind of type
    if isinstance(hint, NewType):
        return _value(hint.__supertype__, name, number)
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _value(next(arg for arg in args if arg not in (Erased, Sealed, type(None))), name, number)
    if origin is tuple:
        return (_value(args[0], name, number),)
    if origin is Literal:
        return args[0]
    if origin is not None and issubclass(origin, Mapping):
        return types.MappingProxyType({"example": _value(args[1], name, number)})
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint))
    if dataclasses.is_dataclass(hint):
        return example_of(hint)  # type: ignore[arg-type]  # a value object is made like an event
    return _scalar(hint, name, number)


def _scalar(hint: Any, name: str, number: int) -> Any:
    scalars: dict[Any, Any] = {
        UUID: UUID(int=number),
        str: f"an example of {name}",
        bool: True,
        int: number,
        date: AT.date(),
        datetime: AT,
    }
    return scalars[hint]
