"""Passwords as Argon2id hashes with OWASP's parameters, and how many are worked on at once.

https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
"""

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shared.policy.codes import UNAVAILABLE
from shared.policy.refusal import Refusal

AT_ONCE = 4
"""A hash takes 19 MiB and a core for some 30 ms: more at once only make everyone wait longer."""
WAIT_SECONDS = 5.0
LEAST_ADULT = 12
LEAST_PUPIL = 6
"""Characters. A pupil's area holds points and an avatar; a young child must be able to type it (S29)."""
MOST = 128


class Passwords:
    """Hashes and verifies. Safe between threads."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
        self._places = threading.BoundedSemaphore(AT_ONCE)
        # Verified against where there is nothing to verify, so that a stranger's login costs what a known one does.
        self._nobody = self._hasher.hash("nobody's password")

    def hash(self, password: str) -> str:
        """Raises Refusal(UNAVAILABLE) where too many wait."""
        with _Place(self._places):
            return self._hasher.hash(password)

    def is_right(self, password: str, known: str | None) -> bool:
        """Whether the password is the one behind the hash. Without a hash it takes as long, and the answer is no."""
        with _Place(self._places):
            try:
                self._hasher.verify(known or self._nobody, password)
            except (VerificationError, InvalidHashError):
                return False
        return known is not None


class _Place:
    def __init__(self, places: threading.BoundedSemaphore) -> None:
        self._places = places

    def __enter__(self) -> None:
        if not self._places.acquire(timeout=WAIT_SECONDS):
            raise Refusal(UNAVAILABLE, retry_after=1)

    def __exit__(self, *_: object) -> None:
        self._places.release()
