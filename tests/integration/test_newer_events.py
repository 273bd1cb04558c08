"""Consumers of an older version meet what a newer process has written: it waits for their successor, in its order.

The next version of `points.PointAwarded` counts in halves and keeps its fields' names: whoever takes it for the old one
shows twice the points. Whole processes of two versions side by side are in tests/faults/upgrading.py.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from shared.events.declaration import REGISTRY
from shared.events.envelope import Envelope
from shared.events.points import PointAwarded
from shared.projections.declaration import Projection, Tx
from shared.projections.parking import BEHIND
from shared.projections.rebuild import no_progress
from tests.integration.line import awards
from tests.integration.test_parking import ADA, BEA, House, house, thanks

__all__ = ["house"]

NEXT = 2


def in_halves(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "points": data["points"] * 2}


@contextmanager
def the_next_version(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Within, this process is of the version that knows halves."""
    with monkeypatch.context() as patch:
        patch.setattr(PointAwarded, "schema_version", NEXT)
        patch.setitem(REGISTRY._upcasts, (PointAwarded.event_type, NEXT - 1), in_halves)
        yield


def awards_of_the_next_version() -> Projection:
    """The same read model, of an event that counts in halves."""
    made = awards()
    apply = made.handlers[PointAwarded.event_type]

    def whole(tx: Tx, event: PointAwarded, meta: Envelope) -> None:
        apply(tx, replace(event, points=event.points // 2), meta)

    made.handlers[PointAwarded.event_type] = whole
    return made


def shown(house: House) -> dict[UUID, int]:
    """Award -> its points."""
    return dict(house.watcher.execute("SELECT award_id, points FROM award_v1").fetchall())


def aside(house: House) -> list[tuple[int, str]]:
    return [(row.position, row.why) for row in house.aside()]


def test_a_read_model_leaves_what_is_newer_to_its_successor_which_shows_it_once_and_as_it_is(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    [first] = house.line.award(pupil=ADA)
    house.catch_up(awards())
    newer = house.line.award(2, pupil=ADA, points=2, version=NEXT)
    [other] = house.line.award(pupil=BEA)
    house.catch_up(awards())
    assert shown(house) == {first: 1, other: 1}
    assert aside(house) == [(2, "NotKnownHere"), (3, BEHIND)]
    assert house.cursor("awards_v1") == 4
    with the_next_version(monkeypatch):
        assert house.runner.retry(awards_of_the_next_version(), house.stream_of(ADA)) == (2, None)
        [last] = house.line.award(pupil=ADA, points=2, version=NEXT)
        house.catch_up(awards_of_the_next_version())
        everything = dict.fromkeys([first, *newer, other, last], 1)
        assert (shown(house), aside(house)) == (everything, [])
        house.rebuilder.rebuild(awards_of_the_next_version(), no_progress)
        assert (shown(house), aside(house)) == (everything, [])
    assert set(house.model().values()) == {1}


def test_a_retry_by_the_older_version_changes_nothing(house: House):
    house.line.award(pupil=ADA, points=2, version=NEXT)
    house.catch_up(awards())
    taken, failed = house.runner.retry(awards(), house.stream_of(ADA))
    assert (taken, failed.why if failed else None) == (0, "NotKnownHere")
    assert (shown(house), aside(house)) == ({}, [(1, "NotKnownHere")])


def test_a_reaction_leaves_what_is_newer_to_its_successor_which_acts_on_it_once_and_in_order(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    [first] = house.line.award(pupil=ADA)
    newer = house.line.award(2, pupil=ADA, points=2, version=NEXT)
    [other] = house.line.award(pupil=BEA)
    house.catch_up(thanks())
    assert house.values() == [first, other]
    assert aside(house) == [(2, "NotKnownHere"), (3, BEHIND)]
    with the_next_version(monkeypatch):
        assert house.runner.retry(thanks(), house.stream_of(ADA)) == (2, None)
        assert house.catch_up(thanks()) == 0
    assert (house.values(), aside(house)) == ([first, other, *newer], [])
