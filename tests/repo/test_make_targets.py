"""The Makefile's targets are the only documented commands, and every one that is named is there."""

import re

import pytest

from tests.repo.project import ROOT, documents, files, name_of

TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
NAMED = re.compile(r"(?:`|^|&& )make ([a-z][a-z-]*)", re.MULTILINE)

TARGETS = set(TARGET.findall((ROOT / "Makefile").read_text()))
NAMING = [(name_of(path), name) for path in documents() for name in sorted(set(NAMED.findall(path.read_text())))]


@pytest.mark.parametrize(("document", "name"), NAMING)
def test_a_make_target_that_a_document_names_is_there(document: str, name: str):
    assert name in TARGETS, f"{document} names make {name}"


def test_contributing_and_the_readme_name_the_commands_that_a_change_needs():
    named = {name for _, name in NAMING}
    assert {"run", "test", "lint", "golden", "controls", "docs"} <= named


@pytest.mark.parametrize("target", sorted(TARGETS - {"environment"}))
def test_every_target_says_in_make_help_what_it_does(target: str):
    assert re.search(rf"^{target}:.*  ## \S", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_ci_runs_the_commands_that_a_person_runs():
    assert re.findall(r"^(?:make|python|pytest) .*|^make$", (ROOT / ".ci/run").read_text(), re.MULTILINE) == [
        "make lint",
        "make test",
    ]


def test_test_files_have_names_of_their_own():
    """Their folders are no packages: two of one name could not be run together."""
    names = [path.name for path in files() if path.name.startswith("test_") and path.suffix == ".py"]
    assert sorted(set(names)) == sorted(names)
