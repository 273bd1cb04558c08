"""`Idempotency-Key`: the key as sent, and the keyed MAC that tells a repeated request from another with the same key.

The MAC is kept with the answer, never the body: without the service's key it says nothing about what was sent.
"""

import hmac
import re

from shared.policy.codes import IDEMPOTENCY_KEY_REQUIRED
from shared.policy.refusal import Refusal

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,128}")


def read_key(header: str | None) -> str:
    """The key of the header: 1 to 128 visible ASCII characters, kept as sent.

    Raises:
        Refusal: IDEMPOTENCY_KEY_REQUIRED for a header that is missing or anything else.
    """
    if header is None or not _KEY.fullmatch(header):
        raise Refusal(IDEMPOTENCY_KEY_REQUIRED)
    return header


def body_mac(secret: bytes, method: str, path: str, body: bytes) -> bytes:
    """HMAC-SHA256 over method, path and body, 32 bytes. NUL, which neither of the first two holds, parts them.

    Raises ValueError for a method or path with a NUL.
    """
    head = f"{method}\0{path}\0".encode()
    if head.count(0) != 2:  # noqa: PLR2004 - the two separators above
        raise ValueError("a method or path with a NUL")
    return hmac.digest(secret, head + body, "sha256")
