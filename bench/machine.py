"""What was measured on, in facts that a reader can compare: never a name or an address of the machine."""

import os
import platform
import re
import time
from importlib import metadata
from pathlib import Path
from statistics import median

from bench.place import Place

PACKAGES = ("psycopg", "eventsourcing", "kombu", "amqp", "orjson", "cryptography", "falcon", "granian")
SYNCS = 200
SUMS, SQUARES = 20, 1_000_000
BLOCK = 8192


def facts(place: Place) -> dict[str, str]:
    """By name, for the page."""
    with place.superuser() as connection:
        row = connection.execute("SELECT current_setting('server_version'), current_setting('fsync')").fetchone()
    version, fsync = row or ("", "")
    return {
        "cores": str(os.cpu_count()),
        "processor": _processor(),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "Python": platform.python_version(),
        "a million squares added up in it": f"{_adding_ms():.0f} ms (median of {SUMS})",
        "PostgreSQL": f"{version.split()[0]}, fsync {fsync}",
        "an 8 KiB write and fdatasync": f"{_sync_ms(place.folder):.2f} ms (median of {SYNCS})",
        **{name: version for name in PACKAGES if (version := _version(name))},
    }


def _processor() -> str:
    """The kind of processor, as the kernel says it."""
    found = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def _adding_ms() -> float:
    """How long the interpreter takes to add up squares: one built with a profile takes a quarter less than another."""
    times = []
    for _ in range(SUMS):
        began = time.perf_counter()
        sum([number * number for number in range(SQUARES)])
        times.append(time.perf_counter() - began)
    return median(times) * 1000


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _sync_ms(folder: Path) -> float:
    path, times = folder / "sync", []
    with path.open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            began = time.perf_counter()
            file.write(bytes(BLOCK))
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    path.unlink()
    return median(times) * 1000
