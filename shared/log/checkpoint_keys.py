"""The keys that sign checkpoints: one at a time, each new one vouched for by the one before, none ever forgotten.

The ring of public keys is a file of one line of JSON a key. Who has carried the first line away knows every later key.
"""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared.events.envelope import canonical
from shared.events.wire import time_to_wire

KIND = "bookbag-checkpoint-key-1"


class BadRing(Exception):  # noqa: N818 - its text is the sentence the operator reads
    """A ring of keys in which one key is not vouched for by the one before."""

    def __init__(self, line: int) -> None:
        super().__init__(
            f"Line {line} of checkpoint.keys is not vouched for by the line before; nothing can be checked."
        )


@dataclass(frozen=True, slots=True)
class Ring:
    """Attributes: keys: key id -> the public key, the oldest first."""

    keys: dict[str, Ed25519PublicKey]

    @property
    def newest(self) -> str:
        """The id of the key that signs now."""
        return list(self.keys)[-1]

    def age(self, key_id: str) -> int:
        """The place of a key in the order of their use; -1 of one that is not known."""
        return list(self.keys).index(key_id) if key_id in self.keys else -1

    def has_signed(self, key_id: str, signature: bytes, text: bytes) -> bool:
        """Whether a known key of that id made the signature."""
        key = self.keys.get(key_id)
        return key is not None and _is_signed(key, signature, text)


def key_id(key: Ed25519PublicKey) -> str:
    """The first 16 hex digits of the SHA-256 of its 32 bytes."""
    return hashlib.sha256(_raw(key)).hexdigest()[:16]


def ring_of(text: str) -> Ring:
    """The ring as it is kept. Raises BadRing."""
    keys: dict[str, Ed25519PublicKey] = {}
    signer: Ed25519PublicKey | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            found = orjson.loads(line)
            signature = b64decode(found.pop("signature"), validate=True)
            key = Ed25519PublicKey.from_public_bytes(b64decode(found["public"], validate=True))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BadRing(number) from None
        if not _is_signed(signer or key, signature, canonical(found)):
            raise BadRing(number)
        keys[key_id(key)] = signer = key
    if not keys:
        raise BadRing(1)
    return Ring(keys)


def first_line(key: Ed25519PrivateKey, at: datetime) -> str:
    """The line of an installation's first key, which vouches for itself."""
    return _line(key.public_key(), key, at)


def next_line(new: Ed25519PrivateKey, old: Ed25519PrivateKey, at: datetime) -> str:
    """The line of the key that signs from now on, vouched for by the one that has signed so far."""
    return _line(new.public_key(), old, at)


def private_key(pem: bytes) -> Ed25519PrivateKey:
    """Raises ValueError for what is no such key."""
    key = serialization.load_pem_private_key(pem, None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("not an Ed25519 key")  # noqa: TRY004 - whatever is wrong with the file
    return key


def new_key() -> tuple[Ed25519PrivateKey, str]:
    """A key, and its PEM."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key, pem.decode()


def lines_of(texts: Sequence[str]) -> str:
    """A file of lines."""
    return "".join(f"{text}\n" for text in texts)


def _line(public: Ed25519PublicKey, signer: Ed25519PrivateKey, at: datetime) -> str:
    told: dict[str, Any] = {"kind": KIND, "public": b64encode(_raw(public)).decode(), "from": time_to_wire(at)}
    return orjson.dumps({**told, "signature": b64encode(signer.sign(canonical(told))).decode()}).decode()


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def _is_signed(key: Ed25519PublicKey, signature: bytes, text: bytes) -> bool:
    try:
        key.verify(signature, text)
    except InvalidSignature:
        return False
    return True
