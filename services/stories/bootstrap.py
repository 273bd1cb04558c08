"""Puts stories together: the only place that builds its objects."""

from services.stories.api import StoriesApi
from services.stories.commands import StoriesCommands
from services.stories.config import StoriesConfig
from services.stories.media_api import media_routes
from services.stories.projections import PROJECTIONS
from services.stories.queries import StoriesQueries
from services.stories.uploads import Uploads
from shared.hosting.api import ApiParts, App, api_parts, service_app
from shared.hosting.worker import WorkerParts
from shared.media.images import Darkroom
from shared.media.store import MediaStore
from shared.projections.roster_names import RosterNames
from shared.projections.sharing import Sharing
from shared.runtime import crash
from shared.runtime.logging import configure

SERVICE = "stories"


def api(parts: ApiParts) -> StoriesApi:
    queries, media = StoriesQueries(parts.reader, parts.roster), MediaStore(parts.keys)
    commands = StoriesCommands(
        handler=parts.handler,
        roster=queries,
        sharing=Sharing(parts.reader),
        names=RosterNames(parts.reader),
        uploads=Uploads(darkroom=Darkroom(), media=media, writer=parts.writer, clock=parts.clock),
        clock=parts.clock,
        new_id=parts.new_id,
    )
    return StoriesApi(asks=parts.asks, commands=commands, queries=queries, media=media)


def create_app() -> App:
    """The WSGI app of `python -m services.stories api`."""
    config = StoriesConfig.for_api()
    configure(SERVICE, "api")
    crash.install(config.common.crash_points_file)
    parts = api_parts(SERVICE, config.common, config.api)
    made = api(parts)
    return service_app(parts, config.common, config.api, [*made.routes(), *media_routes(made)])


def worker_parts() -> WorkerParts:
    """What `python -m services.stories worker` runs."""
    config = StoriesConfig.for_worker()
    crash.install(config.crash_points_file)
    return WorkerParts(SERVICE, config, PROJECTIONS)
