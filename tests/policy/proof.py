"""`make policy-proof`: throws every switch whose code or tests have changed, and writes down which tests noticed.

A copy of the tree is made; in it each rule is switched off in turn and the tests that bear its clause are run. A switch
is proven when all of its tests fail, and those tests pass while nothing is switched off.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.policy.registry import PROOF, Switch, entry_of, problems_of, proof, proven
from tests.policy.switches import SWITCHES
from tests.repo.project import ROOT, files

Proof = dict[str, Any]


class Copy:
    """A copy of the tree, and a process in it that runs tests."""

    def __init__(self, folder: Path, runner: "subprocess.Popen[str]") -> None:
        self.folder, self._runner = folder, runner

    def ran(self, tests: Sequence[str]) -> Mapping[str, Any]:
        assert self._runner.stdin is not None
        assert self._runner.stdout is not None
        self._runner.stdin.write(json.dumps(list(tests)) + "\n")
        self._runner.stdin.flush()
        found: Mapping[str, Any] = json.loads(self._runner.stdout.readline())
        return found

    def without(self, switch: Switch) -> Mapping[str, Any]:
        file = self.folder / switch.file
        whole = file.read_text()
        try:
            file.write_text(whole.replace(switch.find, switch.replace))
            return self.ran(switch.caught_by)
        finally:
            file.write_text(whole)


@contextmanager
def a_copy() -> Iterator[Copy]:
    with tempfile.TemporaryDirectory(prefix="bookbag-policy-") as name:
        folder = Path(name)
        for path in files():
            target = folder / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
        runner = subprocess.Popen(
            [sys.executable, "-P", "tests/policy/forks.py"],
            cwd=folder,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": ""},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with runner:
            yield Copy(folder, runner)
            assert runner.stdin is not None
            runner.stdin.close()


def unfit(switches: Sequence[Switch]) -> list[str]:
    return [f"{switch.without}: {problem}" for switch in switches for problem in problems_of(switch)]


def prove(switches: Sequence[Switch], known: Mapping[str, Any], keep: Callable[[Proof], None]) -> list[str]:
    """Throws what is due and keeps the proof after each, so that a run that is stopped is not lost. Says what is wrong.

    What is kept is of the copy's files: the tree may be worked in meanwhile.
    """
    complaints = unfit(switches)
    fit = [switch for switch in switches if not any(problems_of(switch))]
    caught = {switch: entry_of(switch) for switch in fit if proven(switch, known)}
    due = [switch for switch in fit if switch not in caught]
    say(f"{len(caught)} switches are proven as the code is now, {len(due)} are to be thrown.")
    keep(by_clause(switches, caught))
    if not due:
        return complaints
    with a_copy() as copy:
        tests = sorted({test for switch in due for test in switch.caught_by})
        before = copy.ran(tests)
        passed = set(before["ran"]) - set(before["failed"]) - set(before["broken"])
        complaints += [f"{test} does not pass while nothing is switched off" for test in tests if test not in passed]
        due = [switch for switch in due if passed.issuperset(switch.caught_by)]
        for number, switch in enumerate(due, 1):
            failed = copy.without(switch)["failed"]
            missed = [test for test in switch.caught_by if test not in failed]
            clauses = ", ".join(switch.clauses)
            say(f"[{number}/{len(due)}] {clauses} without: {switch.without}: {'not caught' if missed else 'caught'}")
            complaints += [f"{clauses}, without: {switch.without}: {test} does not notice" for test in missed]
            if not missed:
                caught[switch] = entry_of(switch, copy.folder)
                keep(by_clause(switches, caught))
    return complaints


def by_clause(switches: Sequence[Switch], caught: Mapping[Switch, Any]) -> Proof:
    found: Proof = {}
    for switch in switches:
        if switch in caught:
            for clause in switch.clauses:
                found.setdefault(clause, {})[switch.without] = caught[switch]
    return found


def write(found: Proof) -> None:
    PROOF.write_text(json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    complaints = prove(SWITCHES, proof(), write)
    say(f"{len(proof())} clauses have a rule whose absence a test notices: {PROOF.relative_to(ROOT)}.")
    for complaint in complaints:
        say(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
