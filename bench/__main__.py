"""`python -m bench [--only store,bus] [--rounds 3] [--short] [--page]`: what `make bench` calls.

Exit code 3 where a control was not caught. A goal that is missed fails nothing: the page says by how much.
"""

import argparse
import shutil
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from bench import report
from bench.frame import not_caught, run
from bench.machine import facts
from bench.place import Place
from bench.topics import NAMES, topics
from deploy.local.folders import ROOT, private_folder
from deploy.local.progress import to_terminal

NOT_CAUGHT = 3
LEAST_ROUNDS = 3


def main() -> int:
    asked = _arguments()
    if asked.page:
        report.PAGE.write_text(report.page(topics()))
        return 0
    missed: list[str] = []
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=private_folder(ROOT / "run")))
    try:
        for topic in topics(asked.only):
            # A place of its own each: what one leaves in the servers' caches and files is not the next one's.
            with ExitStack() as stack:
                place = Place(folder=private_folder(folder / topic.name), short=asked.short, stack=stack)
                outcomes = run(topic, place, asked.rounds, to_terminal)
                missed += not_caught(outcomes)
                if not asked.short:
                    report.write(topic, facts(place), outcomes, datetime.now(UTC))
                    report.PAGE.write_text(report.page(topics()))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for name in missed:
        to_terminal(f"control not caught: {name}")
    return NOT_CAUGHT if missed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", type=_names, default=NAMES, help=f"some of {','.join(NAMES)} (default: all)")
    parser.add_argument("--rounds", type=_rounds, default=LEAST_ROUNDS, help="3 or more (default: 3)")
    parser.add_argument("--short", action="store_true", help="a tenth of it in one round, written down nowhere")
    parser.add_argument("--page", action="store_true", help="only write the page anew from what is written down")
    asked = parser.parse_args()
    if asked.short:
        asked.rounds = 1
    return asked


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in NAMES]:
        raise argparse.ArgumentTypeError(f"{unknown[0]} is none of {','.join(NAMES)}")
    return names


def _rounds(text: str) -> int:
    if int(text) < LEAST_ROUNDS:
        raise argparse.ArgumentTypeError("a median needs three rounds")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
