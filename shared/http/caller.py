"""Whether a caller may act now: the signed principal, and asking identity again where it is no longer fresh.

Of the one second after a removal or sign-out, identity's projection and its reuse of an answer take half. The other
half is spent here: nobody acts, and nobody is answered, on what identity said longer ago than ANSWER_WITHIN.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from shared.http.operations import Operation
from shared.http.principal import FRESH_FOR, MOST_REMEMBERED, Reask, Verified, is_older_than
from shared.policy.codes import NOT_SIGNED_IN, REMOVED, SUSPENDED, UNAVAILABLE
from shared.policy.principal import AccessState, Principal
from shared.policy.refusal import Refusal
from shared.runtime.clock import Clock
from shared.runtime.logging import logger

ANSWER_WITHIN = timedelta(milliseconds=500)
"""Age of a principal beyond which no 2xx leaves on it."""
RETRY_AFTER = 1
NO_PHONE = "the number is on the school's website"

OfficePhone = Callable[[UUID], str]
"""The phone number of a school's office; empty where the school has not said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callers:
    """Proves callers. `clock` is real time: no school's clock moves a security check."""

    public_key: Ed25519PublicKey
    reask: Reask
    clock: Clock
    office_phone: OfficePhone
    _verified: Verified = field(init=False, repr=False)
    _newest: dict[UUID, Principal] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_verified", Verified(self.public_key))

    def proven(self, header: str | None) -> Principal:
        """The principal of a request. Raises Refusal: NOT_SIGNED_IN or PRINCIPAL_EXPIRED."""
        if header is None:
            raise Refusal(NOT_SIGNED_IN)
        return self._noted(self._verified(header, self.clock.now()))

    def fresh(self, principal: Principal, limit: timedelta = FRESH_FOR) -> Principal:
        """The principal, or what identity says now where the principal is older than the limit.

        What it said lately of the same session, to another request of it, will do: it is no older than the limit. So
        a process that is behind does not fall further behind by asking for each request that has waited.

        Raises:
            Refusal: NOT_SIGNED_IN where the session has ended; UNAVAILABLE where identity cannot say in time. Never an
                older answer instead.
        """
        if not is_older_than(principal, self.clock.now(), limit):
            return principal
        again = self._newest.get(principal.session_id)
        if again is None or is_older_than(again, self.clock.now(), limit):
            again = self._noted(self._verified(self._asked_again(principal.session_id), self.clock.now()))
        if (again.session_id, again.person_id, again.capacity) != (
            principal.session_id,
            principal.person_id,
            principal.capacity,
        ):
            raise Refusal(NOT_SIGNED_IN)
        if is_older_than(again, self.clock.now(), ANSWER_WITHIN):
            raise Refusal(UNAVAILABLE, retry_after=RETRY_AFTER)
        return again

    def admit(self, principal: Principal, operation: Operation, *, writes: bool) -> None:
        """Lets a restricted session only where a sanction must not reach, and nobody write whose sanctions are unknown.

        Raises:
            Refusal: SUSPENDED or REMOVED; UNAVAILABLE for a write while identity does not know how things stand.
        """
        if not principal.access.restricted or operation.restricted:
            if writes and not principal.access_known and not operation.signs_out:
                raise Refusal(UNAVAILABLE, retry_after=RETRY_AFTER)
            return
        phone = (self.office_phone(principal.school_id) if principal.school_id else "") or NO_PHONE
        raise Refusal(SUSPENDED if principal.access is AccessState.SUSPENDED else REMOVED, phone=phone)

    def _noted(self, principal: Principal) -> Principal:
        known = self._newest.get(principal.session_id)
        if known is None or known.issued_at < principal.issued_at:
            if len(self._newest) >= MOST_REMEMBERED:
                self._newest.clear()
            self._newest[principal.session_id] = principal
        return principal

    def _asked_again(self, session_id: UUID) -> str:
        try:
            return self.reask(session_id)
        except Refusal:
            raise
        except Exception:  # noqa: BLE001 - see below
            # Whatever keeps identity from answering: without its word nobody acts.
            logger().warning("identity.reask_failed", session_id=session_id, exc_info=True)
            raise Refusal(UNAVAILABLE, retry_after=RETRY_AFTER) from None
