"""What a failed test is run again with stands below it, and works as it stands."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.again import again, in_that_order

NODES = [
    "tests/unit/test_chain.py::test_a_changed_event_is_found",
    "tests/repo/test_policy_page.py::test_a_switch[S30: any text is taken for a picture, an address of a photo too]",
    'tests/unit/test_words.py::test_names[O\'Hara "x" $HOME `id`]',
]


@pytest.mark.parametrize("node", NODES)
def test_the_command_hands_pytest_the_test_and_the_seed(node: str, tmp_path: Path):
    """Given a Makefile that shows what it is handed, when the command runs, then it is the test to the letter."""
    (tmp_path / "Makefile").write_text("test:\n\t@printf '%s\\n' $(ARGS)\n")
    # The suite may itself be run by make, which would then speak of being one below another.
    terminal = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    shown = subprocess.check_output(["/bin/sh", "-c", again(node, 42)], cwd=tmp_path, text=True, env=terminal)
    assert shown.splitlines() == ["--randomly-seed=42", node]


def test_the_command_for_the_whole_order_leaves_out_what_was_of_that_run_alone():
    said = in_that_order(["--basetemp=run/x", "-q", "--randomly-seed=7", "tests/unit"], 7)
    assert said == "make test ARGS='--randomly-seed=7 -q tests/unit'"
