"""Signed checkpoints: what the chain of a partition came to, said so that its database's owner cannot say it anew.

Whoever owns a log's database can rewrite it with a chain that is right in itself. They do not have the key that has
signed what the chain was. Checkpoints of a partition are numbered and chained, so that none can be taken out of the
middle; that the newest are not taken away is for who has carried lines elsewhere (decision 23).
"""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.events.envelope import GENESIS, canonical
from shared.events.wire import WireError, time_from_wire, time_to_wire
from shared.log.checkpoint_keys import Ring, key_id
from shared.log.read import Head
from shared.log.verify import Fault, Witness

KIND = "bookbag-checkpoint-1"


class NoCheckpoint(Exception):  # noqa: N818 - said as it is
    """A line that is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """One line.

    Attributes:
        number: 1, 2, 3 in its partition.
        at: real time.
        previous: `digest` of the one before; zeros for the first.
        key: the id of the key that has signed.
    """

    service: str
    partition: int
    number: int
    head: Head
    at: datetime
    previous: bytes
    key: str
    signature: bytes = b""

    @property
    def text(self) -> bytes:
        """The canonical bytes that are signed."""
        return canonical(self._told())

    @property
    def digest(self) -> bytes:
        """By which the next one names it."""
        return hashlib.sha256(self.text).digest()

    def line(self) -> str:
        """As it is kept, printed and mailed: JSON of some 400 characters."""
        return orjson.dumps({**self._told(), "signature": b64encode(self.signature).decode()}).decode()

    @classmethod
    def from_line(cls, line: str) -> Self:
        """Raises NoCheckpoint for any other text."""
        try:
            told = orjson.loads(line)
            found = cls(
                service=told["service"],
                partition=told["partition"],
                number=told["number"],
                head=Head(position=told["position"], hash=bytes.fromhex(told["hash"])),
                at=time_from_wire(told["at"]),
                previous=bytes.fromhex(told["previous"]),
                key=told["key"],
                signature=b64decode(told["signature"], validate=True),
            )
            same = found._told() == {name: value for name, value in told.items() if name != "signature"}
        except (ValueError, KeyError, TypeError, AttributeError, WireError):
            raise NoCheckpoint from None
        if not same:
            raise NoCheckpoint
        return found

    def _told(self) -> dict[str, Any]:
        return {
            "kind": KIND,
            "service": self.service,
            "partition": self.partition,
            "number": self.number,
            "position": self.head.position,
            "hash": self.head.hash.hex(),
            "at": time_to_wire(self.at),
            "previous": self.previous.hex(),
            "key": self.key,
        }


def signed(
    key: Ed25519PrivateKey, last: Checkpoint | None, *, service: str, partition: int, head: Head, at: datetime
) -> Checkpoint:
    """The checkpoint of a head that follows `last`."""
    told: dict[str, Any] = {
        "service": service,
        "partition": partition,
        "number": last.number + 1 if last else 1,
        "head": head,
        "at": at,
        "previous": last.digest if last else GENESIS,
        "key": key_id(key.public_key()),
    }
    return Checkpoint(**told, signature=key.sign(Checkpoint(**told).text))


@dataclass(frozen=True, slots=True)
class Kept:
    """A line as somebody keeps it, with the place that it is kept at."""

    partition: int
    number: int
    line: str


def checked(service: str, kept: Sequence[Kept], ring: Ring) -> tuple[list[Witness], list[Fault]]:
    """What checkpoints remember of a log, and where they are not what was signed: at most one fault a partition.

    A fault stands at the first position that no whole line of checkpoints vouches for any more.

    Args:
        service: whose log it is.
        kept: in any order.
        ring: the keys that may have signed.
    """
    witnesses: list[Witness] = []
    faults: list[Fault] = []
    for partition in sorted({one.partition for one in kept}):
        own = sorted((one for one in kept if one.partition == partition), key=lambda one: one.number)
        found = [_authentic(service, one, ring) for one in own]
        if fault := _first_fault(own, found, ring):
            faults.append(fault)
        # What is signed is signed, wherever a line before it is missing.
        witnesses += [witness_of(checkpoint) for checkpoint in found if checkpoint]
    return witnesses, faults


def witness_of(checkpoint: Checkpoint) -> Witness:
    """What a checkpoint remembers. Its signature must have been looked at before."""
    return Witness(
        name=f"checkpoint {checkpoint.number} of {time_to_wire(checkpoint.at)}",
        partition=checkpoint.partition,
        head=checkpoint.head,
    )


def compared(
    service: str, carried: Iterable[str], kept: Sequence[Kept], ring: Ring
) -> tuple[list[Witness], list[Fault]]:
    """What lines remember that were carried elsewhere, and where what is kept here is no longer the same."""
    here = {(one.partition, one.number): one.line for one in kept}
    witnesses, faults = [], dict[int, Fault]()
    for checkpoint in _carried(service, carried):
        if not ring.has_signed(checkpoint.key, checkpoint.signature, checkpoint.text):
            what = "that was carried away is not signed by a key of this installation"
        elif (checkpoint.partition, checkpoint.number) not in here:
            what = "that was carried away is not kept here any more"
        elif here[checkpoint.partition, checkpoint.number] != checkpoint.line():
            what = "that was carried away says something else than the one kept here"
        else:
            what = ""
        if what:
            fault = Fault(
                partition=checkpoint.partition,
                position=checkpoint.head.position,
                what=f"checkpoint {checkpoint.number} {what}",
            )
            first = faults.setdefault(checkpoint.partition, fault)
            faults[checkpoint.partition] = min(first, fault, key=lambda one: one.position)
        if ring.has_signed(checkpoint.key, checkpoint.signature, checkpoint.text):
            witnesses.append(witness_of(checkpoint))
    return witnesses, [faults[partition] for partition in sorted(faults)]


def _carried(service: str, lines: Iterable[str]) -> Iterator[Checkpoint]:
    for line in lines:
        checkpoint = Checkpoint.from_line(line)
        if checkpoint.service == service:
            yield checkpoint


def _authentic(service: str, one: Kept, ring: Ring) -> Checkpoint | None:
    """None for a line that no key of ours has signed for this place."""
    try:
        found = Checkpoint.from_line(one.line)
    except NoCheckpoint:
        return None
    is_here = (found.service, found.partition, found.number) == (service, one.partition, one.number)
    return found if is_here and ring.has_signed(found.key, found.signature, found.text) else None


def _first_fault(own: Sequence[Kept], found: Sequence[Checkpoint | None], ring: Ring) -> Fault | None:
    last: Checkpoint | None = None
    for one, checkpoint in zip(own, found, strict=True):
        if what := _what(one, checkpoint, last, ring):
            position = last.head.position + 1 if last else 1
            return Fault(partition=one.partition, position=position, what=f"checkpoint {one.number} {what}")
        last = checkpoint
    return None


def _what(one: Kept, found: Checkpoint | None, last: Checkpoint | None, ring: Ring) -> str:
    number = last.number + 1 if last else 1
    if one.number != number:
        return f"stands where {number} should: what was between is gone"
    if found is None:
        return "is not signed by a key of this installation"
    if found.previous != (last.digest if last else GENESIS):
        return "does not follow from the one before"
    if last and (found.head.position <= last.head.position or ring.age(found.key) < ring.age(last.key)):
        return "goes back behind the one before"
    return ""
