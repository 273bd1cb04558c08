"""A worker's process is green: waits for the database overlap instead of stopping one another."""

import os
import subprocess
import sys

from deploy.operator.config import ROOT, OperatorConfig

PROGRAM = """
from shared.hosting.green import make_green
make_green()
import time, eventlet, psycopg
def wait():
    with psycopg.connect("") as connection:
        connection.execute("SELECT pg_sleep(1)")
started = time.monotonic()
threads = [eventlet.spawn(wait) for _ in range(5)]
for thread in threads:
    thread.wait()
print(time.monotonic() - started)
"""


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


def test_five_waits_of_a_second_overlap(operator_config: OperatorConfig):
    """Not a race against the clock: one after the other they would take at least five seconds."""
    done = run(PROGRAM, operator_config)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 4.5


def test_without_the_selector_they_would_not(operator_config: OperatorConfig):
    """The control: the same program with psycopg's own waiting takes five seconds."""
    blocking = PROGRAM.replace("make_green()\n", "make_green()\nimport os; del os.environ['PSYCOPG_WAIT_FUNC']\n", 1)
    done = run(blocking, operator_config)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) >= 4.5


def test_a_process_that_imported_psycopg_first_is_not_made_green(operator_config: OperatorConfig):
    done = run("import psycopg\nfrom shared.hosting.green import make_green\nmake_green()", operator_config)
    assert done.returncode != 0
    assert "before the process was made green" in done.stderr
