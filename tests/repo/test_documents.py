"""What is written down is true of the files that are there."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from deploy.gateway import api_page, document
from shared.policy.clauses import CLAUSES
from tests.repo.project import ROOT, documents, files, name_of

ADR = ROOT / "docs/adr"
DECISIONS = sorted(ADR.glob("0*.md"))
MOST_LINES = 60
LINK = re.compile(r"\[[^]]*\]\(([^)#]+)(?:#[^)]*)?\)")
LISTED = re.compile(r"^- \[(\d+)\. ([^]]+)\]\(([^)]+)\)$", re.MULTILINE)


def title_of(decision: Path) -> tuple[str, str]:
    """Number and title of a decision, by its first line."""
    found = re.fullmatch(r"# (\d+)\. (.+)", decision.read_text().splitlines()[0])
    assert found, f"{decision.name} begins with `# NUMBER. TITLE`"
    return found[1], found[2]


@pytest.mark.parametrize("path", documents(), ids=name_of)
def test_every_link_to_a_file_leads_to_one(path: Path):
    targets = [target for target in LINK.findall(path.read_text()) if "://" not in target]
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_the_list_of_decisions_is_the_decisions():
    """One file a decision; the list holds its number, title and file, and nothing else."""
    listed = LISTED.findall((ADR / "README.md").read_text())
    decisions = [(*title_of(decision), decision.name) for decision in DECISIONS]
    assert listed == decisions, "a new decision gets a line: - [NUMBER. TITLE](FILE)"


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_is_short_bears_its_file_s_number_and_says_what_was_decided(decision: Path):
    text = decision.read_text()
    assert len(text.splitlines()) <= MOST_LINES
    assert int(title_of(decision)[0]) == int(decision.name[:4])
    assert "**Decision.**" in text or "| package |" in text


def test_the_api_s_document_is_what_the_code_makes():
    assert document.FILE.read_text() == document.rendered(), "written anew by: make docs"


def test_the_api_s_page_is_what_the_document_makes():
    assert api_page.FILE.read_text() == api_page.rendered(document.made()), "written anew by: make docs"


def test_the_api_s_document_is_valid_openapi():
    found = json.loads(document.FILE.read_text())
    assert found["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(found).iter_errors()] == []


TESTS = [path for path in files() if path.is_relative_to(ROOT / "tests") and path.suffix == ".py"]
NAMES = [
    (name_of(path), name)
    for path in TESTS
    for name in re.findall(r"^(?:    )?def (test_\w*)", path.read_text(), re.MULTILINE)
]


def test_a_clause_that_a_test_bears_is_one_of_the_policy():
    clauses, of_trials = set(map(str, CLAUSES)), {f"T{number}" for number in range(1, 17)}
    borne = [(path, name, id_) for path, name in NAMES for id_ in re.findall(r"(?<=_)[ST]\d+(?=_|$)", name)]
    assert {id_ for _, _, id_ in borne} & clauses, "the pattern finds none"
    assert [one for one in borne if one[2] not in clauses | of_trials] == []


NAMED_PATH = re.compile(
    r"`((?:services|shared|deploy|tests|docs)/[\w./-]+|pyproject\.toml|Makefile|requirements\.lock)`"
)
ARCHITECTURE = ROOT / "docs/architecture.md"


@pytest.mark.parametrize("path", documents(), ids=name_of)
def test_every_path_that_a_document_names_is_there(path: Path):
    assert [name for name in NAMED_PATH.findall(path.read_text()) if not (ROOT / name).exists()] == []


def test_the_architecture_s_steps_lead_through_every_room():
    named = set(NAMED_PATH.findall(ARCHITECTURE.read_text()))
    steps = {
        *("deploy/gateway/render.py", "services/identity/principals.py", "services/points/api.py"),
        *("services/points/commands.py", "services/points/domain/pupil_points.py", "shared/log/append.py"),
        *("services/points/worker.py", "shared/projections/follower.py"),
        *("services/points/projections/pupil_points.py", "services/points/queries.py"),
    }
    assert steps <= named


def test_the_architecture_is_a_page_and_a_picture():
    text = ARCHITECTURE.read_text()
    assert len(text.split()) < 1000
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", text)
    assert [ET.parse(ARCHITECTURE.with_name(name)).getroot().tag for name in pictures] == [  # noqa: S314 - our own
        "{http://www.w3.org/2000/svg}svg"
    ]
