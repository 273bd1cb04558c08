"""Fills logs: events as `append` would have written them, sealed and chained, copied in at a bulk load's speed.

The head is moved apart, in one statement: what was copied is committed for the product's processes at that moment.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from shared.events.declaration import Event
from shared.events.envelope import GENESIS, Actor, canonical, sealed_envelope
from shared.events.identity import ClassId, GuardianId, PersonId, PupilId, StaffId
from shared.events.messaging import ConversationId, MessageId, MessageSent, Sender
from shared.events.points import AwardId, BehaviourId, PointAwarded, ValueId
from shared.log.append import CHANNEL
from shared.log.read import Head
from shared.privacy.vault import Vault
from shared.runtime.ids import uuid7

CHUNK = 2000
BEGAN = datetime(2026, 9, 7, 8, 30, tzinfo=UTC)
NOTE = "Helped a younger child who had lost their way to the hall, without being asked to."
TEXT = "Good morning. We have had a quiet start today and would like to talk about reading at home; is Friday possible?"

Make = Callable[[int], tuple[str, Event]]
"""The stream and the event of a number."""

_COLUMNS = (
    "partition, position, id, type, schema_version, school_id, stream, stream_version, occurred_at, recorded_at, actor,"
    " correlation_id, causation_id, data, previous, hash"
)


@contextmanager
def without_keys(connection: Connection[TupleRow]) -> Iterator[None]:
    """Loads a long log first and makes its keys afterwards, all of them: in half the time."""
    found = connection.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'log_event'::regclass"
        " AND contype IN ('p', 'u', 'f') ORDER BY contype DESC"
    ).fetchall()
    for name, _ in found:
        connection.execute(f'ALTER TABLE log_event DROP CONSTRAINT "{name}"')
    yield
    for name, definition in found:
        connection.execute(f'ALTER TABLE log_event ADD CONSTRAINT "{name}" {definition}')


def ident(number: int) -> UUID:
    """An id for a person or thing by number, the same at every call."""
    return UUID(int=(0x018F << 112) | (7 << 76) | (2 << 62) | number)


def _at(number: int) -> UUID:
    """An id made then, as ids of what happens are: by time."""
    return uuid7(BEGAN + timedelta(milliseconds=number), os.urandom)


def awards(pupils: int, noted: int) -> Make:
    """Points for so many pupils in turn; every so manieth has a note."""

    def make(number: int) -> tuple[str, Event]:
        pupil = ident(number % pupils)
        return f"points-{pupil}", PointAwarded(
            award_id=AwardId(_at(number)),
            pupil_id=PupilId(pupil),
            staff_id=StaffId(ident(number % 30)),
            behaviour_id=BehaviourId(ident(number % 12)),
            value_id=ValueId(ident(number % 6)),
            points=1 + number % 3,
            roster_position=1,
            note=NOTE if number % noted == 0 else None,
        )

    return make


def messages(conversations: int) -> Make:
    """Messages in so many conversations in turn; every one is sealed."""

    def make(number: int) -> tuple[str, Event]:
        conversation = number % conversations
        return f"conversation-{ident(conversation)}", MessageSent(
            message_id=MessageId(_at(number)),
            conversation_id=ConversationId(ident(conversation)),
            guardian_id=GuardianId(ident(conversation)),
            pupil_id=PupilId(ident(conversation // 2)),
            class_id=ClassId(ident(conversation // 60)),
            sender_id=PersonId(ident(conversation)),
            sender=Sender.GUARDIAN if number % 2 else Sender.STAFF,
            roster_position=1,
            text=TEXT,
        )

    return make


@dataclass(slots=True)
class Seeder:
    """Adds to one partition of one log.

    Attributes:
        connection: the superuser's, in autocommit: nobody else may write but `append`.
        vault: the service's.
    """

    connection: Connection[TupleRow]
    vault: Vault
    school: UUID
    make: Make
    partition: int = 1
    made: int = 0
    head: Head = field(init=False)
    _versions: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.head = self._head()

    def copy(self, count: int) -> None:
        """Copies so many events in behind the last; nobody looks beyond the head before `commit`."""
        with (
            self.connection.cursor() as cursor,
            cursor.copy(f"COPY log_event ({_COLUMNS}) FROM STDIN") as copy,
        ):
            for row in self._rows(count):
                copy.write_row(row)

    def commit(self) -> None:
        """Moves the head and notifies, as the last statements of an append do."""
        with self.connection.transaction():
            self.connection.execute(
                "UPDATE log_head SET position = %s, hash = %s WHERE partition = %s",
                (self.head.position, self.head.hash, self.partition),
            )
            self.connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, str(self.partition)))

    def resume(self) -> None:
        """Goes on behind what others have appended meanwhile, to streams of their own."""
        self.head = self._head()

    def _head(self) -> Head:
        self.connection.execute(
            "INSERT INTO log_head (partition, position, hash) VALUES (%s, 0, %s) ON CONFLICT DO NOTHING",
            (self.partition, GENESIS),
        )
        row = self.connection.execute(
            "SELECT position, hash FROM log_head WHERE partition = %s", (self.partition,)
        ).fetchone()
        assert row is not None  # noqa: S101 - made above
        return Head(position=row[0], hash=bytes(row[1]))

    def _rows(self, count: int) -> Iterator[tuple[Any, ...]]:
        for first in range(0, count, CHUNK):
            numbers = range(self.made, self.made + min(CHUNK, count - first))
            self.made = numbers.stop
            yield from self._chunk([(_at(number), *self.make(number)) for number in numbers])

    def _chunk(self, events: Sequence[tuple[UUID, str, Event]]) -> Iterator[tuple[Any, ...]]:
        sealed = self.vault.seal(self.school, [(event_id, event) for event_id, _, event in events])
        position, link = self.head.position, self.head.hash
        for (event_id, stream, event), data in zip(events, sealed, strict=True):
            position += 1
            version = self._versions[stream] = self._versions.get(stream, 0) + 1
            at = BEGAN + timedelta(milliseconds=position)
            known: dict[str, Any] = {
                "id": event_id,
                "type": event.event_type,
                "schema_version": event.schema_version,
                "school_id": self.school,
                "stream": stream,
                "stream_version": version,
                "partition": self.partition,
                "position": position,
                "occurred_at": at,
                "recorded_at": at,
                "actor": Actor(kind="staff", id=str(ident(position % 30))),
                "correlation_id": event_id,
                "causation_id": None,
                "data": data,
            }
            previous, link = link, sealed_envelope(previous=link, **known).hash
            yield (
                self.partition,
                position,
                event_id,
                event.event_type,
                event.schema_version,
                self.school,
                stream,
                version,
                at,
                at,
                str(known["actor"]),
                event_id,
                None,
                canonical(data).decode(),
                previous,
                link,
            )
        self.head = Head(position=position, hash=link)
