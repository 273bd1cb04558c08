"""What a message of the bus is: an envelope's wire form as JSON, and a MAC that only services can make.

The hash chain shows that an event continues a log, not who wrote it: all that is hashed travels in the message. Whoever
reaches the broker could publish an event that links. The MAC is what they cannot make.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.events.envelope import Envelope, envelope_from_wire, envelope_to_wire
from shared.events.wire import WireError
from shared.http.strict_json import MAX_BYTES, decode
from shared.policy.refusal import Refusal
from shared.runtime.config import BrokerConfig

HEADER: Final = "bookbag-mac"
"""The header with the hex HMAC-SHA256 of the body."""

_LABEL = b"bookbag bus"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bus:
    """Where the bus is, and the key of its messages' MACs."""

    broker: BrokerConfig
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Batch:
    """Authentic events of one partition of one source, in whatever order they came."""

    source: str
    partition: int
    envelopes: Sequence[Envelope]


@dataclass(frozen=True, slots=True)
class Discarded:
    """A message that is no event of its queue, and why: the label of a metric, never content."""

    why: str


def bus_key(installation_key: bytes) -> bytes:
    """The key of the messages' MACs: 32 bytes that follow from the installation's key and give nothing of it away."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=_LABEL).derive(installation_key)


def written(key: bytes, envelope: Envelope) -> tuple[bytes, dict[str, str]]:
    """The body and the headers of an event's message."""
    body = orjson.dumps(envelope_to_wire(envelope))
    return body, {HEADER: _mac(key, body)}


def read(key: bytes, source: str, partition: int, body: Any, headers: Any) -> Envelope | Discarded:
    """The event that a message of this queue holds, or why it is discarded. Raises nothing, whatever was sent.

    The MAC comes first: nothing that a stranger wrote is parsed.
    """
    if not _is_ours(key, body, headers):
        return Discarded("wrong MAC")
    envelope = _envelope(body)
    if isinstance(envelope, Discarded):
        return envelope
    if envelope.type.partition(".")[0] != source or envelope.partition != partition:
        return Discarded("not of this queue")
    return envelope


def _is_ours(key: bytes, body: Any, headers: Any) -> bool:
    shown = headers.get(HEADER) if isinstance(headers, Mapping) else None
    if not isinstance(body, bytes) or len(body) > MAX_BYTES or not isinstance(shown, str):
        return False
    return hmac.compare_digest(shown.encode(), _mac(key, body).encode())


def _envelope(body: bytes) -> Envelope | Discarded:
    try:
        raw = decode(body)
    except Refusal:
        return Discarded("not strict JSON")
    try:
        envelope = envelope_from_wire(raw if isinstance(raw, dict) else {})
        right = envelope.hash_is_right()
    except WireError:
        return Discarded("no envelope")
    return envelope if right else Discarded("wrong hash")


def _mac(key: bytes, body: bytes) -> str:
    return hmac.new(key, body, sha256).hexdigest()
