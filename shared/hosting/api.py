"""What every api process is made of: pools a role, the vault, the command handler, the roster, the feed, the app."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeAlias
from uuid import UUID

import falcon
import orjson
import psycopg
from psycopg_pool import PoolClosed, PoolTimeout

from shared.events.wire import NotKnownHere
from shared.hosting.writes import Asks
from shared.http.app import AppConfig, Translation, make_app
from shared.http.asking import Asking, NotAnswered
from shared.http.operations import Route
from shared.http.position import LogPosition
from shared.http.principal import HEADER, Reask, public_key_from_pem
from shared.log.commands import CommandHandler
from shared.log.committer import Committers
from shared.log.feed import FeedBroken, FeedResource, HeadsResource, feed
from shared.policy.codes import NOT_FOUND, NOT_SIGNED_IN, OUTCOME_UNKNOWN, UNAVAILABLE
from shared.policy.parameters import Parameters
from shared.policy.refusal import Refusal
from shared.privacy.kept import KeptKeys
from shared.privacy.keystore import Destroyed, KeyStore
from shared.privacy.vault import Vault
from shared.projections.roster_queries import Roster
from shared.projections.runner import OwnLog, Source
from shared.runtime.clock import Clock, SystemClock, school_clock
from shared.runtime.config import ApiConfig, CommonConfig
from shared.runtime.database import Pool, Server, open_pool
from shared.runtime.health import Health
from shared.runtime.ids import new_id
from shared.runtime.together import NotDone, PerhapsDone

App: TypeAlias = "falcon.App[falcon.Request, falcon.Response]"

REASK_SECONDS = 0.5
HEADS_SECONDS = 0.5

WRITERS = 12
READERS = 12
KEYS = 4
"""Connections a process: 5 services with these stay well under the 300 that the server is given."""


_REACHED = """
    WITH model AS (
        SELECT l.source, coalesce(c.position, 0) AS position FROM projection_live l
        LEFT JOIN projection_cursor c ON c.consumer = l.name || '_v' || l.version AND c.source = l.source
        AND c.partition = %(partition)s
    ), reaction AS (
        SELECT coalesce(c.position, 0) AS position, coalesce(c.appended, 0) AS appended FROM reaction_live r
        LEFT JOIN projection_cursor c ON c.consumer = r.name AND c.source = r.source AND c.partition = %(partition)s
        WHERE r.source = %(service)s
    )
    SELECT NOT EXISTS (SELECT FROM model WHERE source = %(service)s AND position < %(position)s)
       AND NOT EXISTS (SELECT FROM reaction WHERE position < %(position)s)
       AND NOT EXISTS (SELECT FROM model m, reaction r WHERE m.source = %(own)s AND m.position < r.appended)
"""


@dataclass(frozen=True, slots=True)
class ApiParts:
    """The parts that each service's bootstrap puts its own commands and queries on.

    Attributes:
        clock: the school's: what the policy counts by.
        real: for what guards security, and for what no school's clock may move.
        logs: every service's, its own read from its database.
    """

    service: str
    server: Server
    writer: Pool
    reader: Pool
    keys: KeyStore
    vault: Vault
    clock: Clock
    real: Clock
    new_id: Callable[[], UUID]
    handler: CommandHandler
    roster: Roster
    asks: Asks
    logs: Mapping[str, Source]

    def internal_routes(self) -> list[Route]:
        """The feed and the heads, for the services that follow this one's log."""
        return [
            Route("/internal/heads", HeadsResource(self.writer)),
            Route("/internal/feed/{partition:int(min=1)}", FeedResource(self.writer)),
        ]

    def reached(self, position: LogPosition) -> bool:
        """Whether every consumer of the named log has taken the position, and the own models what reactions made of it.

        Of a log that none here follows nothing is to come: there is nothing to wait for.
        """
        with self.reader.connection() as connection:
            row = connection.execute(
                _REACHED,
                {
                    "own": self.service,
                    "service": position.service,
                    "partition": position.partition,
                    "position": position.position,
                },
            ).fetchone()
        return row is not None and row[0]

    def recorded(self, position: LogPosition) -> bool:
        """Whether anything stands at the position; of a log that cannot be asked now it is taken to.

        Asked of the log itself, and not of what is known of it here: that may be older than the position.
        """
        log = self.logs.get(position.service)
        try:
            head = log.heads().get(position.partition) if log else None
        except FeedBroken:
            return True
        return head is not None and position.position <= head.position

    def office_phone(self, school_id: UUID) -> str:
        """What a refusal tells people to ring; empty where the school has not said."""
        school = self.roster.school(school_id)
        return Parameters.from_mapping(school.parameters).office_phone if school else ""

    def database_answers(self) -> bool:
        """A readiness check."""
        with self.reader.connection(timeout=1) as connection:
            return connection.execute("SELECT 1").fetchone() is not None


