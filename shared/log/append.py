"""`append`, the only writer of a log, and what it takes and answers.

It owns its part of a transaction: the partition's lock, the expected version of every stream the command touches,
the events, the idempotency row, the head, one notification. All of it stands, or none.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, overload
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from shared.events.envelope import GENESIS, Actor, Envelope, canonical, sealed_envelope

LOCK_CLASS = 0x426F6F6B
"""First key of the advisory locks that this module takes ("Book"); the second is the partition."""

CHANNEL = "bookbag_log"
"""Where an append notifies; the payload is the partition's number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event that is ready to be stored: its data is the wire form, personal fields already ciphertext."""

    id: UUID
    type: str
    schema_version: int
    stream: str
    data: Mapping[str, Any]
    occurred_at: datetime
    actor: Actor
    correlation_id: UUID
    causation_id: UUID | None


class Later(Sequence[NewEvent]):
    """Events that are made when they are first looked at: under group commit by the one who writes for all.

    A thread that has just begun finds nothing of the interpreter near its core; the same work costs half as much in one
    thread that does it for all, one after the other.
    """

    __slots__ = ("_made", "_make", "_number")

    def __init__(self, number: int, make: Callable[[], Sequence[NewEvent]]) -> None:
        self._number = number
        self._make: Callable[[], Sequence[NewEvent]] | None = make
        self._made: Sequence[NewEvent] = ()

    def __len__(self) -> int:
        return self._number

    @overload
    def __getitem__(self, index: int) -> NewEvent: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[NewEvent]: ...

    def __getitem__(self, index: int | slice) -> NewEvent | Sequence[NewEvent]:
        return self._all()[index]

    def __iter__(self) -> Iterator[NewEvent]:
        return iter(self._all())

    def _all(self) -> Sequence[NewEvent]:
        if self._make:
            self._made, self._make = self._make(), None  # and with it the keys that it had
        return self._made


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A person's idempotency key and the keyed MAC (HMAC-SHA256, 32 bytes) of the request it came with."""

    person_id: UUID
    key: str
    body_mac: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command was answered: found again when the same request comes with the same key.

    Attributes:
        position: of the command's last event in its partition; where it had nothing to record, of the newest event of
            the streams that it rests on, 0 where there is none.
        earlier: whether it was found under the claim, and this command wrote nothing.
    """

    status: int
    location: str
    partition: int
    position: int
    earlier: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command's effect on the log.

    Attributes:
        expected: the version at which each stream was read that the decision rests on, also of streams that get no
            event; 0 for a stream that does not exist.
        claim: the idempotency key it came with; None for what no person asked for.
    """

    school_id: UUID
    partition: int
    expected: Mapping[str, int]
    events: Sequence[NewEvent]
    recorded_at: datetime
    status: int = 201
    location: str = ""
    claim: Claim | None = None


class Conflict(Exception):  # noqa: N818 - it is an outcome to try again on, not an error
    """A stream has moved since it was read, or is not yet where it was remembered; nothing was written."""

    def __init__(self, stream: str, expected: int, actual: int) -> None:
        super().__init__(f"{stream} stands at {actual}, not at {expected}")
        self.stream, self.expected = stream, expected


class KeyReused(Exception):  # noqa: N818 - an outcome that the caller turns into a refusal
    """The idempotency key was used before with another body; nothing was written."""


def append(connection: Connection[TupleRow], command: Command) -> Answer:
    """Writes the command's events at contiguous positions, or nothing at all.

    Must be called inside an open READ COMMITTED transaction. The lock is taken in a statement of its own: what is read
    after it sees all that the lock's last holder committed (one statement would read with a snapshot from before the
    wait). The transaction's commit makes the events visible, in order of position, because the lock is held to its end.

    Returns:
        The answer; an earlier one's where the claim was used before with the same body.

    Raises:
        Conflict: a stream is not at its expected version.
        KeyReused: the claim was used before with another body.
    """
    with connection.cursor() as cursor:
        hold(connection, command.partition)
        if command.claim and (found := answered(connection, command.school_id, command.claim)):
            return found
        position, link = _head(cursor, command.partition)
        versions = _versions(cursor, command)
        envelopes: list[Envelope] = []
        for event in command.events:
            versions[event.stream] = versions.get(event.stream, 0) + 1
            position += 1
            envelope = sealed_envelope(previous=link, **placed(command, event, versions[event.stream], position))
            envelopes.append(envelope)
            link = envelope.hash
        if not envelopes:
            # Never the head: it would tell whoever asks how much has happened to others meanwhile.
            position = _newest(cursor, command)
        answer = Answer(
            status=command.status, location=command.location, partition=command.partition, position=position
        )
        _write(cursor, command, envelopes, answer, link)
    return answer


