"""Puts moderation together: the only place that builds its objects."""

from services.moderation.api import SERVICE, ModerationApi
from services.moderation.commands import ModerationCommands
from services.moderation.guardians_api import guardian_routes
from services.moderation.own_api import own_routes
from services.moderation.projections import PROJECTIONS
from services.moderation.queries import queries_of
from services.moderation.reactions import REACTIONS
from services.moderation.safeguarding_api import safeguarding_routes
from shared.hosting.api import ApiParts, App, api_parts, service_app
from shared.hosting.worker import WorkerParts
from shared.runtime import crash
from shared.runtime.config import ServiceConfig
from shared.runtime.logging import configure


def api(parts: ApiParts) -> ModerationApi:
    queries = queries_of(parts.reader)
    commands = ModerationCommands(
        handler=parts.handler, roster=parts.roster, queries=queries.people, clock=parts.clock, new_id=parts.new_id
    )
    return ModerationApi(asks=parts.asks, commands=commands, queries=queries, roster=parts.roster)


def create_app() -> App:
    """The WSGI app of `python -m services.moderation api`."""
    config = ServiceConfig.for_api()
    configure(SERVICE, "api")
    crash.install(config.common.crash_points_file)
    parts = api_parts(SERVICE, config.common, config.api)
    made = api(parts)
    routes = [*made.routes(), *safeguarding_routes(made), *guardian_routes(made), *own_routes(made)]
    return service_app(parts, config.common, config.api, routes)


def worker_parts() -> WorkerParts:
    """What `python -m services.moderation worker` runs."""
    config = ServiceConfig.for_worker()
    crash.install(config.crash_points_file)
    return WorkerParts(SERVICE, config, PROJECTIONS, REACTIONS)
