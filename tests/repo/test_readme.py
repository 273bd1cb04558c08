"""What README.md says of commands that the tests cannot run within themselves, and of the environment."""

import re
import shlex
from pathlib import Path

import pytest

from deploy.local import nginx, postgres, rabbitmq
from deploy.local.faults import CannotStart
from deploy.local.progress import to_nobody
from tests.repo.project import ROOT, files
from tests.repo.readme import README, blocks

RECIPES = {
    "make run": "-m deploy.local run",
    "make demo": "-m deploy.demo",
    "make test": "-m deploy.local test $(ARGS)",
    "make fuzz": "-m tests.fuzz $(ARGS)",
    "make lint": "lint-imports",
}
"""What a make command has to come to: tests/integration/test_launcher_* and tests/e2e/test_demo.py run that."""
OF_THE_LAUNCHER = r"\"(BOOKBAG_[A-Z_]+)\""


def recipe_of(target: str) -> str:
    found = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert found, f"the Makefile has no {target}"
    return found[1]


@pytest.mark.parametrize("line", [line for block in blocks() if block.is_make for line in block.commands.splitlines()])
def test_a_make_command_comes_to_what_the_readme_says(line: str):
    make, target, *arguments = shlex.split(line)
    assert RECIPES[f"{make} {target}"] in recipe_of(target)
    assert all(argument.startswith("ARGS=") for argument in arguments)


def test_every_fence_is_commands_or_their_output_but_for_what_the_machine_needs():
    kinds = re.findall(r"^```(\w*)\n", README, re.MULTILINE)
    assert kinds.count("sh") == len(blocks())
    assert re.findall(r"^```\n(?!\n)(.*)\n```$", README, re.MULTILINE) == [
        "sudo apt-get install make python3 python3-venv"
    ]


def test_the_variables_that_the_readme_lists_are_those_that_the_launcher_reads():
    listed = set(re.findall(r"`(BOOKBAG_[A-Z_]+)`", README))
    read: set[str] = set()
    for path in files():
        if path.parent == Path(ROOT / "deploy/local"):
            text = path.read_text()
            read |= set(
                re.findall(
                    r"(?:environ(?:ment)?(?:\.get\(|\[)|_(?:address|file)\((?:environment, )?)" + OF_THE_LAUNCHER, text
                )
            )
    read |= {f"BOOKBAG_{server}_SOURCE" for server in ("POSTGRES", "RABBITMQ", "NGINX")}
    assert listed == read


@pytest.mark.parametrize(
    ("variable", "find"),
    [
        ("BOOKBAG_POSTGRES_SOURCE", lambda told, folder: postgres.find(folder, folder, to_nobody, told)),
        ("BOOKBAG_RABBITMQ_SOURCE", lambda told, folder: rabbitmq.find(folder, to_nobody, told)),
        ("BOOKBAG_NGINX_SOURCE", lambda told, folder: nginx.find(folder, to_nobody, told)),
    ],
)
def test_the_sources_that_the_readme_lists_are_those_that_there_are(variable: str, find, tmp_path: Path):
    row = next(line for line in README.splitlines() if line.startswith("| ") and f"`{variable}`" in line)
    listed = set(re.findall(r"`([a-z]+)`", row))
    with pytest.raises(CannotStart) as refusal:
        find({variable: "nowhere"}, tmp_path)
    assert set(str(refusal.value).partition("one of: ")[2].split(", ")) == listed


def test_the_images_that_the_readme_lists_are_those_that_the_tests_run_on():
    listed = re.findall(r"`((?:postgres|rabbitmq):[^`]+)`", README)
    run = re.findall(r'"((?:postgres|rabbitmq):[^"]+)"', (ROOT / "tests/integration/test_containers.py").read_text())
    assert listed == run != []


def test_what_is_marked_for_an_engine_is_what_the_readme_tells_of():
    marked = [
        path.relative_to(ROOT)
        for path in files()
        if path.suffix == ".py" and path != Path(__file__) and "pytest.mark.docker" in path.read_text()
    ]
    assert marked == [Path("tests/integration/test_containers.py")]
