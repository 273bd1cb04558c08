"""What a run of the fuzzers is told, what it finds, and where it finds it."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from deploy.local.folders import ROOT, private_folder
from deploy.local.launch import Installation
from deploy.local.progress import Say
from tests.installation import Bench

SIGNS_IN_A_SECOND = 500
"""What one session may ask for in a second here: the gateway's own default; no piece comes near it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not be.

    Attributes:
        what: in a sentence; the same at every run, so that findings of one kind are told once.
        shown: the example.
    """

    what: str
    shown: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One round of one piece.

    Attributes:
        examples: of each property, operation, target or form; None: what the piece thinks enough.
        operation: as `POST /v1/points`; plays this one alone.
    """

    seed: int
    examples: int | None
    operation: str | None
    place: "Place"
    say: Say
    step: Callable[[int, int], None]

    def enough(self, otherwise: int) -> int:
        return otherwise if self.examples is None else self.examples


@dataclass
class Place:
    """An installation of the run's own, started by the first piece that needs one and gone afterwards."""

    say: Say
    stack: ExitStack = field(default_factory=ExitStack)

    @cached_property
    def folder(self) -> Path:
        name = tempfile.mkdtemp(prefix="fuzz-", dir=private_folder(ROOT / "run"))
        return Path(name)

    @cached_property
    def bench(self) -> Bench:
        it = Installation(self.folder, say=self.say, keep=False)
        return Bench(self.stack.enter_context(it))
