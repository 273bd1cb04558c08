"""All topics, in the order of the page. Each is a module of its own that ends in a `TOPIC`."""

import importlib
from collections.abc import Sequence

from bench.side import Topic

NAMES = ("store", "bus", "rebuild", "gateway", "revocation", "growth")


def topic(name: str) -> Topic | None:
    """The topic of that name; None where this copy has no such module."""
    try:
        module = importlib.import_module(f"bench.{name}")
    except ModuleNotFoundError as missing:
        if missing.name != f"bench.{name}":
            raise
        return None
    found: Topic = module.TOPIC
    return found


def topics(names: Sequence[str] = NAMES) -> Sequence[Topic]:
    """Those of these names that there are."""
    return [found for name in names if (found := topic(name))]
