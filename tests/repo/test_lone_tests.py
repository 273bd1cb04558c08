"""Tests share a process: what one changes when it is imported, every other one runs with."""

import ast
from pathlib import Path

import pytest

from tests.repo.project import ROOT, name_of

FILES = sorted((ROOT / "tests").rglob("*.py"))


def changed_on_import(source: str) -> list[int]:
    """Lines that set an attribute of something imported, while the module itself is imported."""
    body = ast.parse(source).body
    imported = {
        alias.asname or alias.name.partition(".")[0]
        for statement in body
        if isinstance(statement, ast.Import | ast.ImportFrom)
        for alias in statement.names
    }
    return [
        statement.lineno
        for statement in body
        if isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign)
        for target in (statement.targets if isinstance(statement, ast.Assign) else [statement.target])
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id in imported
    ]


def test_a_product_s_constant_that_is_set_on_import_is_seen():
    assert changed_on_import("from shared.bus import relay\nrelay.BATCH_SECONDS = 1e9\n") == [2]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_importing_it_changes_nothing_for_the_others(path: Path):
    assert changed_on_import(path.read_text()) == []
