"""Logs: one JSON object a line on stderr, UTC, dotted event names, ids only.

A key that is not on the closed list is dropped and counted, so that nobody's name gets into a log by a careless call.
An exception keeps its type and its frames, never its text: a text may quote what was sent, or a row.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any, TextIO
from uuid import UUID

import orjson
import structlog

ALLOWED = frozenset(
    {
        "address",
        "attempt",
        "batch",
        "capacity",
        "causation_id",
        "clause",
        "code",
        "consumer",
        "correlation_id",
        "count",
        "database",
        "dropped_keys",
        "duration_ms",
        "error",
        "error_module",
        "event",
        "event_id",
        "event_type",
        "expected_position",
        "failing",
        "frames",
        "host",
        "key_count",
        "lag",
        "level",
        "logger",
        "method",
        "migration",
        "name",
        "partition",
        "person_id",
        "pid",
        "port",
        "position",
        "process",
        "projection",
        "queue",
        "reaction",
        "reason",
        "route",
        "schema_version",
        "school_id",
        "seconds",
        "service",
        "session_id",
        "signal",
        "source",
        "state",
        "status",
        "stream",
        "stream_version",
        "threads",
        "timestamp",
        "version",
    }
)
"""Every key that a log line may have. Values are ids, names of code and numbers."""

_META = frozenset({"_record", "_from_structlog"})
"""What structlog itself adds on the way; the formatter takes both out again."""
_MAX_TEXT = 300
_EVENT = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")
_FRAMES = 30

EventDict = MutableMapping[str, Any]


def configure(service: str, process: str, *, stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Sets up structlog and routes the standard library's logging through it. Call once, at a process's start."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        exception_without_text,
        _Label(service, process),
        only_allowed_keys,
    ]
    as_json = structlog.processors.JSONRenderer(serializer=_serialized)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[_foreign, *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, as_json],
    )
    # Our own lines are written straight: the standard library's way takes four times as long, in every request.
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    structlog.configure(
        processors=[*shared, as_json],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )


def logger() -> structlog.typing.FilteringBoundLogger:
    """A logger: `logger().info("points.awarded", position=42)`."""
    made: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return made


def only_allowed_keys(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Drops keys that are not on the list and values that are no id, number or short text; says how many went."""
    kept = {key: _plain(value) for key, value in event.items() if key in ALLOWED or key in _META}
    dropped = len(event) - len(kept)
    name = kept.get("event")
    if not (isinstance(name, str) and _EVENT.fullmatch(name)):
        # A sentence with values in it is how personal data gets into logs.
        kept["event"] = "log.unnamed_event"
    if dropped:
        kept["dropped_keys"] = dropped
    return kept


def exception_without_text(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Replaces exception information by the exception's type and frames."""
    info = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if info is True:
        info = sys.exc_info()
    if isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if isinstance(info, tuple) and info[0] is not None:
        kind, _, frames = info
        event["error"], event["error_module"] = kind.__qualname__, kind.__module__
        event["frames"] = _frames(frames)
    return event


def _serialized(event: EventDict, **_: Any) -> str:
    try:
        return orjson.dumps(event).decode()
    except TypeError:  # a number beyond 64 bits, half a character: no reason to lose a line, or a request
        return json.dumps(event, default=str)


def _frames(last: TracebackType | None) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(last)[-_FRAMES:]]


def _foreign(_logger: Any, _method: str, event: EventDict) -> EventDict:
    # A library's message may quote anything; what stays is which library spoke, how loudly, and its exception.
    record = event.get("_record")
    event["logger"] = getattr(record, "name", "unknown")
    event["event"] = "library.logged"
    if isinstance(record, logging.LogRecord) and record.exc_info:
        event["exc_info"] = record.exc_info
    return event


class _Label:
    def __init__(self, service: str, process: str) -> None:
        self._labels: Mapping[str, str] = {"service": service, "process": process}

    def __call__(self, _logger: Any, _method: str, event: EventDict) -> EventDict:
        for key, value in self._labels.items():
            event.setdefault(key, value)
        return event


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, UUID):
        return value  # written as text, where all is
    return value[:_MAX_TEXT] if isinstance(value, str) else type(value).__name__
