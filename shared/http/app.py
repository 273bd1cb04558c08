"""The Falcon app of a service: its routes behind the checks that every request passes, in one order.

Gateway, principal, Idempotency-Key, body (bounded, read once), awaited position, freshness, access; then the responder.
A responder without `@operation` is not served.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any
from uuid import UUID

import falcon
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from falcon import Request, Response
from falcon.media import Handlers, JSONHandler
from prometheus_client import Counter, Histogram

from shared.http import idempotency, internal, position, problems
from shared.http import principal as principals
from shared.http.caller import ANSWER_WITHIN, Callers, OfficePhone
from shared.http.operations import METHODS, Operation, Route, operation_of
from shared.http.position import LogPosition, Waiter
from shared.http.requests import check_query, read_body
from shared.policy.codes import GATEWAY_ONLY, INTERNAL, NOT_FOUND
from shared.policy.principal import Principal
from shared.policy.refusal import Refusal
from shared.runtime import correlation, metrics
from shared.runtime.clock import Clock, SystemClock
from shared.runtime.config import Secret
from shared.runtime.health import Health
from shared.runtime.logging import logger

GATEWAY_HEADER = "Bookbag-Gateway"
MOST_WAITING = 4
"""Requests of one process that may wait for a position at once: half of the default threads."""
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
_READS = frozenset({"GET", "HEAD"})

Translation = Callable[[Exception], Refusal]
"""What a service's own exception is to a client."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppConfig:
    """What an app is made of.

    Attributes:
        routes: public operations and internal paths (`/internal/...`).
        reask: asks identity about a session again.
        reached: whether the read models have reached a position; None for a service whose operations wait for none.
        recorded: whether anything stands at a position: one that somebody made up is not waited for.
        translations: the service's own exceptions (a conflict, a lost database) as refusals.
        clock: real time; the policy's movable clock is not for here.
    """

    service: str
    routes: Sequence[Route]
    gateway_secret: Secret[str]
    public_key: Ed25519PublicKey
    reask: principals.Reask
    service_credentials: Mapping[str, str]
    health: Health
    reached: Callable[[LogPosition], bool] | None = None
    recorded: Callable[[LogPosition], bool] = lambda _: True
    waiter: Waiter = field(default_factory=lambda: Waiter(MOST_WAITING))
    translations: Mapping[type[Exception], Translation] = field(default_factory=dict)
    office_phone: OfficePhone = lambda _school: ""
    clock: Clock = field(default_factory=SystemClock)


def make_app(config: AppConfig) -> "falcon.App[Request, Response]":
    """The WSGI app.

    Raises:
        ValueError: a responder is not marked with `@operation`.
    """
    app = falcon.App(middleware=[_Checks(config)])
    # Requests go through the strict decoder alone; a responder that reads req.media finds no handler.
    app.req_options.media_handlers = Handlers({})
    app.resp_options.media_handlers = Handlers({falcon.MEDIA_JSON: JSONHandler(dumps=orjson.dumps)})
    for route in config.routes:
        _check_marked(route)
        _answer_head(route.resource)
        app.add_route(route.path, route.resource)
    app.add_route("/healthz", _Alive())
    app.add_route("/readyz", _Ready(config.health))
    app.add_route("/metrics", _Metrics())
    _handle_errors(app, config)
    return app


def caller(req: Request) -> Principal:
    """The proven caller of an operation that is not public."""
    found: Principal | None = req.context.principal
    if found is None:
        raise RuntimeError("a public operation has no caller")
    return found


def consumer(req: Request) -> str:
    """The proven service behind a request to an internal path."""
    found: str = req.context.consumer
    return found


