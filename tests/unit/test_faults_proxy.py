"""The proxy between a process and what it talks to does what its modes say."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.faults.proxy import Mode, Proxy

SILENCE = 0.3
"""Seconds without a byte after which nothing is taken to come."""


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that says again what it hears, and its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threads: list[threading.Thread] = []

        def answer(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                while data := connection.recv(1 << 16):
                    connection.sendall(data)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    threads.append(threading.Thread(target=answer, args=(connection,)))
                    threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        accepting.join()
        for thread in threads:
            thread.join()


@pytest.fixture
def proxy(echo: int) -> Iterator[Proxy]:
    with Proxy(lambda: ("127.0.0.1", echo)) as proxy:
        yield proxy


def connected(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=30)


def says(client: socket.socket, text: bytes = b"hello") -> bytes:
    client.sendall(text)
    return client.recv(100)


def is_silent(client: socket.socket) -> bool:
    client.settimeout(SILENCE)
    try:
        return client.recv(100) == b"never"
    except TimeoutError:
        return True
    finally:
        client.settimeout(30)


def test_it_passes(proxy: Proxy):
    with connected(proxy) as client:
        assert says(client) == b"hello"
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""


def test_cut_it_resets_what_there_is_and_what_comes_and_passes_again_afterwards(proxy: Proxy):
    with connected(proxy) as client:
        says(client)
        proxy.now(Mode.CUT)
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    with pytest.raises(ConnectionResetError), connected(proxy) as client:
        says(client)
    proxy.now(Mode.PASS)
    with connected(proxy) as client:
        assert says(client) == b"hello"


def test_a_black_hole_swallows_in_silence_and_what_was_not_given_up_goes_on(proxy: Proxy):
    with connected(proxy) as client:
        says(client)
        proxy.now(Mode.BLACK_HOLE)
        client.sendall(b"lost?")
        assert is_silent(client)
        with connected(proxy) as another:
            another.sendall(b"and this?")
            assert is_silent(another)
            proxy.now(Mode.PASS)
            assert another.recv(100) == b"and this?"
        assert client.recv(100) == b"lost?"


def test_a_delay_lets_all_arrive(proxy: Proxy):
    proxy.now(Mode.DELAY, 0.05)
    with connected(proxy) as client:
        assert says(client) == b"hello"


def test_half_open_the_client_learns_that_it_is_forgotten_when_it_speaks(proxy: Proxy):
    with connected(proxy) as client:
        says(client)
        proxy.now(Mode.HALF_OPEN)
        assert is_silent(client)
        client.sendall(b"still there?")
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    with connected(proxy) as client:
        assert says(client) == b"hello"


def test_half_open_the_client_learns_that_it_is_forgotten_when_its_kernel_asks(proxy: Proxy):
    with connected(proxy) as client:
        client.settimeout(30)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_KEEPIDLE"):
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
        says(client)
        proxy.now(Mode.HALF_OPEN)
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_it_refuses_while_there_is_nothing_behind_it():
    def nothing() -> tuple[str, int]:
        raise ConnectionRefusedError

    with Proxy(nothing) as proxy, pytest.raises(ConnectionResetError), connected(proxy) as client:
        says(client)
