"""Hosts a nameko service class in a worker process: starts it, relays its log, serves its health, stops it in order."""

import signal
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import eventlet
import eventlet.wsgi
from nameko.extensions import DependencyProvider
from nameko.runners import ServiceRunner

from shared.bus.relay import Relay
from shared.bus.subscription import Subscription
from shared.runtime import garbage
from shared.runtime.logging import logger

WsgiApp = Callable[..., Any]


class Part(DependencyProvider):  # type: ignore[misc]  # nameko has no types
    """Something that a worker makes at start, runs in managed greenthreads, and closes at stop.

    As a class attribute of the service class it is, in its methods, what `make` made.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        super().__init__()
        self._make = make
        self.made: Any = None

    def setup(self) -> None:
        """Makes the part, and tells the service's subscription where its bus is."""
        self.made = self._make()
        for entrypoint in self.container.entrypoints:
            if isinstance(entrypoint, Subscription):
                entrypoint.bus, entrypoint.partitions = self.made.bus, self.made.follower.partitions

    def start(self) -> None:
        """Runs each of the part's loops, and the relay, in a greenthread that the container watches."""
        for loop in self.made.loops():
            self.container.spawn_managed_thread(loop)
        relay = Relay(self.made.service, self.made.connect_relay, self.made.bus)
        self.container.spawn_managed_thread(partial(relay.run, self.made.wait, self.made.woken()))
        self.container.spawn_managed_thread(partial(serve_wsgi, self.made.health_app(), self.made.port))

    def stop(self) -> None:
        """Tells the loops to end and closes what the part opened."""
        self.made.stop()

    def get_dependency(self, worker_ctx: Any) -> Any:  # noqa: ARG002 - nameko's signature
        """What the service's methods see."""
        return self.made


def run_worker(service: type) -> None:
    """Runs the service until SIGTERM or SIGINT."""
    runner = ServiceRunner({})
    runner.add_service(service)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        eventlet.spawn_n(runner.stop)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    runner.start()
    garbage.settle()
    logger().info("worker.started")
    runner.wait()


def serve_wsgi(app: WsgiApp, port: int) -> None:
    """Serves an app on loopback in the greenthread that calls it, until that is killed."""
    eventlet.wsgi.server(eventlet.listen(("127.0.0.1", port)), app, log_output=False)
