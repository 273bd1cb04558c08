"""Event envelopes for tests that look at one part of it, and let the rest be anything that a log could hold."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.events.declaration import Event
from shared.events.envelope import GENESIS, Actor, Envelope, sealed_envelope
from shared.events.wire import to_wire
from shared.testing.principals import SCHOOL

AT = datetime(2026, 9, 7, 8, 30, tzinfo=UTC)


def an_envelope(*, at: datetime = AT, **said: Any) -> Envelope:
    """The first event of a log unless a test says otherwise; its hash is right.

    Args:
        at: when it occurred and was recorded.
        said: fields of the envelope.
    """
    anything: dict[str, Any] = {
        "previous": GENESIS,
        "id": UUID(int=1),
        "type": "points.PointAwarded",
        "schema_version": 1,
        "school_id": SCHOOL,
        "stream": "points-1",
        "stream_version": 1,
        "partition": 1,
        "position": 1,
        "occurred_at": at,
        "recorded_at": at,
        "actor": Actor(kind="service", id="tests"),
        "correlation_id": UUID(int=2),
        "causation_id": None,
        "data": {},
    }
    return sealed_envelope(**anything | said)


def envelope_of(event: Event, **said: Any) -> Envelope:
    """The same around an event. Its personal values are left out, unless a test says the data itself."""
    known: dict[str, Any] = {"type": event.event_type, "schema_version": event.schema_version}
    if "data" not in said:
        known["data"] = to_wire(event)[0]
    return an_envelope(**known | said)
