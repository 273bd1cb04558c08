"""The machine's clock of a process, stepped while it runs.

Nothing of Bookbag asks the operating system for the time of day but `SystemClock.now` (a test holds that). In the
processes of these tests it adds what stands in a file of the process's own; `sitecustomize` is how Python runs
something before the program. Not stepped: PostgreSQL's and nginx's own clocks, and what is monotonic.
"""

from datetime import timedelta
from pathlib import Path
from typing import Final

_SEAM: Final = """\
import os
from pathlib import Path

from shared.runtime import clock


class Machine(clock.SystemClock):
    pass


_real = clock.SystemClock.now
Machine.now = _real
_stepped = clock.SchoolClock(Path(os.environ["BOOKBAG_STEPS"]) / os.environ["BOOKBAG_HTTP_PORT"], Machine())
clock.SystemClock.now = lambda _self: _stepped.now()
"""


class Steps:
    """The steps of the processes of one installation."""

    def __init__(self, folder: Path, tree: Path) -> None:
        self._steps = folder / "steps"
        self._steps.mkdir()
        (folder / "sitecustomize.py").write_text(_SEAM)
        self.environment = {"PYTHONPATH": f"{folder}:{tree}", "BOOKBAG_STEPS": str(self._steps)}

    def step(self, by: timedelta, *ports: int) -> None:
        """Sets these processes' clocks, told by their ports, so far from the machine's; at once, and for good."""
        for port in ports:
            new = self._steps / f"{port}.new"
            new.write_text(str(by // timedelta(microseconds=1)), encoding="ascii")
            new.replace(self._steps / str(port))
