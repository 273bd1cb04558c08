"""What a request may carry: a body of known, bounded length where the operation takes one, and known parameters."""

from falcon import Request

from shared.http.operations import MAX_UPLOAD, Operation
from shared.http.strict_json import MAX_BYTES
from shared.policy.codes import (
    BODY_NOT_TAKEN,
    BODY_TOO_LARGE,
    INVALID_FIELDS,
    LENGTH_REQUIRED,
    MALFORMED_JSON,
    UNSUPPORTED_MEDIA_TYPE,
)
from shared.policy.refusal import Refusal

_PAGING = frozenset({"limit", "after"})


def read_body(req: Request, operation: Operation) -> bytes:
    """The whole body, read once; its length is checked before the first byte is.

    Raises:
        Refusal: LENGTH_REQUIRED for a chunked body or one of no stated length, BODY_TOO_LARGE, BODY_NOT_TAKEN,
            UNSUPPORTED_MEDIA_TYPE for an upload that calls itself something else, or MALFORMED_JSON where fewer bytes
            came than were announced.
    """
    if req.get_header("Transfer-Encoding") is not None:
        raise Refusal(LENGTH_REQUIRED)
    length = req.content_length
    if operation.request is None and not operation.upload:
        if length:
            raise Refusal(BODY_NOT_TAKEN)
        return b""
    if length is None:
        raise Refusal(LENGTH_REQUIRED)
    limit = MAX_UPLOAD if operation.upload else MAX_BYTES
    if length > limit:
        raise Refusal(BODY_TOO_LARGE, limit=limit)
    # What the body calls itself chooses nothing more: what it is, is read from it.
    if operation.upload and req.content_type not in operation.upload:
        raise Refusal(UNSUPPORTED_MEDIA_TYPE, kinds=" or ".join(operation.upload))
    raw = req.bounded_stream.read(length)
    if len(raw) != length:
        raise Refusal(MALFORMED_JSON)
    return raw


def check_query(req: Request, operation: Operation) -> None:
    """Refuses parameters that the operation does not know, for a misspelt filter would show too much.

    Raises:
        Refusal: INVALID_FIELDS. The parameter's name is the client's and is not said back.
    """
    if not req.query_string:
        return
    known = _PAGING if operation.paged else frozenset[str]()
    if operation.query is not None:
        known |= operation.query().load_fields.keys()
    if not req.params.keys() <= known:
        raise Refusal(INVALID_FIELDS, errors={"?": ["There is a parameter here that we do not know."]})
