"""nginx's files for an installation. Its routes are those of the API's document; everything else answers 404."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from deploy.gateway.document import shipped
from deploy.gateway.routes import GatewayRoute, gateway_routes
from shared.http.operations import MAX_UPLOAD
from shared.http.problems import problem
from shared.http.strict_json import MAX_BYTES
from shared.policy.codes import (
    ADDRESS_TOO_LONG,
    BAD_HEADER,
    BODY_TOO_LARGE,
    HEADERS_TOO_LARGE,
    METHOD_NOT_ALLOWED,
    NOT_ALLOWED,
    NOT_FOUND,
    NOT_SIGNED_IN,
    TOO_MANY_REQUESTS,
    UNAVAILABLE,
)
from shared.policy.refusal import Refusal

IDENTITY = "identity"
TEMPLATES = Path(__file__).with_name("templates")
PAGES = {"/": "index.html", "/api": "api.html"}
ASSETS = ("bookbag.css", "bookbag.js", "openapi.json")

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), browsing-topics=()",
}
FOR_API = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
FOR_PAGES = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}
MOST_IN_WORK = 32
"""Requests of one api process at once: four for each of its threads, and less than the 200 ms' work after which each
has to ask identity anew: with more a process that was full for a moment would stay so, for then each costs it more."""
PASSED_ON: Mapping[str, str] = {
    "Content-Type": "content_type",
    "Idempotency-Key": "http_idempotency_key",
    "Bookbag-Position": "http_bookbag_position",
}
"""All that a service is told of a client's headers, and nginx's variable for each."""
SESSION_BODIES, SESSION_UPLOADS, STRANGERS_BODIES = 64, 2, 64
"""Bodies on their way at once: of one session, uploads of one session, and of one address where no session is needed.
Each is held here until it is whole: less than 50 MB together, for whoever sends all but the last bytes."""
AGAIN = {429, 503}
"""Statuses that say when to try again."""

REFUSALS: Mapping[int, Refusal] = {
    400: Refusal(BAD_HEADER, header="the request"),
    401: Refusal(NOT_SIGNED_IN),
    403: Refusal(NOT_ALLOWED),
    404: Refusal(NOT_FOUND),
    405: Refusal(METHOD_NOT_ALLOWED),
    413: Refusal(BODY_TOO_LARGE, limit=MAX_BYTES),
    414: Refusal(ADDRESS_TOO_LONG),
    429: Refusal(TOO_MANY_REQUESTS),
    431: Refusal(HEADERS_TOO_LARGE),
    503: Refusal(UNAVAILABLE),
}
"""What nginx itself answers, in the words of the registry."""
RENAMED = {408: 400, 411: 400, 494: 431, 500: 503, 501: 405, 502: 503, 504: 503, 505: 400}
"""nginx's own status -> ours. 500 is what it says where identity cannot be asked."""


class _NginxTemplate(Template):
    delimiter = "%"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayPlan:
    """What the files depend on.

    Attributes:
        folder: where they will stand, nginx's prefix.
        gateway_secret: shows the services that a request came through here.
        upstreams: service to the ports of its api processes, on loopback.
        run_as_root: its workers must read what only root can.
        session_rate: requests a second of one session, and as many again at once.
        address_rate: requests a second of one address, and twice as many at once; a whole school may sit behind one.
    """

    listen_port: int
    folder: Path
    page_folder: Path
    gateway_secret: str = field(repr=False)
    upstreams: Mapping[str, Sequence[int]]
    run_as_root: bool
    session_rate: int = 500
    address_rate: int = 2000