class _Checks:
    """Falcon's middleware: the order of the checks, and the one wide log event of each request."""

    def __init__(self, config: AppConfig) -> None:
        self._config = config
        self._callers = Callers(
            public_key=config.public_key, reask=config.reask, clock=config.clock, office_phone=config.office_phone
        )
        self._counted: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def process_request(self, req: Request, resp: Response) -> None:
        req.context.started = perf_counter()
        req.context.principal = None
        req.context.consumer = None
        req.context.idempotency_key = None
        req.context.raw_body = b""
        resp.context.refusal = None
        resp.context.position = None
        req.context.correlation_id = correlation.begin(req.get_header(correlation.HEADER))
        resp.set_header(correlation.HEADER, str(req.context.correlation_id))

    def process_resource(self, req: Request, resp: Response, resource: object, params: dict[str, Any]) -> None:
        template = req.uri_template or ""
        if template in _PROBES:
            return
        resp.set_header("Cache-Control", "no-store")
        if template.startswith(internal.PREFIX) and template != internal.PRINCIPAL_PATH:
            req.context.consumer = internal.consumer_of(
                req.get_header("Authorization"), self._config.service_credentials
            )
            return
        if not internal.is_gateway(req.get_header(GATEWAY_HEADER), self._config.gateway_secret.reveal()):
            raise Refusal(GATEWAY_ONLY)
        if template == internal.PRINCIPAL_PATH:
            return
        operation = operation_of(resource, req.method)
        if operation is None:
            raise falcon.HTTPMethodNotAllowed([method.upper() for method in Route(template, resource).operations()])
        _check_ids(req, params)
        self._check_operation(req, operation)
        resp.status = operation.status

    def process_response(self, req: Request, resp: Response, _resource: object, _succeeded: bool) -> None:  # noqa: FBT001
        self._check_answer(req, resp)
        if resp.context.position is not None:
            resp.set_header(position.HEADER, str(resp.context.position))
        self._record(req, resp)

    def _check_operation(self, req: Request, operation: Operation) -> None:
        if not operation.public:
            req.context.principal = self._callers.proven(req.get_header(principals.HEADER))
        if req.method == "POST" and operation.idempotent:
            req.context.idempotency_key = idempotency.read_key(req.get_header(idempotency.HEADER))
        check_query(req, operation)
        req.context.raw_body = read_body(req, operation)
        self._wait(req, operation)
        # Last, for all before may have taken time: the body came slowly, or the position was awaited.
        if req.context.principal is not None:
            req.context.principal = self._callers.fresh(req.context.principal)
            self._callers.admit(req.context.principal, operation, writes=req.method not in _READS)

    def _wait(self, req: Request, operation: Operation) -> None:
        awaited = req.get_header(position.HEADER)
        # Nobody whom we do not know may hold one of the few places where requests wait.
        if awaited is not None and not operation.public and self._config.reached is not None:
            self._config.waiter.wait(LogPosition.parse_all(awaited), self._config.reached, self._config.recorded)

    def _check_answer(self, req: Request, resp: Response) -> None:
        """No 2xx leaves on a principal that has grown old while the responder worked."""
        if req.context.principal is None or not 200 <= resp.status_code < 300:  # noqa: PLR2004 - the 2xx
            return
        try:
            self._callers.fresh(req.context.principal, ANSWER_WITHIN)
        except Refusal as refusal:
            _refuse(req, resp, refusal)

    def _record(self, req: Request, resp: Response) -> None:
        template = req.uri_template or "unrouted"
        if template in _PROBES:
            return
        service, seconds = self._config.service, perf_counter() - req.context.started
        # The method is the client's text: only those we serve become labels.
        method = req.method if req.method.lower() in (*METHODS, "head") else "OTHER"
        refusal: Refusal | None = resp.context.refusal
        counted = self._counted.get((method, template, resp.status_code))
        if counted is None:
            # To find the child by its labels takes longer than to count; there are as many as routes and statuses.
            counted = self._counted[method, template, resp.status_code] = (
                metrics.REQUESTS.labels(service, method, template, resp.status_code),
                metrics.REQUEST_SECONDS.labels(service, method, template),
            )
        counted[0].inc()
        counted[1].observe(seconds)
        if refusal is not None:
            metrics.REFUSALS.labels(service, refusal.code.name, refusal.clause or "").inc()
        if req.context.consumer is not None and resp.status_code < 400:  # noqa: PLR2004 - asked four times a second
            return
        who: Principal | None = req.context.principal
        line = {
            "method": method,
            "route": template,
            "status": resp.status_code,
            "duration_ms": round(seconds * 1000, 3),
            "code": refusal and refusal.code.name,
            "clause": refusal and refusal.clause,
            "school_id": who and who.school_id,
            "person_id": who and who.person_id,
            "session_id": who and who.session_id,
            "capacity": who and who.capacity,
            "consumer": req.context.consumer,
            "position": resp.context.position and str(resp.context.position),
        }
        logger().info("http.request_handled", **{key: value for key, value in line.items() if value is not None})


