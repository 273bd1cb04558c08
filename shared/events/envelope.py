"""The envelope that every event travels in: CloudEvents 1.0 names where one exists, and the hash chain.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from shared.events.wire import MAX_INTEGER, WireError, time_from_wire, time_to_wire, uuid_from_wire, uuid_to_wire

GENESIS = bytes(32)
"""The predecessor's hash of a partition's first event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who caused an event: a person in a capacity (`staff:<id>`), or a service's reaction (`service:points`)."""

    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"

    @classmethod
    def parse(cls, text: str) -> "Actor":
        """Reads `kind:id`. Raises WireError for anything else."""
        kind, _, ident = text.partition(":")
        if not kind or not ident:
            raise WireError("an actor without kind or id")
        return cls(kind=kind, id=ident)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One recorded event, its data as stored: personal fields are ciphertext.

    Attributes:
        position: contiguous in the partition, from 1.
        stream_version: contiguous in the stream, from 1.
        occurred_at: when it happened in the world; recorded_at: when the log took it.
        previous: hash of the partition's event before this one (32 bytes).
        hash: SHA-256 over `previous` and the canonical bytes of all else.
    """

    id: UUID
    type: str
    schema_version: int
    school_id: UUID
    stream: str
    stream_version: int
    partition: int
    position: int
    occurred_at: datetime
    recorded_at: datetime
    actor: Actor
    correlation_id: UUID
    causation_id: UUID | None
    data: Mapping[str, Any]
    previous: bytes
    hash: bytes

    def hash_is_right(self) -> bool:
        """Whether the hash follows from all other fields."""
        return self.hash == chain_hash(self.previous, canonical(_hashed(self)))


def canonical(value: Any) -> bytes:
    """The RFC 8785 bytes of a JSON value as events hold them: no floats, ASCII keys, integers within 2^53.

    On that subset orjson's sorted output is RFC 8785's (a test holds it against the `rfc8785` package) at a
    hundredth of the time. Raises WireError outside the subset.
    """
    _check(value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def chain_hash(previous: bytes, envelope_bytes: bytes) -> bytes:
    """SHA-256 over the predecessor's hash (always 32 bytes: the parts cannot be shifted) and the envelope's bytes."""
    return hashlib.sha256(previous + envelope_bytes).digest()


def hashed_bytes(**known: Any) -> bytes:
    """The canonical bytes of what is hashed of an envelope. What an event brings is looked at; the rest is ours."""
    form = hashed_form(**known)
    _check(form["data"])
    return orjson.dumps(form, option=orjson.OPT_SORT_KEYS)


def sealed_envelope(*, previous: bytes, **known: Any) -> Envelope:
    """Completes an envelope with its link and hash."""
    return Envelope(previous=previous, hash=chain_hash(previous, canonical(hashed_form(**known))), **known)


def hashed_form(
    *,
    id: UUID,  # noqa: A002 - the envelope's own names
    type: str,  # noqa: A002
    schema_version: int,
    school_id: UUID,
    stream: str,
    stream_version: int,
    partition: int,
    position: int,
    occurred_at: datetime,
    recorded_at: datetime,
    actor: Actor,
    correlation_id: UUID,
    causation_id: UUID | None,
    data: Mapping[str, Any],
) -> dict[str, Any]:
    """What is hashed of an envelope, beside the predecessor's hash: its canonical bytes are."""
    return {
        "id": uuid_to_wire(id),
        "type": type,
        "schema_version": schema_version,
        "school_id": uuid_to_wire(school_id),
        "stream": stream,
        "stream_version": stream_version,
        "partition": partition,
        "position": position,
        "occurred_at": time_to_wire(occurred_at),
        "recorded_at": time_to_wire(recorded_at),
        "actor": str(actor),
        "correlation_id": uuid_to_wire(correlation_id),
        "causation_id": None if causation_id is None else uuid_to_wire(causation_id),
        "data": dict(data),
    }


