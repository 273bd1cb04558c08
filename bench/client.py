"""A client that leaves the machine to the product: one thread, raw sockets, requests built beforehand.

It reads an answer's status and length and nothing else unless asked, and counts the CPU time that it takes itself.
"""

import re
import select
import socket
import time
from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

CHUNK = 65_536
IDLE = -1
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection: *close\r\n", re.IGNORECASE)
_END = b"\r\n\r\n"

Next = Callable[[], bytes | None]
"""The next request, whole; None where there is no more."""
Heard = Callable[[int, int, bytes, float], None]
"""Told of each answer: the number of its request, the status, the whole answer, and how many milliseconds it took."""


class Lost(Exception):  # noqa: N818 - what happened to the connection
    """A connection ended where an answer was due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a run came to.

    Attributes:
        milliseconds: of each answered request, in the order of the answers.
        statuses: how often each status was answered; 0 for a connection that was lost while an answer was due.
        seconds: wall time.
        own_cpu: seconds of CPU time that the client itself took.
    """

    milliseconds: "array[float]" = field(repr=False)
    statuses: Counter[int]
    seconds: float
    own_cpu: float

    @property
    def rate(self) -> float:
        """2xx a second."""
        return sum(count for status, count in self.statuses.items() if 200 <= status < 300) / self.seconds

    @property
    def own_share(self) -> float:
        """The client's part of one core."""
        return self.own_cpu / self.seconds

    def percentile(self, share: float) -> float:
        """In milliseconds, by nearest rank."""
        ordered = sorted(self.milliseconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def request(
    method: str, path: str, *, token: str | None = None, headers: str = "", body: bytes = b"", host: str = "bookbag"
) -> bytes:
    """A request as it goes over the wire; `headers` are whole lines, each with its line's end."""
    lines = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}"
    if token:
        lines += f"Authorization: Bearer {token}\r\n"
    if body:
        lines += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return lines.encode() + b"\r\n" + body


class Asker:
    """One connection on which a thread asks and waits; it is made anew where it was lost."""

    def __init__(self, port: int, seconds: float = 30) -> None:
        self._port, self._seconds = port, seconds
        self._where: socket.socket | None = None

    def ask(self, raw: bytes) -> tuple[int, bytes]:
        """The status and the whole answer; 0 where the connection ended first."""
        try:
            if self._where is None:
                self._where = socket.create_connection(("127.0.0.1", self._port), self._seconds)
                self._where.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._where.sendall(raw)
            return self._answer(self._where)
        except OSError:
            self.close()
            return 0, b""

    def close(self) -> None:
        """Ends the connection."""
        if self._where is not None:
            self._where.close()
            self._where = None

    def _answer(self, where: socket.socket) -> tuple[int, bytes]:
        buffer, due, end = b"", -1, -1
        while due < 0 or len(buffer) < due:
            got = where.recv(CHUNK)
            if not got:
                raise ConnectionResetError
            buffer += got
            if due < 0 and (end := buffer.find(_END)) >= 0:
                due = end + len(_END) + _length(buffer, end)
        if _CLOSES.search(buffer, 0, end + 2):
            self.close()
        return int(buffer[9:12]), buffer


def _length(answer: bytes, end: int) -> int:
    found = _LENGTH.search(answer, 0, end)
    return int(found[1]) if found else 0


class _Line:
    """One connection: at most one request is in work on it."""

    __slots__ = ("buffer", "due", "number", "started", "where")

    def __init__(self) -> None:
        self.buffer = b""
        self.due = -1
        self.number = IDLE
        self.started = 0.0
        self.where: socket.socket | None = None


def closed_loop(port: int, following: Next, *, connections: int, seconds: float, heard: Heard | None = None) -> Taken:
    """Each connection sends its next request as soon as it has the answer: what the server can do at most.

    Args:
        port: on loopback.
        following: gives each request.
        connections: so many requests are in work at once.
        seconds: none but the first starts later than that; those in work are waited for.
        heard: told of each answer.
    """
    return _Loop(port, following, heard).closed(connections, seconds)


def open_loop(
    port: int, following: Next, *, rate: float, seconds: float, connections: int = 64, heard: Heard | None = None
) -> Taken:
    """Requests come at their own times, whatever became of those before: what people feel.

    A request's time counts from when it was due, so that waiting for a free connection is in it.
    """
    return _Loop(port, following, heard).opened(connections, seconds, rate)


