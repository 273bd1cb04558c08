"""Makes the environment in .venv, where it is missing or of another lock file. Runs before anything is installed.

Standard library alone, and nothing in it that an old Python 3 could not read: it is the one that has to say so.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time

OLDEST, NEWEST = (3, 11), (3, 13)
OTHERS = ("python3.13", "python3.12", "python3.11")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
LOCK_FILE = os.path.join(ROOT, "requirements.lock")
MARKER = os.path.join(VENV, ".bookbag-complete")
SIGN_OF_LIFE = 5.0
REFUSED = 2


def main():
    # type: () -> int
    if not is_supported(sys.version_info[:2]):
        return in_another_python()
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            return refuse(
                "This Python lacks {0}; install it: sudo apt-get install python3-venv"
                " (Fedora, Arch and macOS bring it with python3)".format(module)
            )
    wanted = digest()
    if is_complete(wanted):
        return 0
    os.makedirs(os.path.join(ROOT, "run"), exist_ok=True)
    with open(os.path.join(ROOT, "run", "setup.lock"), "a") as lock:
        wait_for_turn(lock)
        if is_complete(wanted):
            return 0
        return make_environment(wanted)


def is_supported(version):
    # type: (tuple[int, ...]) -> bool
    return OLDEST <= tuple(version) <= NEWEST


def in_another_python():
    # type: () -> int
    for name in OTHERS:
        path = shutil.which(name)
        if path and subprocess.call([path, "-c", "import sys"], stderr=subprocess.DEVNULL) == 0:
            os.execv(path, [path, os.path.abspath(__file__)])
    return refuse(
        "Bookbag needs Python 3.11, 3.12 or 3.13 and this is {0}.{1};"
        " install one: sudo apt-get install python3 python3-venv".format(*sys.version_info[:2])
    )


def digest():
    # type: () -> str
    with open(LOCK_FILE, "rb") as file:
        found = hashlib.sha256(file.read())
    found.update("{0} {1}".format(sys.version, VENV).encode())
    return found.hexdigest()


def is_complete(wanted):
    # type: (str) -> bool
    try:
        with open(MARKER) as file:
            return file.read() == wanted and os.path.exists(PYTHON)
    except OSError:
        return False


def wait_for_turn(lock):
    # type: (object) -> None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        say("Another make sets up the environment; waiting for it")
        fcntl.flock(lock, fcntl.LOCK_EX)


def make_environment(wanted):
    # type: (str) -> int
    began = time.time()
    say("Setting up the environment in .venv")
    if not is_of_this_python():
        made = subprocess.run(
            [sys.executable, "-m", "venv", "--clear", VENV], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        if made.returncode != 0:
            sys.stderr.write(made.stdout.decode(errors="replace"))
            return refuse("The environment cannot be made; install what it needs: sudo apt-get install python3-venv")
    code = install()
    if code != 0:
        return code
    with open(MARKER + ".new", "w") as file:
        file.write(wanted)
    os.replace(MARKER + ".new", MARKER)
    say("The environment is ready ({0:.0f} s)".format(time.time() - began))
    return 0


def is_of_this_python():
    # type: () -> bool
    """Whether there is one to add to: made by this Python, and never moved."""
    try:
        with open(os.path.join(VENV, "bin", "pip")) as file:
            moved = VENV not in file.readline() + file.readline()
        said = subprocess.check_output([PYTHON, "-c", "import sys; print(sys.version)"], stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return False
    return not moved and said.decode().strip() == sys.version


def install():
    # type: () -> int
    with open(LOCK_FILE) as file:
        count = sum(1 for line in file if "==" in line and not line.startswith(("#", " ")))
    process = subprocess.Popen(
        [
            *(PYTHON, "-m", "pip", "install", "--require-hashes", "--no-deps", "--disable-pip-version-check"),
            *("--no-input", "--progress-bar", "off", "-r", LOCK_FILE),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    said, done, spoken = [], 0, time.time()
    for line in process.stdout or ():
        said.append(line)
        done += line.startswith(("Collecting", "Requirement already satisfied"))
        if time.time() - spoken > SIGN_OF_LIFE or done == 1 == len(said):
            say("  packages: {0} of {1}".format(done, count))
            spoken = time.time()
        if line.startswith("Installing collected"):
            say("  packages: {0} fetched, installing them".format(done))
    if process.wait() == 0:
        return 0
    sys.stderr.write("".join(said[-12:]))
    return refuse(
        "The packages of requirements.lock cannot be installed; look at the network (or at pip's proxy and index"
        " settings) and try again: make " + (os.environ.get("MAKECMDGOALS") or "run")
    )


def say(line):
    # type: (str) -> None
    print(line)
    sys.stdout.flush()


def refuse(sentence):
    # type: (str) -> int
    sys.stdout.flush()
    sys.stderr.write(sentence + "\n")
    return REFUSED


if __name__ == "__main__":
    sys.exit(main())
