"""Tests share a process: what one changes when it is imported, every other one runs with."""

import ast
from pathlib import Path

import pytest

from tests.repo.project import ROOT, name_of

FILES = sorted((ROOT / "tests").rglob("*.py"))


def changed_on_import(source: str) -> list[int]:
    """Lines that set an attribute of something while the module is imported."""
    return [
        statement.lineno
        for statement in ast.parse(source).body
        if isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign)
        for target in (statement.targets if isinstance(statement, ast.Assign) else [statement.target])
        if isinstance(target, ast.Attribute)
    ]


def test_a_product_s_constant_that_is_set_on_import_is_seen():
    assert changed_on_import("import relay\nrelay.BATCH_SECONDS = 1e9\n") == [2]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_importing_it_changes_nothing_for_the_others(path: Path):
    assert changed_on_import(path.read_text()) == []
