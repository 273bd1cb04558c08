"""Debian's own packages, fetched by the system's apt with its signatures checked, unpacked without being installed.

Everything apt writes goes to folders of ours; its database, its hooks and the machine stay as they are.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from deploy.local import libraries
from deploy.local.faults import CannotStart, PassedOver
from deploy.local.folders import FileLock, private_folder, write_private
from deploy.local.progress import Detail, Say, step
from deploy.local.sources import which

LAYOUT = 1
"""Counts up when what is kept, or how it is patched, changes: folders of another layout are not used."""
KEPT = {
    "rabbitmq-server": re.compile(r"rabbitmq-server|erlang-.+"),
    "nginx": re.compile(r"nginx|nginx-common"),
    "postgresql": re.compile(r"postgresql-\d+"),
}
"""Of what `install` names: the server itself. What else it names are libraries that the machine mostly has."""
CHECKED = {
    "rabbitmq-server": ("usr/lib/erlang/erts-*/bin/*", "usr/lib/erlang/lib/*/priv/lib/*.so"),
    "nginx": ("usr/sbin/nginx",),
    "postgresql": ("usr/lib/postgresql/*/bin/postgres", "usr/lib/postgresql/*/bin/initdb"),
}
"""Binaries whose libraries must all be found."""
DOCUMENTS = ("usr/share/doc", "usr/share/man", "usr/share/lintian", "usr/share/locale", "usr/share/postgresql/*/man")
LACKED = "lacked"
"""The folder of libraries that the machine does not have."""
_NEVER = re.compile(r"libc6|libc-.+|libgcc-s1|libllvm.+|libz3.+|libperl.+|lib.+-perl|libpython.+|libpam-.+")
_LINE = re.compile(r"^'[^']+' (?P<name>[^_\s]+)_(?P<version>[^_\s]+)_\S+\.deb ", re.MULTILINE)
_ROOTDIR = re.compile(r"^(\s*)ROOTDIR=.*$", re.MULTILINE)
_APT_WITHIN = 900


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A package's files below `prefix`, and LD_LIBRARY_PATH where they need it."""

    prefix: Path
    libraries: str = ""


Package = tuple[str, str]
"""Name and version."""


def packages_named(print_uris: str) -> list[Package]:
    """What `apt-get --print-uris install` would fetch."""
    return [(found["name"], unquote(found["version"])) for found in _LINE.finditer(print_uris)]


def split(bundle: str, named: Sequence[Package], installed: frozenset[str]) -> tuple[list[Package], list[Package]]:
    """The packages of the server itself, and the libraries that the machine may lack."""
    own = [package for package in named if KEPT[bundle].fullmatch(package[0])]
    lacked = [
        package
        for package in named
        if package[0].startswith("lib") and package[0] not in installed and not _NEVER.fullmatch(package[0])
    ]
    return own, lacked


def unpacked(bundle: str, software: Path, say: Say) -> Unpacked:
    """The bundle's files, fetched where they are not there yet.

    Raises:
        PassedOver: not a Debian-like machine.
        CannotStart: the packages cannot be fetched.
    """
    if not all(which(program) for program in ("apt-get", "dpkg-deb", "dpkg-query")):
        raise PassedOver("this machine has no apt")
    private_folder(software)
    with FileLock(software / "lock"):
        known = _known(bundle, software)
        if known is not None:
            return known
        return _Fetch(bundle, software, say).fetched()


def _known(bundle: str, software: Path) -> Unpacked | None:
    """What an earlier start unpacked for this machine and this path; needs no network."""
    try:
        note = json.loads((software / f"{bundle}.json").read_text())
        prefix = software / note["folder"]
        if note["machine"] == _machine(software) and (prefix / "complete").exists():
            return Unpacked(prefix, note["libraries"])
    except (OSError, ValueError, KeyError):
        pass
    return None


def _machine(software: Path) -> str:
    try:
        release = Path("/etc/os-release").read_text()
    except OSError:
        release = ""
    return hashlib.sha256(f"{LAYOUT}\n{software}\n{os.uname().machine}\n{release}".encode()).hexdigest()[:16]


