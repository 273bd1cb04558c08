"""Puts points together: the only place that builds its objects."""

from services.points.api import PointsApi
from services.points.commands import PointsCommands
from services.points.projections import PROJECTIONS
from services.points.queries import PointsQueries
from shared.hosting.api import ApiParts, App, api_parts, service_app
from shared.hosting.worker import WorkerParts
from shared.runtime import crash
from shared.runtime.config import ServiceConfig
from shared.runtime.logging import configure

SERVICE = "points"


def api(parts: ApiParts) -> PointsApi:
    queries = PointsQueries(parts.reader)
    commands = PointsCommands(
        handler=parts.handler, roster=parts.roster, queries=queries, clock=parts.clock, new_id=parts.new_id
    )
    return PointsApi(asks=parts.asks, commands=commands, queries=queries, roster=parts.roster)


def create_app() -> App:
    """The WSGI app of `python -m services.points api`."""
    config = ServiceConfig.for_api()
    configure(SERVICE, "api")
    crash.install(config.common.crash_points_file)
    parts = api_parts(SERVICE, config.common, config.api)
    return service_app(parts, config.common, config.api, api(parts).routes())


def worker_parts() -> WorkerParts:
    """What `python -m services.points worker` runs."""
    config = ServiceConfig.for_worker()
    crash.install(config.crash_points_file)
    return WorkerParts(SERVICE, config, PROJECTIONS)