def render(plan: GatewayPlan) -> dict[str, str]:
    """The files by name, to be written into the plan's folder; two of them hold the secret.

    Raises:
        ValueError: a path or the secret holds what would end nginx's quotation.
    """
    for text in (str(plan.page_folder), plan.gateway_secret):
        if any(letter in text for letter in '"$\\\n'):
            raise ValueError("nginx's files cannot hold a quotation mark, a dollar or a backslash")
    routes = [route for route in gateway_routes(shipped()) if route.service in plan.upstreams]
    return {
        "nginx.conf": _configuration(plan, routes),
        "errors.conf": "".join(_error_pages()),
        "headers.conf": _headers(FOR_API | {"Bookbag-Correlation": "$correlation"}),
        "api_headers.conf": _headers(FOR_API),
        "page_headers.conf": _headers(FOR_PAGES),
        "proxy.conf": PROXY,
        # A session's token is for identity alone; what a client says of itself is overwritten.
        "service_headers.conf": _proxy_headers(
            plan.gateway_secret,
            {"Bookbag-Principal": "$principal"} | {name: f"${of}" for name, of in PASSED_ON.items()},
        ),
        "principal_headers.conf": _proxy_headers(
            plan.gateway_secret,
            {
                "Content-Length": "",
                "Authorization": "$http_authorization",
                # Who was told of a decision finds access as it is after it.
                "Bookbag-Position": "$http_bookbag_position",
            },
        ),
    }


def _configuration(plan: GatewayPlan, routes: Sequence[GatewayRoute]) -> str:
    return _NginxTemplate((TEMPLATES / "nginx.conf").read_text()).substitute(
        user="user root root;\n" if plan.run_as_root else "",
        port=plan.listen_port,
        page=plan.page_folder,
        body_limit=MAX_BYTES,
        session_rate=plan.session_rate,
        session_burst=plan.session_rate,
        session_bodies=SESSION_BODIES,
        read_of_headers="".join(f"${of}" for of in ("http_authorization", *PASSED_ON.values())),
        address_rate=plan.address_rate,
        address_burst=2 * plan.address_rate,
        upload_limits="".join(f'        "~{_asked(route)}" {MAX_UPLOAD};\n' for route in routes if route.takes_upload),
        upstreams="".join(_upstream_block(service, ports) for service, ports in plan.upstreams.items()),
        page_locations="".join(_pages()),
        status_locations="".join(_status(service) for service in plan.upstreams),
        principal_locations="".join(_principals(routes)),
        route_locations="".join(_location(route) for route in routes),
        error_locations="".join(_error_location(status, refusal) for status, refusal in REFUSALS.items()),
    )


def _asked(route: GatewayRoute) -> str:
    """As the route's pattern, of what the client asked for: in an error's location the path is the error's own."""
    return route.pattern.removesuffix("$") + "(?:[?]|$)"


def _upstream_block(service: str, ports: Sequence[int]) -> str:
    # Idle connections end here before they end there, so that no request goes out on one that is being closed.
    # A process that has as much in work as it can answer in good time gets no more: the next client is told at once
    # to come again (503), in place of a queue in which all wait. A body is read whole before it counts.
    servers = "".join(f"        server 127.0.0.1:{port} max_fails=0 max_conns={MOST_IN_WORK};\n" for port in ports)
    return f"""\
    upstream {service} {{
        zone {service} 64k;
{servers}\
        keepalive 64;
        keepalive_timeout 5s;
    }}
"""


PROXY = """\
proxy_http_version 1.1;
proxy_connect_timeout 2s;
proxy_read_timeout 30s;
proxy_send_timeout 30s;
proxy_buffer_size 16k;
proxy_buffers 8 16k;
proxy_max_temp_file_size 0;
proxy_hide_header Bookbag-Principal;
"""


def _proxy_headers(secret: str, more: Mapping[str, str]) -> str:
    """Nginx inherits none of these into a block that sets one of its own: each block includes them all."""
    sent = {
        "Connection": "",
        "Host": "$host",
        "Bookbag-Gateway": secret,
        "Bookbag-Correlation": "$correlation",
    }
    named = "".join(f'proxy_set_header {name} "{value}";\n' for name, value in {**sent, **more}.items())
    return "proxy_pass_request_headers off;\n" + named


