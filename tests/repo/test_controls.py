"""The controls fit the code as it is now: seen in a second, where running them takes minutes."""

import pytest

from tests.controls.seeded_faults import FAULTS, Fault
from tests.property.test_rule_faults import FAULTS as OF_THE_RULE
from tests.repo.project import ROOT
from tests.sim.faults import FAULTS as OF_THE_MACHINERY


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_seeded_fault_stands_once_in_its_file_and_names_tests_that_are_there(fault: Fault):
    assert (ROOT / fault.file).read_text().count(fault.find) == 1
    assert fault.caught_by
    for test in fault.caught_by:
        file, _, name = test.partition("::")
        assert (f"def {name.partition('[')[0]}(" if name else "def test_") in (ROOT / file).read_text(), test


@pytest.mark.parametrize("name", [*OF_THE_MACHINERY, *OF_THE_RULE])
def test_a_fault_that_schedules_and_histories_must_catch_stands_once_in_its_file(name: str):
    edits = OF_THE_MACHINERY.get(name) or OF_THE_RULE[name]
    assert [find for file, find, _ in edits if (ROOT / file).read_text().count(find) != 1] == []


def test_every_fault_has_a_name_of_its_own():
    names = [fault.name for fault in FAULTS]
    assert sorted(set(names)) == sorted(names)