class _Loop:
    def __init__(self, port: int, following: Next, heard: Heard | None) -> None:
        self._port, self._following, self._heard = port, following, heard
        self._poll = select.epoll()
        self._lines: dict[int, _Line] = {}
        self._took = array("d")
        self._statuses: Counter[int] = Counter()
        self._sent = 0

    def closed(self, connections: int, seconds: float) -> Taken:
        for _ in range(connections):
            self._connect(_Line())
        cpu, begun = time.thread_time(), time.perf_counter()
        ends = begun + seconds
        busy = sum(self._send(line, time.perf_counter()) for line in list(self._lines.values()))
        while busy:
            for line in self._answered(-1):
                now = time.perf_counter()
                if now >= ends or not self._send(line, now):
                    busy -= 1
        return self._taken(cpu, begun)

    def opened(self, connections: int, seconds: float, rate: float) -> Taken:
        for _ in range(connections):
            self._connect(_Line())
        idle = list(self._lines.values())
        cpu, begun = time.thread_time(), time.perf_counter()
        due, total, asked, ended = begun, int(rate * seconds), 0, 0
        while ended < total:
            now = time.perf_counter()
            while asked < total and idle and due <= now:
                if not self._send(idle[-1], due):
                    total = asked
                    break
                idle.pop()
                asked, due = asked + 1, begun + (asked + 1) / rate
            wait = max(0.0, due - time.perf_counter()) if asked < total and idle else 1.0
            for line in self._answered(wait):
                idle.append(line)
                ended += 1
        return self._taken(cpu, begun)

    def _taken(self, cpu: float, begun: float) -> Taken:
        taken = Taken(
            milliseconds=self._took,
            statuses=self._statuses,
            seconds=time.perf_counter() - begun,
            own_cpu=time.thread_time() - cpu,
        )
        for line in self._lines.values():
            if line.where is not None:
                line.where.close()
        self._poll.close()
        return taken

    def _connect(self, line: _Line) -> None:
        where = socket.create_connection(("127.0.0.1", self._port))
        where.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        where.setblocking(False)
        line.where, line.buffer, line.due = where, b"", -1
        self._lines[where.fileno()] = line
        self._poll.register(where.fileno(), select.EPOLLIN)

    def _send(self, line: _Line, started: float) -> bool:
        raw = self._following()
        if raw is None:
            return False
        line.number, line.started = self._sent, started
        self._sent += 1
        if line.where is None:
            self._connect(line)
        assert line.where is not None  # noqa: S101 - connected above
        # A request of ours is smaller than an empty socket's buffer: it goes whole.
        if line.where.send(raw) != len(raw):
            raise Lost("a request did not fit its socket")
        return True

    def _answered(self, wait: float) -> list[_Line]:
        """The lines whose answer is now whole."""
        done = []
        for descriptor, _ in self._poll.poll(wait):
            line = self._lines[descriptor]
            if self._read(line):
                done.append(line)
        return done

    def _read(self, line: _Line) -> bool:
        assert line.where is not None  # noqa: S101 - it was polled
        try:
            got = line.where.recv(CHUNK)
        except BlockingIOError:
            return False
        except ConnectionError:
            got = b""
        if not got:
            return self._lost(line)
        buffer = line.buffer + got if line.buffer else got
        if line.due < 0 and (end := buffer.find(_END)) >= 0:
            line.due = end + len(_END) + _length(buffer, end)
        line.buffer = buffer
        if line.due < 0 or len(buffer) < line.due:
            return False
        took = (time.perf_counter() - line.started) * 1000
        self._took.append(took)
        status = int(buffer[9:12])
        self._statuses[status] += 1
        if self._heard is not None:
            self._heard(line.number, status, buffer, took)
        line.buffer, line.due, line.number = b"", -1, IDLE
        if _CLOSES.search(buffer):
            self._drop(line)
        return True

    def _drop(self, line: _Line) -> None:
        """Ends the connection; the line's next request makes another."""
        assert line.where is not None  # noqa: S101 - it was read
        self._poll.unregister(line.where.fileno())
        del self._lines[line.where.fileno()]
        line.where.close()
        line.where = None

    def _lost(self, line: _Line) -> bool:
        self._drop(line)
        if line.number == IDLE:
            # A server ends what has been idle for long; the next request connects anew.
            return False
        self._statuses[0] += 1
        if self._heard is not None:
            self._heard(line.number, 0, line.buffer, (time.perf_counter() - line.started) * 1000)
        line.number = IDLE
        return True
