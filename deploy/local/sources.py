"""Where a server comes from: sources are asked in order, the first that can serve is taken, and the choice is said."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from deploy.local.faults import CannotStart, PassedOver
from deploy.local.progress import Say
from deploy.local.versions import Version, version_in

T = TypeVar("T")

INSTALLED, WHEEL, DEBIAN, NAMED = "installed", "wheel", "debian", "environment"
WHERE_TO_LOOK = (
    *("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"),
    *("/opt/homebrew/bin", "/opt/homebrew/sbin"),
)
ASKED_WITHIN = 10
HELP = """\
Install them, then try again:
  Debian, Ubuntu:  sudo apt-get install postgresql rabbitmq-server nginx
  Fedora:          sudo dnf install postgresql-server rabbitmq-server nginx
  Arch:            sudo pacman -S postgresql rabbitmq nginx
  macOS:           brew install postgresql@17 rabbitmq nginx
or name servers that run already, in containers too: BOOKBAG_POSTGRES, BOOKBAG_RABBITMQ, BOOKBAG_NGINX (see README.md).
Nothing was started or changed."""


Look = Callable[[], T]


def choose(
    server: str, looks: Sequence[tuple[str, Look[T]]], say: Say, environment: Mapping[str, str] = os.environ
) -> T:
    """The first source that can serve, or the one that BOOKBAG_<SERVER>_SOURCE forces.

    Raises:
        CannotStart: none can; says what was tried.
    """
    variable = f"BOOKBAG_{'POSTGRES' if server == 'PostgreSQL' else server.upper()}_SOURCE"
    forced = environment.get(variable)
    if forced and forced not in [source for source, _ in looks]:
        raise CannotStart(f"{variable} must be one of: {', '.join(source for source, _ in looks)}")
    tried: list[str] = []
    for source, look in looks:
        if forced and source != forced:
            continue
        try:
            found = look()
        except PassedOver as reason:
            tried.append(f"{source}: {reason}")
            continue
        why = f"{variable} says so" if forced else "; ".join(tried)
        say(f"{server}: {found}" + (f" ({why})" if why else ""))
        return found
    lines = "\n".join(f"  {line}" for line in tried)
    raise CannotStart(f"No {server} was found that can be used:\n{lines}\n{HELP}")


def which(name: str) -> Path | None:
    """A program on the PATH or in the folders that an ordinary user's PATH leaves out."""
    path = os.pathsep.join([os.environ.get("PATH", ""), *WHERE_TO_LOOK])
    found = shutil.which(name, path=path)
    return Path(found).resolve() if found else None


def libraries_of(path: str) -> dict[str, str]:
    """The variable that names further libraries, where there are any."""
    return {"LD_LIBRARY_PATH": path} if path else {}


def ask_version(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Version:
    """The version that a program prints.

    Raises:
        PassedOver: it does not run, or prints none.
    """
    said = output_of(command, environment)
    version = version_in(said)
    if version is None:
        raise PassedOver(f"{command[0]} does not say its version")
    return version


def output_of(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """What a program prints on both outputs.

    Raises:
        PassedOver: it does not run or fails.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the launcher's own choice of programs
            command,
            capture_output=True,
            text=True,
            timeout=ASKED_WITHIN,
            check=False,
            stdin=subprocess.DEVNULL,
            env=None if environment is None else dict(environment),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PassedOver(f"{command[0]} does not run ({type(error).__name__})") from None
    if done.returncode != 0:
        raise PassedOver(f"{' '.join(command[:2])} fails: {(done.stderr or done.stdout).strip()[-200:]}")
    return done.stdout + done.stderr
