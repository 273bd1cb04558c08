"""Runs a target of atheris_target.py in a process of its own, within bounds of time and memory, and reads its word."""

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.local.folders import ROOT
from tests.fuzz.plan import Finding, Plan

SECONDS = 2
"""Longest that one input may take."""
MEGABYTES = 512
"""Most that the process may hold, Python, Pillow and the fuzzer's own tables in it."""
_KIND = re.compile(r"ERROR: libFuzzer: (.*)|=== Uncaught Python exception: ===\n(.*)")
_RATE = re.compile(r"Done (\d+) runs in (\d+) second")


def fuzz(target: str, corpus: Mapping[str, bytes], plan: Plan, runs: int, words: Sequence[bytes] = ()) -> list[Finding]:
    """At most one finding: libFuzzer stops at the first."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "corpus").mkdir()
        for name, content in corpus.items():
            (folder / "corpus" / name).write_bytes(content)
        (folder / "words").write_text("".join(f'"{_spelt(word)}"\n' for word in words))
        flags = [
            f"-seed={plan.seed % 2**31 or 1}",  # to libFuzzer 0 is a random one
            f"-runs={runs}",
            f"-timeout={SECONDS}",
            f"-rss_limit_mb={MEGABYTES}",
            f"-dict={folder / 'words'}",
            f"-artifact_prefix={folder}/",
            "-max_len=65536",
            "-len_control=0",
        ]
        done = subprocess.run(
            [sys.executable, "-m", "tests.fuzz.atheris_target", target, *flags, str(folder / "corpus")],
            cwd=ROOT,
            capture_output=True,
            check=False,
        )
        said = (done.stdout + done.stderr).decode(errors="replace")
        if done.returncode == 0:
            rate = _RATE.search(said)
            plan.say(f"  {target}: {rate[1]} inputs in {rate[2]} s" if rate else f"  {target}: {runs} inputs")
            return []
        return [Finding(f"{target}: {_what(said)}", "\n".join([*_inputs(folder), said[-2000:]]))]


def _what(said: str) -> str:
    kind = _KIND.search(said)
    return next((part for part in kind.groups() if part), "it failed") if kind else "the fuzzer itself failed"


def _inputs(folder: Path) -> list[str]:
    return [f"{path.name}: {path.read_bytes()[:400].hex()}" for path in sorted(folder.iterdir()) if path.is_file()]


def _spelt(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)
