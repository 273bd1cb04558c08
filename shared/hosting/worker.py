"""What a worker process is made of: its consumers' follower, its health, and the housekeeping of the log.

It meets neither nameko nor the broker's client: the host adds the relay and the subscription.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType

import falcon
import psycopg

from shared.bus.messages import Batch, Bus, bus_key
from shared.log.checkpointing import LOOK, Checkpointing
from shared.log.feed import feed
from shared.privacy.keystore import KeyStore
from shared.privacy.vault import Vault
from shared.projections import cursors
from shared.projections.declaration import Projection
from shared.projections.follower import Follower, OwnLogWaker, Waker
from shared.projections.parking import PASSING
from shared.projections.reaction import Reaction
from shared.projections.roster_queries import parameters_of
from shared.projections.runner import Consumer, OwnLog, Reacting, Runner, Source
from shared.runtime import metrics
from shared.runtime.clock import SystemClock, school_clock
from shared.runtime.config import WorkerConfig
from shared.runtime.database import Pool, Server, conninfo, open_pool
from shared.runtime.health import Health
from shared.runtime.ids import new_id
from shared.runtime.logging import logger

KEPT = timedelta(days=7)
"""How long the answer to an idempotency key is kept."""

POOL = 6

RELAY_SETTINGS = " -c idle_session_timeout=12000"
"""A relay asks for the heads four times a second, and for nothing while a batch is on its way (at most 10 s). One that
stands still for longer loses its connection, and with it the lock by which it was elected."""


class WorkerParts:
    """Follows the logs that a service's consumers rest on. `loops` are run by the host until `stop`.

    A broker that is away makes nothing unready: events come a quarter of a second later, by the feed.

    Attributes:
        bus: where the own log is published and the others' come from.
        clock: the school's; not the one for what is kept seven days of real time.
        connect: makes a connection of its caller's own to the service's database, in autocommit.
        connect_relay: makes the relay's, which does not outlive a relay that stands still.
    """

    def __init__(
        self,
        service: str,
        config: WorkerConfig,
        projections: Sequence[Projection],
        reactions: Sequence[Reaction] = (),
        pauses: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self.service, self.port = service, config.http_port
        self._stopping = threading.Event()
        self._stack = ExitStack()
        server = Server(host=config.database_host, port=config.database_port, passfile=str(config.passfile))
        role = f"{service}_worker"
        # Not checked: in a green process that is a round trip each time, and a round that fails is gone again.
        self.pool = self._opened(
            open_pool(server, database=f"bookbag_{service}", role=role, max_size=POOL, checked=False)
        )
        keys = self._opened(open_pool(server, database="bookbag_keys", role=f"keys_{service}", max_size=POOL))
        self.vault = Vault(service, KeyStore(service, keys, config.installation_key.reveal(), new_id), time.monotonic)
        told = conninfo(server, database=f"bookbag_{service}", role=role)
        self.connect = partial(psycopg.connect, **told, autocommit=True)  # type: ignore[arg-type]  # libpq's own
        self.connect_relay = partial(self.connect, options=f"{told['options']}{RELAY_SETTINGS}")
        sources: dict[str, Source] = {service: OwnLog(self.pool)}
        consumers: list[Consumer] = [*projections, *reactions]
        for source in sorted({consumer.source for consumer in consumers} - {service}):
            sources[source] = feed(source, config.feeds[source], config.credential.reveal())
        self.clock = school_clock(config.clock_file)
        reacting = Reacting(service=service, clock=self.clock, parameters=parameters_of(self.pool))
        runner = Runner(self.pool, self.vault, sources, reacting)
        self.checkpointing = Checkpointing(
            service=service,
            log=self.pool,
            keys=keys,
            key_file=config.checkpoint_key_file,
            folder=config.checkpoints,
            real=SystemClock(),
        )
        self.follower = Follower(runner, consumers, time.monotonic, self.caught_up, pauses)
        self.bus = Bus(broker=config.broker, key=bus_key(config.installation_key.reveal()))
        self.health = Health({"database": self._database_answers, "sources": self.follower.fresh})

    def loops(self) -> list[Callable[[], None]]:
        """One a source, the checkpoints, and the words at the start; each returns after `stop`."""
        return [self._announce, self._sign, *(partial(self._follow, source) for source in self.follower.sources)]

    def take(self, batch: Batch) -> None:
        """Brings the consumers of a source forward by what the bus has brought; returns when that is committed."""
        self.follower.deliver(batch.source, batch.partition, batch.envelopes)

    def wait(self, seconds: float) -> bool:
        """Waits at most so long; True once the process is to stop."""
        return self._stopping.wait(seconds)

    def woken(self) -> Waker:
        """Waits for the own log to grow, or for a while."""
        return OwnLogWaker(self.connect, self._pause)

    def caught_up(self, source: str, asked: float) -> None:
        """Told when the consumers of a source stand at its heads; for a service that keeps a note of it.

        Args:
            source: whose log it is.
            asked: when those heads were asked for, in monotonic seconds.
        """

    def stop(self) -> None:
        """Ends the loops and closes the pools. Safe to call twice."""
        self.health.stop()
        self._stopping.set()
        self._stack.close()

    def forget_old_answers(self, now: datetime) -> int:
        """Deletes kept answers that are older than seven days. Returns how many."""
        with self.pool.connection() as connection:
            return connection.execute("DELETE FROM log_answer WHERE recorded_at < %s", (now - KEPT,)).rowcount

    def health_app(self) -> falcon.App[falcon.Request, falcon.Response]:
        """Answers /healthz, /readyz and /metrics."""
        app = falcon.App()
        app.add_route("/healthz", _Healthz())
        app.add_route("/readyz", _Readyz(self.health))
        app.add_route("/metrics", _Metrics())
        return app

    def _follow(self, source: str) -> None:
        idle: Waker = self._pause
        if source == self.service:
            idle = self.woken()
        self.follower.follow(source, self.wait, idle)

    def _sign(self) -> None:
        """Signs what the log has come to, now and then; what goes wrong is tried again at the next look."""
        while not self.wait(0):
            try:
                self.checkpointing.look()
            except PASSING as error:
                logger().info(f"checkpoint.waits_{type(error).__name__.lower()}")
            except Exception:  # noqa: BLE001 - whatever it is, the worker goes on
                logger().exception("checkpoint.failed")
            self.wait(LOOK)

    def _announce(self) -> None:
        """Says which consumers there are, and where each stands; nothing where the database does not say in time."""
        try:
            with self.pool.connection() as connection:
                standing = cursors.all_standing(connection)
        except (*PASSING, psycopg.Error):
            standing = {}
        for consumer in self.follower.consumers:
            logger().info(
                "consumer.declared",
                consumer=consumer.consumer,
                source=consumer.source,
                position=[f"p{p}:{position}" for p, position in standing.get((consumer.consumer, consumer.source), ())],
                event_type=sorted(consumer.handlers),
            )

    def _pause(self, seconds: float) -> None:
        self._stopping.wait(seconds)

    def _database_answers(self) -> bool:
        with self.pool.connection(timeout=1) as connection:
            return connection.execute("SELECT 1").fetchone() is not None

    def _opened(self, pool: Pool) -> Pool:
        return self._stack.enter_context(pool)


class _Healthz:
    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        resp.media = {"status": "alive"}


class _Metrics:
    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        resp.content_type = "text/plain; version=0.0.4; charset=utf-8"
        resp.data = metrics.rendered()


class _Readyz:
    def __init__(self, health: Health) -> None:
        self._health = health

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        failing = self._health.failing()
        resp.status = falcon.HTTP_503 if failing else falcon.HTTP_200
        resp.media = {"ready": not failing, "failing": failing}
