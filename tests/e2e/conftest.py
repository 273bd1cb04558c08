"""What several of these tests stand on."""

import pytest

from tests.faults.invariants import wait_until_quiet
from tests.installation import Bench


@pytest.fixture(scope="module")
def at_rest(bench: Bench) -> None:
    """What the module before has set off is over: a case opens a moment after a flag was answered."""
    wait_until_quiet(bench)
