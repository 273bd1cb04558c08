"""`@subscribe("identity", ...)`: the method of a nameko service that takes what other services' logs bring."""

import threading
from functools import partial
from types import TracebackType
from typing import Any

from nameko.extensions import Entrypoint

from shared.bus.consuming import Consuming, Meanwhile, Partitions
from shared.bus.messages import Batch, Bus

__all__ = ["Batch", "Subscription", "subscribe"]

Failure = tuple[type[BaseException], BaseException, TracebackType]

EACH_SECOND = 1.0
ENDS_WITHIN = 5.0
"""Seconds that an orderly stop waits for the subscription to have let its connection go."""


class NotTaken(Exception):  # noqa: N818 - said as it is
    """The service's method raised: its batch is not acknowledged."""


class Subscription(Entrypoint):  # type: ignore[misc]  # nameko has no types
    """Consumes in one greenthread, and has each batch applied by a worker of the container.

    Attributes:
        sources: the services whose logs are subscribed to.
        bus, partitions: set by the host before the start.
    """

    bus: Bus
    partitions: Partitions

    def __init__(self, *sources: str) -> None:
        super().__init__()
        self.sources = sources
        self._stopping, self._ended = threading.Event(), threading.Event()

    def start(self) -> None:
        """Begins to consume, as soon as there is a broker."""
        consuming = Consuming(
            self.container.service_name, self.sources, self.bus, self.partitions, self._applied_by_a_worker
        )
        self.container.spawn_managed_thread(partial(self._run, consuming), identifier="subscription")

    def stop(self) -> None:
        """Ends the subscription: what is being applied is finished first."""
        self._stopping.set()
        self._ended.wait(ENDS_WITHIN)

    def _run(self, consuming: Consuming) -> None:
        try:
            consuming.run(self._stopping.wait)
        finally:
            self._ended.set()

    def _applied_by_a_worker(self, batch: Batch, meanwhile: Meanwhile) -> None:
        done, failures = threading.Event(), list[Failure]()

        def note(_worker: Any, result: Any, failure: Failure | None) -> tuple[Any, Failure | None]:
            if failure is not None:
                failures.append(failure)
            done.set()
            return result, failure

        self.container.spawn_worker(self, (batch,), {}, handle_result=note)
        while not done.wait(EACH_SECOND):
            meanwhile()
        if failures:
            raise NotTaken


subscribe = Subscription.decorator
"""The decorator of the one method that takes batches: `def on_events(self, batch: Batch) -> None`."""
