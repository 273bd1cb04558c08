"""Whose keys an erasure destroys: each service lists, event by event, whom its personal texts concern (decision 17)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

from shared.events.declaration import REGISTRY, Event, personal_marks
from shared.events.envelope import Envelope
from shared.privacy.categories import Category
from shared.privacy.keystore import Owner


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """Things that an event lists and that have keys of their own, each with whom it concerns.

    Attributes:
        field: of the event: the list.
        who: of each thing: whom it concerns.
        item: of each thing: its id, which is its key's subject.
        category: of its key.
    """

    field: str
    who: str
    item: str
    category: Category


Concerns: TypeAlias = Mapping[type[Event], tuple[str | Items, ...]]
"""Event -> those of its fields that name a person, or a list of persons, whom its texts concern.

No field where another event of the same item names them. An author is named where the text is theirs to erase.
"""


def owners_concerning(subject_id: UUID, concerns: Concerns, envelopes: Iterable[Envelope]) -> frozenset[Owner]:
    """The owners of the keys that seal what a log holds about a person, by the log's plain ids alone."""
    fields = {event.event_type: names for event, names in concerns.items()}
    return frozenset(
        owner
        for envelope in envelopes
        if envelope.type in fields
        for owner in _owners(envelope, fields[envelope.type], str(subject_id))
    )


def _owners(envelope: Envelope, names: tuple[str | Items, ...], subject: str) -> Iterator[Owner]:
    data = REGISTRY.upcast_to_latest(envelope.type, envelope.schema_version, dict(envelope.data))
    if any(_names(data[name], subject) for name in names if isinstance(name, str)):
        event = REGISTRY.of(envelope.type)
        for field, mark in personal_marks(event).items() if event else ():
            if data[field] is not None:
                yield Owner(envelope.school_id, UUID(data[mark.subject]), mark.category)
    for listed in names:
        if isinstance(listed, Items):
            for thing in data[listed.field]:
                if _names(thing[listed.who], subject):
                    yield Owner(envelope.school_id, UUID(thing[listed.item]), listed.category)


def _names(value: Any, subject: str) -> bool:
    return subject in value if isinstance(value, list) else value == subject
