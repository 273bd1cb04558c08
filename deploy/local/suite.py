"""`make test`: pytest in a run folder of its own, so that it can run beside `make run`; nothing of it stays."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from deploy.local.accounts import remove_place
from deploy.local.folders import ROOT, private_folder, wait_for_children
from deploy.local.postgres import NOTE
from deploy.local.program import CHILD
from deploy.local.progress import to_terminal
from deploy.local.stopping import Stopped

ENDS_WITHIN = 90
INTERRUPTED = 130


def run_suite(arguments: Sequence[str]) -> int:
    """Pytest's own exit code. The last lines printed are pytest's."""
    folder = Path(tempfile.mkdtemp(prefix="tests-", dir=private_folder(ROOT / "run")))
    to_terminal(f"Testing in {folder.relative_to(ROOT)} (its logs stay when a test fails)")
    code = INTERRUPTED
    try:
        code = _pytest(folder, arguments)
    finally:
        # What a killed pytest leaves is on its way out: the kernel has sent it its signal.
        for lock in folder.rglob("children.lock"):
            wait_for_children(lock)
        for note in folder.rglob(NOTE):
            remove_place(note)
        _clear(folder, keep_logs=code not in (0, INTERRUPTED))
    return code


def _pytest(folder: Path, arguments: Sequence[str]) -> int:
    environment = {**os.environ, "BOOKBAG_RUN_DIR": str(folder)}
    stub = [sys.executable, "-I", "-S", str(CHILD), str(os.getpid()), str(int(signal.SIGKILL)), "-1", "-1"]
    command = [sys.executable, "-m", "pytest", f"--basetemp={folder / 'tmp'}", *arguments]
    process = subprocess.Popen([*stub, *command], cwd=ROOT, env=environment)  # noqa: S603 - pytest, as asked for
    try:
        return process.wait()
    except Stopped:
        # It may have had Ctrl-C from the terminal already; a second one would cut its clearing up short.
        with suppress(subprocess.TimeoutExpired):
            return process.wait(1)
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(ENDS_WITHIN)
        return INTERRUPTED
    finally:
        process.kill()
        process.wait()


def _clear(folder: Path, *, keep_logs: bool) -> None:
    if not keep_logs:
        shutil.rmtree(folder, ignore_errors=True)
        return
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            with suppress(OSError):
                path.rmdir()
        elif path.suffix not in (".log", ".1"):
            path.unlink(missing_ok=True)
