"""`python -m tests.fuzz`: sends what nobody should send, and says of each thing found how it is seen again.

Exit code 3 where something was found. Which requests, events and bytes are made follows from the seed; ids, which an
installation gives out anew, do not.
"""

import argparse
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

from deploy.local.faults import CannotStart
from deploy.local.progress import to_terminal
from deploy.local.stopping import Stopped, stop_on_signals
from tests.fuzz.plan import Finding, Place, Plan

FOUND, REFUSED, INTERRUPTED = 3, 2, 130
SIGN_OF_LIFE = 5.0
PIECES: Mapping[str, str] = {
    "events": "any event, and what damage does to it",
    "decoder": "any bytes, to the strict decoder",
    "images": "any bytes, to what reads pictures",
    "sockets": "what is no HTTP, or hardly, to the gateway",
    "api": "any request, as everybody, to the gateway",
}


def main() -> int:
    asked = _arguments()
    stop_on_signals()
    place = Place(to_terminal)
    code = INTERRUPTED
    try:
        with place.stack:
            code = FOUND if _played(asked, place) else 0
    except CannotStart as reason:
        sys.stderr.write(f"{reason}\n")
        code = REFUSED
    except (Stopped, KeyboardInterrupt):
        code = INTERRUPTED
    finally:
        if "folder" in place.__dict__ and code != FOUND:
            shutil.rmtree(place.folder, ignore_errors=True)
    return code


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--only", choices=PIECES, action="append", help="this piece, and no other that is not named")
    parser.add_argument("--seed", type=int, default=None, help="of the first round; each next one has the next")
    parser.add_argument("--examples", type=int, help="of each property, operation, target or form, in one round")
    parser.add_argument("--seconds", type=float, default=0.0, help="begin rounds for so long; one round if not given")
    parser.add_argument("--operation", help='of the API, this one alone: "POST /v1/points"')
    return parser.parse_args()


def _played(asked: argparse.Namespace, place: Place) -> int:
    """How many things were found."""
    seed = secrets.randbelow(2**32) if asked.seed is None else asked.seed
    names = [name for name in PIECES if not asked.only or name in asked.only]
    until, found = time.monotonic() + asked.seconds, 0
    while True:
        for name in names:
            found += _piece(name, seed, asked, place)
        if found or time.monotonic() >= until:
            break
        seed += 1
    to_terminal(f"{found} things found" if found else "Nothing found.")
    return found


def _piece(name: str, seed: int, asked: argparse.Namespace, place: Place) -> int:
    began = time.monotonic()
    to_terminal(f"{name}: {PIECES[name]} (seed {seed})")
    plan = Plan(
        seed=seed, examples=asked.examples, operation=asked.operation, place=place, say=to_terminal, step=_steps()
    )
    play: Callable[[Plan], Sequence[Finding]] = import_module(f"tests.fuzz.{name}").play
    findings = play(plan)
    for finding in findings:
        to_terminal(f"FOUND {finding.what}")
        for line in finding.shown.splitlines():
            to_terminal(f"    {line}")
    if findings:
        to_terminal(f"  seed {seed}; again: {again(name, seed, asked)}")
    to_terminal(f"  {len(findings)} found in {time.monotonic() - began:.0f} s")
    return len(findings)


def again(name: str, seed: int, asked: argparse.Namespace) -> str:
    """The command that plays a piece once more as it was."""
    more = f" --examples {asked.examples}" if asked.examples is not None else ""
    more += f" --operation '{asked.operation}'" if asked.operation else ""
    return f'make fuzz ARGS="--only {name} --seed {seed}{more}"'


def _steps() -> Callable[[int, int], None]:
    told = time.monotonic()

    def step(done: int, of: int) -> None:
        nonlocal told
        if time.monotonic() - told >= SIGN_OF_LIFE:
            told = time.monotonic()
            to_terminal(f"  {done} of {of}")

    return step


if __name__ == "__main__":
    sys.exit(main())
