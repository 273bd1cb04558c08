"""The launcher's own end: by a signal, by kill -9, and what the next start finds."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from deploy.local.accounts import remove_place
from deploy.local.folders import RunLock
from deploy.local.progress import to_nobody
from deploy.local.servers import Servers
from deploy.local.tree import descendants
from tests.integration.launcher.starting import Start, left_of, read_until, starting, watch


@pytest.fixture
def start() -> Iterator[Start]:
    with starting() as start:
        yield start


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A run folder whose databases are removed, wherever they lie."""
    yield tmp_path / "run"
    note = tmp_path / "run/postgres/place"
    if note.exists():
        remove_place(note)


def connected(servers: Servers) -> "psycopg.Connection[tuple[object, ...]]":
    found = servers.postgres
    password = found.password_file.read_text().strip()
    return psycopg.connect(
        host=found.host, port=found.port, user=found.superuser, password=password, dbname="postgres", autocommit=True
    )


def command_of(pid: int) -> bytes:
    """Nothing where it has ended since it was seen, as a backend of PostgreSQL's may."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def test_killed_with_sigkill_the_launcher_leaves_no_process_behind_not_even_a_grandchild(start: Start, folder: Path):
    launcher = start(folder, "installation")
    read_until(launcher, "everything runs")
    everything = descendants(launcher.pid)
    sleepers = [pid for pid in everything if b"time.sleep(600)" in command_of(pid)]
    assert len(sleepers) == 2, "the api processes' own children are there"
    watched = watch(everything)
    launcher.kill()
    assert left_of(watched) == []


def test_killed_together_with_its_guardian_the_launcher_leaves_none_of_its_own_children(start: Start, folder: Path):
    launcher = start(folder, "servers")
    read_until(launcher, "everything runs")
    everything = descendants(launcher.pid)
    guardians = [pid for pid in everything if b"guardian.py" in command_of(pid)]
    assert len(guardians) == 1
    watched = watch(everything)
    os.kill(guardians[0], signal.SIGKILL)
    launcher.kill()
    assert left_of(watched) == []


def test_a_start_right_after_sigkill_finds_what_was_committed(start: Start, folder: Path):
    with Servers(folder, broker=False) as servers, connected(servers) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
    launcher = start(folder, "servers")
    read_until(launcher, "everything runs")
    launcher.kill()
    with Servers(folder, broker=False) as servers, connected(servers) as connection:
        assert connection.execute("SELECT number FROM kept").fetchall() == [(1,)]


def test_a_start_waits_until_the_last_child_of_a_killed_launcher_is_gone(folder: Path):
    killed, following = RunLock(folder), RunLock(folder)
    killed.take(to_nobody)
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[killed.inherited])
    killed.release()
    said: list[str] = []

    def end_child(line: str) -> None:
        said.append(line)
        child.communicate()

    following.take(end_child)
    following.release()
    assert "waiting until the last processes" in said[0]
    assert child.returncode is not None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_in_order(start: Start, folder: Path, number: signal.Signals):
    launcher = start(folder, "servers")
    read_until(launcher, "everything runs")
    watched = watch(descendants(launcher.pid))
    launcher.send_signal(number)
    said, _ = launcher.communicate(timeout=60)
    assert "stopped in order" in said
    assert launcher.returncode == 0
    assert left_of(watched) == []


def test_a_signal_while_it_still_starts_leaves_nothing(start: Start, folder: Path):
    launcher = start(folder, "installation")
    read_until(launcher, "starting PostgreSQL")
    watched = watch(descendants(launcher.pid))
    launcher.send_signal(signal.SIGINT)
    said, _ = launcher.communicate(timeout=60)
    assert "stopped in order" in said
    assert left_of(watched) == []
    assert not (folder / "state.json").exists()


def test_of_two_starts_at_once_one_says_that_the_other_runs(start: Start, folder: Path):
    first, second = start(folder, "servers"), start(folder, "servers")
    said = {process: process.stdout.readline() for process in (first, second) if process.stdout}
    refused = [process for process, line in said.items() if line.startswith("Bookbag already runs in ")]
    assert len(refused) == 1, said
    assert refused[0].wait(timeout=60) == 2
    running = second if refused[0] is first else first
    read_until(running, "everything runs")


def test_the_state_file_is_its_owner_s_alone_names_what_runs_and_is_gone_afterwards(start: Start, folder: Path):
    launcher = start(folder, "installation")
    read_until(launcher, "everything runs")
    file = folder / "state.json"
    state = json.loads(file.read_text())
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(state["processes"]) == ["ink.api", "ink.worker", "paper.api", "paper.worker"]
    assert {process["pid"] for process in state["processes"].values()} <= set(descendants(launcher.pid))
    launcher.send_signal(signal.SIGINT)
    launcher.communicate(timeout=60)
    assert not file.exists()
