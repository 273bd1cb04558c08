"""Clients that write one event after the other: threads of one process, or of several that begin at one moment."""

import threading
import time
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Any, TypeAlias

PATIENCE = 60.0
"""Seconds until every process is ready, and until each has ended."""

Work: TypeAlias = Callable[[int], Callable[[], object]]
"""For the number of a client: what it does for one event."""

Ready: TypeAlias = Callable[[], AbstractContextManager[Work]]
"""Makes, in a process of its own, what its clients work with; it is sent there, so it is a function of a module."""


@dataclass(slots=True)
class Loop:
    """What clients came to that wrote until their time was up.

    Attributes:
        milliseconds: of each event.
        done: what each event's work returned.
        errors: what ended a client before its time.
        seconds: wall time of all.
    """

    milliseconds: list[float] = field(default_factory=list)
    done: list[Any] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def run(self, clients: int, work: Work, seconds: float) -> None:
        """Returns when all have ended. An error ends its client; a fault injected by the bench is no fault of it."""
        starts, ends = threading.Barrier(clients + 1), threading.Event()

        def client(number: int) -> None:
            write, mine, took = work(number), list[Any](), list[float]()
            starts.wait()
            try:
                while True:  # each writes once at least, however busy the machine is
                    began = time.perf_counter()
                    mine.append(write())
                    took.append((time.perf_counter() - began) * 1000)
                    if ends.is_set():
                        break
            except Exception as error:  # noqa: BLE001 - told to whoever measures
                self.errors.append(f"{type(error).__name__}: {error}")
            self.done += mine
            self.milliseconds += took

        threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        starts.wait()
        began = time.monotonic()
        ends.wait(seconds)
        ends.set()
        for thread in threads:
            thread.join()
        self.seconds = time.monotonic() - began

    def add(self, other: "Loop") -> None:
        """Takes in what clients came to that began at the same moment."""
        self.milliseconds += other.milliseconds
        self.done += other.done
        self.errors += other.errors
        self.seconds = max(self.seconds, other.seconds)

    def fault_where(self, there: AbstractSet[Any]) -> str:
        """What ended a client before its time, or how much of what was done is not there; empty where all is well."""
        if self.errors:
            return self.errors[0]
        missing = len(set(self.done) - there)
        return f"{missing} of {len(self.done)} answered events are not there" if missing else ""

    @property
    def figures(self) -> dict[str, float]:
        """The rate, and how long one took."""
        took = sorted(self.milliseconds)
        share = {f"p{p} ms": took[min(len(took) - 1, len(took) * p // 100)] for p in (50, 99)} if took else {}
        return {"events/s": len(self.done) / self.seconds, **share}


def run_apart(processes: Sequence[Ready], clients: int, seconds: float) -> Loop:
    """Runs so many clients in each process. All begin when the last process is ready, each client having written once.

    Raises:
        EOFError: a process ended without a word.
    """
    context = get_context("spawn")
    starts, together = context.Barrier(len(processes)), Loop()
    told = []
    for ready in processes:
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_run, args=(ready, clients, seconds, starts, there))
        process.start()
        there.close()
        told.append((process, here))
    for process, here in told:
        together.add(here.recv())
        process.join(PATIENCE)
    return together


def _run(ready: Ready, clients: int, seconds: float, starts: Barrier, told: "Connection[Loop, Any]") -> None:
    loop = Loop()
    with ready() as work:
        writes = [work(number) for number in range(clients)]
        for write in writes:
            write()
        starts.wait(PATIENCE)
        loop.run(clients, writes.__getitem__, seconds)
    told.send(loop)
