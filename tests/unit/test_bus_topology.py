"""The names at the broker, and what its versions understand."""

import pytest

from shared.bus import topology


def test_the_names_say_who_consumes_what_of_whom():
    assert topology.routing_key("points", 2) == "points.p2"
    assert topology.queue_name("moderation", "points", 2) == "moderation.from.points.p2"
    made = topology.queue("moderation", "points", 2, "3.10.8")
    assert (made.name, made.routing_key, made.exchange.name) == (
        "moderation.from.points.p2",
        "points.p2",
        "bookbag.events",
    )
    assert made.durable
    assert made.exchange.durable


@pytest.mark.parametrize("version", ["3.10.8", "3.13.7", "", "unknown"])
def test_a_broker_that_has_no_limit_of_deliveries_is_not_told_of_one(version: str):
    assert "x-delivery-limit" not in topology.queue_arguments(version)


@pytest.mark.parametrize("version", ["4.0.0", "4.1.2+beta", "10.0"])
def test_a_broker_that_drops_what_was_delivered_often_is_told_not_to(version: str):
    assert topology.queue_arguments(version)["x-delivery-limit"] == -1


def test_a_queue_keeps_order_and_drops_its_oldest_and_has_no_dead_letters():
    arguments = topology.queue_arguments("3.10.8")
    assert arguments["x-queue-type"] == "quorum"
    assert arguments["x-single-active-consumer"] is True
    assert arguments["x-overflow"] == "drop-head"
    assert not [name for name in arguments if name.startswith("x-dead-letter")]
