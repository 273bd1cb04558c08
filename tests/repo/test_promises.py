"""What the policy promises of the system as a whole, seen in the code and in what it publishes."""

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Any

from deploy.gateway import api_page
from deploy.gateway.document import made
from deploy.gateway.render import FOR_PAGES
from deploy.services import SERVICES
from shared.events.declaration import REGISTRY
from tests.repo.project import ROOT, files, name_of

CALLS = {"httpx", "requests", "urllib", "socket", "smtplib", "ftplib", "http", "telnetlib", "aiohttp", "websockets"}
CALLS_NOBODY = {"http", "urllib.parse"}
"""The names of HTTP's statuses, and how an address is taken apart."""
MAY_CALL = {
    "shared/http/asking.py": "asks the installation's own services, at addresses of its configuration",
    "shared/http/server.py": "is given the socket that it listens at",
    "shared/testing/driver.py": "a client app's library: it calls the gateway that it is given",
}
"""Modules of the product that speak HTTP or open a socket. The broker and PostgreSQL are the installation's own too."""
PAGE = ROOT / "deploy/gateway/page"
MONEY = {"price", "cost", "pay", "payment", "purchase", "spend", "redeem", "subscription", "premium", "tier", "advert"}
RANKS = {"rank", "ranks", "ranking", "rankings", "leaderboard", "place", "streak", "average"}
OF_POSTS = {"count", "counts", "total", "totals", "posts", "number", "score"} | RANKS
WORD = re.compile(r"[A-Z]?[a-z]+")


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""


def product() -> Iterator[tuple[str, ast.Module]]:
    for path in files():
        if path.suffix == ".py" and name_of(path).startswith(("services/", "shared/")):
            yield name_of(path), ast.parse(path.read_text())


def calls(tree: ast.Module) -> bool:
    names = set(imported(tree)) - CALLS_NOBODY
    return not CALLS.isdisjoint(name.partition(".")[0] for name in names)


def test_S17_no_module_of_the_product_calls_anybody_but_the_installation_s_own_parts():
    assert {where for where, tree in product() if calls(tree)} == set(MAY_CALL)


def test_S17_a_browser_that_shows_the_pages_asks_nobody_but_the_gateway():
    assert "default-src 'self'" in FOR_PAGES["Content-Security-Policy"]
    sources = re.findall(r"(?:src|href|action)=\"(https?:)?//", "".join(p.read_text() for p in PAGE.glob("*.html")))
    assert sources == []


def words_of(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield str(name)
            yield from words_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from words_of(inner)


def published() -> set[str]:
    """Every name of a field, a parameter or an event that anybody outside can meet."""
    document = made()
    fields = set(words_of(document["components"]["schemas"])) | set(document["paths"])
    events = {
        f"{name}.{field}"
        for name in REGISTRY.names()
        if (event := REGISTRY.of(name)) is not None
        for field in event.__dataclass_fields__
    }
    return fields | events


def test_S13_S35_nothing_costs_anything_and_points_buy_nothing():
    named = words_by_name(published())
    assert {"points", "award"} <= set().union(*named.values()), "the names are taken apart"
    assert [name for name, words in named.items() if words & MONEY] == []


def words_by_name(names: Iterable[str]) -> dict[str, set[str]]:
    return {name: {word.lower() for word in WORD.findall(name)} for name in names}


def test_S10_nobody_is_ranked():
    assert [name for name, words in words_by_name(published()).items() if words & RANKS] == []


def test_S44_S45_nothing_counts_or_compares_what_is_posted():
    """How much is posted differs from week to week and from class to class, and is nobody's figure."""
    shown = fields_of_stories()
    ours = words_by_name(name for name in published() if "stor" in name.lower() or name in shown)
    assert {"story_id", "stories.StoryPosted.kind"} <= ours.keys(), "what stories publishes is found"
    assert [name for name, words in ours.items() if words & OF_POSTS] == []


def fields_of_stories() -> set[str]:
    document = made()
    shown = [name for name in document["components"]["schemas"] if "Stor" in name or "Notice" in name]
    return set(words_of([document["components"]["schemas"][name].get("properties", {}) for name in shown]))


def test_S12_points_messages_and_stories_are_all_installed_and_have_their_paths():
    assert {"points", "messaging", "stories", "moderation", "identity"} <= set(SERVICES)
    paths = made()["paths"]
    answering = {path: item["x-service"] for path, item in paths.items()}
    assert answering["/v1/points"] == "points"
    assert answering["/v1/conversations"] == "messaging"
    assert answering["/v1/classes/{class_id}/stories"] == "stories"


def test_S13_the_pages_are_read_without_a_script():
    """A plain browser is enough: what the API's page says stands in its HTML."""
    page = api_page.rendered(made())
    assert "<script" not in page
    assert "/v1/points" in page
