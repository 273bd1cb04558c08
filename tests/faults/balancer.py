"""One address for several processes or servers: a balancer, and what else decides connection by connection."""

import asyncio
import random
import threading
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from deploy.local.ports import LOOPBACK

WITHIN = 30.0


@dataclass(frozen=True, slots=True)
class Way:
    """Where a connection is led: to a port, after these bytes of the client's; `name` is what it is known by."""

    port: int
    first: bytes = b""
    name: str = ""


class Switch(ABC):
    """Listens on loopback and passes bytes on. Attributes: port: where it listens."""

    def __init__(self) -> None:
        self._open: dict[asyncio.StreamWriter, str] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="switch")

    @abstractmethod
    async def way(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> Way:
        """Where this connection is to lead."""

    def __enter__(self) -> Self:
        self._thread.start()
        self._server: asyncio.Server = self._run(asyncio.start_server(self._meet, LOOPBACK, 0))
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self, name: str | None = None) -> None:
        """Ends the connections of that name, or all."""
        self._run(self._cut(name))

    def _run(self, what: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(WITHIN)

    async def _cut(self, name: str | None) -> None:
        for writer, known in list(self._open.items()):
            if name in (None, known):
                writer.transport.abort()

    async def _close(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _meet(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            try:
                way = await self.way(client, answers)
                server, asks = await asyncio.open_connection(LOOPBACK, way.port)
                asks.write(way.first)
                self._open[answers] = way.name
                await asyncio.gather(_pass_on(client, asks), _pass_on(server, answers))
            finally:
                self._open.pop(answers, None)
                answers.transport.abort()


class Balancer(Switch):
    """Leads each new connection to one of the ports in `to`, by chance."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.to: Sequence[int] = ()
        self._chance = chance

    async def way(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> Way:  # noqa: ARG002
        return Way(self._chance.choice(self.to))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until one side has ended."""
    try:
        while some := await reader.read(65536):
            writer.write(some)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
