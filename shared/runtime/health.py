"""Whether a process can do its work: named checks, each bounded in time, asked by /readyz."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

Check = Callable[[], bool]
"""True when its part works. It may raise, which counts as False; it should end by itself soon after its bound."""

BOUND = 1.0
"""Seconds that all checks together may take."""


@dataclass(slots=True)
class Health:
    """The readiness of one process. Safe between threads.

    A check that is still running from the last time is not started again: a hung database holds one thread, not one
    more for every question.
    """

    checks: Mapping[str, Check] = field(default_factory=dict)
    bound: float = BOUND
    _stopping: threading.Event = field(default_factory=threading.Event, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _pool: ThreadPoolExecutor | None = field(default=None, repr=False)
    _running: dict[str, "Future[bool]"] = field(default_factory=dict, repr=False)

    def stop(self) -> None:
        """From now on the process is not ready: the first step of an orderly stop."""
        self._stopping.set()

    def failing(self) -> list[str]:
        """The names of the checks that do not pass; `stopping` once the process is on its way out."""
        if self._stopping.is_set():
            return ["stopping"]
        with self._lock:
            if self._pool is None and self.checks:
                self._pool = ThreadPoolExecutor(len(self.checks), thread_name_prefix="health")
            futures = {name: self._asked(name, check) for name, check in self.checks.items()}
        wait(futures.values(), timeout=self.bound)
        return sorted(name for name, future in futures.items() if not _passed(future))

    def ready(self) -> bool:
        """Whether every check passes."""
        return not self.failing()

    def _asked(self, name: str, check: Check) -> "Future[bool]":
        running = self._running.get(name)
        if running is None or running.done():
            assert self._pool is not None  # noqa: S101 - made by the caller, under the lock
            running = self._running[name] = self._pool.submit(check)
        return running


def _passed(future: "Future[bool]") -> bool:
    return future.done() and future.exception() is None and future.result() is True
