import io
import json
import logging
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import structlog

from shared.runtime import correlation
from shared.runtime.logging import configure, logger

CANARY = "Amelia Khan"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure("points", "api", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_a_time_in_utc(log: io.StringIO) -> None:
    person = uuid4()
    logger().info("points.awarded", person_id=person, position=42)
    (line,) = lines(log)
    assert line["timestamp"].endswith("Z")
    assert {key: line[key] for key in ("event", "level", "service", "process", "person_id", "position")} == {
        "event": "points.awarded",
        "level": "info",
        "service": "points",
        "process": "api",
        "person_id": str(person),
        "position": 42,
    }


def test_a_key_that_is_not_on_the_list_is_dropped_and_counted(log: io.StringIO) -> None:
    logger().info("points.awarded", pupil_name=CANARY, body={"text": CANARY}, _sneaky=CANARY)
    assert CANARY not in log.getvalue()
    assert lines(log)[0]["dropped_keys"] == 3


def test_a_value_that_is_no_id_number_or_short_text_is_not_shown(log: io.StringIO) -> None:
    logger().info("points.awarded", reason={"text": CANARY}, state="x" * 5000, batch=[{"name": CANARY}])
    assert CANARY not in log.getvalue()
    assert len(log.getvalue()) < 1000


def test_a_sentence_is_no_event_name(log: io.StringIO) -> None:
    logger().info(f"{CANARY} got a point")
    assert CANARY not in log.getvalue()
    assert lines(log)[0]["event"] == "log.unnamed_event"


def test_an_exception_keeps_type_and_frames_and_loses_its_text(log: io.StringIO) -> None:
    try:
        try:
            raise KeyError(CANARY)  # noqa: TRY301 - its text is the point
        except KeyError as cause:
            raise ValueError(f"no such pupil: {CANARY}") from cause
    except ValueError as error:
        error.add_note(CANARY)
        logger().error("points.failed", exc_info=True)
        logger().error("points.failed", exc_info=error)
        logger().exception("points.failed")
    assert CANARY not in log.getvalue()
    for line in lines(log):
        assert (line["error"], line["error_module"]) == ("ValueError", "builtins")
        assert "test_runtime_logging.py" in line["frames"][-1]


def test_a_librarys_message_stays_out_and_its_name_stays(log: io.StringIO) -> None:
    try:
        raise ValueError(CANARY)  # noqa: TRY301 - its text is the point
    except ValueError:
        logging.getLogger("psycopg.pool").exception("row %s", CANARY, stack_info=True, extra={"reason": CANARY})
    assert CANARY not in log.getvalue()
    (line,) = lines(log)
    assert (line["event"], line["logger"], line["level"], line["error"]) == (
        "library.logged",
        "psycopg.pool",
        "error",
        "ValueError",
    )


def test_every_line_of_a_request_carries_its_correlation_and_the_next_ones_does_not(log: io.StringIO) -> None:
    first = correlation.begin()
    structlog.contextvars.bind_contextvars(person_id="p1")
    logger().info("points.awarded")
    second = correlation.begin()
    logger().info("points.awarded")
    assert [line["correlation_id"] for line in lines(log)] == [str(first), str(second)]
    assert "person_id" not in lines(log)[1]


def test_what_json_takes_badly_costs_no_line(log: io.StringIO) -> None:
    person = uuid4()
    logger().info("points.awarded", state="half a character: \ud800", position=2**70, person_id=person)
    (line,) = lines(log)
    assert (line["position"], line["person_id"]) == (2**70, str(person))
