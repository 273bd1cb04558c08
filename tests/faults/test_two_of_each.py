"""A short form of `make faults ARGS="--scenario two-of-each"`: locks of every kind are left by who stands still."""

import pytest

from shared.testing.driver import Bookbag, Session
from tests.faults.test_restored import a_conversation
from tests.faults.two_of_each import one_stands_still
from tests.installation import Bench, School, a_school


@pytest.fixture(scope="module")
def school(bookbag: Bookbag, operator: Session) -> School:
    return a_school(bookbag, operator, "two-of-each", seed=43)


def test_a_worker_that_stands_still_in_a_transaction_and_a_relay_are_followed_by_the_other_and_nothing_is_doubled(
    bench: Bench, school: School
):
    """The one has the cursor's row and the partition; the other is elected, all is confirmed and nothing saved."""
    points = (("moderation.worker", "reaction.effects_applied"), ("messaging.worker", "relay.published"))
    one_stands_still(bench, school, a_conversation(school, 1), points)


def test_workers_that_stand_still_amid_their_statements_are_followed_by_the_others_and_nothing_is_doubled(
    bench: Bench, school: School
):
    """PostgreSQL takes them for being at work."""
    points = (("moderation.worker", "projection.effects_sent"), ("messaging.worker", "projection.effects_sent"))
    one_stands_still(bench, school, a_conversation(school, 2), points)
