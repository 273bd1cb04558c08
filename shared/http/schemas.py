"""marshmallow as we use it: unknown fields refused, values never bent into shape, messages calm and free of values."""

import dataclasses
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, Generic, TypeVar
from uuid import UUID

import marshmallow
from marshmallow import RAISE, ValidationError, fields
from marshmallow.schema import SchemaMeta

from shared.http.problems import Calm
from shared.http.strict_json import MAX_INTEGER

E = TypeVar("E", bound=Enum)
T = TypeVar("T")

_NOT_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_WHEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_WHOLE = re.compile(r"-?(0|[1-9]\d{0,15})", re.ASCII)


class _OneEach(SchemaMeta):
    """Makes `Values()` the same object each time: to make one copies every field, at ten times the cost of its use.

    Our schemas keep nothing between two uses and are shared between threads. One with arguments is made as ever.
    """

    _only: "marshmallow.Schema | None"

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if arguments or named:
            return super().__call__(*arguments, **named)
        # Of this class, not of one that it comes from.
        if (only := self.__dict__.get("_only")) is None:
            only = self._only = super().__call__()
        return only


class Schema(marshmallow.Schema, metaclass=_OneEach):
    """The base of every schema of ours."""

    error_messages = {  # noqa: RUF012 - marshmallow reads a plain dict
        "unknown": Calm("We do not know this field."),
        "type": Calm("This must be an object."),
    }

    class Meta:
        """What marshmallow asks for."""

        unknown = RAISE


def fields_of(row: Any) -> dict[str, Any]:
    """A row's fields by name, to be dumped; its values are not copied, as `dataclasses.asdict` would copy each."""
    return {one.name: getattr(row, one.name) for one in dataclasses.fields(row)}


class CalmField(fields.Field[T], Generic[T]):
    """A field whose messages are ours, and which tells OpenAPI what it takes (`openapi`)."""

    default_error_messages = {  # noqa: RUF012 - marshmallow reads a plain dict
        "required": "Please fill this in.",
        "null": "Please fill this in.",
        "validator_failed": "Please check this field.",
        "invalid": "Please check this field.",
    }

    @property
    def openapi(self) -> Mapping[str, Any]:
        """Its JSON Schema keywords."""
        return {}

    def take(self, value: Any) -> T:
        """The value of its JSON form. Raises the field's error for anything else."""
        raise NotImplementedError

    def give(self, value: Any) -> Any:
        """The JSON form of a value; None stays None."""
        return value

    def make_error(self, key: str, **kwargs: Any) -> ValidationError:
        """The library's error with the message marked as ours."""
        return _calm(super().make_error(key, **kwargs))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> T:  # noqa: ARG002 - theirs
        return self.take(value)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:  # noqa: ARG002 - theirs
        return None if value is None else self.give(value)


