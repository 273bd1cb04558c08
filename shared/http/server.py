"""A process that serves an app with Granian: one worker with blocking threads, on loopback.

Granian starts the worker as a child of this process and passes TERM on to it. Two things it leaves to us: a worker
whose parent was killed would go on serving alone, and its own messages would not be JSON.
"""

import ctypes
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from granian import Granian
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from shared.runtime import garbage

STOP_WITHIN = 10
"""Seconds that an orderly stop may take before the worker is killed."""
_PR_SET_PDEATHSIG = 1
HEADER_WITHIN_MS = 10_000

AppFactory = Callable[[], Any]


def serve(app_factory: str, port: int, threads: int) -> None:
    """Serves until TERM or INT, then returns; raises SystemExit(1) where the worker died by itself.

    A request in work when TERM comes is answered first. Configure logging before, in this process too.

    Args:
        app_factory: `package.module:function`, called without arguments in the worker's process.
        port: on 127.0.0.1.
        threads: how many requests are worked on at once.

    Raises:
        OSError: the port is taken. Granian would share it with the other process in silence.
    """
    _check_free(port)
    server = Granian(
        "shared.http.server:unused",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=threads,
        # An idle thread that ends takes its thread's database connection with it.
        blocking_threads_idle_timeout=600,
        workers_kill_timeout=STOP_WITHIN,
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_WITHIN_MS),
        log_access=False,
        log_level=LogLevels.error,
        log_dictconfig={"handlers": {}, "loggers": {"_granian": {"handlers": [], "propagate": True}}},
    )
    parent = os.getpid()

    def load() -> Any:
        _die_with(parent)
        module, _, name = app_factory.partition(":")
        factory: AppFactory = getattr(import_module(module), name)
        app = factory()
        garbage.settle()
        return app

    server.serve(target_loader=load, wrap_loader=False)


def _die_with(parent: int) -> None:
    """Has the kernel kill this worker when its parent was killed: what cut one short cuts both."""
    if not sys.platform.startswith("linux"):
        return
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        logging.getLogger(__name__).warning("no parent-death signal")
    if os.getppid() != parent:
        # It went between the fork and the line above.
        os._exit(1)


def _check_free(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Without SO_REUSEPORT, and with SO_REUSEADDR so that a predecessor's closed connections do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
