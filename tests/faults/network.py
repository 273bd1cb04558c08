"""Connections that are cut, delayed, swallowed and forgotten: to PostgreSQL, to the broker, and to every feed."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.faults.invariants import Outage, until
from tests.faults.proxy import Mode, Proxy
from tests.faults.rig import Rig

LATE = 0.02
"""Seconds by which each chunk is late."""
RECONNECTED = 12.0
"""Seconds in which everybody has noticed: who waits for a forgotten answer asks after it when five are over."""
MODES = (Mode.CUT, Mode.DELAY, Mode.BLACK_HOLE, Mode.HALF_OPEN)
ENDPOINTS = ("postgres", "broker", "feeds")
BETWEEN = 10
"""Troubles after which the day ends and everything is looked at."""


def proxies(rig: Rig, endpoint: str) -> Sequence[Proxy]:
    assert rig.around is not None
    if endpoint == "feeds":
        return list(rig.around.feeds.values())
    return [rig.around.postgres if endpoint == "postgres" else rig.around.broker]


@contextmanager
def trouble(rig: Rig, endpoint: str, mode: Mode) -> Iterator[None]:
    """So it is within, for connections that there are, and as it should be afterwards."""
    found = proxies(rig, endpoint)
    until(rig.bench, lambda: any(proxy.connections for proxy in found), f"{endpoint} is reached through the proxy")
    began = time.monotonic()
    for proxy in found:
        proxy.now(mode, LATE if mode is Mode.DELAY else 0)
    try:
        yield
    finally:
        for proxy in found:
            proxy.now(Mode.PASS)
    if endpoint != "broker":
        rig.kept.outages.append(Outage(began, time.monotonic() + RECONNECTED))
    rig.note(f"{endpoint} {mode.name.lower()}")


def upset(rig: Rig, endpoint: str, mode: Mode) -> None:
    """One trouble while the day goes on, until it has shown; what it may stop and what it may not is asserted.

    Without PostgreSQL nobody can write, and is told so. Without the broker, without the feeds, everybody can.
    """
    silent = endpoint == "postgres" and mode in {Mode.CUT, Mode.BLACK_HOLE}
    with trouble(rig, endpoint, mode):
        if silent:
            rig.until_refused(1)
        else:
            rig.until_answered()
    rig.until_answered()


def network(rig: Rig, times: int) -> None:
    """Every kind of trouble at every endpoint in turn, in an order of chance."""
    kinds = [(endpoint, mode) for endpoint in ENDPOINTS for mode in MODES]
    done = 0
    while done < times:
        rig.chance.shuffle(kinds)
        with rig.day.going():
            for endpoint, mode in kinds[: min(BETWEEN, times - done)]:
                upset(rig, endpoint, mode)
                done += 1
        rig.check()
