"""Makes a worker process green, before anything else is imported: the one place that touches eventlet's patching.

psycopg waits in C by default, which stops every greenthread of the process; with a selector it yields, and with
`green_wait` it yields at less cost. psycopg reads the variable at import (it calls it "for testing"), and calls the
wait by its name: a test shows that five concurrent waits overlap.
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
    from psycopg import waiting  # noqa: PLC0415 - what is imported from here on is green

    from shared.hosting import green_wait  # noqa: PLC0415

    waiting.wait = green_wait.wait  # type: ignore[assignment]  # psycopg's enums are ints
