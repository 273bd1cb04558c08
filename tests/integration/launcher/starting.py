"""Processes of a launcher under test, watched by their number and not by the clock."""

import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LONGEST = 60_000
"""Milliseconds that a process under test may take to end before the test fails."""

Start = Callable[..., "subprocess.Popen[str]"]


def watch(pids: Iterable[int]) -> dict[int, int]:
    """A descriptor for each process that lives: it stays this process's even where its number is used again."""
    found = {}
    for pid in pids:
        try:
            found[pid] = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
    return found


def left_of(watched: dict[int, int]) -> list[int]:
    """Waits for each to end. Returns those that did not."""
    left = []
    for pid, descriptor in watched.items():
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        if not poller.poll(LONGEST):
            left.append(pid)
        os.close(descriptor)
    return left


@contextmanager
def starting() -> Iterator[Start]:
    """Starts `starter.py` with arguments, as a launcher of its own, and ends them at the end."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: object, **environment: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("starter.py")), *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            start_new_session=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def read_until(process: "subprocess.Popen[str]", wanted: str) -> str:
    """Reads what it says up to the line that holds the text."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if wanted in line:
            return said
    raise AssertionError(f"it never said {wanted!r}, but:\n{said}")
