"""What a switch is, what its proof says, and when a clause may be called enforced."""

import ast
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from shared.policy.clauses import ClauseId
from tests.repo.project import ROOT, files, name_of

PROOF = ROOT / "docs/policy-proof.json"
FAST = ("tests/unit/", "tests/property/", "tests/repo/", "tests/contract/")
"""The folders whose tests need no server: a switch is proven by these."""
_TEST = re.compile(r"^(?:    )?def (test_\w*)", re.MULTILINE)
_CLAUSE = re.compile(r"(?<=_)S\d\d(?=_|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """Turns one rule off in a copy of the code.

    Attributes:
        clauses: the clauses that the rule carries out.
        without: what becomes possible without it, in a few words.
        find: where the rule stands, once in the file.  replace: what stands there with the rule off.
        caught_by: tests that then fail, as `file::name`; of each clause, one that bears its id.
    """

    clauses: tuple[ClauseId, ...]
    without: str
    file: str
    find: str
    replace: str
    caught_by: tuple[str, ...]

    @property
    def own_hash(self) -> str:
        """Of what the switch does, so that a proof of another one does not count."""
        return _sha256(json.dumps([self.file, self.find, self.replace, *self.caught_by]))


def problems_of(switch: Switch) -> Iterator[str]:
    """What makes a switch unfit for the code as it is now; seen without running anything."""
    file = ROOT / switch.file
    if not file.exists() or file.read_text().count(switch.find) != 1:
        yield f"what it finds does not stand once in {switch.file}"
    for test in switch.caught_by:
        if not test.startswith(FAST):
            yield f"{test} needs servers"
        if test not in borne():
            yield f"{test} is not there"
    for clause in switch.clauses:
        if not any(clause in clauses_of(test) for test in switch.caught_by):
            yield f"no test of it bears {clause}"


def clauses_of(test: str) -> frozenset[str]:
    """The clauses that a test bears in its name."""
    return frozenset(_CLAUSE.findall(test.partition("::")[2]))


@cache
def borne() -> Mapping[str, frozenset[str]]:
    """Every test, as `file::name`, with the clauses that it bears."""
    found = {}
    for path in files():
        if path.is_relative_to(ROOT / "tests") and path.suffix == ".py":
            for name in _TEST.findall(path.read_text()):
                test = f"{name_of(path)}::{name}"
                found[test] = clauses_of(test)
    return found


def place_of(switch: Switch) -> str:
    """The function or class that the rule stands in; empty for what is no Python or stands in none."""
    if not switch.file.endswith(".py"):
        return ""
    text = (ROOT / switch.file).read_text()
    line = text[: text.index(switch.find)].count("\n") + 1
    line += len(switch.find) - len(switch.find.lstrip("\n"))
    return ".".join(_around(ast.parse(text).body, line))


def _around(body: Sequence[ast.stmt], line: int) -> Iterator[str]:
    for node in body:
        if node.lineno <= line <= (node.end_lineno or node.lineno):
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                yield node.name
                yield from _around(node.body, line)
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                if isinstance(target, ast.Name):
                    yield target.id


def hash_of(file: str, root: Path = ROOT) -> str:
    path = root / file
    return _sha256(path.read_text()) if path.exists() else ""


def proof() -> Mapping[str, Any]:
    """What was found when the switches were last thrown: clause -> switch -> tests."""
    found: Mapping[str, Any] = json.loads(PROOF.read_text()) if PROOF.exists() else {}
    return found


def proven(switch: Switch, known: Mapping[str, Any]) -> bool:
    """Whether the proof is of this switch, this rule's file and these tests' files, as they all are now."""
    return not any(problems_of(switch)) and all(
        known.get(clause, {}).get(switch.without) == entry_of(switch) for clause in switch.clauses
    )


def entry_of(switch: Switch, root: Path = ROOT) -> dict[str, Any]:
    """What the proof says of a switch that every one of its tests has caught, with the files that stand in `root`."""
    return {
        "file": switch.file,
        "file_sha256": hash_of(switch.file, root),
        "switch_sha256": switch.own_hash,
        "tests": {
            test: {"sha256": hash_of(test.partition("::")[0], root), "caught": True}
            for test in sorted(switch.caught_by)
        },
    }


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
