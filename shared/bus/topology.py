"""The names of everything at the broker, and how it is declared. Nothing else makes an exchange or a queue.

A queue is a cache of a partition of a log: what it loses is read from the feed. So it needs no dead letters and no
limit of deliveries, and it may drop its oldest where nobody empties it.
"""

from kombu import Exchange, Queue

EXCHANGE = Exchange("bookbag.events", type="topic", durable=True)
"""Where every relay publishes, each under its own routing keys."""

MOST_MESSAGES = 100_000
MOST_BYTES = 256 * 1024 * 1024
"""What a queue holds of a log before it drops its oldest; a consumer that was away so long reads the feed."""

_LIMITS_DELIVERIES = 4
"""The major version of RabbitMQ from which a quorum queue drops what was delivered twenty times unless told not to."""


def routing_key(source: str, partition: int) -> str:
    """Under which a partition of a service's log is published."""
    return f"{source}.p{partition}"


def queue_name(consumer: str, source: str, partition: int) -> str:
    """The queue in which a service gets a partition of another's log."""
    return f"{consumer}.from.{source}.p{partition}"


def queue(consumer: str, source: str, partition: int, broker_version: str) -> Queue:
    """The queue and its binding, to be declared at each connect. The broker's version is its own word for it."""
    return Queue(
        queue_name(consumer, source, partition),
        EXCHANGE,
        routing_key=routing_key(source, partition),
        durable=True,
        queue_arguments=queue_arguments(broker_version),
    )


def queue_arguments(broker_version: str) -> dict[str, str | int | bool]:
    """What a queue is declared with. A broker before RabbitMQ 4 refuses a limit of -1, and has none by itself."""
    arguments: dict[str, str | int | bool] = {
        "x-queue-type": "quorum",
        # Keeps the order in the common case; that a stale consumer changes nothing is the cursor's lock.
        "x-single-active-consumer": True,
        "x-max-length": MOST_MESSAGES,
        "x-max-length-bytes": MOST_BYTES,
        "x-overflow": "drop-head",
    }
    if _major(broker_version) >= _LIMITS_DELIVERIES:
        arguments["x-delivery-limit"] = -1
    return arguments


def _major(version: str) -> int:
    first = version.partition(".")[0]
    return int(first) if first.isdecimal() else 0
