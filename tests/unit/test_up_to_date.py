"""Whether a roster is up to date: on identity's own word, no older than it may be, and else it is not known to be."""

from collections.abc import Callable, Mapping
from uuid import UUID

import pytest

from shared.log.feed import FeedBroken
from shared.log.read import Head
from shared.projections.up_to_date import ASKED_EVERY, COUNTS_FOR, LONGEST_WAIT, MOST_WAITING, UpToDate

SCHOOL, PARTITION = UUID(int=1), 2
BOUND = 1.0
"""Seconds that a withdrawn permission has (S64)."""


class House:
    """Identity's log and a roster that follows it, by a clock that moves when somebody waits.

    Attributes:
        recorded, heard: how far identity's log goes, and the roster.
        meanwhile: what happens at each pause.
    """

    def __init__(self) -> None:
        self.recorded = self.heard = 5
        self.at, self.asked, self.takes = 0.0, 0, 0.0
        self.away = False
        self.meanwhile: Callable[[], None] = lambda: None
        self.up_to_date = UpToDate(self.heads, self.standing, self.monotonic, self.pause)

    def heads(self) -> Mapping[int, Head]:
        self.asked += 1
        answer = {1: Head(position=99, hash=bytes(32)), PARTITION: Head(position=self.recorded, hash=bytes(32))}
        self.at += self.takes
        if self.away:
            raise FeedBroken("identity: ConnectTimeout")
        return answer

    def standing(self, school_id: UUID) -> tuple[int, int] | None:
        return (PARTITION, self.heard) if school_id == SCHOOL else None

    def monotonic(self) -> float:
        return self.at

    def pause(self, seconds: float) -> None:
        self.at += seconds
        self.meanwhile()


@pytest.fixture
def house() -> House:
    return House()


def test_a_roster_that_stands_where_identity_s_log_ends_is_up_to_date_at_once(house: House):
    before = house.at
    assert house.up_to_date(SCHOOL)
    assert house.at == before


def test_S64_identity_s_word_counts_only_for_a_part_of_the_second(house: House):
    assert COUNTS_FOR <= BOUND / 2
    assert house.up_to_date(SCHOOL)
    house.recorded += 1
    house.at += COUNTS_FOR
    assert not house.up_to_date(SCHOOL)


def test_S64_it_counts_from_before_identity_was_asked(house: House):
    """What is recorded while identity answers may not be in the answer."""
    house.takes = COUNTS_FOR + 0.1
    assert not house.up_to_date(SCHOOL), "the answer was too long under way"


def test_many_readings_cost_identity_one_question(house: House):
    assert all(house.up_to_date(SCHOOL) for _ in range(100))
    assert house.asked == 1


def test_a_roster_that_is_behind_by_less_than_an_answer_counts_makes_nobody_wait(house: House):
    """Identity is asked anew while its last answer still counts."""
    assert house.up_to_date(SCHOOL)
    house.recorded += 1
    house.at += ASKED_EVERY
    before = house.at
    assert house.up_to_date(SCHOOL)
    assert (house.asked, house.at) == (2, before)


def test_a_roster_that_is_further_behind_is_waited_for(house: House):
    house.recorded += 1

    def hears() -> None:
        house.heard = house.recorded if house.at > 0.25 else house.heard

    house.meanwhile = hears
    assert house.up_to_date(SCHOOL)


def test_S64_a_roster_that_hears_of_nothing_is_not_up_to_date_after_a_bounded_wait(house: House):
    house.recorded += 1
    assert not house.up_to_date(SCHOOL)
    assert house.at <= LONGEST_WAIT + 0.1


def test_S64_while_identity_does_not_say_nothing_is_known(house: House):
    assert house.up_to_date(SCHOOL)
    house.away = True
    house.at += COUNTS_FOR
    assert not house.up_to_date(SCHOOL)


def test_of_a_school_that_is_not_known_nothing_is(house: House):
    assert not house.up_to_date(UUID(int=2))


def test_no_more_than_a_few_wait_at_once(house: House):
    """Each that waits asks for one more: the one too many is told at once."""
    house.recorded += 1
    waiting, most = [0], [0]

    def one_more() -> None:
        house.meanwhile = one_more
        waiting[0] += 1
        most[0] = max(most[0], waiting[0])
        if waiting[0] <= MOST_WAITING:
            house.up_to_date(SCHOOL)
        waiting[0] -= 1

    house.meanwhile = one_more
    assert not house.up_to_date(SCHOOL)
    assert most[0] == MOST_WAITING
