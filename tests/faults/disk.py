"""Disks that are full: PostgreSQL's, really; the broker's, by the limit below which it takes nothing more."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.invariants import Outage, until
from tests.faults.rig import Around, Rig, rabbitmqctl

PAGE = 4096
MORE_THAN_THERE_IS, AS_IT_IS = str(900 * 10**12), str(50 * 10**6)
"""Bytes below which the broker takes nothing more: while it has no room, and as it is by itself."""
KEPT_WAITING = 8
"""Requests that have to meet the full disk."""


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """There is no byte left on it within, and room again afterwards."""
    filler = disk / "filler"
    try:
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    left = os.statvfs(disk)
                    file.write(bytes(max(PAGE, min(left.f_bavail * left.f_bsize, 1 << 24))))
            except OSError:
                pass
        yield
    finally:
        filler.unlink(missing_ok=True)


def disk_full(rig: Rig, times: int) -> None:
    """PostgreSQL's disk is full again and again: writes wait and are told so, nothing answered is lost."""
    around = _around(rig)
    assert around.disk is not None, around.no_disk_because
    for _ in range(times):
        with rig.day.going():
            rig.until_answered()
            began = time.monotonic()
            with full(around.disk):
                rig.until_refused(KEPT_WAITING, within=120)
            around.servers.supervisor.wait_ready(["postgres"], 120)
            rig.until_answered(within=120)
            rig.kept.outages.append(Outage(began, time.monotonic()))
        rig.note("PostgreSQL's disk full")
        rig.check()


def broker_alarm(rig: Rig, times: int) -> None:
    """The broker has too little room and takes nothing: publishing waits, everybody goes on, the feeds carry."""
    for _ in range(times):
        with rig.day.going():
            rabbitmqctl(rig, "set_disk_free_limit", MORE_THAN_THERE_IS)
            try:
                rig.until_answered(30)
                until(rig.bench, lambda: _published_lags(rig), "the relays wait")
            finally:
                rabbitmqctl(rig, "set_disk_free_limit", AS_IT_IS)
        rig.note("broker's disk alarm")
        rig.check()


def _published_lags(rig: Rig) -> bool:
    at = "SELECT (SELECT sum(position) FROM relay_progress) < (SELECT sum(position) FROM log_head)"
    return rig.bench.ask("points", at) == [(True,)]


def _around(rig: Rig) -> Around:
    assert rig.around is not None, "only a surrounded installation has a disk that may be filled"
    return rig.around