class _Fetch:
    def __init__(self, bundle: str, software: Path, say: Say) -> None:
        self._bundle = bundle
        self._software = software
        self._say = say
        self._apt = private_folder(software / "apt")
        self._configuration = self._apt / "apt.conf"

    def fetched(self) -> Unpacked:
        self._configure()
        with step(self._say, "reading Debian's package lists"):
            self._run(["apt-get", "-q", "update"])
        named = packages_named(self._run(["apt-get", "-qq", "--print-uris", "install", self._bundle]))
        own, lacked = split(self._bundle, named, self._installed())
        if not own:
            raise CannotStart(
                f"apt knows no {self._bundle}: add the component that has it to apt's sources, then try again"
            )
        folder = f"{self._bundle}-{hashlib.sha256(f'{own}{_machine(self._software)}'.encode()).hexdigest()[:16]}"
        prefix, partial = self._software / folder, self._software / f"{folder}.new"
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(prefix, ignore_errors=True)
        partial.mkdir()
        self._unpack(own, partial, self._bundle)
        for pattern in DOCUMENTS:
            for path in partial.glob(pattern):
                shutil.rmtree(path, ignore_errors=True)
        extra = self._libraries(partial, lacked)
        _set_rootdir(partial, prefix)
        (partial / "complete").touch()
        partial.rename(prefix)
        where = str(prefix / extra.relative_to(partial)) if extra else ""
        note = {"machine": _machine(self._software), "folder": folder, "libraries": where}
        write_private(self._software / f"{self._bundle}.json", json.dumps(note))
        return Unpacked(prefix, where)

    def _libraries(self, partial: Path, lacked: Sequence[Package]) -> Path | None:
        """Adds the libraries that the machine lacks, and only those; None where it has them all."""
        binaries = [path for pattern in CHECKED[self._bundle] for path in partial.glob(pattern)]
        if not libraries.missing(binaries, None):
            return None
        spare, folder = partial / "spare", partial / LACKED
        spare.mkdir()
        folder.mkdir()
        self._unpack(lacked, spare, "libraries that this machine lacks")
        still = libraries.fill(binaries, spare, folder)
        shutil.rmtree(spare)
        if still:
            raise CannotStart(
                f"{self._bundle} lacks {', '.join(sorted(still))}; install it: apt-get install {self._bundle}"
            )
        return folder

    def _unpack(self, packages: Sequence[Package], into: Path, what: str) -> None:
        archives = private_folder(self._apt / "download")
        for old in archives.glob("*.deb"):
            old.unlink()
        with step(self._say, f"fetching {what} from Debian") as detail:
            self._download(packages, archives, detail)
        with step(self._say, f"unpacking {what}") as detail:
            for count, archive in enumerate(sorted(archives.glob("*.deb"))):
                detail(f"{count} of {len(packages)}")
                self._run(["dpkg-deb", "-x", str(archive), str(into)])
                archive.unlink()

    def _download(self, packages: Sequence[Package], archives: Path, detail: Detail) -> None:
        done = threading.Event()

        def count() -> None:
            while not done.wait(0.3):
                detail(f"{len(list(archives.glob('*.deb')))} of {len(packages)} packages")

        counter = threading.Thread(target=count, name="packages", daemon=True)
        counter.start()
        try:
            self._run(["apt-get", "-q", "download", *(f"{name}={version}" for name, version in packages)], archives)
        finally:
            done.set()
            counter.join()

    def _installed(self) -> frozenset[str]:
        listed = self._run(["dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${Package}\n"])
        return frozenset(line.split()[-1] for line in listed.splitlines() if line.startswith("ii"))

    def _configure(self) -> None:
        for name in ("state", "lists/partial", "cache/archives/partial", "log"):
            (self._apt / name).mkdir(parents=True, exist_ok=True)
        (self._apt / "status").write_text("")
        hooks = (
            "APT::Update::Post-Invoke",
            "APT::Update::Post-Invoke-Success",
            "DPkg::Post-Invoke",
            "DPkg::Pre-Install-Pkgs",
        )
        values = {
            "Dir::State": self._apt / "state",
            "Dir::State::lists": self._apt / "lists",
            "Dir::State::status": self._apt / "status",
            "Dir::Cache": self._apt / "cache",
            "Dir::Log": self._apt / "log",
            "APT::Sandbox::User": "",
            "APT::Install-Recommends": "0",
            # Without it an update that reached nobody ends as if all were well.
            "APT::Update::Error-Mode": "any",
            "Debug::NoLocking": "1",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
        }
        lines = [f"#clear {hook};" for hook in hooks] + [f'{name} "{value}";' for name, value in values.items()]
        self._configuration.write_text("\n".join(lines) + "\n")

    def _run(self, command: Sequence[str], folder: Path | None = None) -> str:
        program, *rest = command
        # Given by -c the file is read after the system's own, so that it has the last word.
        told = ["-c", str(self._configuration)] if program == "apt-get" else []
        try:
            done = subprocess.run(  # noqa: S603 - programs of the system, arguments of ours
                [str(which(program)), *told, *rest],
                cwd=folder or self._apt,
                capture_output=True,
                text=True,
                timeout=_APT_WITHIN,
                check=False,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
            )
        except subprocess.TimeoutExpired:
            raise CannotStart(
                f"{program} was not done within {_APT_WITHIN} s; look at the network and try again"
            ) from None
        if done.returncode != 0:
            words = [line for line in done.stderr.splitlines() if line.startswith("E:")][:3] or ["(no words)"]
            raise CannotStart(
                f"Debian's packages cannot be fetched, look at the network and try again, or install them:"
                f" sudo apt-get install {self._bundle}\n" + "\n".join(f"    {line}" for line in words)
            )
        return done.stdout


def _set_rootdir(partial: Path, prefix: Path) -> None:
    """Tells Erlang where it will stand: its start scripts name the folder they were built for."""
    erlang = partial / "usr/lib/erlang"
    scripts = [*erlang.glob("bin/erl"), *erlang.glob("bin/start"), *erlang.glob("erts-*/bin/erl")]
    for script in {path.resolve() for path in scripts}:
        if script.is_relative_to(partial.resolve()):
            script.write_text(_ROOTDIR.sub(rf'\g<1>ROOTDIR="{prefix}/usr/lib/erlang"', script.read_text()))
