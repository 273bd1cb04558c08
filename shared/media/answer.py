"""How a picture is answered: only by a service's api, to a caller who was just found to be allowed; never by a link.

Whatever a browser might make of the bytes, it makes a picture of them, on no page of ours, and keeps no copy.
"""

from falcon import Response

from shared.events.declaration import Erased
from shared.media.plain import Kind
from shared.policy.codes import NOT_FOUND
from shared.policy.refusal import Refusal

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
    "Content-Disposition": "inline",  # without a name: there is none that would not tell something
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def show(resp: Response, found: bytes | Erased | None) -> None:
    """Answers with a picture.

    Raises:
        Refusal: NOT_FOUND, the same for what is not there and for what was erased.
    """
    if not isinstance(found, bytes):
        raise Refusal(NOT_FOUND)
    resp.data = found
    resp.content_type = Kind.JPEG
    resp.set_headers(HEADERS)
