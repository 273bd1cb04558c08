"""The gateway's question, answered before all else that a request passes: it is asked of every request of the product.

Only its plain form is answered here, and only where a session is found: the rest goes the long way, which knows how a
refusal looks. What it answers is what `Principals` says, looked up or reused as ever.
"""

from collections.abc import Callable, Iterable
from typing import Any

from services.identity.principals import Principals
from shared.http.app import GATEWAY_HEADER
from shared.http.internal import PRINCIPAL_PATH, is_gateway
from shared.http.position import HEADER as POSITION
from shared.http.principal import HEADER
from shared.runtime import metrics
from shared.runtime.config import Secret

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]


def _variable(header: str) -> str:
    return "HTTP_" + header.upper().replace("-", "_")


_GATEWAY, _POSITION = _variable(GATEWAY_HEADER), _variable(POSITION)
_BEARER = "bearer "


class Door:
    """Stands before identity's app. Safe between threads."""

    def __init__(self, app: WsgiApp, principals: Principals, gateway_secret: Secret[str]) -> None:
        self._app, self._principals, self._secret = app, principals, gateway_secret
        self._answered = metrics.REQUESTS.labels("identity", "GET", PRINCIPAL_PATH, 204)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serves one request."""
        header = self._principal(environ) if environ["PATH_INFO"] == PRINCIPAL_PATH else None
        if header is None:
            return self._app(environ, start_response)
        self._answered.inc()
        start_response("204 No Content", [(HEADER, header), ("Cache-Control", "no-store")])
        return ()

    def _principal(self, environ: Environ) -> str | None:
        if environ["REQUEST_METHOD"] != "GET" or _POSITION in environ:
            return None
        authorization: str = environ.get("HTTP_AUTHORIZATION", "")
        token = authorization[len(_BEARER) :]
        if not token or authorization[: len(_BEARER)].lower() != _BEARER:
            return None
        if not is_gateway(environ.get(_GATEWAY), self._secret.reveal()):
            return None
        try:
            return self._principals.of_token(token)
        except Exception:  # noqa: BLE001 - the long way meets it again, and knows what to say of it
            return None
