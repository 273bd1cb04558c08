"""Messages that no relay of ours sent: malformed, forged, replayed out of place, and too large; they change nothing."""

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import amqp
import orjson

from shared.bus.messages import HEADER
from shared.bus.topology import EXCHANGE, routing_key
from tests.faults.rig import Rig
from tests.faults.test_storm import discarded

SOURCES = ("identity", "points", "stories", "messaging", "moderation")
LARGE = 300 * 1024

Message = tuple[bytes, dict[str, Any]]


def _nonsense(chance: random.Random, _event: Mapping[str, Any]) -> Message:
    return chance.randbytes(chance.randint(0, 400)), {}


def _too_large(_chance: random.Random, _event: Mapping[str, Any]) -> Message:
    return b"[" * LARGE, {HEADER: "0" * 64}


def _without_a_mac(_chance: random.Random, event: Mapping[str, Any]) -> Message:
    return orjson.dumps(event), {}


def _with_a_wrong_mac(chance: random.Random, event: Mapping[str, Any]) -> Message:
    return orjson.dumps(event), {HEADER: chance.randbytes(32).hex()}


def _with_a_header_of_another_kind(chance: random.Random, event: Mapping[str, Any]) -> Message:
    return orjson.dumps(event), {HEADER: chance.choice((7, True, {"a": "b"}, None))}


def _an_event_that_goes_on(chance: random.Random, event: Mapping[str, Any]) -> Message:
    """It links to nothing, but claims the place that comes next."""
    return orjson.dumps({**event, "position": 10**9 + chance.randrange(100)}), {HEADER: "f" * 64}


FORGERIES: tuple[Callable[[random.Random, Mapping[str, Any]], Message], ...] = (
    _nonsense,
    _too_large,
    _without_a_mac,
    _with_a_wrong_mac,
    _with_a_header_of_another_kind,
    _an_event_that_goes_on,
)


def forged(rig: Rig, times: int) -> None:
    """Somebody who has the broker's password publishes to every log's readers while the day goes on."""
    before = sum(discarded(rig.bench).values())
    with rig.day.going():
        rig.until_answered()
        told = rig.bench.it.state["broker"]
        with amqp.Connection(
            host=f"{told['host']}:{told['port']}",
            userid=told["user"],
            password=Path(told["password_file"]).read_text().strip(),
            connect_timeout=5,
        ) as connection:
            for number in range(times):
                publish(rig, connection.channel(), FORGERIES[number % len(FORGERIES)])
                rig.until_answered(1)
        rig.until_answered()
    rig.check()
    assert sum(discarded(rig.bench).values()) >= before + times, "not every forgery came to a reader"


def publish(rig: Rig, channel: amqp.Channel, forge: Callable[[random.Random, Mapping[str, Any]], Message]) -> None:
    """One forgery to the readers of one log."""
    source = rig.chance.choice(SOURCES)
    found = rig.bench.ask(source, "SELECT row_to_json(e)::text FROM log_event e ORDER BY position DESC LIMIT 1")
    event = orjson.loads(found[0][0]) if found else {}
    body, headers = forge(rig.chance, event)
    message = amqp.Message(body, application_headers=headers, content_type="application/json", delivery_mode=2)
    channel.basic_publish(message, exchange=EXCHANGE.name, routing_key=routing_key(source, 1))
    channel.close()
    rig.note(f"{forge.__name__.strip('_').replace('_', ' ')} to {source}'s readers")
