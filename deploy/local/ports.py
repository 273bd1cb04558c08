"""Free ports on loopback."""

import secrets
import socket

LOWEST, HIGHEST = 20_000, 30_000
"""Below what Linux and macOS hand out for outgoing connections, so that a port once seen free stays so for long."""
TRIES = 200
LOOPBACK = "127.0.0.1"


class Ports:
    """Hands out ports that are free now, none twice."""

    def __init__(self) -> None:
        self._given: set[int] = set()

    def take(self) -> int:
        """A free port.

        Raises:
            OSError: none was found.
        """
        for _ in range(TRIES):
            port = LOWEST + secrets.randbelow(HIGHEST - LOWEST)
            if port not in self._given and is_free(port):
                self._given.add(port)
                return port
        raise OSError("no free port between 20000 and 30000")

    def take_if_free(self, port: int) -> int:
        """The port asked for where it is free, else another."""
        if port not in self._given and is_free(port):
            self._given.add(port)
            return port
        return self.take()


def is_free(port: int) -> bool:
    """Whether a server could listen there; connections that a predecessor has closed do not count."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
