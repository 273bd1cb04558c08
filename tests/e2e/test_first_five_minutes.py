"""README.md's first five minutes, typed into a shell beside a running installation."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.installation import Bench
from tests.repo.project import ROOT
from tests.repo.readme import blocks

BEFORE = "set -eEuo pipefail\ntrap 'echo \"failed: $BASH_COMMAND\" >&2' ERR\n"
END = "=== end of a block ==="


@pytest.fixture(scope="module")
def checkout(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's folder as a newcomer has it, `run` being the installation that runs, with its invented school."""
    bench.it.load_demo()
    folder = tmp_path_factory.mktemp("checkout")
    for path in ROOT.iterdir():
        if path.name != "run":
            (folder / path.name).symlink_to(path)
    (folder / "run").symlink_to(bench.it.run_dir)
    return folder


@pytest.mark.skipif(shutil.which("curl") is None, reason="that part of the README needs curl, and there is none here")
def test_every_command_of_the_readme_works_and_prints_what_is_shown(bench: Bench, checkout: Path):
    tried = [block for block in blocks() if not block.is_make]
    assert len(tried) > 3
    script = BEFORE + "".join(f"{block.commands}\necho '{END}'\n" for block in tried)
    done = subprocess.run(
        ["/bin/bash", "-c", script],
        cwd=checkout,
        env={**os.environ, "BOOKBAG_RUN_DIR": str(bench.it.run_dir), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    printed = done.stdout.split(f"{END}\n")[:-1]
    assert [text.replace("\r", "").strip() for text in printed] == [(block.output or "").strip() for block in tried]


def test_the_sign_in_sheet_is_for_its_owner_alone(checkout: Path):
    assert (checkout / "run/sign-in.txt").stat().st_mode & 0o777 == 0o600
