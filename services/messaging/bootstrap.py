"""Puts messaging together: the only place that builds its objects."""

from services.messaging.api import MessagingApi
from services.messaging.commands import MessagingCommands
from services.messaging.projections import PROJECTIONS
from services.messaging.queries import MessagingQueries
from services.messaging.reactions import REACTIONS
from shared.hosting.api import ApiParts, App, api_parts, service_app
from shared.hosting.worker import WorkerParts
from shared.projections.roster_names import RosterNames
from shared.runtime import crash
from shared.runtime.config import ServiceConfig
from shared.runtime.logging import configure

SERVICE = "messaging"


def api(parts: ApiParts) -> MessagingApi:
    queries = MessagingQueries(parts.reader, parts.roster)
    commands = MessagingCommands(
        handler=parts.handler,
        roster=queries,
        names=RosterNames(parts.reader),
        open=parts.vault.open,
        clock=parts.clock,
        new_id=parts.new_id,
    )
    return MessagingApi(asks=parts.asks, commands=commands, queries=queries, clock=parts.clock)


def create_app() -> App:
    """The WSGI app of `python -m services.messaging api`."""
    config = ServiceConfig.for_api()
    configure(SERVICE, "api")
    crash.install(config.common.crash_points_file)
    parts = api_parts(SERVICE, config.common, config.api)
    return service_app(parts, config.common, config.api, api(parts).routes())


def worker_parts() -> WorkerParts:
    """What `python -m services.messaging worker` runs."""
    config = ServiceConfig.for_worker()
    crash.install(config.crash_points_file)
    return WorkerParts(SERVICE, config, PROJECTIONS, REACTIONS)
