"""`python -m deploy.local run | servers | test`: what `make run` and `make test` call."""

import argparse
import os
import sys
from pathlib import Path

from deploy.local.faults import CannotStart
from deploy.local.folders import ROOT
from deploy.local.run import run
from deploy.local.serve import serve
from deploy.local.stopping import Stopped, stop_on_signals
from deploy.local.suite import run_suite

REFUSED = 2


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="start an installation on this machine; Ctrl-C stops it")
    servers = commands.add_parser("servers", help="start PostgreSQL and RabbitMQ alone")
    servers.add_argument("--check", action="store_true", help="stop them again as soon as they answer")
    commands.add_parser("test", help="run pytest in a run folder of its own; what follows is pytest's")
    chosen, arguments = parser.parse_known_args()
    if arguments and chosen.command != "test":
        parser.error(f"not understood: {' '.join(arguments)}")
    run_dir = Path(os.environ.get("BOOKBAG_RUN_DIR") or ROOT / "run").absolute()
    stop_on_signals()
    try:
        match chosen.command:
            case "run":
                return run(run_dir)
            case "servers":
                return serve(run_dir, check=chosen.check)
            case _:
                return run_suite(arguments)
    except CannotStart as reason:
        print(reason, file=sys.stderr, flush=True)
        return REFUSED
    except Stopped:
        return 0


if __name__ == "__main__":
    sys.exit(main())
