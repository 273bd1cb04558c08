"""How much memory each process of an installation holds: what is shared is counted once, a share to each."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from tests.installation import Bench

MEGABYTE = 1 << 20
MOST_GROWTH = 50 * MEGABYTE


def held(bench: Bench) -> Mapping[str, int]:
    """Bytes by process, with all that it started. Servers that run elsewhere are not looked at."""
    state, children = bench.it.state, _children()
    roots: dict[str, int | None] = {name: process["pid"] for name, process in state["processes"].items()}
    roots |= {"postgres": state["postgres"]["pid"], "broker": state["broker"]["pid"], "nginx": state["nginx"]["pid"]}
    return {name: sum(_share(pid) for pid in _tree(root, children)) for name, root in roots.items() if root is not None}


def grown(before: Mapping[str, int], after: Mapping[str, int]) -> Mapping[str, int]:
    """Which processes hold more than MOST_GROWTH bytes more, and how many."""
    more = {name: after[name] - before[name] for name in before.keys() & after.keys()}
    return {name: growth for name, growth in more.items() if growth > MOST_GROWTH}


def _children() -> Mapping[int, list[int]]:
    found: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                found.setdefault(parent, []).append(int(entry.name))
    return found


def _tree(root: int, children: Mapping[int, list[int]]) -> Iterator[int]:
    yield root
    for child in children.get(root, ()):
        yield from _tree(child, children)


def _share(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
