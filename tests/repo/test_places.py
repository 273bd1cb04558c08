"""Nothing that is committed names the machine it was made on, where packages came from, or a secret."""

import re
from pathlib import Path

import pytest

from tests.repo.project import ROOT, files, name_of

LOCK = ROOT / "requirements.lock"
HERE = Path(__file__)
PLACES = {
    "the folder that the project stands in": r"(?<![\w.$}-])" + re.escape(str(ROOT)) + r"\b",
    "somebody's home": r"(?<![\w.$}])/(?:home|Users)/\w+",
    "an index of packages": r"--(?:(?:extra-)?index-url|find-links|trusted-host)",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a password in an address": r"\b[a-z]+://[^\s/:@{}\"']+:[^\s/@{}\"'*]+@",
}


@pytest.mark.parametrize("what", PLACES)
def test_no_file_names(what: str):
    pattern = re.compile(PLACES[what])
    found = [
        f"{name_of(path)}: {hit[0]}"
        for path in files()
        if path != HERE and (hit := pattern.search(path.read_text(errors="replace")))
    ]
    assert found == []


def requirements() -> dict[str, str]:
    """Each locked package (name==version) with what follows it."""
    entries = re.split(r"^(?=[a-z0-9])", LOCK.read_text(), flags=re.MULTILINE)
    return {entry.split()[0]: entry for entry in entries if "==" in entry.split("\n", 1)[0]}


def test_every_locked_package_has_a_version_and_hashes():
    found = requirements()
    assert len(found) > 50
    assert [name for name, entry in found.items() if "--hash=sha256:" not in entry] == []


def test_the_lock_names_no_address_and_no_option():
    lines = LOCK.read_text().splitlines()
    assert [line for line in lines if "://" in line or line.startswith("-")] == []


def test_what_the_project_asks_for_is_locked():
    asked = re.findall(r'^    "([a-z0-9-]+)[\[>=]', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert {"nameko", "pytest", "falcon"} <= set(asked)
    assert set(asked) - {name.partition("==")[0] for name in requirements()} == set()
