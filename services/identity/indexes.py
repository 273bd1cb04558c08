"""Keyed hashes: ids that follow from a roster's own, and indexes by which a login is found without being stored.

A roster's ids and logins may be personal, so that no plain hash of them is kept: without the key these say nothing.
"""

import hmac
import unicodedata
from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Indexes:
    """Attributes: key: 32 bytes, the installation's; it must never change, or nobody is found again."""

    key: bytes = field(repr=False)

    def roster_id(self, school_id: UUID, kind: str, sourced_id: str) -> UUID:
        """A UUIDv8 (RFC 9562, section 5.8): the same for the same row of the same school at every import."""
        raw = bytearray(self._mac("roster", school_id, kind, sourced_id)[:16])
        raw[6] = 0x80 | (raw[6] & 0x0F)
        raw[8] = 0x80 | (raw[8] & 0x3F)
        return UUID(bytes=bytes(raw))

    def login(self, school_id: UUID, login: str) -> str:
        """Logins compare without case and in composed form; 64 hex digits."""
        return self._mac("login", school_id, "", _folded(login)).hex()

    def attempts(self, slug: str, login: str) -> bytes:
        """Under what failed sign-ins are counted; 32 bytes."""
        return self._mac("attempts", UUID(int=0), slug.casefold(), _folded(login))

    def _mac(self, what: str, school_id: UUID, kind: str, text: str) -> bytes:
        message = b"\0".join((what.encode(), school_id.bytes, kind.encode(), text.encode()))
        return hmac.digest(self.key, message, "sha256")


def _folded(login: str) -> str:
    return unicodedata.normalize("NFC", login).casefold()
