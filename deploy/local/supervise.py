"""Runs programs as children, starts again those that die, and leaves none behind.

One thread starts every child and outlives them all: the kernel's death signal follows the thread that forked.
"""

import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

from deploy.local.backoff import DEATHS_IN_A_MINUTE, Deaths
from deploy.local.faults import CannotStart, EarlyExit
from deploy.local.guard import Guard
from deploy.local.program import Program, has_ended, how_it_ended, last_words, spawn
from deploy.local.progress import Say, to_nobody
from deploy.local.tree import kill_tree

T = TypeVar("T")

TICK = 0.05
WATCHED_EVERY = 0.3
KILLED_WITHIN = 30.0
"""Seconds: what was killed while it waited for a busy disc ends when that has answered."""
NOT_UP_YET = 2.0


@dataclass(slots=True)
class _Child:
    program: Program
    process: subprocess.Popen[bytes]
    deaths: Deaths
    kept_up: bool = False
    wanted: bool = True
    meant: bool = False
    start_at: float | None = None
    ended: threading.Event = field(default_factory=threading.Event)


class Supervisor:
    """Children by name. Safe to use from several threads."""

    def __init__(
        self,
        *,
        inherited: Sequence[int] = (),
        max_deaths: int = DEATHS_IN_A_MINUTE,
        changed: Callable[[], None] = lambda: None,
        say: Say = to_nobody,
    ) -> None:
        """Args: inherited: descriptors that every child keeps open; changed: called when a child was started again."""
        self._say = say
        self._inherited = tuple(inherited)
        self._max_deaths = max_deaths
        self._changed = changed
        self._children: dict[str, _Child] = {}
        self._inbox: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._failure: str | None = None
        self._guard = Guard(inherited)
        self.failed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._thread.start()

    @property
    def failure(self) -> str | None:
        """Why everything has to stop: a program that dies again and again."""
        return self._failure

    @property
    def names(self) -> list[str]:
        return list(self._children)

    def pid(self, name: str) -> int:
        return self._children[name].process.pid

    def program(self, name: str) -> Program:
        return self._children[name].program

    def start(self, program: Program) -> None:
        """Starts it. It is not started again should it die before `wait_ready` has seen it ready."""
        self._on_thread(lambda: self._start(program))

    def run(self, program: Program, within: float, watch: Callable[[], None] = lambda: None) -> None:
        """Runs a program that ends by itself; calls `watch` several times a second meanwhile.

        Raises:
            CannotStart: it failed, or was not done in time.
        """
        self.start(program)
        child = self._children[program.name]
        deadline = time.monotonic() + within
        try:
            while not (ended := child.ended.wait(WATCHED_EVERY)) and time.monotonic() < deadline:
                watch()
        finally:
            self.stop(program.name)
            self._children.pop(program.name, None)
        if not ended:
            raise CannotStart(f"{program.name} was not done within {within:.0f} s; see {program.log}")
        if child.process.returncode != 0:
            raise EarlyExit(program.name, how_it_ended(child.process.returncode), last_words(program))

    def wait_ready(self, names: Sequence[str], within: float = 60.0) -> None:
        """Returns when all answer; from then on they are started again when they die.

        Raises:
            EarlyExit: one ended instead.
            CannotStart: one did not answer in time, or died too often.
        """
        deadline = time.monotonic() + within
        for name in names:
            child = self._children[name]
            while not child.program.ready():
                if child.ended.is_set() and not child.kept_up:
                    raise EarlyExit(name, how_it_ended(child.process.returncode), last_words(child.program))
                if self._failure:
                    raise CannotStart(self._failure)
                if time.monotonic() > deadline:
                    said = last_words(child.program)
                    raise CannotStart(f"{name} was not ready within {within:.0f} s; its last words {said}")
                self.failed.wait(TICK)
            child.kept_up = True

    def kill(self, name: str) -> None:
        """Ends it and all its descendants at once with SIGKILL; it is started again, and the death is not counted."""

        def kill() -> threading.Event:
            child = self._children[name]
            child.meant = True
            ended = child.ended
            kill_tree(child.process.pid)
            return ended

        if not self._on_thread(kill).wait(KILLED_WITHIN):
            raise CannotStart(f"{name} could not be killed")

    def signal(self, name: str, number: signal.Signals) -> None:
        """Sends a signal to its process group, such as SIGSTOP."""
        os.killpg(self.pid(name), number)

    def stop(self, name: str) -> None:
        """Stops it in order, and it stays down until `resume`."""
        self._stop([name])

    def resume(self, name: str) -> None:
        """Starts what `stop` has stopped."""

        def resume() -> None:
            child = self._children[name]
            if child.ended.is_set():
                child.wanted = True
                self._spawn_again(child)

        self._on_thread(resume)

    def stop_all(self) -> None:
        """Stops everything, the highest stage first, and ends the thread."""
        stages = sorted({child.program.stage for child in self._children.values()}, reverse=True)
        for stage in stages:
            self._stop([name for name, child in self._children.items() if child.program.stage == stage])
        self._inbox.put(None)
        self._thread.join()
        self._guard.close()

    def kill_all(self) -> None:
        """Ends everything at once, for a person who will not wait; `stop_all` then has nothing left to wait for."""

        def kill() -> None:
            for child in self._children.values():
                child.wanted = False
                if not child.ended.is_set():
                    kill_tree(child.process.pid)

        self._on_thread(kill)

    def _stop(self, names: Sequence[str]) -> None:
        def ask() -> list[_Child]:
            children = [self._children[name] for name in names]
            for child in children:
                child.wanted, child.start_at = False, None
                if not child.ended.is_set():
                    # A stopped (frozen) process would never take the signal.
                    for number in (child.program.stop_signal, signal.SIGCONT):
                        os.kill(child.process.pid, number)
            return children

        children = self._on_thread(ask)
        began = time.monotonic()
        for child in children:
            # One that never came up may not listen to signals yet (a broker that boots), and has nothing to save.
            patience = child.program.stop_within if child.kept_up else min(child.program.stop_within, NOT_UP_YET)
            if not child.ended.wait(max(0.0, began + patience - time.monotonic())):
                self._on_thread(lambda pid=child.process.pid: kill_tree(pid))  # type: ignore[misc]
                child.ended.wait(KILLED_WITHIN)

    def _on_thread(self, action: Callable[[], T]) -> T:
        if not self._thread.is_alive():
            raise CannotStart("everything has been stopped")
        future: Future[T] = Future()
        self._inbox.put((action, future))
        return future.result()

    def _run(self) -> None:
        while True:
            try:
                sent = self._inbox.get(timeout=TICK)
            except queue.Empty:
                pass
            else:
                if sent is None:
                    return
                action, future = sent
                try:
                    future.set_result(action())
                except BaseException as error:  # noqa: BLE001 - it is raised where the action was asked for
                    future.set_exception(error)
            try:
                self._look_after_children()
            except Exception as error:  # noqa: BLE001 - whatever it is, somebody has to hear of it and everything to stop
                self._fail(f"a program could not be looked after: {error!r}")

    def _look_after_children(self) -> None:
        now = time.monotonic()
        for child in list(self._children.values()):
            if not child.ended.is_set():
                if has_ended(child.process):
                    self._after_end(child, now)
            elif child.start_at is not None and now >= child.start_at:
                self._spawn_again(child)

    def _after_end(self, child: _Child, now: float) -> None:
        # What it had started goes with it: nginx's workers would keep the port.
        kill_tree(child.process.pid)
        child.process.wait()
        self._guard.remove(child.process.pid)
        if child.wanted and child.kept_up and not self._failure:
            delay = 0.0 if child.meant else child.deaths.add(now)
            if delay is None:
                self._give_up(child)
            else:
                child.start_at = now + delay
                how = how_it_ended(child.process.returncode)
                self._say(f"{child.program.name} {how}; started again in {delay:.1f} s")
        child.meant = False
        child.ended.set()

    def _give_up(self, child: _Child) -> None:
        how = how_it_ended(child.process.returncode)
        self._fail(
            f"{child.program.name} died {self._max_deaths} times within a minute, the last time it {how};"
            f" its last words {last_words(child.program)}"
        )

    def _fail(self, why: str) -> None:
        self._failure = self._failure or why
        self.failed.set()

    def _start(self, program: Program) -> None:
        known = self._children.get(program.name)
        if known and not known.ended.is_set():
            raise CannotStart(f"{program.name} is already running")
        self._children[program.name] = _Child(program, self._spawn(program), Deaths(self._max_deaths))

    def _spawn_again(self, child: _Child) -> None:
        child.start_at = None
        child.process = self._spawn(child.program)
        # Another one's end: who still waits for that of the last must not miss it.
        child.ended = threading.Event()
        self._changed()

    def _spawn(self, program: Program) -> subprocess.Popen[bytes]:
        process = spawn(program, self._inherited)
        self._guard.add(process.pid, int(program.death_signal))
        return process
