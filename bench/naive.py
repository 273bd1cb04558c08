"""The pipeline that one writes first: a confirm, an acknowledgement and a commit for every single message.

`python -m bench.naive relay|consume DATABASE BROKER QUEUE COUNT`; `careless` acknowledges before it commits and is
killed and started again by the bench: what it had taken is gone.
"""

import json
import sys
from typing import Any

import psycopg
from kombu import Connection, Exchange, Queue

EXCHANGE = Exchange("bench.naive", type="topic", durable=True)


def queue(name: str) -> Queue:
    return Queue(name, EXCHANGE, routing_key=name, durable=True, queue_arguments={"x-queue-type": "quorum"})


def relay(database: str, broker: str, name: str, count: int) -> None:
    """Publishes the outbox in order, waiting for the broker's confirm of each message."""
    with (
        psycopg.connect(database) as connection,
        Connection(broker, transport_options={"confirm_publish": True}) as link,
    ):
        producer = link.Producer(serializer="json")
        for position, body in connection.execute(
            "SELECT position, body::text FROM outbox ORDER BY position LIMIT %s", (count,)
        ):
            producer.publish(
                {"position": position, **json.loads(body)},
                exchange=EXCHANGE,
                routing_key=name,
                declare=[queue(name)],
                delivery_mode="persistent",
            )


def consume(database: str, broker: str, name: str, count: int, *, careless: bool = False) -> None:
    """Applies each message in a transaction of its own, and acknowledges it then."""
    done = 0

    with psycopg.connect(database) as connection, Connection(broker) as link:

        def on_message(body: dict[str, Any], message: Any) -> None:
            nonlocal done
            if careless:
                message.ack()
            connection.execute(
                "INSERT INTO award (position, award_id, author_id, pupil_id, at) VALUES (%s, %s, %s, %s, %s)"
                " ON CONFLICT DO NOTHING",
                (
                    body["position"],
                    body["data"]["award_id"],
                    body["data"]["staff_id"],
                    body["data"]["pupil_id"],
                    body["occurred_at"],
                ),
            )
            connection.commit()
            if not careless:
                message.ack()
            done += 1

        with link.Consumer(queue(name), callbacks=[on_message], prefetch_count=1):
            while done < count:
                link.drain_events(timeout=30)


def main() -> int:
    what, database, broker, name, count = sys.argv[1:]
    match what:
        case "relay":
            relay(database, broker, name, int(count))
        case "consume" | "careless":
            consume(database, broker, name, int(count), careless=what == "careless")
        case _:
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
