"""Nothing that is committed names the machine it was made on, where packages came from, or a secret."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.repo.project import ROOT, files, name_of

LOCK = ROOT / "requirements.lock"
PROOF = ROOT / "requirements-proof.lock"
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


def requirements(lock: Path) -> dict[str, str]:
    """Each locked package (name==version) with its hashes."""
    entries = re.split(r"^(?=[a-z0-9])", lock.read_text(), flags=re.MULTILINE)
    return {
        entry.split()[0]: " ".join(sorted(re.findall(r"--hash=sha256:\w+", entry)))
        for entry in entries
        if "==" in entry.split("\n", 1)[0]
    }


@pytest.mark.parametrize("lock", [LOCK, PROOF], ids=lambda lock: lock.name)
def test_every_locked_package_has_a_version_and_hashes(lock: Path):
    found = requirements(lock)
    assert len(found) > 50
    assert [name for name, hashes in found.items() if not hashes] == []


@pytest.mark.parametrize("lock", [LOCK, PROOF], ids=lambda lock: lock.name)
def test_the_lock_names_no_address_and_no_option(lock: Path):
    lines = lock.read_text().splitlines()
    assert [line for line in lines if "://" in line or line.startswith("-")] == []


@pytest.mark.parametrize(("lock", "groups"), [(LOCK, ("local", "dev")), (PROOF, ("local", "dev", "proof"))])
def test_what_the_project_asks_for_is_locked(lock: Path, groups: tuple[str, ...]):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = project["project"]["dependencies"] + [
        one for group in groups for one in project["dependency-groups"][group]
    ]
    names = {re.split(r"[^a-z0-9-]", one)[0] for one in asked}
    assert {"nameko", "pytest", "falcon"} <= names
    assert names - {name.partition("==")[0] for name in requirements(lock)} == set()


def test_the_bench_and_the_fuzzers_run_the_very_packages_that_the_product_runs_on():
    ours, theirs = requirements(LOCK), requirements(PROOF)
    assert {name: hashes for name, hashes in ours.items() if theirs.get(name) != hashes} == {}