class StrictInt(CalmField[int]):
    """A whole number within bounds, both inclusive; no bool, float or text.

    In a query every value is text: `text=True` takes its one canonical decimal form instead.
    """

    default_error_messages = {"invalid": "Please give a whole number from {least} to {most}."}  # noqa: RUF012

    def __init__(
        self, least: int = -MAX_INTEGER, most: int = MAX_INTEGER, *, text: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.least, self.most, self.text = least, most, text

    @property
    def openapi(self) -> Mapping[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}

    def take(self, value: Any) -> int:
        if self.text and isinstance(value, str) and _WHOLE.fullmatch(value):
            value = int(value)
        elif self.text:
            value = None
        # type() and not isinstance: True is an int to Python.
        if type(value) is not int or not self.least <= value <= self.most:
            raise self.make_error("invalid", least=self.least, most=self.most)
        return value


class Flag(CalmField[bool]):
    """true or false, and nothing that looks like it."""

    default_error_messages = {"invalid": "Please choose true or false."}  # noqa: RUF012

    @property
    def openapi(self) -> Mapping[str, Any]:
        return {"type": "boolean"}

    def take(self, value: Any) -> bool:
        if type(value) is not bool:
            raise self.make_error("invalid")
        return value


class Text(CalmField[str]):
    """Text of `least` to `most` characters, kept exactly as sent; a blank one is refused unless `least` is 0."""

    default_error_messages = {  # noqa: RUF012
        "invalid": "Please give a text of {least} to {most} characters.",
        "hidden": "The text holds a hidden character. Please type it again.",
    }

    def __init__(self, least: int = 1, most: int = 200, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.least, self.most = least, most

    @property
    def openapi(self) -> Mapping[str, Any]:
        return {"type": "string", "minLength": self.least, "maxLength": self.most}

    def take(self, value: Any) -> str:
        blank = self.least > 0 and isinstance(value, str) and not value.strip()
        if not isinstance(value, str) or blank or not self.least <= len(value) <= self.most:
            raise self.make_error("invalid", least=self.least, most=self.most)
        # The decoder refused these already; a query's value and a schema of an event come without it.
        if _NOT_TEXT.search(value):
            raise self.make_error("hidden")
        return value


class Id(CalmField[UUID]):
    """A UUID in its canonical form: lower case with dashes, so that one thing has one name."""

    default_error_messages = {"invalid": "Please give an id in lower case, with dashes."}  # noqa: RUF012

    @property
    def openapi(self) -> Mapping[str, Any]:
        return {"type": "string", "format": "uuid"}

    def give(self, value: Any) -> str:
        return str(value)

    def take(self, value: Any) -> UUID:
        try:
            found = UUID(value)
        except (ValueError, AttributeError, TypeError):
            raise self.make_error("invalid") from None
        if str(found) != value:
            raise self.make_error("invalid")
        return found


class When(CalmField[datetime]):
    """A moment: UTC, RFC 3339, six digits, `Z`."""

    default_error_messages = {"invalid": "Please give a time such as 2026-01-31T09:30:00.000000Z."}  # noqa: RUF012

    @property
    def openapi(self) -> Mapping[str, Any]:
        return {"type": "string", "format": "date-time", "pattern": r"\.[0-9]{6}Z$"}

    def give(self, value: Any) -> str:
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"

    def take(self, value: Any) -> datetime:
        if not isinstance(value, str) or not _WHEN.fullmatch(value):
            raise self.make_error("invalid")
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            raise self.make_error("invalid") from None


class DateField(CalmField[date]):
    """A school day: a local date, `2026-01-31`."""

    default_error_messages = {"invalid": "Please give a date such as 2026-01-31."}  # noqa: RUF012

    @property
    def openapi(self) -> Mapping[str, Any]:
        return {"type": "string", "format": "date"}

    def give(self, value: Any) -> str:
        return str(value)

    def take(self, value: Any) -> date:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            raise self.make_error("invalid")
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise self.make_error("invalid") from None


class EnumField(CalmField[E], Generic[E]):
    """A member of an enum, by value."""

    default_error_messages = {"invalid": "Please choose one of: {choices}."}  # noqa: RUF012

    def __init__(self, kind: type[E], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind

    @property
    def openapi(self) -> Mapping[str, Any]:
        return {"type": "string", "enum": [one.value for one in self.kind]}

    def give(self, value: Any) -> Any:
        return value.value if isinstance(value, Enum) else value

    def take(self, value: Any) -> E:
        for one in self.kind:
            if type(value) is str and one.value == value:
                return one
        raise self.make_error("invalid", choices=", ".join(str(one.value) for one in self.kind))


class ListOf(fields.List[Any]):
    """A list of at most `most` values of one field."""

    default_error_messages = {  # noqa: RUF012
        "required": "Please fill this in.",
        "null": "Please fill this in.",
        "invalid": "Please give a list.",
        "long": "Please give a list of {least} to {most}.",
    }

    def __init__(self, inner: fields.Field[Any], *, least: int = 0, most: int = 1000, **kwargs: Any) -> None:
        super().__init__(inner, **kwargs)
        self.least, self.most = least, most

    @property
    def openapi(self) -> Mapping[str, Any]:
        """Its JSON Schema keywords."""
        return {"minItems": self.least, "maxItems": self.most}

    def make_error(self, key: str, **kwargs: Any) -> ValidationError:
        """The library's error with the message marked as ours."""
        return _calm(super().make_error(key, **kwargs))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list):
            raise self.make_error("invalid")
        # Before the items: a list of a hundred thousand is not looked at.
        if not self.least <= len(value) <= self.most:
            raise self.make_error("long", least=self.least, most=self.most)
        return super()._deserialize(value, attr, data, **kwargs)


class Part(fields.Nested):
    """An object inside an object, by its schema."""

    default_error_messages = {  # noqa: RUF012
        "required": "Please fill this in.",
        "null": "Please fill this in.",
        "type": "This must be an object.",
    }

    def make_error(self, key: str, **kwargs: Any) -> ValidationError:
        """The library's error with the message marked as ours."""
        return _calm(super().make_error(key, **kwargs))


def _calm(error: ValidationError) -> ValidationError:
    return ValidationError([Calm(message) for message in error.messages])
