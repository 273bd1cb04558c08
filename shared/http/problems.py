"""Errors as problem+json (RFC 9457): from a refusal, from Falcon, and from what nobody foresaw.

Nothing of an exception's text and no value that was sent gets out.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from uuid import UUID

import orjson
from falcon import HTTPError, Response
from marshmallow import ValidationError

from shared.policy.codes import (
    BAD_HEADER,
    INTERNAL,
    INVALID_FIELDS,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    UNAVAILABLE,
    Code,
)
from shared.policy.refusal import Refusal
from shared.policy.versions import POLICY_VERSION

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 100
"""Of one answer: a list of a thousand rows would fill a screen with the same sentence."""

_FIELD = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Calm(str):
    """A message for a person, written by us and free of what was sent. Any other message of a schema is replaced."""

    __slots__ = ()


_UNEXPLAINED = Calm("Please check this field.")


def problem(refusal: Refusal, correlation_id: UUID | None = None) -> dict[str, Any]:
    """The problem document of a refusal."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": refusal.code.title,
        "status": refusal.code.status,
        "code": refusal.code.name,
        "detail": refusal.detail,
    }
    if refusal.clause is not None:
        document |= {"clause": str(refusal.clause), "policy_version": POLICY_VERSION}
    if refusal.errors:
        document["errors"] = {path: list(messages) for path, messages in refusal.errors.items()}
    if correlation_id is not None:
        document["correlation_id"] = str(correlation_id)
    return document


def answer(resp: Response, refusal: Refusal, correlation_id: UUID | None = None) -> None:
    """Makes the response the refusal's problem document, whatever it was before."""
    resp.status = HTTPStatus(refusal.code.status)
    resp.text = resp.media = resp.stream = None
    resp.data = orjson.dumps(problem(refusal, correlation_id))
    resp.content_type = MEDIA_TYPE
    for header in ("Location", "ETag", "Bookbag-Position"):
        resp.delete_header(header)
    if refusal.retry_after is not None:
        resp.set_header("Retry-After", str(refusal.retry_after))
    if refusal.code.status == HTTPStatus.UNAUTHORIZED:
        # RFC 9110, section 15.5.2: a 401 says which scheme it wants.
        resp.set_header("WWW-Authenticate", "Bearer")


def refusal_of_http_error(error: HTTPError) -> Refusal:
    """What Falcon itself refuses (no route, no such method, a header it cannot read) in our registry's words."""
    return _of_status(error.status_code)


def _of_status(status: int) -> Refusal:
    by_status: Mapping[int, Code] = {404: NOT_FOUND, 405: METHOD_NOT_ALLOWED, 503: UNAVAILABLE}
    if code := by_status.get(status):
        return Refusal(code)
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Refusal(BAD_HEADER, header="the request")
    return Refusal(INTERNAL)


def field_errors(error: ValidationError) -> dict[str, list[str]]:
    """Calm messages by field path (`rows.3.name`); what is not `Calm` is replaced, for it may hold what was sent."""
    found: dict[str, list[str]] = {}
    for path, message in _flat(error.messages, ()):
        if len(found) == MOST_ERRORS and path not in found:
            break
        found.setdefault(path, []).append(str(message if isinstance(message, Calm) else _UNEXPLAINED))
    return found


def invalid_fields(errors: Mapping[str, Sequence[str]]) -> Refusal:
    """A refusal of fields that a schema cannot judge, by field path."""
    return Refusal(INVALID_FIELDS, errors=errors)


def _flat(messages: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            # A field's name is the client's too where the field is unknown.
            part = str(name) if _FIELD.fullmatch(str(name)) else "?"
            yield from _flat(inner, path if part == "_schema" else (*path, part))
    elif isinstance(messages, list):
        for message in messages:
            yield from _flat(message, path)
    else:
        yield ".".join(path) or "?", messages
