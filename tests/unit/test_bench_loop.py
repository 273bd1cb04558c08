"""Clients that write at once, in one process and in several."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import NoReturn

import pytest

from bench.loop import Loop, Work, run_apart

SECONDS = 0.05


@contextmanager
def numbering(process: str) -> Iterator[Work]:
    """Each client returns the process's name, its own number, and how many it has written before."""

    def work(number: int) -> Callable[[], tuple[str, int, int]]:
        before = count()
        return lambda: (process, number, next(before))

    yield work


def gone() -> NoReturn:
    os._exit(1)


def test_each_client_writes_until_the_time_is_up_and_all_of_it_is_told():
    loop = Loop()
    with numbering("here") as work:
        loop.run(2, work, SECONDS)
    assert {client for _, client, _ in loop.done} == {0, 1}
    assert [count for _, client, count in loop.done if client == 1] == list(
        range(sum(client == 1 for _, client, _ in loop.done))
    )
    assert len(loop.milliseconds) == len(loop.done)
    assert loop.figures["events/s"] == len(loop.done) / loop.seconds
    assert loop.fault_where(set(loop.done)) == ""
    assert loop.fault_where(set(loop.done[1:])) == f"1 of {len(loop.done)} answered events are not there"


def test_a_client_that_fails_is_a_fault_of_the_round():
    loop = Loop()
    loop.run(1, lambda _number: lambda: int("no number"), SECONDS)
    assert loop.fault_where(set()).startswith("ValueError")
    assert loop.done == []


def test_of_processes_of_their_own_all_is_told_but_the_first_that_each_client_wrote_to_be_ready():
    loop = run_apart([partial(numbering, "one"), partial(numbering, "other")], 2, SECONDS)
    clients = [(process, client) for process in ("one", "other") for client in (0, 1)]
    firsts = {who: min(count for process, client, count in loop.done if (process, client) == who) for who in clients}
    assert firsts == dict.fromkeys(clients, 1)
    assert len(loop.milliseconds) == len(loop.done)


def test_a_process_that_goes_without_a_word_is_not_taken_for_one_that_wrote_nothing():
    with pytest.raises(EOFError):
        run_apart([gone], 1, SECONDS)
