"""Runs tests over and over in a folder whose files change: each time in a fork, so that nothing is loaded twice.

Reads a line of JSON with the names of tests, answers a line with what came of them. What is not this project's is
loaded once, before the first fork; the project's own modules are loaded in the fork, as the files are then.
"""

import contextlib
import importlib
import json
import os
import signal
import sys
from typing import Any

import pytest

BEFORE = (
    *("hypothesis", "hypothesis.strategies", "falcon", "falcon.testing", "marshmallow"),
    *("psycopg", "psycopg_pool", "orjson", "structlog", "holidays", "argon2", "httpx", "PIL.Image", "apispec"),
    *("prometheus_client", "limits", "cryptography.hazmat.primitives.asymmetric.ed25519", "xml.etree.ElementTree"),
)
LONGEST = 240
"""Seconds: a rule that is switched off may make a test run for ever."""


class Seen:
    """What became of each test: only a test that ran and said no counts as failed."""

    def __init__(self) -> None:
        self.ran: set[str] = set()
        self.failed: set[str] = set()
        self.broken: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = report.nodeid.partition("[")[0]
        if report.when == "call":
            self.ran.add(name)
            if report.failed:
                self.failed.add(name)
        elif report.failed:
            self.broken.add(name)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.broken.add(report.nodeid)

    def told(self) -> dict[str, list[str]]:
        return {"ran": sorted(self.ran), "failed": sorted(self.failed), "broken": sorted(self.broken)}


def in_a_fork(tests: list[str]) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        signal.alarm(LONGEST)
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - a descriptor is wanted
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
        seen = Seen()
        # The libraries that were loaded before the fork hold no assertion that would be rewritten.
        quiet = [
            "-W",
            "ignore::pytest.PytestAssertRewriteWarning",
            "-q",
            "--noconftest",
            "-p",
            "no:randomly",
            "-p",
            "no:cacheprovider",
            "--tb=no",
        ]
        pytest.main([*quiet, *tests], plugins=[seen])
        os.write(writing, json.dumps(seen.told()).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return json.loads(told) if told else {"ran": [], "failed": [], "broken": tests}


def main() -> None:
    for name in BEFORE:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(in_a_fork(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
