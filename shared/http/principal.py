"""The principal in a header, signed by identity with Ed25519: what nginx passes on and every api process verifies.

The form is base64url(JSON) "." base64url(signature), no padding; the signature covers the first part as text, after a
prefix that no other signature of ours has. Five seconds is how long a leaked one is worth anything.
"""

import base64
import binascii
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from shared.policy.codes import NOT_SIGNED_IN, PRINCIPAL_EXPIRED
from shared.policy.principal import AccessState, Capacity, Principal, Role
from shared.policy.refusal import Refusal

HEADER = "Bookbag-Principal"
MAX_HEADER = 4096
"""Longest header value in bytes; nginx's buffer holds it with room (`proxy_buffer_size 16k`)."""
VALID_FOR = timedelta(seconds=5)
FRESH_FOR = timedelta(milliseconds=300)
"""Older than this an api process asks identity again before it acts."""
MOST_REMEMBERED = 2_000
"""Verified headers in memory: more than come before the first of them is too old for anything."""
CLOCK_SKEW = timedelta(milliseconds=100)
"""How far identity's clock may be ahead of ours: more is refused as from the future."""

Reask = Callable[[UUID], str]
"""Asks identity again about a session: a new header value. Raises Refusal: NOT_SIGNED_IN where the session has ended,
UNAVAILABLE where identity cannot be asked within its bound."""

_PREFIX = b"bookbag principal 1\0"
_HEADER_FORM = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})")
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def sign(principal: Principal, private_key: Ed25519PrivateKey) -> str:
    """The header value. Raises ValueError beyond 4 KiB (about 80 classes or children)."""
    payload = _encode(orjson.dumps(_to_json(principal)))
    value = f"{payload}.{_encode(private_key.sign(_PREFIX + payload.encode('ascii')))}"
    if len(value) > MAX_HEADER:
        raise ValueError("the principal does not fit its header")
    return value


def verify(header: str, public_key: Ed25519PublicKey, now: datetime) -> Principal:
    """The principal that identity signed.

    Args:
        header: the header value as received.
        public_key: identity's.
        now: real time, never the policy's clock.

    Raises:
        Refusal: NOT_SIGNED_IN for a value that identity did not sign, or signed in the future; PRINCIPAL_EXPIRED for
            one that is older than five seconds.
    """
    return in_time(signed(header, public_key), now)


def signed(header: str, public_key: Ed25519PublicKey) -> Principal:
    """What identity signed, whenever that was. Raises Refusal(NOT_SIGNED_IN)."""
    if len(header) > MAX_HEADER or not (found := _HEADER_FORM.fullmatch(header)):
        raise Refusal(NOT_SIGNED_IN)
    payload, signature = found.groups()
    try:
        public_key.verify(_decode(signature), _PREFIX + payload.encode("ascii"))
        return _from_json(orjson.loads(_decode(payload)))
    except (InvalidSignature, binascii.Error, ValueError, KeyError, TypeError, AttributeError):
        raise Refusal(NOT_SIGNED_IN) from None


class Verified:
    """Remembers what was verified, by all its bytes: a session's next requests bring the same header for a while.

    Only what identity signed is remembered, and its age is asked each time. Safe between threads.
    """

    def __init__(self, public_key: Ed25519PublicKey) -> None:
        self._public_key = public_key
        self._known: dict[str, Principal] = {}

    @property
    def remembered(self) -> int:
        """How many headers are in memory."""
        return len(self._known)

    def __call__(self, header: str, now: datetime) -> Principal:
        """As `verify` says."""
        principal = self._known.get(header)
        if principal is None:
            principal = signed(header, self._public_key)
            if len(self._known) >= MOST_REMEMBERED:
                self._known = {}
            self._known[header] = principal
        return in_time(principal, now)


def in_time(principal: Principal, now: datetime) -> Principal:
    """The principal, if it may be used now. Raises Refusal: NOT_SIGNED_IN from the future, PRINCIPAL_EXPIRED."""
    if principal.issued_at > now + CLOCK_SKEW:
        raise Refusal(NOT_SIGNED_IN)
    if is_older_than(principal, now, VALID_FOR):
        raise Refusal(PRINCIPAL_EXPIRED)
    return principal


def is_older_than(principal: Principal, now: datetime, limit: timedelta) -> bool:
    """Whether identity looked longer ago than the limit."""
    return now - principal.issued_at > limit


def private_key_from_pem(pem: bytes) -> Ed25519PrivateKey:
    """Identity's signing key (PKCS8 PEM). Raises ValueError for any other kind of key."""
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("the signing key must be Ed25519")  # noqa: TRY004 - the file is wrong, not the caller
    return key


def public_key_from_pem(pem: bytes) -> Ed25519PublicKey:
    """Identity's public key (PEM). Raises ValueError for any other kind of key."""
    key = load_pem_public_key(pem)
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("the public key must be Ed25519")  # noqa: TRY004 - the file is wrong, not the caller
    return key


def _to_json(principal: Principal) -> dict[str, Any]:
    return {
        "session": principal.session_id.hex,
        "school": None if principal.school_id is None else principal.school_id.hex,
        "person": principal.person_id.hex,
        "capacity": principal.capacity,
        "roles": sorted(principal.roles),
        "classes": sorted(one.hex for one in principal.classes),
        "children": sorted(one.hex for one in principal.children),
        "access": principal.access,
        "known": principal.access_known,
        "issued": (principal.issued_at - _EPOCH) // _MICROSECOND,
    }


def _from_json(raw: dict[str, Any]) -> Principal:
    return Principal(
        session_id=UUID(hex=raw["session"]),
        school_id=None if raw["school"] is None else UUID(hex=raw["school"]),
        person_id=UUID(hex=raw["person"]),
        capacity=Capacity(raw["capacity"]),
        roles=frozenset(Role(role) for role in raw["roles"]),
        classes=frozenset(UUID(hex=one) for one in raw["classes"]),
        children=frozenset(UUID(hex=one) for one in raw["children"]),
        access=AccessState(raw["access"]),
        access_known=_flag(raw["known"]),
        issued_at=_EPOCH + timedelta(microseconds=raw["issued"]),
    )


def _flag(raw: object) -> bool:
    if not isinstance(raw, bool):
        raise TypeError("a flag is true or false")
    return raw


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
