"""One id for all that follows from a request, from the gateway through the log to every consumer."""

import re
from contextvars import ContextVar
from uuid import UUID

from structlog.contextvars import bind_contextvars, clear_contextvars

from shared.runtime.ids import new_id

HEADER = "Bookbag-Correlation"

_FORM = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_current: ContextVar[UUID | None] = ContextVar("correlation_id", default=None)


def begin(header: str | None = None) -> UUID:
    """Starts a unit of work: its id is the header's, if that is a UUID (with dashes or as 32 hex digits), else new.

    Binds it to every log line of this thread or greenthread, and drops what the unit before it had bound.
    """
    found = UUID(header) if header and _FORM.fullmatch(header) else new_id()
    resume(found)
    return found


def resume(correlation_id: UUID) -> None:
    """Goes on under an id that is known: a consumer under its event's."""
    clear_contextvars()
    _current.set(correlation_id)
    bind_contextvars(correlation_id=str(correlation_id))


def current() -> UUID:
    """The id of the unit of work under way; a new one is begun where there is none."""
    return _current.get() or begin()
