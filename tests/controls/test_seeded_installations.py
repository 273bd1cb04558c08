"""Faults that only a whole installation shows: each is seeded into a copy that an installation runs, and is found.

Half a minute to two minutes each. What needs one process only is in seeded_faults.py.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from deploy.local.processes import BOOKBAG, Product
from tests.faults import test_clock_steps, upgrading
from tests.faults.apart import standing_apart
from tests.faults.upgraded import Edit, copy_of_the_tree

pytestmark = pytest.mark.controls

Folder = Callable[[str], Path]
Scenario = Callable[[Folder, Product, Path], None]


def product_of(tree: Path) -> Product:
    """The product, with the code of a copy."""

    def command(service: str, kind: str) -> Sequence[str]:
        return ["/bin/sh", "-c", 'cd "$0" && exec "$@"', str(tree), sys.executable, "-m", f"services.{service}", kind]

    return replace(BOOKBAG, command=command)


def upgrade(folder: Folder, product: Product, _tree: Path) -> None:
    with upgrading.rolling_installation(folder, product) as rolling:
        upgrading.a_new_version_is_rolled_out(rolling)


def clock_steps(folder: Folder, product: Product, tree: Path) -> None:
    with standing_apart(folder, product, tree) as apart:
        test_clock_steps.everything_about_steps(apart)


@dataclass(frozen=True, slots=True)
class Seeded:
    """A fault, and the scenario that must find it. Attributes: says: what of the failure tells that it is this one."""

    name: str
    edits: Mapping[str, Sequence[Edit]]
    found_by: Scenario
    says: str


SEEDED = (
    Seeded(
        "a newer version is read as if it were known",
        {
            "shared/events/wire.py": (
                Edit("if cls is not None and version > cls.schema_version:", "if cls is None:"),
                Edit(
                    "return registry.upcast_to_latest(name, version, dict(data))",
                    "return registry.upcast_to_latest(name, 1, dict(data))",
                ),
            )
        },
        upgrade,
        "an award was taken for another number of points",
    ),
    Seeded(
        "an answer is used again by the machine's clock",
        {
            "services/identity/bootstrap.py": (
                Edit(
                    "parts.clock, parts.real, time.monotonic)",
                    "parts.clock, parts.real, lambda: parts.real.now().timestamp())",
                ),
            )
        },
        clock_steps,
        "not signed out",  # an answer of the hour that was stepped back is given again, and nobody believes it
    ),
)


@pytest.mark.parametrize("seeded", SEEDED, ids=lambda seeded: seeded.name)
def test_a_fault_that_only_a_whole_installation_shows_is_found(
    seeded: Seeded, tmp_path_factory: pytest.TempPathFactory
):
    tree = copy_of_the_tree(tmp_path_factory.mktemp("seeded"), seeded.edits)
    with pytest.raises(AssertionError, match=seeded.says):
        seeded.found_by(tmp_path_factory.mktemp, product_of(tree), tree)
