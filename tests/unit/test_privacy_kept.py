"""Keys at hand for sealing: for a minute, not more of them than the most, and never a guess."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest

from shared.privacy.categories import Category
from shared.privacy.kept import KeptKeys
from shared.privacy.keystore import Destroyed, Owner, SubjectKey

SCHOOL = UUID(int=1)


@dataclass(slots=True)
class Database:
    """Makes keys, and knows whose were destroyed."""

    asked: list[list[Owner]] = field(default_factory=list)
    made: dict[Owner, SubjectKey] = field(default_factory=dict)
    destroyed: set[Owner] = field(default_factory=set)

    def obtain(self, owners: Sequence[Owner]) -> Mapping[Owner, SubjectKey]:
        self.asked.append(list(owners))
        if self.destroyed & set(owners):
            raise Destroyed
        return {owner: self.made.setdefault(owner, SubjectKey(uuid4(), bytes(32))) for owner in owners}

    def fetch(self, key_ids: Sequence[UUID]) -> Mapping[UUID, bytes | None]:
        return dict.fromkeys(key_ids)


@dataclass(slots=True)
class Minute:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def a_conversation() -> Owner:
    return Owner(SCHOOL, uuid4(), Category.MESSAGE)


def test_the_same_key_is_asked_for_once_and_only_the_new_one_after_it():
    database, one, other = Database(), a_conversation(), a_conversation()
    keys = KeptKeys(database, Minute())
    first = keys.obtain([one])
    assert keys.obtain([one, other]) == {one: first[one], other: database.made[other]}
    assert keys.obtain([]) == {}
    assert database.asked == [[one], [other]]


def test_S20_a_key_is_at_hand_for_a_minute_and_then_its_destruction_is_known():
    database, owner, minute = Database(), a_conversation(), Minute()
    keys = KeptKeys(database, minute)
    keys.obtain([owner])
    database.destroyed.add(owner)
    minute.now = 59.9
    assert keys.obtain([owner]) == database.made
    minute.now = 60.0
    with pytest.raises(Destroyed):
        keys.obtain([owner])
    assert len(keys._kept) == 0


def test_of_a_destroyed_key_nothing_is_kept_and_its_neighbour_s_is_asked_for_again():
    database, gone, other = Database(), a_conversation(), a_conversation()
    database.destroyed.add(gone)
    keys = KeptKeys(database, Minute())
    with pytest.raises(Destroyed):
        keys.obtain([gone, other])
    assert keys.obtain([other]) == {other: database.made[other]}


def test_no_more_than_the_most_are_kept_and_the_oldest_go_first():
    database, owners = Database(), [a_conversation() for _ in range(3)]
    keys = KeptKeys(database, Minute(), most=2)
    for owner in owners:
        keys.obtain([owner])
    keys.obtain(owners)
    assert database.asked[3:] == [[owners[0]]]
