"""How an event is declared: once, as a frozen dataclass with typed fields, its personal fields marked on the field.

The type string is ``service.NounPastVerb`` and the schema version an integer; neither derives from a Python path, so
a module can move without touching a log.
"""

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, TypeAlias, TypeVar, dataclass_transform

from shared.privacy.categories import Category

T = TypeVar("T")


@dataclasses.dataclass(frozen=True, slots=True)
class Erased:
    """Stands where a personal value stood whose key is on the list of destroyed keys."""


@dataclasses.dataclass(frozen=True, slots=True)
class Sealed:
    """Stands where a personal value stands that the reader may not open, or did not ask to."""


Personal: TypeAlias = T | Erased | Sealed
"""A personal value: a T, or Erased, or Sealed. `decide` and `evolve` never read one."""


class Event:
    """The base of every declared event; `event` makes the subclass a frozen dataclass.

    Attributes:
        event_type: the type string, `service.NounPastVerb`.
        schema_version: the latest version of its wire form, from 1.
    """

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]
    event_type: ClassVar[str]
    schema_version: ClassVar[int]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PersonalMark:
    """What the declaration says of a personal field.

    Attributes:
        subject: the name of the event's field that holds the subject's id.
        category: the category whose key seals the value.
        formerly: the field's names in earlier versions; ciphertext is bound to the name it was sealed under.
    """

    subject: str
    category: Category
    formerly: tuple[str, ...] = ()


def personal(*, subject: str, category: Category, formerly: tuple[str, ...] = ()) -> Any:
    """Marks a field as personal: it is ciphertext in the log and on the wire from the first event on."""
    return dataclasses.field(metadata={"personal": PersonalMark(subject=subject, category=category, formerly=formerly)})


_marks: dict[type[Event], Mapping[str, PersonalMark]] = {}


def personal_marks(event: type[Event]) -> Mapping[str, PersonalMark]:
    """The personal fields of an event class, by field name."""
    found = _marks.get(event)
    if found is None:
        found = _marks[event] = {
            field.name: field.metadata["personal"]
            for field in dataclasses.fields(event)
            if "personal" in field.metadata
        }
    return found


Upcast: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]


class Registry:
    """The declared events by type string, with their latest version and the upcasts that lead to it."""

    def __init__(self) -> None:
        self._events: dict[str, type[Event]] = {}
        self._upcasts: dict[tuple[str, int], Upcast] = {}

    def declare(self, name: str, event: type[Event]) -> None:
        """Enters a class under its type string. Raises ValueError where the string is taken."""
        if name in self._events:
            raise ValueError(f"the event type {name} is declared twice")
        self._events[name] = event

    def add_upcast(self, name: str, from_version: int, upcast: Upcast) -> None:
        """Enters the step from this version to the next. Raises ValueError where there is one."""
        if (name, from_version) in self._upcasts:
            raise ValueError(f"the upcast of {name} from version {from_version} is declared twice")
        self._upcasts[name, from_version] = upcast

    def of(self, name: str) -> type[Event] | None:
        """The event class of a type string; None where this installation does not know it."""
        return self._events.get(name)

    def names(self) -> Iterable[str]:
        """All type strings, sorted."""
        return sorted(self._events)

    def upcast_to_latest(self, name: str, version: int, data: dict[str, Any]) -> dict[str, Any]:
        """Leads data of an older version to the latest, one declared step at a time, on plain dicts.

        Raises:
            ValueError: the version is newer than this installation knows, a step is missing, or the data is not of its
                version. Its text tells no value.
        """
        latest = self._events[name].schema_version
        if not 1 <= version <= latest:
            raise ValueError(f"{name} version {version} is not known here (latest {latest})")
        while version < latest:
            step = self._upcasts.get((name, version))
            if step is None:
                raise ValueError(f"{name} has no upcast from version {version}")
            try:
                data, version = step(dict(data)), version + 1
            except (LookupError, ValueError, TypeError, AttributeError):
                raise ValueError(f"{name}: what is there is not of version {version}") from None
        return data


REGISTRY = Registry()
_TYPE = re.compile(r"^[a-z]+\.[A-Z][A-Za-z]+$")


E = TypeVar("E", bound=Event)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(personal,))
def event(name: str, *, version: int, registry: Registry = REGISTRY) -> Callable[[type[E]], type[E]]:
    """Declares an event: makes the class a frozen, slotted, keyword-only dataclass and enters it in the registry."""
    if not _TYPE.match(name) or version < 1:
        raise ValueError(f"{name} version {version} is no event type")

    def declare(cls: type[E]) -> type[E]:
        # Set before dataclass() makes the slotted copy, so that both are plain class attributes.
        cls.event_type, cls.schema_version = name, version
        made = dataclasses.dataclass(frozen=True, slots=True, kw_only=True)(cls)
        registry.declare(name, made)
        return made

    return declare


def upcast(name: str, *, from_version: int, registry: Registry = REGISTRY) -> Callable[[Upcast], Upcast]:
    """Declares the step that leads data of `from_version` to the next version."""

    def declare(step: Upcast) -> Upcast:
        registry.add_upcast(name, from_version, step)
        return step

    return declare
