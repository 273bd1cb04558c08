"""The API's one document: what the services' own routes say, merged; each path names the service that answers it."""

import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar, cast

from services.identity.api import IdentityApi
from services.identity.people_api import people_routes
from services.identity.sharing_api import sharing_routes
from services.messaging.api import MessagingApi
from services.moderation.api import ModerationApi
from services.moderation.guardians_api import guardian_routes
from services.moderation.own_api import own_routes
from services.moderation.safeguarding_api import safeguarding_routes
from services.points.api import PointsApi
from services.stories.api import StoriesApi
from services.stories.media_api import media_routes
from shared.http.openapi import document, merge
from shared.http.operations import Route

TITLE = "Bookbag"
VERSION = "1"
SERVICE = "x-service"
FILE = Path(__file__).with_name("page") / "openapi.json"

T = TypeVar("T")


def routes() -> dict[str, Sequence[Route]]:
    """Every service's routes, for their shape alone: nothing that they work with is there."""
    identity = _hollow(IdentityApi, development=True)
    moderation, stories = _hollow(ModerationApi), _hollow(StoriesApi)
    return {
        "identity": [*identity.routes(), *people_routes(identity), *sharing_routes(identity)],
        "points": _hollow(PointsApi).routes(),
        "stories": [*stories.routes(), *media_routes(stories)],
        "messaging": _hollow(MessagingApi).routes(),
        "moderation": [
            *moderation.routes(),
            *safeguarding_routes(moderation),
            *guardian_routes(moderation),
            *own_routes(moderation),
        ],
    }


def made() -> dict[str, Any]:
    """The document as the code is now."""
    documents = {service: document(TITLE, VERSION, found) for service, found in routes().items()}
    for service, one in documents.items():
        for item in one["paths"].values():
            item[SERVICE] = service
    return merge(TITLE, VERSION, documents.values())


def rendered() -> str:
    """The document as it is shipped."""
    return json.dumps(made(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def shipped() -> dict[str, Any]:
    """The document that the gateway serves and routes by."""
    found: dict[str, Any] = json.loads(FILE.read_text())
    return found


def _hollow(kind: type[T], **known: Any) -> T:
    parts = {field.name: known.get(field.name) for field in fields(cast("Any", kind))}
    return kind(**parts)
