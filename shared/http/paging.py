"""Lists: `?limit=&after=` in, `{"items": [], "next": null}` out, with opaque cursors."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import orjson
from falcon import Request

from shared.http.schemas import Schema, StrictInt, Text
from shared.http.strict_json import decode
from shared.policy.codes import BAD_CURSOR, INVALID_FIELDS
from shared.policy.refusal import Refusal

T = TypeVar("T")

DEFAULT_LIMIT = 50
MOST = 100
MAX_CURSOR = 512
"""Longest cursor in characters."""

Key: TypeAlias = tuple[str | int, ...]
"""Where a page ends: the sort key of its last item. Ids, times and numbers; nothing personal, for it is in a URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What part of a list is asked for: at most `limit` items (1 to 100), those after the cursor."""

    limit: int = DEFAULT_LIMIT
    after: str | None = None

    def after_key(self, *kinds: type[str | int]) -> Key | None:
        """The key behind the cursor, of exactly these kinds; None on the first page. Raises Refusal(BAD_CURSOR)."""
        if self.after is None:
            return None
        key = from_cursor(self.after)
        if len(key) != len(kinds) or any(type(part) is not kind for part, kind in zip(key, kinds, strict=True)):
            raise Refusal(BAD_CURSOR)
        return key


class PageQuery(Schema):
    """The query of an operation whose answer holds a page among other things; `page_of` reads it."""

    limit = StrictInt(1, MOST, text=True)
    after = Text(1, MAX_CURSOR)


def page_of(req: Request) -> Page:
    """The page that the query asks for.

    Raises:
        Refusal: INVALID_FIELDS for a limit that is no number from 1 to 100; BAD_CURSOR.
    """
    limit, after = req.params.get("limit"), req.params.get("after")
    if limit is None:
        count = DEFAULT_LIMIT
    elif isinstance(limit, str) and limit.isascii() and limit.isdigit() and len(limit) <= len(str(MOST)):
        count = int(limit)
    else:
        count = 0
    if not 1 <= count <= MOST:
        raise Refusal(INVALID_FIELDS, errors={"limit": [f"Please give a whole number from 1 to {MOST}."]})
    if after is not None:
        if not isinstance(after, str):
            raise Refusal(BAD_CURSOR)
        from_cursor(after)
    return Page(limit=count, after=after)


def paged(found: Sequence[T], page: Page, key: Callable[[T], Key], shape: Callable[[T], Any]) -> dict[str, Any]:
    """The answer's body. `found` holds up to one item more than the limit: it tells that there is a next page."""
    items = found[: page.limit]
    more = len(found) > page.limit
    return {"items": [shape(item) for item in items], "next": to_cursor(key(items[-1])) if more else None}


def to_cursor(key: Key) -> str:
    """The cursor of a key: base64url of a JSON list. It hides nothing. Raises ValueError beyond 512 characters."""
    cursor = base64.urlsafe_b64encode(orjson.dumps(list(key))).rstrip(b"=").decode("ascii")
    if len(cursor) > MAX_CURSOR:
        raise ValueError("a cursor's key is a few ids and numbers")
    return cursor


def from_cursor(cursor: str) -> Key:
    """The key of a cursor. Raises Refusal(BAD_CURSOR) for anything that `to_cursor` does not make."""
    try:
        value = decode(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, Refusal):
        raise Refusal(BAD_CURSOR) from None
    if not isinstance(value, list) or len(cursor) > MAX_CURSOR:
        raise Refusal(BAD_CURSOR)
    key: list[str | int] = []
    for part in value:
        if isinstance(part, bool) or not isinstance(part, str | int):
            raise Refusal(BAD_CURSOR)
        key.append(part)
    if to_cursor(tuple(key)) != cursor:
        raise Refusal(BAD_CURSOR)
    return tuple(key)