def envelope_to_wire(envelope: Envelope) -> dict[str, Any]:
    """The wire form: what is hashed, and `previous` and `hash` in hex."""
    return _hashed(envelope) | {"previous": envelope.previous.hex(), "hash": envelope.hash.hex()}


def envelope_from_wire(raw: Mapping[str, Any]) -> Envelope:
    """The envelope of its wire form. Raises WireError for anything else; it does not check the hash."""
    if raw.keys() != _WIRE_FIELDS:
        raise WireError("an envelope with fields missing or unknown")
    try:
        return Envelope(
            id=uuid_from_wire(raw["id"]),
            type=_text(raw["type"]),
            schema_version=_whole(raw["schema_version"]),
            school_id=uuid_from_wire(raw["school_id"]),
            stream=_text(raw["stream"]),
            stream_version=_whole(raw["stream_version"]),
            partition=_whole(raw["partition"]),
            position=_whole(raw["position"]),
            occurred_at=time_from_wire(raw["occurred_at"]),
            recorded_at=time_from_wire(raw["recorded_at"]),
            actor=Actor.parse(raw["actor"]),
            correlation_id=uuid_from_wire(raw["correlation_id"]),
            causation_id=None if raw["causation_id"] is None else uuid_from_wire(raw["causation_id"]),
            data=_object(raw["data"]),
            previous=_hash(raw["previous"]),
            hash=_hash(raw["hash"]),
        )
    except (ValueError, TypeError, AttributeError):
        raise WireError("an envelope with an ill-typed field") from None


def wire_hash_is_right(raw: Mapping[str, Any]) -> bool:
    """As `hash_is_right`, of a wire form that `envelope_from_wire` has read: each value has one spelling there."""
    hashed = {name: value for name, value in raw.items() if name not in _NOT_HASHED}
    return bytes.fromhex(raw["hash"]) == chain_hash(bytes.fromhex(raw["previous"]), canonical(hashed))


def _hashed(envelope: Envelope) -> dict[str, Any]:
    return hashed_form(
        id=envelope.id,
        type=envelope.type,
        schema_version=envelope.schema_version,
        school_id=envelope.school_id,
        stream=envelope.stream,
        stream_version=envelope.stream_version,
        partition=envelope.partition,
        position=envelope.position,
        occurred_at=envelope.occurred_at,
        recorded_at=envelope.recorded_at,
        actor=envelope.actor,
        correlation_id=envelope.correlation_id,
        causation_id=envelope.causation_id,
        data=envelope.data,
    )


_PLAIN = frozenset({str, bool, type(None)})
_NOT_HASHED = frozenset({"previous", "hash"})
_WIRE_FIELDS = frozenset(field.name for field in fields(Envelope))


def _check(value: Any) -> None:
    # By exact types first: this is walked for each event that is written, and a `match` takes three times as long.
    kind = type(value)
    if kind is dict:
        _check_keys(value)
        for item in value.values():
            if type(item) not in _PLAIN:
                _check(item)
    elif kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise WireError("an integer beyond 2^53")
    elif kind is list or kind is tuple:
        for item in value:
            _check(item)
    elif kind not in _PLAIN and not isinstance(value, str):
        raise WireError(f"a {kind.__name__} in an event")


def _check_keys(value: dict[Any, Any]) -> None:
    try:
        fits = "".join(value).isascii()
    except TypeError:
        fits = False
    if not fits:
        raise WireError("a key that is not ASCII text")


def _text(raw: Any) -> str:
    if type(raw) is not str or not raw:
        raise TypeError
    return raw


def _whole(raw: Any) -> int:
    if type(raw) is not int or raw < 1:
        raise TypeError
    return raw


def _object(raw: Any) -> dict[str, Any]:
    if type(raw) is not dict:
        raise TypeError
    return raw


def _hash(raw: Any) -> bytes:
    value = bytes.fromhex(raw)
    if len(value) != len(GENESIS) or value.hex() != raw:  # fromhex passes over blanks and takes capitals
        raise ValueError
    return value
