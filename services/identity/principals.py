"""Who a session is now, signed: what the gateway asks before every request, and a service asks again.

A look-up and its signature may be used again for 200 ms by this process: so much of the second in which a removal must
be felt is spent here.
"""

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.http.principal import sign
from shared.policy.codes import NOT_SIGNED_IN
from shared.policy.principal import AccessState, Capacity, Principal, Role
from shared.policy.refusal import Refusal
from shared.runtime.clock import Clock
from shared.runtime.database import Pool
from shared.runtime.reading import read_tuples

REUSED_FOR = timedelta(milliseconds=200).total_seconds()
MOST_KEPT = 20_000
"""Answers in memory; about 30 MB."""


@dataclass(frozen=True, slots=True)
class _Kept:
    header: str | None
    until: float


LookUp = Callable[[bytes | None, UUID | None, datetime], Sequence[Any] | None]
"""A session by its token's hash or its id, if it has not ended by then."""


def looked_up_in(pool: Pool) -> LookUp:
    """The look-up with the role that can do nothing else."""

    def look(hashed: bytes | None, session_id: UUID | None, at: datetime) -> Sequence[Any] | None:
        found = read_tuples(
            pool,
            None,
            "SELECT session_id, school_id, person_id, capacity, roles, classes, children, access, access_known"
            " FROM session_principal(%s, %s, %s)",
            (hashed, session_id, at),
        )
        return found[0] if found else None

    return look


class Principals:
    """Looks sessions up with the role that can do nothing else. Safe between threads."""

    def __init__(
        self, look: LookUp, key: Ed25519PrivateKey, clock: Clock, real: Clock, monotonic: Callable[[], float]
    ) -> None:
        """Takes the school's clock, by which sessions expire, and the real one, by which what is signed does."""
        self._look, self._key, self._clock, self._real, self._monotonic = look, key, clock, real, monotonic
        self._kept: dict[bytes | UUID, _Kept] = {}
        self._lock = threading.Lock()

    def of_token(self, token: str, *, anew: bool = False) -> str | None:
        """The signed principal of a token's session, looked up now or, unless `anew`, lately; None where none is."""
        hashed = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        return self._found(hashed, hashed, None, anew=anew)

    def of_session(self, session_id: UUID) -> str | None:
        """The same by the session's id, for a service whose answer has grown old."""
        return self._found(session_id, None, session_id)

    def now(self, session_id: UUID) -> str:
        """The same for identity's own requests. Raises Refusal(NOT_SIGNED_IN) where the session has ended."""
        header = self.of_session(session_id)
        if header is None:
            raise Refusal(NOT_SIGNED_IN)
        return header

    def forget(self) -> None:
        """Drops what is kept: this process ended a session itself and need not wait."""
        with self._lock:
            self._kept.clear()

    def _found(
        self, name: bytes | UUID, hashed: bytes | None, session_id: UUID | None, *, anew: bool = False
    ) -> str | None:
        now = self._monotonic()
        with self._lock:
            kept = self._kept.get(name)
            if not anew and kept is not None and kept.until > now:
                return kept.header
        found = self._look_up(hashed, session_id)
        header = None if found is None else sign(found, self._key)
        with self._lock:
            if len(self._kept) >= MOST_KEPT:
                self._kept = {key: value for key, value in self._kept.items() if value.until > now}
            if len(self._kept) < MOST_KEPT:
                # Counted from before the look-up: what it saw may be as old as that.
                self._kept[name] = _Kept(header, now + REUSED_FOR)
        return header

    def _look_up(self, hashed: bytes | None, session_id: UUID | None) -> Principal | None:
        # Before the look-up: what it sees may be as old as that.
        issued_at = self._real.now()
        row = self._look(hashed, session_id, self._clock.now())
        if row is None:
            return None
        return Principal(
            session_id=row[0],
            school_id=row[1],
            person_id=row[2],
            capacity=Capacity(row[3]),
            roles=frozenset(map(Role, row[4])),
            classes=frozenset(row[5]),
            children=frozenset(row[6]),
            access=AccessState(row[7]),
            access_known=row[8],
            issued_at=issued_at,
        )
