"""Which service answers which path, read from the API's document: nothing else is let through."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.gateway.document import SERVICE

METHODS = ("get", "post", "put", "patch", "delete")
_PARAMETER = re.compile(r"{[a-z_]+}")
_SEGMENT = "[^/]+"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayRoute:
    """One path.

    Attributes:
        path: as the document writes it: a template with parameters in braces.
        open_to_all: the methods that need no session, in capitals; HEAD goes with GET.
        all_open: there is no other method.
        takes_upload: its bodies may be large.
    """

    path: str
    service: str
    open_to_all: tuple[str, ...]
    all_open: bool
    takes_upload: bool

    @property
    def pattern(self) -> str:
        """The regular expression of its paths."""
        return f"^{_PARAMETER.sub(_SEGMENT, self.path)}$"

    @property
    def location(self) -> str:
        """What nginx compares a request's path with."""
        return f"~ {self.pattern}" if "{" in self.path else f"= {self.path}"


def gateway_routes(document: Mapping[str, Any]) -> Sequence[GatewayRoute]:
    """The routes of a document, paths without parameters first."""
    found = [_route(path, item) for path, item in document["paths"].items()]
    return sorted(found, key=lambda route: ("{" in route.path, route.path))


def _route(path: str, item: Mapping[str, Any]) -> GatewayRoute:
    operations = {method: item[method] for method in METHODS if method in item}
    is_open = [method.upper() for method, made in operations.items() if not made["security"]]
    contents = [kind for made in operations.values() for kind in made.get("requestBody", {}).get("content", {})]
    return GatewayRoute(
        path=path,
        service=item[SERVICE],
        open_to_all=(*is_open, *(["HEAD"] if "GET" in is_open else [])),
        all_open=len(is_open) == len(operations),
        takes_upload=any(kind != "application/json" for kind in contents),
    )
