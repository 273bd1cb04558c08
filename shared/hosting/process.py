"""The entry of every process: `api` serves HTTP, `worker` follows logs. One sentence where it cannot start."""

import importlib
import os
import sys

PROCESSES = ("api", "worker")


def main(service: str) -> None:
    """Runs the process that the command line names, until it is told to stop."""
    if sys.argv[1:] not in [[name] for name in PROCESSES]:
        sys.exit(f"usage: python -m services.{service} [{' | '.join(PROCESSES)}]")
    if sys.argv[1] == "worker":
        _worker(service)
    else:
        _api(service)


def _api(service: str) -> None:
    from shared.http.server import serve  # noqa: PLC0415 - each process imports what it runs and no more
    from shared.runtime.config import ApiConfig, ConfigError  # noqa: PLC0415

    try:
        threads = ApiConfig.from_environment(os.environ).http_threads
        port = int(os.environ["BOOKBAG_HTTP_PORT"])
    except ConfigError as error:
        sys.exit(str(error))
    serve(f"services.{service}.bootstrap:create_app", port, threads)


def _worker(service: str) -> None:
    from shared.hosting.green import make_green  # noqa: PLC0415 - before anything that opens a socket

    make_green()
    from shared.hosting.nameko_host import run_worker  # noqa: PLC0415
    from shared.runtime.config import ConfigError  # noqa: PLC0415
    from shared.runtime.logging import configure  # noqa: PLC0415

    configure(service, "worker")
    try:
        run_worker(importlib.import_module(f"services.{service}.worker").SERVICE)
    except ConfigError as error:
        sys.exit(str(error))
