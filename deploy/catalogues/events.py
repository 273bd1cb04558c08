"""docs/events.md: every event, by the service that records it, with its fields and which of them are personal."""

import inspect
from collections.abc import Iterator

from deploy.catalogues.asyncapi import services
from deploy.catalogues.schemas import PERSONAL, kind_of, schema_of
from deploy.operator.config import ROOT
from shared.events.declaration import Event
from shared.privacy.categories import CATEGORIES, Category

FILE = ROOT / "docs/events.md"
HEAD = """\
# The events

What happens is recorded as an event in the log of the service that it belongs to, and told to the others from there.
Events are declared once, in `shared/events`; this page and the [AsyncAPI 3.0 document](asyncapi.json) are made from the
declarations by `make docs`. Each travels in an envelope (`shared/events/envelope.py`) that says when it happened, who
caused it and what it follows from.

A sealed field is personal: it is ciphertext in every log and on the bus, under a key of its category that belongs to
one subject. Who destroys the key erases the value everywhere.
"""


def rendered() -> str:
    return "".join(_parts())


def _parts() -> Iterator[str]:
    yield HEAD
    yield "\n| category | opened by | its erasure is decided by | kept |\n|---|---|---|---|\n"
    for category in Category:
        rule = CATEGORIES[category]
        opened = ", ".join(sorted(rule.opened_by))
        yield f"| {category} | {opened} | {rule.erasure_decided_by or 'nobody: a request suffices'} | {rule.kept} |\n"
    for service, declared in services().items():
        yield f"\n## {service}\n"
        for event in declared:
            yield from _event(event)


def _event(event: type[Event]) -> Iterator[str]:
    name = event.event_type.partition(".")[2]
    yield f"\n### {name}, version {event.schema_version}\n"
    if said := _said(event):
        yield f"\n{said}\n"
    yield "\n| field | holds |\n|---|---|\n"
    for field, schema in schema_of(event)["properties"].items():
        of = f", of `{schema[PERSONAL]['subject']}`" if PERSONAL in schema else ""
        yield f"| `{field}` | {kind_of(schema)}{of} |\n"


def _said(event: type[Event]) -> str:
    """The declaration's own sentence; a dataclass without one has a docstring that lists its fields."""
    said = event.__dict__.get("__doc__") or ""
    return "" if said.startswith(f"{event.__name__}(") else " ".join(inspect.cleandoc(said).split())