def api_parts(service: str, common: CommonConfig, api: ApiConfig) -> ApiParts:
    """Opens the pools in the background and puts the parts together."""
    server = Server(host=common.database_host, port=common.database_port, passfile=str(common.passfile))
    database = f"bookbag_{service}"
    writer = open_pool(server, database=database, role=f"{service}_writer", max_size=WRITERS)
    reader = open_pool(server, database=database, role=f"{service}_reader", max_size=READERS)
    key_pool = open_pool(server, database="bookbag_keys", role=f"keys_{service}", max_size=KEYS)
    keys = KeyStore(service, key_pool, common.installation_key.reveal(), new_id)
    vault = Vault(service, KeptKeys(keys, time.monotonic), time.monotonic)
    real = SystemClock()
    return ApiParts(
        service=service,
        server=server,
        writer=writer,
        reader=reader,
        keys=keys,
        vault=vault,
        clock=school_clock(common.clock_file),
        real=real,
        new_id=new_id,
        handler=CommandHandler(writer, vault, real, new_id, Committers(service, writer).append),
        roster=Roster(reader),
        asks=Asks(api.idempotency_key.reveal()),
        logs={
            name: OwnLog(writer) if name == service else feed(name, address, common.credential.reveal(), HEADS_SECONDS)
            for name, address in common.feeds.items()
        },
    )


def service_app(
    parts: ApiParts, common: CommonConfig, api: ApiConfig, routes: Sequence[Route], reask: Reask | None = None
) -> App:
    """The service's app: its own routes and the internal ones behind the checks that every request passes.

    With `reask` it learns who a session is now; without, it asks identity over HTTP.
    """
    return make_app(
        AppConfig(
            service=parts.service,
            routes=[*routes, *parts.internal_routes()],
            gateway_secret=api.gateway_secret,
            public_key=public_key_from_pem(api.principal_public_key),
            reask=reask or asking_identity(common.feeds["identity"], common.credential.reveal()),
            service_credentials=api.service_credentials,
            health=Health({"database": parts.database_answers}),
            reached=parts.reached,
            recorded=parts.recorded,
            translations=TRANSLATIONS,
            office_phone=parts.office_phone,
        )
    )


def asking_identity(address: str, credential: str) -> Reask:
    """Asks identity for a session's principal as it is now, within half a second."""
    asking = Asking(address, credential, REASK_SECONDS)

    def ask(session_id: UUID) -> str:
        answer = asking.get(f"/internal/principals/{session_id}")
        # A service whose own credential is refused has a fault to report, not a session that ended.
        if answer.status == HTTPStatus.UNAUTHORIZED and orjson.loads(answer.body).get("code") == NOT_SIGNED_IN.name:
            raise Refusal(NOT_SIGNED_IN)
        header: str | None = answer.headers[HEADER]
        if answer.status != HTTPStatus.NO_CONTENT or header is None:
            raise NotAnswered(f"answered {answer.status}")
        return header

    return ask


def _unavailable(_error: Exception) -> Refusal:
    return Refusal(UNAVAILABLE, retry_after=1)


def _outcome_unknown(_error: Exception) -> Refusal:
    """A commit was under way when the connection went: it may stand. The same key finds out."""
    return Refusal(OUTCOME_UNKNOWN, retry_after=1)


TRANSLATIONS: dict[type[Exception], Translation] = {
    psycopg.OperationalError: _outcome_unknown,
    PoolTimeout: _unavailable,
    PoolClosed: _unavailable,
    NotDone: _unavailable,
    PerhapsDone: _outcome_unknown,
    Destroyed: lambda _error: Refusal(NOT_FOUND),
    # While an upgrade rolls on: a newer process has written into the stream, and will answer the next try.
    NotKnownHere: _unavailable,
}
"""What the log's and the database's exceptions are to a client."""
