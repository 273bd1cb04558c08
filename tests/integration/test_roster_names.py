"""The names that texts are checked for, as a roster on a real PostgreSQL has them: as new as the roster."""

from collections.abc import Callable
from uuid import UUID

import pytest

from shared.events.declaration import Event
from shared.events.identity import ClassId, PupilAdmitted, PupilEnrolled, PupilId, PupilLeft, YearGroup
from shared.projections.roster_names import KnownNames, RosterNames
from tests.integration.conftest import ScratchLog
from tests.integration.told import ToldRoster

CLASS, OTHER_CLASS, CLUB = ClassId(UUID(int=1)), ClassId(UUID(int=2)), ClassId(UUID(int=3))
AMELIA, BO, CY = PupilId(UUID(int=10)), PupilId(UUID(int=11)), PupilId(UUID(int=12))


class Names(ToldRoster):
    """The names that a process keeps of a roster that is told."""

    def __init__(self, scratch: ScratchLog) -> None:
        super().__init__(scratch)
        self._names = RosterNames(self.reader)

    def of(self, class_id: ClassId = CLASS, at: int | None = None) -> KnownNames:
        return self._names.of(self.school_id, class_id, self.position if at is None else at)


def admitted(pupil: PupilId, first: str, *classes: ClassId) -> list[Event]:
    came = PupilAdmitted(
        pupil_id=pupil, year_group=YearGroup.YEAR_2, given_name=first, family_name="Bee", birth_date=None
    )
    return [came, *(PupilEnrolled(class_id=one, pupil_id=pupil) for one in classes)]


@pytest.fixture
def names(scratch: ScratchLog) -> Names:
    made = Names(scratch)
    made.hears(*admitted(AMELIA, "Amelia", CLASS, CLUB), *admitted(BO, "Bo", CLASS), *admitted(CY, "Cy", OTHER_CLASS))
    return made


def test_S57_the_names_are_those_of_all_pupils_on_the_school_s_roll(names: Names):
    assert all(names.of().school.bearing_first(first) for first in ("amelia", "bo", "cy"))
    names.hears(PupilLeft(pupil_id=CY))
    assert not names.of().school.bearing_first("cy")


def test_S58_a_class_s_roll_is_of_its_own_pupils_each_in_all_their_classes(names: Names):
    assert {one: set(names.of(one).roll.count) for one in (CLASS, OTHER_CLASS, CLUB)} == {
        CLASS: {"amelia", "bo"},
        OTHER_CLASS: {"cy"},
        CLUB: {"amelia"},
    }
    assert not names.of(ClassId(UUID(int=4))).roll.count, "a class without pupils has nobody"


@pytest.mark.parametrize("known", [lambda n: n.of().school.bearing_first("di"), lambda n: n.of().roll.count.get("di")])
def test_S57_S58_who_comes_is_known_as_soon_as_the_roster_has_them(names: Names, known: Callable[[Names], object]):
    assert not known(names)
    names.hears(*admitted(PupilId(UUID(int=13)), "Di", CLASS))
    assert known(names)


def test_while_the_roster_stands_where_it_stood_nothing_is_read_again(names: Names):
    kept = names.of()
    names.hears(*admitted(PupilId(UUID(int=13)), "Di", CLASS))
    again = names.of(at=names.position - 2)
    assert (again.school, again.roll) == (kept.school, kept.roll)
    assert names.of().school is not kept.school
