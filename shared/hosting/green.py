"""Makes a worker process green, before anything else is imported: the one place that touches eventlet's patching.

psycopg waits in C by default, which stops every greenthread of the process; told to wait with a selector it yields.
psycopg reads the variable at import (it calls it "for testing"): a test shows that five concurrent waits overlap.
"""

import os
import sys
import warnings


def make_green() -> None:
    """Call it first in a worker's `__main__`. Raises RuntimeError where psycopg came before it."""
    if "psycopg" in sys.modules:
        raise RuntimeError("psycopg was imported before the process was made green")
    os.environ["PSYCOPG_WAIT_FUNC"] = "wait_selector"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # eventlet is in maintenance mode; it stays in here
        import eventlet  # noqa: PLC0415 - nothing else may load it

        eventlet.monkey_patch()
