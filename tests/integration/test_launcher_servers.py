"""Private PostgreSQL: where it comes from, who gets in, what it keeps; and programs that will not live or die."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest

from deploy.local.faults import CannotStart
from deploy.local.program import Program
from deploy.local.servers import Servers
from deploy.local.supervise import Supervisor

T = TypeVar("T")


def connect(servers: Servers, password: str | None = None) -> "psycopg.Connection[tuple[object, ...]]":
    found = servers.postgres
    return psycopg.connect(
        host=found.host,
        port=found.port,
        user=found.superuser,
        password=password or found.password_file.read_text().strip(),
        dbname="postgres",
        autocommit=True,
    )


def test_the_wheel_s_postgresql_serves_keeps_its_data_and_lets_nobody_in_without_the_password(tmp_path: Path):
    forced = {**os.environ, "BOOKBAG_POSTGRES_SOURCE": "wheel"}
    said: list[str] = []
    with Servers(tmp_path, broker=False, environment=forced, say=said.append) as servers, connect(servers) as first:
        assert first.info.server_version >= 150_000
        assert first.execute("SHOW max_connections").fetchone() == ("300",)
        first.execute("CREATE TABLE kept AS SELECT 1 AS number")
        with pytest.raises(psycopg.OperationalError, match="password"):
            connect(servers, password="a guess")
    assert said[0].startswith("PostgreSQL: ")
    assert "wheel" in said[0]
    with Servers(tmp_path, broker=False, environment=forced, keep=False) as servers, connect(servers) as second:
        assert second.execute("SELECT number FROM kept").fetchall() == [(1,)]


def test_a_postgresql_that_is_killed_with_its_backends_recovers_what_was_committed(tmp_path: Path):
    with Servers(tmp_path, broker=False, keep=False) as servers:
        with connect(servers) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
            servers.supervisor.kill("postgres")
            servers.supervisor.wait_ready(["postgres"])
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")
        with connect(servers) as connection:
            assert connection.execute("SELECT number FROM kept").fetchall() == [(1,)]


def test_a_server_that_the_environment_names_is_used_as_it_is(tmp_path: Path):
    with Servers(tmp_path / "one", broker=False, keep=False) as one:
        named = {
            "BOOKBAG_POSTGRES": f"{one.postgres.host}:{one.postgres.port}",
            "BOOKBAG_POSTGRES_SUPERUSER": one.postgres.superuser,
            "BOOKBAG_POSTGRES_PASSWORD_FILE": str(one.postgres.password_file),
        }
        with Servers(tmp_path / "two", broker=False, environment=named) as two:
            assert two.postgres.port == one.postgres.port
            assert two.supervisor.names == []


def test_a_named_server_that_does_not_answer_is_said_in_words_and_starts_nothing(tmp_path: Path):
    (tmp_path / "password").write_text("none")
    named = {"BOOKBAG_POSTGRES": "127.0.0.1:1", "BOOKBAG_POSTGRES_PASSWORD_FILE": str(tmp_path / "password")}
    with pytest.raises(CannotStart, match=r"BOOKBAG_POSTGRES: 127\.0\.0\.1:1 cannot be used"):
        Servers(tmp_path / "run", broker=False, environment=named).start()


def test_data_of_another_major_version_is_left_alone(tmp_path: Path):
    with Servers(tmp_path, broker=False) as servers, connect(servers) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
        version = Path(str(connection.execute("SHOW data_directory").fetchone()[0])) / "PG_VERSION"  # type: ignore[index]
    made_by = version.read_text()
    version.write_text("7\n")
    with pytest.raises(CannotStart, match="made by 7"):
        Servers(tmp_path, broker=False).start()
    version.write_text(made_by)
    with Servers(tmp_path, broker=False, keep=False) as servers, connect(servers) as connection:
        assert connection.execute("SELECT number FROM kept").fetchall() == [(1,)]


def shell(name: str, script: str, folder: Path) -> Program:
    """A program that is ready at once."""
    return Program(
        name=name,
        command=["/bin/sh", "-c", script],
        environment={"PATH": os.defpath},
        folder=folder,
        log=folder / f"{name}.log",
        stage=0,
        ready=lambda: True,
    )


def test_a_program_that_dies_again_and_again_stops_everything_with_its_last_words(tmp_path: Path):
    supervisor = Supervisor(max_deaths=3)
    # Only what was seen to be ready is started again: on a busy machine it would have ended before anybody looked.
    supervisor.start(shell("ink", "until [ -e dry ]; do :; done; echo out of ink; exit 7", tmp_path))
    supervisor.wait_ready(["ink"])
    (tmp_path / "dry").touch()
    assert supervisor.failed.wait(60)
    supervisor.stop_all()
    assert supervisor.failure is not None
    assert supervisor.failure.startswith("ink died 3 times within a minute, the last time it ended with code 7")
    assert "out of ink" in supervisor.failure


class Hesitating(Supervisor):
    """Whoever asks it for something hears of it only when the program is up again."""

    def _on_thread(self, action: Callable[[], T]) -> T:
        before = self._children["pen"].process.pid if "pen" in self._children else 0
        answer = super()._on_thread(action)
        while before and self._children["pen"].wanted and self._children["pen"].process.pid == before:
            self.failed.wait(0.01)
        return answer


def test_whoever_kills_a_program_that_is_up_again_before_they_look_does_not_wait_for_its_next_end(tmp_path: Path):
    supervisor = Hesitating()
    supervisor.start(shell("pen", "exec sleep 600", tmp_path))
    supervisor.wait_ready(["pen"])
    killed = supervisor.pid("pen")
    supervisor.kill("pen")
    assert supervisor.pid("pen") != killed
    supervisor.stop_all()


def test_a_program_that_ignores_its_signal_is_killed_when_its_time_is_over(tmp_path: Path):
    supervisor = Supervisor()
    deaf = Program(
        name="deaf",
        command=["/bin/sh", "-c", "trap '' TERM; echo deaf; while :; do read line </dev/zero; done"],
        environment={"PATH": os.defpath},
        folder=tmp_path,
        log=tmp_path / "deaf.log",
        stage=0,
        ready=lambda: "deaf" in (tmp_path / "deaf.log").read_text(),
        stop_signal=signal.SIGTERM,
        stop_within=0.2,
    )
    supervisor.start(deaf)
    supervisor.wait_ready(["deaf"])
    supervisor.stop_all()
    assert not Path(f"/proc/{supervisor.pid('deaf')}").exists()
