"""Keeps a service's read models at the heads of the logs they follow: one loop a source, woken by the own log's notice.

Heads are asked for four times a second, always: a quiet queue or a lost notice costs a quarter of a second, no more.
It knows nothing of its host's threads; the waits are handed in.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import psycopg
from psycopg_pool import PoolTimeout

from shared.log.append import CHANNEL
from shared.log.feed import FeedBroken
from shared.log.read import Head
from shared.privacy.keystore import KeyMissing
from shared.projections.cursors import Diverged
from shared.projections.declaration import Projection
from shared.projections.runner import Runner
from shared.runtime.logging import logger
from shared.runtime.metrics import PROJECTION_FAILURES

PAUSE = 0.25
"""Seconds between two looks at the heads where nothing else wakes the loop."""

STALE = 5.0
"""Seconds after which a source that could not be read makes the process unready."""

Wait = Callable[[float], bool]
"""Waits at most so many seconds; True when the process is to stop."""

_PASSING = (FeedBroken, KeyMissing, psycopg.OperationalError, PoolTimeout)
"""What mends itself when another process is back."""


class Waker(Protocol):
    """Waits for something to have happened, or for a while."""

    def __call__(self, seconds: float) -> None: ...


@dataclass(slots=True)
class Follower:
    """Follows the sources of one service's read models.

    Attributes:
        seen: source -> when its heads were last read (monotonic seconds); readiness rests on it.
    """

    runner: Runner
    projections: Sequence[Projection]
    monotonic: Callable[[], float]
    seen: dict[str, float] = field(default_factory=dict)
    _said: dict[str, str] = field(default_factory=dict)

    @property
    def sources(self) -> list[str]:
        return sorted({projection.source for projection in self.projections})

    def fresh(self) -> bool:
        """Whether every source could be read lately."""
        now = self.monotonic()
        return all(now - self.seen.get(source, -STALE) < STALE for source in self.sources)

    def follow(self, source: str, wait: Wait, idle: Waker) -> None:
        """Runs until `wait` says stop: in rounds as long as there is something to apply, else after `idle`."""
        while not wait(0):
            if not self.round(source):
                idle(PAUSE)

    def round(self, source: str) -> int:
        """One look at the source, one batch a read model. A read model that fails does not hold up the others."""
        try:
            heads = self.runner.heads(source)
        except _PASSING as error:
            self._say(source, f"source.away_{type(error).__name__.lower()}")
            return 0
        self.seen[source] = self.monotonic()
        self._say(source, "source.here")
        applied = 0
        for projection in self.projections:
            if projection.source == source:
                applied += self._apply(projection, heads)
        return applied

    def _apply(self, projection: Projection, heads: Mapping[int, Head]) -> int:
        try:
            return self.runner.catch_up(projection, heads)
        except _PASSING as error:
            self._say(projection.name, f"projection.waits_{type(error).__name__.lower()}")
        except Diverged:
            PROJECTION_FAILURES.labels(projection.name, "diverged").inc()
            logger().exception("projection.diverged", projection=projection.name)
        except Exception:  # noqa: BLE001 - whatever a handler raises, the other read models go on
            PROJECTION_FAILURES.labels(projection.name, "failed").inc()
            logger().exception("projection.failed", projection=projection.name)
        return 0

    def _say(self, about: str, what: str) -> None:
        """Logs a change, not each of four looks a second at what has not changed."""
        if self._said.get(about) != what:
            self._said[about] = what
            logger().info(what, name=about)


class OwnLogWaker:
    """Wakes when the own log notifies: a connection of its own that listens, made anew when it is lost."""

    def __init__(self, connect: Callable[[], psycopg.Connection[psycopg.rows.TupleRow]], otherwise: Waker) -> None:
        self._connect, self._otherwise = connect, otherwise
        self._connection: psycopg.Connection[psycopg.rows.TupleRow] | None = None

    def __call__(self, seconds: float) -> None:
        """Returns at the next notice, or after `seconds`."""
        try:
            if self._connection is None:
                self._connection = self._connect()
                self._connection.execute(f"LISTEN {CHANNEL}")
                return  # what came before the LISTEN was not heard: look once more
            for _ in self._connection.notifies(timeout=seconds, stop_after=1):
                return
        except psycopg.Error:
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            self._otherwise(seconds)
