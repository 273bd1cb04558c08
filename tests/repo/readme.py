"""The commands of README.md and what they are said to print."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tests.repo.project import ROOT

README = (ROOT / "README.md").read_text()
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """Commands, and the output that is shown below them; None where none is."""

    commands: str
    output: str | None

    @property
    def is_make(self) -> bool:
        """Whether it is for a terminal of its own: it starts an installation or the tests themselves."""
        return all(line.startswith("make ") for line in self.commands.splitlines())


def blocks() -> Sequence[Block]:
    """Every ```sh block in order, with the ```text block that comes before the next one."""
    found: list[Block] = []
    for kind, text in _FENCE.findall(README):
        if kind == "sh":
            found.append(Block(text, None))
        elif kind == "text":
            found[-1] = Block(found[-1].commands, text)
    return found
