"""A process that answers is not stopped by its garbage collector, and what is in a cycle goes all the same."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from shared.runtime import garbage

KEPT = 150_000
"""Objects that stay, as states and answers do: so many that Python's own thresholds look through all of them."""


class Node:
    """Something that can be in a cycle."""

    itself: "Node"


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    thresholds = gc.get_threshold()
    gc.collect()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def full_collections() -> int:
    found: int = gc.get_stats()[2]["collections"]
    return found


def remembered() -> list[list[int]]:
    return [[number] for number in range(KEPT)]


def test_what_a_process_remembers_is_not_looked_through_while_it_answers():
    garbage.settle()
    before = full_collections()
    stays = remembered()
    assert full_collections() == before
    assert len(stays) == KEPT


def test_without_it_all_of_that_is_looked_through_again_and_again():
    # Python looks through all when a quarter of it is new: the more tests a process holds, the more that would take.
    gc.freeze()
    gc.collect()
    before = full_collections()
    stays = remembered()
    assert full_collections() > before
    assert len(stays) == KEPT


def test_what_was_there_at_the_start_is_looked_through_no_more():
    stays = remembered()
    garbage.settle()
    assert gc.get_freeze_count() > KEPT
    assert len(stays) == KEPT


def test_a_cycle_that_is_let_go_is_gone_soon():
    garbage.settle()
    node = Node()
    node.itself = node
    gone = weakref.ref(node)
    del node
    stays = [[number] for number in range(20 * garbage.YOUNG)]
    assert gone() is None
    assert stays
