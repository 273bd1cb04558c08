"""Internal paths are for our own services: each shows a bearer token whose SHA-256 the owner keeps."""

import hashlib
import hmac
from collections.abc import Mapping

from shared.policy.codes import SERVICE_ONLY
from shared.policy.refusal import Refusal

PREFIX = "/internal/"
PRINCIPAL_PATH = "/internal/principal"
"""nginx asks it with the gateway's secret, not with a service's token."""
MAX_TOKEN = 512


def consumer_of(authorization: str | None, credentials: Mapping[str, str]) -> str:
    """The service that a request's Authorization header proves.

    Args:
        authorization: `Bearer <token>`.
        credentials: consumer service to the hex SHA-256 of its token.

    Raises:
        Refusal: SERVICE_ONLY. Every known digest is compared, each in constant time, so that time tells nothing.
    """
    scheme, _, token = (authorization or "").partition(" ")
    digest = hashlib.sha256(token[:MAX_TOKEN].encode("utf-8", "surrogateescape")).hexdigest()
    found = None
    for consumer, known in credentials.items():
        if hmac.compare_digest(digest, known):
            found = consumer
    if found is None or scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN:
        raise Refusal(SERVICE_ONLY)
    return found


def is_gateway(sent: str | None, secret: str) -> bool:
    """Whether a request came through the gateway: it shows their shared secret. Constant time."""
    return hmac.compare_digest((sent or "").encode("utf-8", "surrogateescape"), secret.encode("ascii"))
