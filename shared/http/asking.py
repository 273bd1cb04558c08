"""Asks the installation's own services over HTTP: GET alone, over kept connections, from threads and greenthreads.

It is the standard library's client and little else, for it is asked hundreds of times a second by an installation in
which nothing happens. It knows no proxy, follows no redirect and keeps no cookie.
"""

from collections import deque
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

MOST_IDLE = 4
"""Connections that are kept for the next question; those that more askers at once had opened are closed."""


class NotAnswered(Exception):  # noqa: N818 - said as it is
    """There was no whole answer in time. Its text is the kind of error, and nothing that was said."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, whatever its status."""

    status: int
    headers: Message
    body: bytes


class Asking:
    """Asks one service at one address. Safe between threads."""

    def __init__(self, address: str, credential: str, seconds: float) -> None:
        """Takes how long a connection may take to be made, and the answer to say something: each time anew."""
        parts = urlsplit(address)
        self._kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port, self._prefix = parts.hostname or "", parts.port, parts.path
        self._headers = {"Authorization": f"Bearer {credential}"}
        self._seconds = seconds
        self._idle: deque[HTTPConnection] = deque()

    def get(self, path: str) -> Answer:
        """What the service answers. It is asked a second time only where a kept connection turns out to have ended.

        Raises:
            NotAnswered: also where what came is not HTTP.
        """
        try:
            if (kept := self._taken()) is not None:
                try:
                    return self._asked(kept, path)
                except ConnectionError:
                    # The service ended it while it lay idle, as a restart does, and the others with it. Asking again
                    # does no harm: a GET changes nothing.
                    self.close()
            return self._asked(self._kind(self._host, self._port, timeout=self._seconds), path)
        except (OSError, HTTPException) as error:
            raise NotAnswered(type(error).__name__) from None

    def close(self) -> None:
        """Closes what is kept; it may be asked again."""
        while (kept := self._taken()) is not None:
            kept.close()

    def _taken(self) -> HTTPConnection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _asked(self, connection: HTTPConnection, path: str) -> Answer:
        try:
            connection.request("GET", self._prefix + path, headers=self._headers)
            answer = connection.getresponse()
            found = Answer(answer.status, answer.headers, answer.read())
        except BaseException:  # also what ends a green thread: half an answer is nobody else's
            connection.close()
            raise
        # Where the service said that it ends it, it is closed by now, and opened again by its next question.
        if len(self._idle) < MOST_IDLE:
            self._idle.append(connection)
        else:
            connection.close()
        return found
