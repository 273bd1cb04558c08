"""A worker's process is green: waits for the database overlap instead of stopping one another."""

import os
import subprocess
import sys

from deploy.operator.config import ROOT, OperatorConfig

TOGETHER = """
from shared.hosting.green import make_green
make_green()
import eventlet, psycopg
keeper = psycopg.connect("", autocommit=True)
keeper.execute("SELECT pg_advisory_lock(7)")
def wait():
    with psycopg.connect("", autocommit=True) as connection:
        connection.execute("SET lock_timeout = 'LONGEST'")
        try:
            connection.execute("SELECT pg_advisory_lock_shared(7)")
        except psycopg.errors.LockNotAvailable:
            pass
waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7 AND NOT granted"
threads, most = [eventlet.spawn(wait) for _ in range(5)], 0
while most < 5 and not all(thread.dead for thread in threads):
    eventlet.sleep(0)
    most = max(most, keeper.execute(waiting).fetchone()[0])
keeper.execute("SELECT pg_advisory_unlock(7)")
for thread in threads:
    thread.wait()
print(most)
"""
"""Five wait for what the sixth lets them have as soon as it sees all five wait; it says how many it saw at most."""


def run(program: str, config: OperatorConfig) -> subprocess.CompletedProcess[str]:
    assert config.superuser_password_file is not None
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PGHOST": config.host,
        "PGPORT": str(config.port),
        "PGUSER": config.superuser or "",
        "PGPASSWORD": config.superuser_password_file.read_text().strip(),
        "PGDATABASE": "postgres",
    }
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_who_waits_for_the_database_stops_nobody_else(operator_config: OperatorConfig):
    done = run(TOGETHER.replace("LONGEST", "50s"), operator_config)
    assert (done.stdout, done.returncode) == ("5\n", 0), done.stderr


def test_with_psycopg_s_own_waiting_everybody_would_wait_with_them(operator_config: OperatorConfig):
    """The control: the same program with psycopg's own waiting. Each of the five waits in vain and sees nobody."""
    theirs = "make_green()\nfrom psycopg import waiting; waiting.wait = waiting.wait_c\n"
    done = run(TOGETHER.replace("make_green()\n", theirs, 1).replace("LONGEST", "50ms"), operator_config)
    assert (done.stdout, done.returncode) == ("0\n", 0), done.stderr


def test_a_process_that_imported_psycopg_first_is_not_made_green(operator_config: OperatorConfig):
    done = run("import psycopg\nfrom shared.hosting.green import make_green\nmake_green()", operator_config)
    assert done.returncode != 0
    assert "before the process was made green" in done.stderr


MORE_THAN_A_SOCKET_HOLDS = """
from shared.hosting.green import make_green
make_green()
import psycopg
with psycopg.connect("") as connection, connection.pipeline():
    asked = [connection.execute("SELECT length(%s), repeat('x', 1000000)", ("y" * 1_000_000,)) for _ in range(20)]
    print(sum(cursor.fetchone()[0] for cursor in asked))
"""


def test_what_is_more_than_a_socket_holds_goes_both_ways(operator_config: OperatorConfig):
    """Writing has to wait then, and to read meanwhile: else both sides would wait for one another."""
    done = run(MORE_THAN_A_SOCKET_HOLDS, operator_config)
    assert (done.stdout, done.returncode) == ("20000000\n", 0), done.stderr


ENDS = """
from shared.hosting.green import make_green
make_green()
import eventlet, psycopg
connection, other = (psycopg.connect("", autocommit=True) for _ in range(2))
assert list(connection.notifies(timeout=0.05)) == []
connection.execute("LISTEN here")
other.execute("NOTIFY here")
while not list(connection.notifies(timeout=0)):
    pass
def wait():
    try:
        connection.execute("SELECT pg_sleep(600)")
    except psycopg.OperationalError as error:
        return type(error).__name__
waiting = eventlet.spawn(wait)
busy = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND wait_event = 'PgSleep'"
while other.execute(busy, (connection.info.backend_pid,)).fetchone() != (1,):
    eventlet.sleep(0)
other.execute("SELECT pg_terminate_backend(%s)", (connection.info.backend_pid,))
print(waiting.wait())
"""


def test_a_wait_ends_with_its_time_and_with_its_connection(operator_config: OperatorConfig):
    done = run(ENDS, operator_config)
    assert (done.stdout, done.returncode) == ("AdminShutdown\n", 0), done.stderr
