"""What a route does, said once beside its responder: the app enforces it and the OpenAPI document publishes it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from falcon import Request
from marshmallow import Schema, ValidationError

from shared.http.problems import field_errors
from shared.http.strict_json import decode
from shared.policy.clauses import ClauseId
from shared.policy.codes import INVALID_FIELDS, MALFORMED_JSON, UNSUPPORTED_MEDIA_TYPE, Code
from shared.policy.refusal import Refusal

MAX_UPLOAD = 8 * 1024 * 1024
"""Bytes of the largest body that is no JSON: a school's roster, a picture."""

Responder = TypeVar("Responder", bound=Callable[..., None])

JSON = "application/json"
METHODS = ("get", "post", "put", "patch", "delete")
_ATTRIBUTE = "bookbag_operation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What a responder takes, answers and carries out.

    Attributes:
        request: of the body; None for an operation that takes none (a body is then refused).
        upload: the media types of a body that is no JSON, up to MAX_UPLOAD bytes; `raw_body` gives it. Empty for an
            operation that takes none.
        query: of the query's parameters; None for an operation that takes none.
        response: of the answer's body.
        answers: the media type of an answer that is no JSON.
        codes: refusals of its own, beside those that any operation may answer.
        public: needs no principal; any other operation takes `Bookbag-Position` and waits for it.
        idempotent: a POST that needs an Idempotency-Key.
        paged: takes `limit` and `after`, and answers a list of `response`.
        restricted: open to the session of a suspended or removed guardian (own decision, appeal, notices, own data).
        signs_out: ends sessions and does nothing else: it goes on where the access state is not known.
    """

    summary: str
    request: type[Schema] | None
    upload: tuple[str, ...]
    query: type[Schema] | None
    response: type[Schema] | None
    answers: str | None
    status: int
    clauses: tuple[ClauseId, ...]
    codes: tuple[Code, ...]
    public: bool
    idempotent: bool
    tag: str
    paged: bool
    restricted: bool
    signs_out: bool


def operation(
    *,
    summary: str,
    tag: str,
    status: int = 200,
    request: type[Schema] | None = None,
    upload: str | tuple[str, ...] = (),
    query: type[Schema] | None = None,
    response: type[Schema] | None = None,
    answers: str | None = None,
    clauses: Sequence[str] = (),
    codes: Sequence[Code] = (),
    public: bool = False,
    idempotent: bool = True,
    paged: bool = False,
    restricted: bool = False,
    signs_out: bool = False,
) -> Callable[[Responder], Responder]:
    """Marks a Falcon responder. The app refuses to serve a responder without the mark.

    `idempotent` is read for POST alone. `clauses` are ids, checked here.
    """
    made = Operation(
        summary=summary,
        tag=tag,
        status=status,
        request=request,
        upload=(upload,) if isinstance(upload, str) else upload,
        query=query,
        response=response,
        answers=answers,
        clauses=tuple(ClauseId(clause) for clause in clauses),
        codes=tuple(codes),
        public=public,
        idempotent=idempotent,
        paged=paged,
        restricted=restricted,
        signs_out=signs_out,
    )

    # Made here once, and not in the first request's time.
    for schema in (request, query, response):
        if schema is not None:
            schema()

    def mark(responder: Responder) -> Responder:
        setattr(responder, _ATTRIBUTE, made)
        return responder

    return mark


def operation_of(resource: object, method: str) -> Operation | None:
    """The operation behind a method of a resource; HEAD is answered as GET is."""
    verb = "get" if method.lower() == "head" else method.lower()
    found = getattr(getattr(resource, f"on_{verb}", None), _ATTRIBUTE, None)
    return found if isinstance(found, Operation) else None


@dataclass(frozen=True, slots=True)
class Route:
    """A path as Falcon writes it (`/v1/classes/{class_id:uuid}/points`) and the resource that answers it."""

    path: str
    resource: object

    def operations(self) -> Mapping[str, Operation]:
        """The operations by method, in lower case."""
        found = {method: operation_of(self.resource, method) for method in METHODS}
        return {method: made for method, made in found.items() if made is not None}


def body(req: Request, schema: type[Schema]) -> dict[str, Any]:
    """The request's body, decoded strictly and loaded by the schema, which refuses unknown fields.

    Raises:
        Refusal: UNSUPPORTED_MEDIA_TYPE, the decoder's codes, or INVALID_FIELDS with errors by field path.
    """
    if not _is_json(req.content_type):
        raise Refusal(UNSUPPORTED_MEDIA_TYPE, kinds=JSON)
    value = decode(raw_body(req))
    if not isinstance(value, dict):
        raise Refusal(MALFORMED_JSON)
    return load(schema, value)


def query(req: Request, schema: type[Schema]) -> dict[str, Any]:
    """The query's parameters, loaded by the schema; one that is given twice is refused.

    Raises:
        Refusal: INVALID_FIELDS with errors by parameter.
    """
    known = schema().load_fields
    # `limit` and `after` are the page's; the app has refused any other that the schema does not know.
    return load(schema, {name: value for name, value in req.params.items() if name in known})


def load(schema: type[Schema], value: Mapping[str, Any]) -> dict[str, Any]:
    """What the schema makes of a decoded value. Raises Refusal(INVALID_FIELDS)."""
    try:
        loaded: dict[str, Any] = schema().load(value)
    except ValidationError as error:
        raise Refusal(INVALID_FIELDS, errors=field_errors(error)) from None
    return loaded


def raw_body(req: Request) -> bytes:
    """The body's bytes, which the app has read once, within its bounds, before it checked the caller's freshness."""
    raw: bytes = req.context.raw_body
    return raw


def _is_json(content_type: str | None) -> bool:
    kind, _, parameter = (content_type or "").partition(";")
    charset = parameter.strip().lower().replace('"', "")
    return kind.strip().lower() == JSON and charset in {"", "charset=utf-8"}