def _headers(more: Mapping[str, str]) -> str:
    return "".join(f'add_header {name} "{value}" always;\n' for name, value in {**SECURITY_HEADERS, **more}.items())


def _pages() -> Iterator[str]:
    for address, file in [*PAGES.items(), *((f"/{asset}", asset) for asset in ASSETS)]:
        yield f"""\
        location = {address} {{
            set $route {address};
            include page_headers.conf;
            add_header Cache-Control "no-cache" always;
            try_files /{file} =404;
        }}
"""


def _status(service: str) -> str:
    return f"""\
        location = /status/{service} {{
            set $route /status/{service};
            access_log off;
            limit_except GET {{ deny all; }}
            client_max_body_size 1;
            include proxy.conf;
            include service_headers.conf;
            include api_headers.conf;
            proxy_pass http://{service}/readyz;
        }}
"""


def _principals(routes: Sequence[GatewayRoute]) -> Iterator[str]:
    """Where nginx asks who the caller is; a path with open methods has one that does not ask for those."""
    yield _principal_location("/-/principal", ())
    for methods in sorted({route.open_to_all for route in routes if route.open_to_all and not route.all_open}):
        yield _principal_location(_principal_address(methods), methods)


def _principal_address(unless: Sequence[str]) -> str:
    return "/-/principal" + "".join(f"-unless-{method.lower()}" for method in unless)


def _principal_location(address: str, unless: Sequence[str]) -> str:
    skipped = f"            if ($request_method ~ ^({'|'.join(unless)})$) {{ return 204; }}\n" if unless else ""
    return f"""\
        location = {address} {{
            internal;
            # The length is that of the request that is asked about, and its own location has looked at it.
            client_max_body_size 0;
{skipped}            include proxy.conf;
            include principal_headers.conf;
            proxy_pass_request_body off;
            proxy_pass http://{IDENTITY}/internal/principal;
        }}
"""


def _location(route: GatewayRoute) -> str:
    asks = ""
    if not route.all_open:
        asks = f"""\
            auth_request {_principal_address(route.open_to_all)};
            auth_request_set $principal $upstream_http_bookbag_principal;
"""
    upload = ""
    if route.takes_upload:
        upload = f"""\
            client_max_body_size {MAX_UPLOAD};
            client_body_buffer_size {MAX_UPLOAD};
            limit_conn connections 1024;
            limit_conn uploads {SESSION_UPLOADS};
"""
    elif route.open_to_all:
        upload = f"""\
            limit_conn connections 1024;
            limit_conn strangers {STRANGERS_BODIES};
"""
    return f"""\
        location {route.location} {{
            set $route "{route.path}";
            if ($unclean) {{ return 400; }}
{asks}{upload}            include proxy.conf;
            include service_headers.conf;
            include api_headers.conf;
            proxy_pass http://{route.service};
        }}
"""


def _error_pages() -> Iterator[str]:
    for status in REFUSALS:
        yield f"error_page {status} /-/error/{status};\n"
    for theirs, ours in RENAMED.items():
        yield f"error_page {theirs} ={ours} /-/error/{ours};\n"


def _error_location(status: int, refusal: Refusal) -> str:
    """An ordinary internal location: a named one makes 400 and 414 of malformed requests an HTML 500."""
    filled = problem(refusal) | {"correlation_id": "$correlation"}
    text = json.dumps(filled, ensure_ascii=False).replace("'", "\\'").replace(str(MAX_BYTES), "$body_limit")
    more = '            add_header Retry-After "1" always;\n' if status in AGAIN else ""
    more += '            add_header WWW-Authenticate "Bearer" always;\n' if status == 401 else ""  # noqa: PLR2004
    return f"""\
        location = /-/error/{status} {{
            internal;
            # Else the length that was refused is refused here once more, in nginx's own words.
            client_max_body_size 0;
            include headers.conf;
            add_header Cache-Control "no-store" always;
{more}            types {{}}
            default_type application/problem+json;
            return {status} '{text}';
        }}
"""
