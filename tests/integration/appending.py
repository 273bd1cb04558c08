"""Events on their way into a real log: any, in a command; and sealed ones, each to where its stream ends."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg

from shared.events.declaration import Event
from shared.events.envelope import Actor
from shared.log import read
from shared.log.append import Claim, Command, NewEvent, append
from shared.privacy.vault import Vault
from shared.runtime.clock import SystemClock

SCHOOL = uuid4()


def an_event(stream: str, event_id: UUID | None = None, **data: Any) -> NewEvent:
    return new_event(stream, id=event_id or uuid4(), data=data or {"points": 1})


def new_event(stream: str, **said: Any) -> NewEvent:
    anything: dict[str, Any] = {
        "id": uuid4(),
        "type": "points.PointAwarded",
        "schema_version": 1,
        "occurred_at": datetime(2026, 9, 7, tzinfo=UTC),
        "actor": Actor(kind="staff", id="1"),
        "correlation_id": uuid4(),
        "causation_id": None,
    }
    return NewEvent(stream=stream, **anything | said)


def a_command(
    *events: NewEvent,
    expected: Mapping[str, int],
    claim: Claim | None = None,
    school: UUID = SCHOOL,
    partition: int = 1,
) -> Command:
    return Command(
        school_id=school,
        partition=partition,
        expected=expected,
        events=events,
        recorded_at=datetime.now(UTC),
        location="/v1/points/1",
        claim=claim,
    )


def record(
    connection: psycopg.Connection[Any],
    vault: Vault,
    school: UUID,
    *told: tuple[str, Event],
    at: datetime | None = None,
    partition: int = 1,
    **said: Any,
) -> list[UUID]:
    """Seals and appends events, each with its stream, in one transaction; returns their ids."""
    ids, now = [uuid4() for _ in told], at or SystemClock().now()
    sealed = vault.seal(school, [(event_id, event) for event_id, (_, event) in zip(ids, told, strict=True)])
    events = [
        new_event(
            stream,
            **{"id": event_id, "type": event.event_type, "schema_version": event.schema_version} | said,
            data=data,
            occurred_at=now,
        )
        for event_id, (stream, event), data in zip(ids, told, sealed, strict=True)
    ]
    expected = {stream: len(read.stream(connection, school, stream)) for stream, _ in told}
    with connection.transaction():
        append(
            connection,
            Command(school_id=school, partition=partition, expected=expected, events=events, recorded_at=now),
        )
    return ids
