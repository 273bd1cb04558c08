"""HTTP by the byte: what no client library would send, and every answer that comes back on the connection."""

import io
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit

SECONDS = 30.0
PROBLEM = "application/problem+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer as it came."""

    status: int
    headers: Message
    body: bytes

    def problem(self) -> Mapping[str, Any]:
        """The problem document; fails where it is anything else."""
        assert self.headers["Content-Type"] == PROBLEM, self.body[:200]
        found: Mapping[str, Any] = json.loads(self.body)
        assert found.keys() >= {"type", "title", "status", "code", "detail", "correlation_id"}
        assert found["status"] == self.status
        return found

    @property
    def code(self) -> str:
        return str(self.problem()["code"])


def talk(address: str, *sent: bytes, hang_up: bool = False) -> list[Answer]:
    """Sends bytes as they are and reads until the other side ends the connection: requests should ask it to.

    Args:
        address: as `http://host:port`.
        sent: each in a write of its own.
        hang_up: sends no more and says so, and listens on.
    """
    where = urlsplit(address)
    with socket.create_connection((where.hostname, where.port), timeout=SECONDS) as connection:
        for part in sent:
            try:
                connection.sendall(part)
            except ConnectionError:
                break  # it has answered already and listens no more
        if hang_up:
            connection.shutdown(socket.SHUT_WR)
        return _answers(_received(connection))


def request(method: str, target: str, *headers: str, body: bytes = b"") -> bytes:
    """The bytes of a request whose lines are given as they stand; it asks for the connection's end."""
    lines = [f"{method} {target} HTTP/1.1", "Host: bookbag.example", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _received(connection: socket.socket) -> bytes:
    found = bytearray()
    try:
        while part := connection.recv(65536):
            found += part
    except ConnectionResetError:
        pass
    return bytes(found)


class _Kept(io.BytesIO):
    """Stands for a socket, and stays open when one answer was read of it."""

    def makefile(self, _mode: str) -> "_Kept":
        return self

    def close(self) -> None:
        pass


def _answers(raw: bytes) -> list[Answer]:
    stream, answers = _Kept(raw), list[Answer]()
    while stream.tell() < len(raw):
        response = HTTPResponse(stream)  # type: ignore[arg-type]  # all that it asks of a socket
        response.begin()
        answers.append(Answer(status=response.status, headers=response.headers, body=response.read()))
    return answers
