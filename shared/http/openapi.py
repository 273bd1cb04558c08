"""The OpenAPI 3.1 document, made from the routes and the schemas that the app itself runs on."""

import re
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields

from shared.http import idempotency, internal, paging, position, problems
from shared.http.operations import Operation, Route
from shared.policy.codes import (
    BAD_CURSOR,
    BAD_HEADER,
    BODY_NOT_TAKEN,
    BODY_TOO_LARGE,
    DUPLICATE_FIELD,
    IDEMPOTENCY_KEY_REQUIRED,
    IDEMPOTENCY_KEY_REUSED,
    INTERNAL,
    INVALID_FIELDS,
    LENGTH_REQUIRED,
    MALFORMED_JSON,
    NOT_FOUND,
    NOT_SIGNED_IN,
    NOT_YET_VISIBLE,
    NUMBER_OUT_OF_RANGE,
    PRINCIPAL_EXPIRED,
    REMOVED,
    SUSPENDED,
    TEXT_NOT_ALLOWED,
    TOO_DEEP,
    UNAVAILABLE,
    UNSUPPORTED_MEDIA_TYPE,
    Code,
)

VERSION = "3.1.0"
_PARAMETER = re.compile(r"{(?P<name>[a-z_]+)(?::(?P<kind>[a-z]+)(?:\([^)]*\))?)?}")
_KINDS: Mapping[str | None, Mapping[str, str]] = {
    None: {"type": "string"},
    "uuid": {"type": "string", "format": "uuid"},
    "int": {"type": "integer"},
}
_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_POSITION_HEADER = {
    "description": "Where the write stands in the service's log; a request that sends it back waits for it.",
    "schema": {"type": "string", "examples": ["points.1.42"]},
}
_BODY_CODES = (
    MALFORMED_JSON,
    TOO_DEEP,
    DUPLICATE_FIELD,
    NUMBER_OUT_OF_RANGE,
    TEXT_NOT_ALLOWED,
    LENGTH_REQUIRED,
    BODY_TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
)


def document(title: str, version: str, routes: Sequence[Route]) -> dict[str, Any]:
    """The document of a service's public routes; internal paths are left out."""
    plugin = MarshmallowPlugin(schema_name_resolver=_schema_name)
    spec = APISpec(title=title, version=version, openapi_version=VERSION, plugins=[plugin])
    assert plugin.converter is not None  # noqa: S101 - the spec above has made it
    plugin.converter.add_attribute_function(_own_keywords)  # type: ignore[no-untyped-call]
    spec.components.security_scheme("session", {"type": "http", "scheme": "bearer"})
    spec.components.schema("Problem", _problem_schema())
    for route in routes:
        if route.path.startswith(internal.PREFIX):
            continue
        path, parameters = _path(route.path)
        operations = {verb: _operation(made, verb, parameters) for verb, made in route.operations().items()}
        spec.path(path=path, operations=operations)
    made: dict[str, Any] = spec.to_dict()
    return made


