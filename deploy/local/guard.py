"""Keeps the guardian told of what runs."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

GUARDIAN = Path(__file__).with_name("guardian.py")


class Guard:
    """A guardian process; another one where that was killed. Not safe to use from several threads."""

    def __init__(self, inherited: Sequence[int]) -> None:
        self._inherited = tuple(inherited)
        self._process: subprocess.Popen[str] | None = None
        self._groups: dict[int, int] = {}

    def add(self, group: int, death_signal: int) -> None:
        """A group that is to be ended, with this signal first, when the launcher is gone."""
        self._groups[group] = death_signal
        self._tell({group: death_signal}, f"+ {group} {death_signal}\n")

    def remove(self, group: int) -> None:
        """A group that is gone."""
        self._groups.pop(group, None)
        self._tell({}, f"- {group}\n")

    def close(self) -> None:
        """Lets it go. Call it when nothing runs any more."""
        if self._process is not None:
            self._process.communicate()

    def _tell(self, added: Mapping[int, int], line: str) -> None:
        try:
            self._write(line)
        except OSError:
            # There is none yet, or somebody killed it: a new one is told of everything that runs.
            self._process = subprocess.Popen(  # noqa: S603 - the launcher's own script
                [sys.executable, "-I", "-S", str(GUARDIAN)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                text=True,
                cwd="/",
                pass_fds=self._inherited,
                start_new_session=True,
            )
            everything = {**self._groups, **added}
            self._write("".join(f"+ {group} {number}\n" for group, number in everything.items()))

    def _write(self, text: str) -> None:
        if self._process is None or self._process.stdin is None or self._process.poll() is not None:
            raise BrokenPipeError
        self._process.stdin.write(text)
        self._process.stdin.flush()
