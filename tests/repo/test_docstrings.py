"""shared/ is a library: each public name says what it guarantees, unless its name already does."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.repo.project import ROOT, files, name_of

SHARED = ROOT / "shared"
NAME_IS_ENOUGH = {
    "Event": "what happened is the class's name, and its fields are declared below it",
    "Schema": "what is sent or shown is the class's name, and its fields are declared below it",
}
"""Bases whose subclasses need no sentence."""
SAYS_ITSELF = {
    "shared/testing/driver.py:Session": "each method is a thing that a person does, in the policy's own word for it",
}
"""Classes whose methods need no sentence."""
SHAPES = {
    "on_get": "falcon's responder; its resource's class says which path it answers",
    "heads": "shared/projections/runner.py: Source says what it promises, for every log that is followed",
    "after": "the same",
}
"""Methods that implement what is described in one place."""


@dataclass
class Class:
    """A class as its module declares it."""

    where: str
    node: ast.ClassDef
    bases: list[str]
    methods: dict[str, ast.FunctionDef] = field(default_factory=dict)


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in files():
        if path.is_relative_to(SHARED) and path.suffix == ".py":
            yield name_of(path), ast.parse(path.read_text())


def classes(where: str, module: ast.Module) -> Iterator[Class]:
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            methods = {one.name: one for one in node.body if isinstance(one, ast.FunctionDef)}
            yield Class(where, node, [_name(base) for base in node.bases], methods)


def undocumented() -> Iterator[str]:
    """What lacks a sentence, as `file:name`."""
    parsed = list(modules())
    by_name = {one.node.name: one for where, module in parsed for one in classes(where, module)}
    for where, module in parsed:
        for node in module.body:
            if isinstance(node, ast.FunctionDef) and _lacks(node):
                yield f"{where}:{node.name}"
        for one in classes(where, module):
            yield from _of_class(one, by_name)


def _of_class(one: Class, by_name: Mapping[str, Class]) -> Iterator[str]:
    if one.node.name.startswith("_"):
        return
    label = f"{one.where}:{one.node.name}"
    if _lacks(one.node) and not NAME_IS_ENOUGH.keys() & set(one.bases):
        yield label
    for method in one.methods.values():
        if _lacks(method) and label not in SAYS_ITSELF and not _said_by_a_base(one, method.name, by_name):
            yield f"{label}.{method.name}"


def _said_by_a_base(one: Class, method: str, by_name: Mapping[str, Class]) -> bool:
    if method in SHAPES and one.node.name != "Source":
        return True
    bases = [by_name[base] for base in one.bases if base in by_name]
    return any(
        (method in base.methods and ast.get_docstring(base.methods[method]) is not None)
        or _said_by_a_base(base, method, by_name)
        for base in bases
    )


def _lacks(node: ast.FunctionDef | ast.ClassDef) -> bool:
    return not node.name.startswith("_") and ast.get_docstring(node) is None


def _name(base: ast.expr) -> str:
    """The bare name of a base: `Generic[T]` and `module.Base` are Generic and Base."""
    if isinstance(base, ast.Subscript):
        base = base.value
    return base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")


def test_every_public_name_of_the_shared_library_says_what_it_guarantees():
    assert list(undocumented()) == []


def test_every_exception_is_still_needed():
    labels = {f"{where}:{one.node.name}" for where, module in modules() for one in classes(where, module)}
    bases = {base for where, module in modules() for one in classes(where, module) for base in one.bases}
    methods = {name for where, module in modules() for one in classes(where, module) for name in one.methods}
    assert SAYS_ITSELF.keys() <= labels
    assert NAME_IS_ENOUGH.keys() <= bases
    assert SHAPES.keys() <= methods


def test_a_missing_sentence_is_noticed():
    module = ast.parse(
        "class Bare:\n    def act(self): ...\nclass Kept(Event): ...\nclass _Own:\n    def act(self): ...\n"
    )
    found = [label for one in classes("m.py", module) for label in _of_class(one, {})]
    assert found == ["m.py:Bare", "m.py:Bare.act"]
