"""Puts identity together: the only place that builds its objects."""

import time
from datetime import datetime
from functools import cached_property

from services.identity.api import IdentityApi
from services.identity.awaited import Awaited
from services.identity.commands import IdentityCommands
from services.identity.config import IdentityConfig
from services.identity.door import Door
from services.identity.housekeeping import forget_what_has_ended
from services.identity.indexes import Indexes
from services.identity.passwords import Passwords
from services.identity.people_api import people_routes
from services.identity.principals import Principals, looked_up_in
from services.identity.projections import PROJECTIONS
from services.identity.queries import IdentityQueries
from services.identity.seen import MODERATION, Seen
from services.identity.sharing_api import sharing_routes
from services.identity.sign_in import SignIn
from shared.hosting.api import ApiParts, api_parts, service_app
from shared.hosting.worker import WorkerParts
from shared.http.app import MOST_WAITING
from shared.http.position import Waiter
from shared.http.principal import private_key_from_pem
from shared.log.partitions import least_filled
from shared.projections.sharing import Sharing
from shared.runtime import crash
from shared.runtime.database import open_pool
from shared.runtime.logging import configure

SERVICE = "identity"
LOOK_UPS = 8
PACE = {MODERATION: 0.1}
"""Seconds between two looks: a sanction must be known here within 300 ms of its decision (decision 15)."""


def api(parts: ApiParts, config: IdentityConfig) -> IdentityApi:
    queries, indexes = IdentityQueries(parts.reader), Indexes(config.index_key.reveal())
    desk = SignIn(parts.writer, queries, indexes, Passwords(), parts.clock, parts.real, parts.new_id)
    desk.make_first_operator(config.operator_password.reveal())
    look_up = open_pool(parts.server, database="bookbag_identity", role="identity_session", max_size=LOOK_UPS)
    signing_key = private_key_from_pem(config.signing_key.reveal())

    def partition_for_new() -> int:
        with parts.writer.connection() as connection:
            return least_filled(connection)

    return IdentityApi(
        asks=parts.asks,
        commands=IdentityCommands(parts.handler, queries, indexes, parts.clock, parts.new_id, partition_for_new),
        queries=queries,
        roster=parts.roster,
        sharing=Sharing(parts.reader),
        desk=desk,
        principals=Principals(looked_up_in(look_up), signing_key, parts.clock, parts.real, time.monotonic),
        awaited=Awaited(parts.reached, Waiter(MOST_WAITING), parts.recorded),
        clock=parts.clock,
        development=config.common.development,
    )


def create_app() -> Door:
    """The WSGI app of `python -m services.identity api`."""
    config = IdentityConfig.for_api()
    configure(SERVICE, "api")
    crash.install(config.common.crash_points_file)
    parts = api_parts(SERVICE, config.common, config.api)
    made = api(parts, config)
    routes = [*made.routes(), *people_routes(made), *sharing_routes(made)]
    app = service_app(parts, config.common, config.api, routes, reask=made.principals.now)
    return Door(app, made.principals, config.api.gateway_secret)


class IdentityWorkerParts(WorkerParts):
    """Adds the note of when moderation was seen, and the housekeeping of what identity keeps beside its log."""

    @cached_property
    def _seen(self) -> Seen:
        return Seen(self.pool, time.monotonic)

    def caught_up(self, source: str, asked: float) -> None:
        """Access states are as moderation has them: the look-up holds guardians' writes back without this note."""
        self._seen.note(source, asked)

    def forget_what_has_ended(self, now: datetime) -> None:
        """Clears away sessions, codes and failed sign-ins that no longer count. `now` is real time."""
        with self.pool.connection() as connection:
            forget_what_has_ended(connection, school_time=self.clock.now(), real_time=now)


def worker_parts() -> IdentityWorkerParts:
    """What `python -m services.identity worker` runs."""
    config = IdentityConfig.for_worker()
    crash.install(config.crash_points_file)
    return IdentityWorkerParts(SERVICE, config, PROJECTIONS, pauses=PACE)
