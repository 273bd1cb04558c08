"""Puts stories together: the only place that builds its objects."""

import os
from datetime import datetime

from services.stories.api import StoriesApi
from services.stories.clearing import Clearing
from services.stories.commands import StoriesCommands
from services.stories.config import StoriesWorkerConfig
from services.stories.media_api import media_routes
from services.stories.projections import PROJECTIONS
from services.stories.queries import StoriesQueries
from services.stories.uploads import Uploads
from shared.hosting.api import ApiParts, App, api_parts, service_app
from shared.hosting.worker import WorkerParts
from shared.log.commands import CommandHandler
from shared.media.images import Darkroom
from shared.media.store import MediaStore
from shared.privacy.keystore import Eraser
from shared.projections.roster_names import RosterNames
from shared.projections.sharing import Sharing
from shared.projections.up_to_date import UpToDate, standing_of
from shared.runtime import crash
from shared.runtime.clock import SystemClock
from shared.runtime.config import ServiceConfig
from shared.runtime.database import Server, open_pool
from shared.runtime.ids import new_id
from shared.runtime.logging import configure

SERVICE = "stories"


def api(parts: ApiParts) -> StoriesApi:
    up_to_date = UpToDate(parts.logs["identity"].heads, standing_of(parts.reader))
    queries, media = StoriesQueries(parts.reader, parts.roster, up_to_date), MediaStore(parts.keys)
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
    config = ServiceConfig.for_api()
    configure(SERVICE, "api")
    crash.install(config.common.crash_points_file)
    parts = api_parts(SERVICE, config.common, config.api)
    made = api(parts)
    return service_app(parts, config.common, config.api, [*made.routes(), *media_routes(made)])


class StoriesWorkerParts(WorkerParts):
    """Adds the clearing away of pictures. Its role for keys destroys those of pictures, and reads none."""

    def __init__(self, config: StoriesWorkerConfig) -> None:
        super().__init__(SERVICE, config, PROJECTIONS)
        server = Server(host=config.database_host, port=config.database_port, passfile=str(config.passfile))
        clearer = self._opened(open_pool(server, database="bookbag_keys", role="keys_clearer", max_size=1))
        self._clearing = Clearing(
            connect=self.connect,
            handler=CommandHandler(self.pool, self.vault, SystemClock(), new_id),
            eraser=Eraser(clearer),
            clock=self.clock,
            new_id=new_id,
            kept=config.kept,
        )

    def clear_pictures(self, now: datetime) -> int:
        """Takes away a batch of those that nobody needs. `now` is real time. Returns how many."""
        return self._clearing.run(now)


def worker_parts() -> StoriesWorkerParts:
    """What `python -m services.stories worker` runs."""
    config = StoriesWorkerConfig.from_environment(os.environ)
    crash.install(config.crash_points_file)
    return StoriesWorkerParts(config)