def _handle_errors(app: "falcon.App[Request, Response]", config: AppConfig) -> None:
    def refused(req: Request, resp: Response, refusal: Refusal, _params: dict[str, Any]) -> None:
        _refuse(req, resp, refusal)

    def by_falcon(req: Request, resp: Response, error: falcon.HTTPError, _params: dict[str, Any]) -> None:
        _refuse(req, resp, problems.refusal_of_http_error(error))
        allowed = dict(error.headers or {}).get("Allow")
        if allowed:
            resp.set_header("Allow", allowed)

    def unforeseen(req: Request, resp: Response, error: Exception, _params: dict[str, Any]) -> None:
        metrics.ERRORS.labels(config.service, type(error).__qualname__).inc()
        logger().error("http.request_failed", route=req.uri_template or "unrouted", exc_info=error)
        _refuse(req, resp, Refusal(INTERNAL))

    app.add_error_handler(Exception, unforeseen)
    app.add_error_handler(falcon.HTTPError, by_falcon)
    for kind, translation in config.translations.items():
        app.add_error_handler(kind, _translated(translation))
    app.add_error_handler(Refusal, refused)


def _translated(translation: Translation) -> Callable[[Request, Response, Exception, dict[str, Any]], None]:
    def handle(req: Request, resp: Response, error: Exception, _params: dict[str, Any]) -> None:
        refusal = translation(error)
        if refusal.code.status >= 500:  # noqa: PLR2004 - ours to look at
            logger().warning("http.request_failed", route=req.uri_template or "unrouted", exc_info=error)
        _refuse(req, resp, refusal)

    return handle


def _refuse(req: Request, resp: Response, refusal: Refusal) -> None:
    resp.context.refusal, resp.context.position = refusal, None
    problems.answer(resp, refusal, req.context.correlation_id)


def _check_marked(route: Route) -> None:
    if route.path.startswith(internal.PREFIX):
        return
    for name in dir(route.resource):
        if name.startswith("on_") and name != "on_head" and operation_of(route.resource, name[3:]) is None:
            raise ValueError(f"{name} of {route.path} is not marked with @operation")


def _answer_head(resource: object) -> None:
    kind = type(resource)
    if hasattr(kind, "on_get") and not hasattr(kind, "on_head"):
        # Falcon drops the body of an answer to HEAD and keeps its length.
        kind.on_head = kind.on_get  # type: ignore[attr-defined]


def _check_ids(req: Request, params: Mapping[str, Any]) -> None:
    """One thing has one address: Falcon also takes ids in braces, in capitals and without dashes."""
    parts = req.path.split("/")
    if any(isinstance(value, UUID) and str(value) not in parts for value in params.values()):
        raise Refusal(NOT_FOUND)


class _Alive:
    def on_get(self, _req: Request, resp: Response) -> None:
        resp.media = {"alive": True}


class _Ready:
    def __init__(self, health: Health) -> None:
        self._health = health

    def on_get(self, _req: Request, resp: Response) -> None:
        failing = self._health.failing()
        resp.status = falcon.HTTP_503 if failing else falcon.HTTP_200
        resp.media = {"ready": not failing, "failing": failing}


class _Metrics:
    def on_get(self, _req: Request, resp: Response) -> None:
        resp.content_type = "text/plain; version=0.0.4; charset=utf-8"
        resp.data = metrics.rendered()
