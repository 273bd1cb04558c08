"""Tells the demo as a story: who does what, what it is answered, what each person now sees; counts what is not so."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from shared.testing.driver import Refused

T = TypeVar("T")
P = ParamSpec("P")

PATIENCE = 30
"""Tries of what is not visible yet; each waits up to two seconds on the server's side."""
DEEP = 6


class OffScript(Exception):  # noqa: N818 - its text is the sentence that is shown
    """The story cannot go on: something that must be possible was refused."""


class Stage:
    """Attributes: wrong: what did not come out as the policy says; the demo fails if there is anything."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.wrong: list[str] = []
        self.seen = 0

    def scene(self, title: str, *clauses: str) -> None:
        """Begins a scene."""
        self._console.print()
        self._console.rule(Text.assemble((title, "bold cyan"), ("  " + ", ".join(clauses), "dim")), align="left")

    def tell(self, words: str) -> None:
        """A sentence of the story."""
        self._console.print(Padding(Text(words, style="italic"), (0, 0, 0, 2)))

    def does(self, who: str, what: str, do: Callable[P, T | Refused], *given: P.args, **named: P.kwargs) -> T:
        """Somebody does something that must be possible."""
        answer = self._patiently(do, *given, **named)
        if isinstance(answer, Refused):
            raise OffScript(f"{who} {what}: refused {answer.status} {answer.code} {answer.detail}")
        self._line("●", "green", who, what)
        return answer

    def quietly(self, do: Callable[P, T | Refused], *given: P.args, **named: P.kwargs) -> T:
        """The same with nothing said: what the story does not turn on."""
        answer = self._patiently(do, *given, **named)
        if isinstance(answer, Refused):
            raise OffScript(f"refused {answer.status} {answer.code} {answer.detail}")
        return answer

    def may_not(self, who: str, what: str, code: str, clause: str | None, answer: Any) -> None:
        """Somebody tries what the policy does not let them; the refusal names its code and clause."""
        if not isinstance(answer, Refused):
            self._wrong(f"{who} {what}: that should have been refused with {code}")
            return
        self.seen += 1
        if (answer.code, answer.clause) != (code, clause):
            self._wrong(f"{who} {what}: refused with {answer.code} {answer.clause}, not with {code} {clause}")
        self._line("✗", "yellow", who, what)
        named = f"{answer.code}" + (f", {answer.clause}" if answer.clause else "")
        self._console.print(Padding(Text.assemble((f"{named}: ", "yellow"), (answer.detail, "dim")), (0, 0, 0, DEEP)))

    def sees(self, who: str, what: str, *, found: Any, expected: Any) -> None:
        """What somebody now sees, and that it is what they should."""
        self.seen += 1
        if found != expected:
            self._wrong(f"{who} sees {found!r}, not {expected!r} ({what})")
            return
        self._console.print(Padding(Text.assemble((f"{who} ", "bold"), "sees ", (what, "")), (0, 0, 0, DEEP)))

    def check(self, what: str, wrong: list[str]) -> None:
        """A check at the end: nothing is wrong."""
        self.seen += 1
        if wrong:
            for line in wrong:
                self._wrong(f"{what}: {line}")
        else:
            self._line("✓", "green", "", what)

    def _patiently(self, do: Callable[P, T | Refused], *given: P.args, **named: P.kwargs) -> T | Refused:
        """What a large roster keeps from being visible yet is asked for again, as its answer says."""
        answer = do(*given, **named)
        for _ in range(PATIENCE):
            if not (isinstance(answer, Refused) and answer.code == "NOT_YET_VISIBLE"):
                break
            answer = do(*given, **named)
        return answer

    def _line(self, mark: str, style: str, who: str, what: str) -> None:
        parts = [(f"  {mark} ", style), (f"{who} " if who else "", "bold"), (what, "")]
        self._console.print(Text.assemble(*parts))

    def _wrong(self, line: str) -> None:
        self.wrong.append(line)
        self._console.print(Text.assemble(("  ✗ NOT AS THE POLICY SAYS  ", "bold white on red"), f" {line}"))