def merge(title: str, version: str, documents: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """One document of several services'.

    Raises:
        ValueError: two services have the same path, or different schemas of one name.
    """
    merged: dict[str, Any] = {
        "openapi": VERSION,
        "info": {"title": title, "version": version},
        "paths": {},
        "components": {"schemas": {}, "securitySchemes": {}},
    }
    for one in documents:
        if merged["paths"].keys() & one["paths"].keys():
            raise ValueError("two services have the same path")
        merged["paths"] |= one["paths"]
        for section, found in one.get("components", {}).items():
            known = merged["components"].setdefault(section, {})
            for name, value in found.items():
                if known.setdefault(name, value) != value:
                    raise ValueError(f"two services have different {section} of the name {name}")
    return merged


def codes_of(operation: Operation, verb: str) -> tuple[Code, ...]:
    """Every code that an operation may answer: its own, and those of what it takes."""
    # A parameter that the operation does not know is refused, also where it takes none.
    found = [*operation.codes, INTERNAL, UNAVAILABLE, BAD_HEADER, INVALID_FIELDS]
    if not operation.public:
        found += [NOT_SIGNED_IN, PRINCIPAL_EXPIRED, NOT_YET_VISIBLE]
        if not operation.restricted:
            found += [SUSPENDED, REMOVED]
    if operation.request:
        found += _BODY_CODES
    elif operation.upload:
        found += (LENGTH_REQUIRED, BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE)
    else:
        found += (BODY_NOT_TAKEN,)
    if operation.paged or (operation.query is not None and issubclass(operation.query, paging.PageQuery)):
        found.append(BAD_CURSOR)
    if verb == "post" and operation.idempotent:
        found += [IDEMPOTENCY_KEY_REQUIRED, IDEMPOTENCY_KEY_REUSED]
    return tuple(dict.fromkeys([*found, NOT_FOUND]))


def _operation(operation: Operation, verb: str, path: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    codes = codes_of(operation, verb)
    made: dict[str, Any] = {
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": [*path, *_parameters(operation, verb)],
        "responses": _responses(operation, verb, codes),
        "security": [] if operation.public else [{"session": []}],
        "x-codes": sorted(code.name for code in codes),
    }
    if operation.clauses:
        made["x-clauses"] = [str(clause) for clause in operation.clauses]
    if operation.upload:
        made["requestBody"] = {"required": True, "content": {kind: {} for kind in operation.upload}}
    if operation.request:
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": operation.request}}}
    return made


def _parameters(operation: Operation, verb: str) -> list[Any]:
    found: list[Any] = []
    if verb == "post" and operation.idempotent:
        found.append(_header(idempotency.HEADER, {"type": "string", "pattern": "^[!-~]{1,128}$"}, required=True))
    if not operation.public:
        found.append(_header(position.HEADER, {"type": "string", "examples": ["points.1.42"]}, required=False))
    if operation.paged:
        limit = {"type": "integer", "minimum": 1, "maximum": paging.MOST, "default": paging.DEFAULT_LIMIT}
        found.append({"name": "limit", "in": "query", "required": False, "schema": limit})
        found.append({"name": "after", "in": "query", "required": False, "schema": {"type": "string"}})
    if operation.query:
        found.append({"in": "query", "schema": operation.query})
    return found


def _header(name: str, schema: Mapping[str, Any], *, required: bool) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": required, "schema": dict(schema)}


def _responses(operation: Operation, verb: str, codes: Iterable[Code]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": HTTPStatus(operation.status).phrase}
    if operation.response is not None:
        answer["content"] = {"application/json": {"schema": _answered(operation)}}
    if operation.answers is not None:
        answer["content"] = {operation.answers: {}}
    if verb != "get":
        answer["headers"] = {position.HEADER: _POSITION_HEADER}
    by_status: dict[int, list[Code]] = {}
    for code in codes:
        by_status.setdefault(code.status, []).append(code)
    refusals = {
        str(status): {
            "description": ", ".join(sorted(code.name for code in found)),
            "content": {problems.MEDIA_TYPE: {"schema": _PROBLEM}},
        }
        for status, found in sorted(by_status.items())
    }
    return {str(operation.status): answer, **refusals}


def _answered(operation: Operation) -> Any:
    if not operation.paged:
        return operation.response
    return {
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": operation.response},
            "next": {"type": ["string", "null"]},
        },
    }


def _path(template: str) -> tuple[str, list[dict[str, Any]]]:
    parameters = [
        {"name": found["name"], "in": "path", "required": True, "schema": dict(_KINDS[found["kind"]])}
        for found in _PARAMETER.finditer(template)
    ]
    return _PARAMETER.sub(lambda found: f"{{{found['name']}}}", template), parameters


def _schema_name(schema: type[Schema] | Schema | str) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__.removesuffix("Schema")


def _own_keywords(_converter: Any, field: fields.Field[Any], **_kwargs: Any) -> dict[str, Any]:
    """What our own fields say of themselves; null beside it where they take it."""
    found = dict(getattr(field, "openapi", {}))
    if field.allow_none and isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
        if "enum" in found:
            found["enum"] = [*found["enum"], None]
    return found


def _problem_schema() -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "type": "object",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            "type": text,
            "title": text,
            "status": {"type": "integer"},
            "code": text,
            "detail": text,
            "clause": {"type": "string", "pattern": "^S[0-9]{2}$"},
            "policy_version": text,
            "errors": {"type": "object", "additionalProperties": {"type": "array", "items": text}},
            "correlation_id": {"type": "string", "format": "uuid"},
        },
    }
