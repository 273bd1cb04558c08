"""A connection to the broker in which nothing waits longer than it says, and which is left without a farewell.

It knows nothing of its host's threads: with eventlet's patched sockets it yields, without it blocks its own thread.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import amqp
from kombu import Connection

from shared.runtime.config import BrokerConfig

USER = "bookbag"
CONNECT_SECONDS = 3
"""How long connecting, and each step of the handshake, may take."""
EACH_SECONDS = 5
"""How long any single read or write may take: a broker that hangs after the handshake is left like one that is gone."""
HEARTBEAT = 10
"""Seconds; a peer that is silent for two of them is taken for dead."""
RETRY = 0.5
"""Seconds between two tries to connect: the reconnect is our own, for kombu's waits grow to half a minute."""


@dataclass(frozen=True, slots=True)
class Link:
    """One connection and one channel, both gone when it is.

    kombu's own connection object connects anew whenever it is asked for something, on a channel that knows no
    consumers: what is done from here on is done on py-amqp's.

    Attributes:
        channel: kombu's, which is py-amqp's with a few methods more.
        version: what the broker says that it is.
    """

    connection: amqp.Connection
    channel: amqp.Channel
    version: str

    def drain(self, seconds: float) -> bool:
        """Waits at most so long for one thing that the broker says, and hands it to its callback.

        Returns:
            Whether it said something.
        """
        try:
            self.connection.drain_events(timeout=seconds)
        except TimeoutError:
            return False
        return True

    def tend(self) -> None:
        """Sends a heartbeat where one is due. Call it once a second or more often.

        Raises:
            amqp.ConnectionForced: the broker's own have not come.
        """
        self.connection.heartbeat_tick()


@contextmanager
def linked(broker: BrokerConfig, name: str) -> Iterator[Link]:
    """One try to connect. Leaves by closing the socket: an orderly close would wait for the broker's answer.

    Args:
        broker: where it listens.
        name: what operators see at the broker.
    """
    connection = Connection(
        transport="pyamqp",
        hostname=broker.host,
        port=broker.port,
        userid=USER,
        password=broker.password.reveal(),
        virtual_host="/",
        connect_timeout=CONNECT_SECONDS,
        heartbeat=HEARTBEAT,
        transport_options={"client_properties": {"connection_name": name}},
    )
    try:
        connection.ensure_connection(max_retries=0)
        below = connection.connection
        below.transport.sock.settimeout(EACH_SECONDS)
        # Else py-amqp looks before each publish whether the broker has said so, in a loop that does not yield.
        below.client_properties["capabilities"]["connection.blocked"] = False
        yield Link(below, connection.channel(), str(below.server_properties.get("version", "")))
    finally:
        connection.collect()
