"""Makes an environment, where it is missing or of another lock file. Runs before anything is installed.

Standard library alone, and nothing that Python 3.6 could not read: it is the one that has to say so.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

OLDEST, NEWEST = (3, 11), (3, 13)
OTHERS = ("python3.13", "python3.12", "python3.11")
ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = {
    (): (".venv", "requirements.lock"),
    # What the bench compares with and the fuzzers run on: nobody else should have to fetch it.
    ("proof",): (".venv-proof", "requirements-proof.lock"),
}
FOLDER, LOCKED = ENVIRONMENTS[tuple(sys.argv[1:])]
VENV = ROOT / FOLDER
PYTHON = VENV / "bin" / "python"
LOCK_FILE = ROOT / LOCKED
MARKER = VENV / ".bookbag-complete"
SIGN_OF_LIFE = 5.0
LAST_LINES = 12
REFUSED = 2


def main() -> int:
    """Returns 0 when the environment stands, 2 when it cannot."""
    if not is_supported(sys.version_info[0], sys.version_info[1]):
        return in_another_python()
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            return refuse(
                f"This Python lacks {module}; install it: sudo apt-get install python3-venv"
                " (Fedora, Arch and macOS bring it with python3)"
            )
    wanted = digest()
    if is_complete(wanted):
        return 0
    try:
        (ROOT / "run").mkdir(mode=0o700, exist_ok=True)
        with (ROOT / "run" / "setup.lock").open("a") as lock:
            wait_for_turn(lock)
            return 0 if is_complete(wanted) else make_environment(wanted)
    except OSError as error:
        return refuse(f"{error.filename} cannot be written ({error.strerror}); the project's folder has to be yours")


def is_supported(major: int, minor: int) -> bool:
    return OLDEST <= (major, minor) <= NEWEST


def in_another_python() -> int:
    for name in OTHERS:
        path = shutil.which(name)
        # A version manager may offer a name that it cannot run.
        if path and subprocess.call([path, "-c", ""], stderr=subprocess.DEVNULL) == 0:  # noqa: S603
            os.execv(path, [path, str(Path(__file__).resolve()), *sys.argv[1:]])  # noqa: S606 - no shell is meant
    found = ".".join(str(part) for part in sys.version_info[:2])
    return refuse(
        f"Bookbag needs Python 3.11, 3.12 or 3.13 and this is {found};"
        " install one: sudo apt-get install python3 python3-venv"
    )


def digest() -> str:
    """What the environment depends on: what is locked, the Python that made it, and where it stands."""
    return hashlib.sha256(LOCK_FILE.read_bytes() + f"{sys.version} {VENV}".encode()).hexdigest()


def is_complete(wanted: str) -> bool:
    try:
        return MARKER.read_text() == wanted and PYTHON.exists()
    except OSError:
        return False


def wait_for_turn(lock: IO[str]) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Another make sets up the environment; waiting for it")
        fcntl.flock(lock, fcntl.LOCK_EX)


def make_environment(wanted: str) -> int:
    began = time.time()
    say(f"Setting up the environment in {FOLDER}")
    if not is_of_this_python():
        made = subprocess.run(  # noqa: S603 - this very Python
            [sys.executable, "-m", "venv", "--clear", str(VENV)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if made.returncode != 0:
            sys.stderr.write(made.stdout.decode(errors="replace"))
            return refuse("The environment cannot be made; install what it needs: sudo apt-get install python3-venv")
    code = install()
    if code == 0:
        # The marker comes last: an environment that was cut short is made anew.
        partial = MARKER.with_name(MARKER.name + ".new")
        partial.write_text(wanted)
        partial.replace(MARKER)
        say(f"The environment is ready ({time.time() - began:.0f} s)")
    return code


def is_of_this_python() -> bool:
    """Whether there is one to add to: made by this Python, and never moved."""
    try:
        with (VENV / "bin" / "pip").open() as script:
            moved = str(VENV) not in script.readline() + script.readline()
        said = subprocess.check_output(  # noqa: S603 - the environment's own Python
            [str(PYTHON), "-c", "import sys; print(sys.version)"], stderr=subprocess.DEVNULL
        )
    except (OSError, subprocess.CalledProcessError):
        return False
    return not moved and said.decode().strip() == sys.version


def install() -> int:
    count = sum("==" in line and not line.startswith(("#", " ")) for line in LOCK_FILE.read_text().splitlines())
    process = subprocess.Popen(  # noqa: S603 - the environment's own pip
        [
            *(str(PYTHON), "-m", "pip", "install", "--require-hashes", "--no-deps", "--disable-pip-version-check"),
            *("--no-input", "--progress-bar", "off", "-r", str(LOCK_FILE)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    lines = [""]
    fetched = 0
    ended = threading.Event()

    def show() -> None:
        while not ended.wait(SIGN_OF_LIFE):
            say(f"  packages: {fetched} of about {count}" if "Installing" not in lines[-1] else "  installing them")

    threading.Thread(target=show, daemon=True).start()
    for line in process.stdout or ():
        lines.append(line)
        fetched += line.startswith(("Collecting", "Requirement already satisfied"))
    ended.set()
    if process.wait() == 0:
        return 0
    sys.stderr.write("".join(lines[-LAST_LINES:]))
    return refuse(
        f"The packages of {LOCKED} cannot be installed: look at the network, and at pip's own settings"
        " (pip config list), and try again"
    )


def say(line: str) -> None:
    print(line, flush=True)


def refuse(sentence: str) -> int:
    sys.stdout.flush()
    sys.stderr.write(sentence + "\n")
    return REFUSED


if __name__ == "__main__":
    sys.exit(main())
