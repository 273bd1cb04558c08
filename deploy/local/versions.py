"""Versions of servers: read from what they print, compared with the least that works."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TypeVar

Version = tuple[int, ...]
T = TypeVar("T")

LEAST: Mapping[str, Version] = MappingProxyType({"PostgreSQL": (15,), "RabbitMQ": (3, 10), "nginx": (1, 22)})
_NUMBER = re.compile(r"(?<![\w.])(?:nginx/)?(\d+(?:\.\d+){1,3})")


def version_in(text: str) -> Version | None:
    """The first version number in a text such as `nginx version: nginx/1.22.1`."""
    found = _NUMBER.search(text)
    return tuple(int(part) for part in found[1].split(".")) if found else None


def shown(version: Version) -> str:
    return ".".join(map(str, version))


def is_too_old(server: str, version: Version) -> bool:
    return version < LEAST[server]


def newest_that_works(server: str, candidates: Iterable[tuple[Version, T]]) -> tuple[Version, T] | None:
    """The newest candidate that is not too old."""
    able = [candidate for candidate in candidates if not is_too_old(server, candidate[0])]
    return max(able, key=lambda candidate: candidate[0], default=None)
