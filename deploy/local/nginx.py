"""A private nginx on loopback: the gateway. What it is told is rendered elsewhere; here it is checked and run."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local import debian
from deploy.local.faults import CannotStart, PassedOver
from deploy.local.folders import private_folder, write_private
from deploy.local.program import Program
from deploy.local.progress import Say
from deploy.local.rabbitmq import listens
from deploy.local.sources import DEBIAN, INSTALLED, NAMED, choose, libraries_of, output_of, which
from deploy.local.versions import Version, is_too_old, shown, version_in

STAGE = 4
NEEDED = "--with-http_auth_request_module"
_CHECKED_WITHIN = 30
_FROM = {INSTALLED: "this machine's own", DEBIAN: "Debian's packages", NAMED: "what BOOKBAG_NGINX names"}

Render = Callable[[int, Path], Mapping[str, str]]
"""The gateway's files by name, for a port and the folder they will stand in."""


@dataclass(frozen=True, slots=True)
class Binary:
    source: str
    version: Version
    path: Path
    libraries: str = ""

    def __str__(self) -> str:
        return f"{shown(self.version)} from {_FROM[self.source]}"


def find(software: Path, say: Say, environment: Mapping[str, str] = os.environ) -> Binary:
    """Chooses the binary.

    Raises:
        CannotStart: none can serve, or the one that BOOKBAG_NGINX names cannot.
    """
    if path := environment.get("BOOKBAG_NGINX"):
        try:
            found = _checked(NAMED, Path(path))
        except PassedOver as reason:
            raise CannotStart(f"BOOKBAG_NGINX: {path} cannot be used: {reason}") from None
        say(f"nginx: {found}")
        return found
    return choose(
        "nginx",
        [
            (INSTALLED, _installed),
            (DEBIAN, lambda: _debian(software, say)),
        ],
        say,
        environment,
    )


def _installed() -> Binary:
    path = which("nginx")
    if path is None:
        raise PassedOver("none")
    return _checked(INSTALLED, path)


def _debian(software: Path, say: Say) -> Binary:
    unpacked = debian.unpacked("nginx", software, say)
    return _checked(DEBIAN, unpacked.prefix / "usr/sbin/nginx", unpacked.libraries)


def _checked(source: str, path: Path, libraries: str = "") -> Binary:
    said = output_of([str(path), "-V"], libraries_of(libraries))
    version = version_in(said)
    if version is None:
        raise PassedOver("it does not say its version")
    if is_too_old("nginx", version):
        raise PassedOver(f"{shown(version)} is older than 1.22")
    if NEEDED not in said:
        raise PassedOver("it was built without auth_request")
    return Binary(source, version, path, libraries)


class PrivateNginx:
    """One nginx in a folder."""

    def __init__(self, found: Binary, folder: Path, log: Path, render: Render) -> None:
        self._found = found
        self._folder = private_folder(folder)
        self._log = log
        self._render = render

    def program(self, port: int) -> Program:
        """Writes its files, has it read them, and says how to run it.

        Raises:
            CannotStart: it refuses them; with its words.
        """
        for name, content in self._render(port, self._folder).items():
            path = self._folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_private(path, content)
        environment = {"PATH": os.defpath, "HOME": str(self._folder)}
        arguments = ["-p", str(self._folder), "-e", str(self._log), "-c", str(self._folder / "nginx.conf")]
        environment |= libraries_of(self._found.libraries)
        command = [str(self._found.path), *arguments]
        self._check(command, environment)
        return Program(
            name="nginx",
            command=[*command, "-g", "daemon off;"],
            environment=environment,
            folder=self._folder,
            log=self._log,
            stage=STAGE,
            ready=lambda: listens(port),
            port=port,
            stop_signal=signal.SIGQUIT,
            # Fast: a graceful end would wait for streams that nobody closes.
            death_signal=signal.SIGTERM,
            stop_within=5,
        )

    def _check(self, command: list[str], environment: Mapping[str, str]) -> None:
        done = subprocess.run(  # noqa: S603 - the binary that was chosen
            [*command, "-t", "-g", "daemon off;"],
            capture_output=True,
            text=True,
            timeout=_CHECKED_WITHIN,
            check=False,
            stdin=subprocess.DEVNULL,
            env=dict(environment),
        )
        if done.returncode != 0:
            words = "\n".join(f"    {line}" for line in done.stderr.strip().splitlines())
            raise CannotStart(f"nginx refuses {self._folder / 'nginx.conf'}:\n{words}")