def hold(connection: Connection[TupleRow], partition: int) -> None:
    """Keeps everyone else from appending to the partition until the transaction's end."""
    connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", (LOCK_CLASS, partition))


def placed(command: Command, event: NewEvent, stream_version: int, position: int) -> dict[str, Any]:
    """The fields of the event's envelope at its place in the log, but for its link and hash."""
    return {
        "id": event.id,
        "type": event.type,
        "schema_version": event.schema_version,
        "school_id": command.school_id,
        "stream": event.stream,
        "stream_version": stream_version,
        "partition": command.partition,
        "position": position,
        "occurred_at": event.occurred_at,
        "recorded_at": command.recorded_at,
        "actor": event.actor,
        "correlation_id": event.correlation_id,
        "causation_id": event.causation_id,
        "data": event.data,
    }


def answered(connection: Connection[TupleRow], school_id: UUID, claim: Claim) -> Answer | None:
    """The answer that this claim got before, if it did.

    Raises:
        KeyReused: the key came with another body then.
    """
    row = connection.execute(
        "SELECT body_mac, status, location, partition, position FROM log_answer"
        " WHERE school_id = %s AND person_id = %s AND key = %s",
        (school_id, claim.person_id, claim.key),
    ).fetchone()
    if row is None:
        return None
    if bytes(row[0]) != claim.body_mac:
        raise KeyReused
    return Answer(status=row[1], location=row[2], partition=row[3], position=row[4], earlier=True)


def _head(cursor: Any, partition: int) -> tuple[int, bytes]:
    cursor.execute("SELECT position, hash FROM log_head WHERE partition = %s", (partition,))
    row = cursor.fetchone()
    if row is None:
        cursor.execute("INSERT INTO log_head (partition, position, hash) VALUES (%s, 0, %s)", (partition, GENESIS))
        return 0, GENESIS
    return row[0], bytes(row[1])


def _versions(cursor: Any, command: Command) -> dict[str, int]:
    streams = sorted({*command.expected, *(event.stream for event in command.events)})
    missing = [stream for stream in streams if stream not in command.expected]
    if missing:
        raise ValueError(f"no expected version for {missing[0].partition('-')[0]}")
    # One index probe a stream: the newest version comes first in the unique index, read backwards.
    cursor.execute(
        "SELECT s.stream, coalesce((SELECT e.stream_version FROM log_event e WHERE e.school_id = %s"
        " AND e.stream = s.stream ORDER BY e.stream_version DESC LIMIT 1), 0) FROM unnest(%s::text[]) AS s(stream)",
        (command.school_id, streams),
    )
    actual: dict[str, int] = dict(cursor.fetchall())
    for stream, expected in command.expected.items():
        if actual[stream] != expected:
            raise Conflict(stream, expected, actual[stream])
    return actual


def _newest(cursor: Any, command: Command) -> int:
    cursor.execute(
        "SELECT coalesce(max(position), 0) FROM log_event WHERE school_id = %s AND stream = ANY(%s)",
        (command.school_id, list(command.expected)),
    )
    return int(cursor.fetchone()[0])


_INSERT = (
    "INSERT INTO log_event (partition, position, id, type, schema_version, school_id, stream, stream_version,"
    " occurred_at, recorded_at, actor, correlation_id, causation_id, data, previous, hash)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)


def _write(cursor: Any, command: Command, envelopes: Sequence[Envelope], answer: Answer, link: bytes) -> None:
    if envelopes:
        cursor.executemany(_INSERT, [_row(envelope) for envelope in envelopes])
        cursor.execute(
            "UPDATE log_head SET position = %s, hash = %s WHERE partition = %s",
            (answer.position, link, command.partition),
        )
    if command.claim:
        cursor.execute(
            "INSERT INTO log_answer (school_id, person_id, key, body_mac, status, location, partition, position,"
            " recorded_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                command.school_id,
                command.claim.person_id,
                command.claim.key,
                command.claim.body_mac,
                answer.status,
                answer.location,
                answer.partition,
                answer.position,
                command.recorded_at,
            ),
        )
    if envelopes:
        cursor.execute("SELECT pg_notify(%s, %s)", (CHANNEL, str(command.partition)))


def _row(envelope: Envelope) -> tuple[Any, ...]:
    return (
        envelope.partition,
        envelope.position,
        envelope.id,
        envelope.type,
        envelope.schema_version,
        envelope.school_id,
        envelope.stream,
        envelope.stream_version,
        envelope.occurred_at,
        envelope.recorded_at,
        str(envelope.actor),
        envelope.correlation_id,
        envelope.causation_id,
        canonical(dict(envelope.data)).decode(),
        envelope.previous,
        envelope.hash,
    )
