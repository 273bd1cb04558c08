"""A TCP proxy of our own between a process and what it talks to: it passes, cuts, delays, swallows and forgets.

It runs in a thread of its own and may be told from any other. What it can show is a connection's fate, not a packet's:
the kernel still acknowledges what the proxy does not read, so that time-outs of the kernel's own stay untried here.
Only root can have the kernel forget a connection as a host does that lost its power, and answer whoever asks after it;
elsewhere the proxy ends it when the client sends, or after a while, as if the client had asked.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from types import TracebackType
from typing import Any, Self

from deploy.local.ports import LOOPBACK

CHUNK = 1 << 16
TCP_REPAIR = 19
"""A Linux socket with this option goes without a word to its peer."""
ASKED_AFTER = 12.0
"""Seconds after which a client is taken to have asked whether the server still knows it."""
ABORT = struct.pack("ii", 1, 0)
"""SO_LINGER by which closing sends a reset."""

Upstream = Callable[[], tuple[str, int]]
"""Where to connect to now. Raises OSError where there is nothing yet."""


class Mode(Enum):
    """What becomes of bytes."""

    PASS = auto()
    CUT = auto()  # every connection is reset, and each new one at once
    DELAY = auto()  # all arrives, late
    BLACK_HOLE = auto()  # nothing arrives and nobody is told; what was not given up goes on when it passes again
    HALF_OPEN = auto()  # the server has forgotten the connections there are; the client learns it when it sends or asks


@dataclass(eq=False, slots=True)
class _Pair:
    """A client's connection and ours to the server."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    forgotten: bool = False


@dataclass(slots=True)
class Proxy:
    """Listens on a free port of loopback while it is entered.

    Example:
        with Proxy(lambda: ("127.0.0.1", 5432)) as proxy:
            connect(port=proxy.port)
            proxy.now(Mode.BLACK_HOLE)
            proxy.now(Mode.PASS)
    """

    upstream: Upstream
    port: int = 0
    seconds: float = 0.0
    _mode: Mode = Mode.PASS
    _pairs: set[_Pair] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _thread: threading.Thread | None = None
    _passes: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")
        self._thread.start()
        self._told(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._told(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        assert self._thread is not None
        self._thread.join()
        self._loop.close()

    def now(self, mode: Mode, seconds: float = 0.0) -> None:
        """Changes what becomes of bytes, from now on. Args: seconds: of a delay, for each chunk and direction."""
        self._told(self._change(mode, seconds))

    @property
    def connections(self) -> int:
        """How many there are now."""
        return len(self._pairs)

    def _told(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(timeout=30)

    async def _listen(self) -> None:
        self._passes.set()
        self._server = await asyncio.start_server(self._taken, LOOPBACK, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        self._passes.set()
        for pair in list(self._pairs):
            _reset(pair.client)
            _reset(pair.server)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _change(self, mode: Mode, seconds: float) -> None:
        self._mode, self.seconds = mode, seconds
        if mode is Mode.BLACK_HOLE:
            self._passes.clear()
        else:
            self._passes.set()
        for pair in list(self._pairs):
            if mode is Mode.CUT:
                _reset(pair.client)
                _reset(pair.server)
            elif mode is Mode.HALF_OPEN:
                pair.forgotten = True
                _reset(pair.server)
                if not _vanishes(pair.client):
                    self._loop.call_later(ASKED_AFTER, _reset, pair.client)

    async def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._carry(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            _reset(writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._mode is Mode.CUT:
            return
        await self._passes.wait()
        from_server, server = await asyncio.open_connection(*self.upstream())
        pair = _Pair(writer, server)
        self._pairs.add(pair)
        try:
            down = asyncio.ensure_future(self._pump(from_server, pair, writer))
            try:
                await self._pump(reader, pair, server)
            finally:
                if pair.forgotten:
                    down.cancel()
                await asyncio.gather(down, return_exceptions=True)
        finally:
            self._pairs.discard(pair)
            _reset(server)

    async def _pump(self, reader: asyncio.StreamReader, pair: _Pair, writer: asyncio.StreamWriter) -> None:
        """One direction, until its end; what the end means for the other direction is the peers' to say."""
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                await self._passes.wait()
                if pair.forgotten:
                    return  # the client has said something to a server that knows nothing of it: it is told so
                if self._mode is Mode.DELAY:
                    await asyncio.sleep(self.seconds)
                writer.write(data)
                await writer.drain()
        if writer is pair.client and pair.forgotten:
            return  # nobody tells the client
        await self._passes.wait()
        with suppress(OSError):
            if writer.can_write_eof():
                writer.write_eof()


def _vanishes(writer: asyncio.StreamWriter) -> bool:
    """Whether the kernel has forgotten the connection: the client hears nothing, until it sends or asks."""
    found = writer.get_extra_info("socket")
    try:
        found.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    except (OSError, AttributeError):
        return False
    writer.transport.abort()
    return True


def _reset(writer: asyncio.StreamWriter) -> None:
    """Ends a connection as a host does that knows nothing of it."""
    found = writer.get_extra_info("socket")
    if found is not None:
        with suppress(OSError):
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
    writer.transport.abort()
