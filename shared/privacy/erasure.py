"""Whose keys an erasure destroys: each service lists, event by event, whom its personal texts concern."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias
from uuid import UUID

from shared.events.declaration import REGISTRY, Event, personal_marks
from shared.events.envelope import Envelope
from shared.privacy.keystore import Owner

Concerns: TypeAlias = Mapping[type[Event], tuple[str, ...]]
"""Event -> those of its fields that name a person whom its texts concern.

No field where another event of the same item names them. The author of a text is named where it is theirs to erase.
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


def _owners(envelope: Envelope, names: tuple[str, ...], subject: str) -> Iterable[Owner]:
    data = REGISTRY.upcast_to_latest(envelope.type, envelope.schema_version, dict(envelope.data))
    if not any(data[name] == subject for name in names):
        return
    event = REGISTRY.of(envelope.type)
    for field, mark in personal_marks(event).items() if event else ():
        if data[field] is not None:
            yield Owner(envelope.school_id, UUID(data[mark.subject]), mark.category)
