"""The simulation has teeth: each fault, written into a copy of the machinery, is caught within a few hundred schedules.

A test that fails names its fault; `python -m tests.sim --schedules 1500` in a copy with that edit shows the same.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.property.copies import Edit, copied_to, edited
from tests.sim.__main__ import FAILED
from tests.sim.faults import FAULTS

SCHEDULES = 1500


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied_to(tmp_path_factory.mktemp("machinery"))


def simulate(copy: Path, schedules: int, edits: tuple[Edit, ...] = ()) -> subprocess.CompletedProcess[str]:
    command = ["-m", "tests.sim", "--workers", "1", "--failures", "1", "--schedules", str(schedules)]
    with edited(copy, edits):
        return subprocess.run(
            [sys.executable, "-B", *command], cwd=copy, capture_output=True, text=True, timeout=240, check=False
        )


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_machinery_is_caught(fault: str, copy: Path):
    done = simulate(copy, SCHEDULES, FAULTS[fault])
    assert done.returncode == FAILED, f"not caught:\n{done.stdout}{done.stderr[-1500:]}"
    assert "--schedules 1 --seed" in done.stdout, "a failure says how it is seen again"


def test_without_a_fault_the_copy_keeps_its_promises(copy: Path):
    done = simulate(copy, 100)
    assert done.returncode == 0, done.stdout + done.stderr[-1500:]
