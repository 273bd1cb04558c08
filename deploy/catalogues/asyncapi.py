"""docs/asyncapi.json: what the services tell one another, as an AsyncAPI 3.0 document made from the declarations."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import shared.events  # fills the registry  # noqa: F401
from deploy.catalogues.schemas import SEALED, schema_of, sealed
from deploy.operator.config import ROOT
from shared.bus.messages import HEADER
from shared.bus.topology import EXCHANGE
from shared.events.declaration import REGISTRY, Event

FILE = ROOT / "docs/asyncapi.json"
ENVELOPE = "Envelope"

_ID = {"type": "string", "format": "uuid"}
_COUNT = {"type": "integer", "minimum": 1}
_TIME = {"type": "string", "format": "date-time"}
_HASH = {"type": "string", "pattern": "^[0-9a-f]{64}$"}


def services() -> Mapping[str, Sequence[type[Event]]]:
    """The declared events by the service that records them."""
    found: dict[str, list[type[Event]]] = {}
    for name in REGISTRY.names():
        event = REGISTRY.of(name)
        if event is not None:
            found.setdefault(name.partition(".")[0], []).append(event)
    return found


def made() -> dict[str, Any]:
    """The document as the code is now."""
    by_service = services()
    events = [event for declared in by_service.values() for event in declared]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Bookbag's events",
            "version": "1",
            "description": "Every service publishes its log in order, once a partition. A message holds as many events"
            " as were waiting, each a JSON document on a line of its own. Only the installation's own services read it."
            " Personal values are sealed: x-personal names the category whose key opens one, and the field that says"
            " whose it is.",
        },
        "defaultContentType": "application/json",
        "channels": {service: _channel(service, declared) for service, declared in by_service.items()},
        "operations": {
            f"{service}.publish": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{service}"},
                "summary": f"The relay of {service} publishes what its log has recorded.",
            }
            for service in by_service
        },
        "components": {
            "messages": {event.event_type: _message(event) for event in events},
            "schemas": {
                ENVELOPE: _envelope(),
                SEALED: sealed(),
                **{event.event_type: schema_of(event) for event in events},
            },
        },
    }


def rendered() -> str:
    return json.dumps(made(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _channel(service: str, declared: Sequence[type[Event]]) -> dict[str, Any]:
    return {
        "address": f"{service}.p{{partition}}",
        "title": f"What {service} recorded",
        "parameters": {"partition": {"description": "The partition of the log that a school belongs to, from 1."}},
        "messages": {event.event_type: {"$ref": f"#/components/messages/{event.event_type}"} for event in declared},
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {"name": EXCHANGE.name, "type": EXCHANGE.type, "durable": EXCHANGE.durable},
                "bindingVersion": "0.3.0",
            }
        },
    }


def _message(event: type[Event]) -> dict[str, Any]:
    return {
        "name": event.event_type,
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "properties": {HEADER: {**_HASH, "description": "HMAC-SHA256 of the body, which only services can make."}},
            "required": [HEADER],
        },
        "payload": {
            "allOf": [
                {"$ref": f"#/components/schemas/{ENVELOPE}"},
                {
                    "properties": {
                        "type": {"const": event.event_type},
                        "schema_version": {"const": event.schema_version},
                        "data": {"$ref": f"#/components/schemas/{event.event_type}"},
                    }
                },
            ]
        },
    }


def _envelope() -> dict[str, Any]:
    properties: dict[str, Any] = {
        "id": _ID,
        "type": {"type": "string"},
        "schema_version": _COUNT,
        "school_id": _ID,
        "stream": {"type": "string"},
        "stream_version": _COUNT,
        "partition": _COUNT,
        "position": _COUNT,
        "occurred_at": _TIME,
        "recorded_at": _TIME,
        "actor": {"type": "string", "description": "A person in a capacity, or a service's reaction, as kind:id."},
        "correlation_id": _ID,
        "causation_id": {"anyOf": [_ID, {"type": "null"}]},
        "data": {"type": "object"},
        "previous": _HASH,
        "hash": _HASH,
    }
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
