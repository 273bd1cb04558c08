"""A launcher of its own for tests that kill it: python starter.py FOLDER servers|installation."""

import sys
import threading
from pathlib import Path

from product import PRODUCT  # type: ignore[import-not-found] # it stands beside this file

from deploy.local.faults import CannotStart
from deploy.local.launch import Installation
from deploy.local.progress import to_terminal
from deploy.local.servers import Servers
from deploy.local.stopping import Stopped, stop_on_signals


def main() -> int:
    folder, what = Path(sys.argv[1]), sys.argv[2]
    stop_on_signals()
    try:
        if what == "servers":
            with Servers(folder, broker=False, say=to_terminal):
                to_terminal("everything runs")
                threading.Event().wait()
        else:
            with Installation(folder, say=to_terminal, product=PRODUCT):
                to_terminal("everything runs")
                threading.Event().wait()
    except CannotStart as reason:
        to_terminal(str(reason))
        return 2
    except Stopped:
        to_terminal("stopped in order")
    return 0


if __name__ == "__main__":
    sys.exit(main())
