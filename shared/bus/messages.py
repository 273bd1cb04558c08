"""What a message of the bus is: events' wire forms, a JSON document a line, and a MAC that only services can make.

A message holds as many events of one partition as were waiting, in order, up to a bound: what a broker does, it does
for each message.

The hash chain shows that an event continues a log, not who wrote it: all that is hashed travels in the message. Whoever
reaches the broker could publish an event that links. The MAC is what they cannot make.
"""

import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.events.envelope import Envelope, envelope_from_wire, envelope_to_wire, wire_hash_is_right
from shared.events.wire import WireError
from shared.http.strict_json import MAX_BYTES, MAX_DEPTH, decode
from shared.policy.refusal import Refusal
from shared.runtime.config import BrokerConfig

HEADER: Final = "bookbag-mac"
"""The header with the hex HMAC-SHA256 of the body."""

CONTENT_TYPE: Final = "application/x-ndjson"

MOST_EVENTS = 50
"""Most events of one message."""

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


def written(key: bytes, *envelopes: Envelope) -> tuple[bytes, dict[str, str]]:
    """The body and the headers of a message with these events."""
    return signed(key, b"\n".join(map(line_of, envelopes)))


def signed(key: bytes, body: bytes) -> tuple[bytes, dict[str, str]]:
    """A body with the headers that only a holder of the key can make."""
    return body, {HEADER: _mac(key, body)}


def line_of(envelope: Envelope) -> bytes:
    """An event in a message: its wire form, keys sorted, on one line."""
    return orjson.dumps(envelope_to_wire(envelope), option=orjson.OPT_SORT_KEYS)


def events_in(body: bytes) -> int:
    """How many events a body has that `written` made: orjson writes no line break inside one."""
    return body.count(b"\n") + 1


def bodies(lines: Sequence[bytes], most: int = MOST_EVENTS) -> Iterator[Sequence[bytes]]:
    """The lines in order, in as few messages as the bounds allow; a line that is too long has one to itself."""
    first, size = 0, 0
    for number, line in enumerate(lines):
        if number > first and (number - first >= most or size + len(line) >= MAX_BYTES):
            yield lines[first:number]
            first, size = number, 0
        size += len(line) + 1
    if lines:
        yield lines[first:]


def read(key: bytes, source: str, partition: int, body: Any, headers: Any) -> Sequence[Envelope] | Discarded:
    """The events that a message of this queue holds, or why it is discarded. Raises nothing, whatever was sent.

    The MAC comes first: nothing that a stranger wrote is parsed. One line that is no event discards all.
    """
    if not _is_ours(key, body, headers):
        return Discarded("wrong MAC")
    found = []
    for line in body.split(b"\n"):
        envelope = _envelope(line)
        if isinstance(envelope, Discarded):
            return envelope
        if envelope.type.partition(".")[0] != source or envelope.partition != partition:
            return Discarded("not of this queue")
        found.append(envelope)
    return found


def _is_ours(key: bytes, body: Any, headers: Any) -> bool:
    shown = headers.get(HEADER) if isinstance(headers, Mapping) else None
    if not isinstance(body, bytes) or len(body) > MAX_BYTES or not isinstance(shown, str):
        return False
    return hmac.compare_digest(shown.encode(), _mac(key, body).encode())


def _envelope(line: bytes) -> Envelope | Discarded:
    try:
        raw = _decoded(line)
    except Refusal:
        return Discarded("not strict JSON")
    try:
        envelope = envelope_from_wire(raw if isinstance(raw, dict) else {})
        right = wire_hash_is_right(raw)
    except WireError:
        return Discarded("no envelope")
    return envelope if right else Discarded("wrong hash")


# Of what the strict decoder refuses, a writer of lines as ours lets through: escapes of control characters, and those
# characters that need no escape (0x7f, and 0x80 to 0x9f after this byte). Integers are looked at with the hash.
_DOUBTFUL = (b"\\", b"\x7f", b"\xc2")


def _decoded(line: bytes) -> Any:
    """What the strict decoder makes of a line, or refuses. A line that is as we write lines is known to pass it: that
    is seen in a tenth of the time by writing it again."""  # noqa: D205, D209 - one thought
    if line.count(b"{") + line.count(b"[") <= MAX_DEPTH and not any(some in line for some in _DOUBTFUL):
        try:
            raw = orjson.loads(line)
        except ValueError:
            return decode(line)
        if orjson.dumps(raw, option=orjson.OPT_SORT_KEYS) == line:
            return raw
    return decode(line)


def _mac(key: bytes, body: bytes) -> str:
    return hmac.new(key, body, sha256).hexdigest()
