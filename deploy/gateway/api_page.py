"""The API as a page: plain HTML made from the document, so that it needs no script to be read."""

from collections.abc import Iterator, Mapping
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

from deploy.gateway.routes import METHODS

FILE = Path(__file__).with_name("page") / "api.html"

HEAD = """<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Bookbag's API</title>
<link rel="stylesheet" href="/bookbag.css">
</head>
<body>
<header><a href="/">Bookbag</a></header>
<main>
<h1>The API</h1>
<p>Made from <a href="/openapi.json">the OpenAPI 3.1 document</a>. Errors are
<code>application/problem+json</code> with a <code>code</code>, and a <code>clause</code> where the school's policy
asks for it. Every POST but sign-in wants an <code>Idempotency-Key</code>; a write answers
<code>Bookbag-Position</code>, and a read that sends it back waits for it.</p>
"""
FOOT = "</main>\n</body>\n</html>\n"


def rendered(document: Mapping[str, Any]) -> str:
    """The page of a document."""
    schemas = document["components"]["schemas"]
    return HEAD + "".join(_navigation(document)) + "".join(_groups(document, schemas)) + _schemas(schemas) + FOOT


def _operations(document: Mapping[str, Any]) -> list[tuple[str, str, str, Mapping[str, Any]]]:
    """(tag, path, method, operation), by tag and path."""
    found = [
        (item[method]["tags"][0], path, method, item[method])
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]
    return sorted(found, key=lambda one: (one[0], one[1], METHODS.index(one[2])))


def _navigation(document: Mapping[str, Any]) -> Iterator[str]:
    yield "<nav>"
    for tag in sorted({tag for tag, *_ in _operations(document)}):
        yield f'<a href="#{_slug(tag)}">{escape(tag)}</a> '
    yield '<a href="#schemas">Schemas</a></nav>\n'


def _groups(document: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    for tag, operations in groupby(_operations(document), key=lambda one: one[0]):
        yield f'<h2 id="{_slug(tag)}">{escape(tag)}</h2>\n'
        for _, path, method, made in operations:
            yield _operation(path, method, made, schemas)


def _operation(path: str, method: str, made: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    public = "" if made["security"] else " <span>needs no sign-in</span>"
    clauses = f"<p>Clauses {escape(', '.join(made['x-clauses']))}.</p>\n" if "x-clauses" in made else ""
    codes = " ".join(f"<code>{escape(code)}</code>" for code in made["x-codes"])
    return (
        f'<details id="{method}-{_slug(path)}"><summary><b class="{method}">{method.upper()}</b> '
        f"<code>{escape(path)}</code> {escape(made['summary'])}{public}</summary>\n{clauses}"
        f"{_parameters(made['parameters'])}{_body(made, schemas)}{_answers(made)}<p>Refusals: {codes}</p>\n</details>\n"
    )


def _parameters(parameters: list[Mapping[str, Any]]) -> str:
    if not parameters:
        return ""
    rows = "".join(
        f"<tr><td><code>{escape(one['name'])}</code></td><td>{one['in']}</td><td>{_type(one['schema'])}</td>"
        f"<td>{'required' if one['required'] else ''}</td></tr>"
        for one in parameters
    )
    return f"<table>{rows}</table>\n"


def _body(made: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    shown = ""
    for kind, content in made.get("requestBody", {}).get("content", {}).items():
        name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        shown += f"<p>Body: {escape(kind)}</p>\n" + (_fields(schemas[name]) if name else "")
    return shown


def _answers(made: Mapping[str, Any]) -> str:
    status, answer = next((status, one) for status, one in made["responses"].items() if status.startswith("2"))
    contents = answer.get("content", {})
    kind = next(iter(contents), "")
    schema = contents.get(kind, {}).get("schema")
    shown = escape(kind) if schema is None else _type(schema)
    return f"<p>Answers {status}{shown and ': ' + shown}</p>\n"


def _schemas(schemas: Mapping[str, Any]) -> str:
    shown = "".join(
        f'<h3 id="schema-{_slug(name)}">{escape(name)}</h3>\n{_fields(schema)}'
        for name, schema in sorted(schemas.items())
    )
    return f'<h2 id="schemas">Schemas</h2>\n{shown}'


def _fields(schema: Mapping[str, Any]) -> str:
    required = set(schema.get("required", []))
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{_type(one)}</td>"
        f"<td>{'required' if name in required else ''}</td></tr>"
        for name, one in schema.get("properties", {}).items()
    )
    return f"<table>{rows}</table>\n"


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#schema-{_slug(name)}">{escape(name)}</a>'
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    if "properties" in schema:
        inner = ", ".join(f"{escape(name)}: {_type(one)}" for name, one in schema["properties"].items())
        return f"{{{inner}}}"
    kind = schema.get("type", "anything")
    said = " or ".join(kind) if isinstance(kind, list) else str(kind)
    if "enum" in schema:
        said = " | ".join(str(one) for one in schema["enum"])
    bounds = [f"{word} {schema[key]}" for key, word in _BOUNDS.items() if key in schema]
    return escape(" ".join([said, *([f"({schema['format']})"] if "format" in schema else []), *bounds]))


_BOUNDS = {"minLength": "from", "maxLength": "to", "minimum": "at least", "maximum": "at most"}


def _slug(text: str) -> str:
    return "-".join(part for part in "".join(c if c.isalnum() else " " for c in text.lower()).split())
