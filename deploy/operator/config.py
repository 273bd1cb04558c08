"""Where the installation is: read once from the environment, or from a running local installation's state file."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.log.partitions import MOST, VARIABLE
from shared.runtime.config import Variables
from shared.runtime.database import Server

ROOT = Path(__file__).resolve().parents[2]


class NoInstallation(Exception):  # noqa: N818 - its text is the sentence the operator reads
    """Nothing says where the installation is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorConfig:
    """Where everything is.

    Attributes:
        secrets: the folder (mode 0700) where provision keeps what it generates.
        clock_file: by which a development installation's clock was set; None in production.
        partitions: how many it is to have; None: as many as it has.
    """

    host: str
    port: int
    secrets: Path
    superuser: str | None
    superuser_password_file: Path | None
    clock_file: Path | None = None
    partitions: int | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "OperatorConfig":
        if "BOOKBAG_SECRETS_DIR" not in environment:
            environment = {**_local_state(environment), **environment}
        try:
            return cls(
                host=environment["BOOKBAG_DATABASE_HOST"],
                port=int(environment["BOOKBAG_DATABASE_PORT"]),
                secrets=Path(environment["BOOKBAG_SECRETS_DIR"]),
                superuser=environment.get("BOOKBAG_SUPERUSER"),
                superuser_password_file=_path(environment.get("BOOKBAG_SUPERUSER_PASSWORD_FILE")),
                clock_file=_path(environment.get("BOOKBAG_CLOCK_FILE")),
                partitions=_partitions(environment),
            )
        except KeyError as missing:
            raise NoInstallation(f"{missing.args[0]} is not set; set it, or start one with: make run") from None

    def server(self, passfile: str) -> Server:
        return Server(host=self.host, port=self.port, passfile=str(self.secrets / passfile))

    @property
    def certificates(self) -> Path:
        """Where the proofs of erasures are kept, beside the secrets."""
        return self.secrets.parent / "certificates"

    @property
    def checkpoints(self) -> Path:
        """Where the lines of checkpoints are kept once more, beside the secrets."""
        return self.secrets.parent / "checkpoints"

    def secret(self, name: str) -> Path:
        return self.secrets / name


def _local_state(environment: Mapping[str, str]) -> dict[str, str]:
    state = Path(environment.get("BOOKBAG_RUN_DIR", ROOT / "run")) / "state.json"
    try:
        found = json.loads(state.read_text())
    except (OSError, ValueError):
        raise NoInstallation("no installation runs here; start one with: make run") from None
    return {**found["environment"], "BOOKBAG_SECRETS_DIR": found["secrets_dir"]}


def _partitions(environment: Mapping[str, str]) -> int | None:
    """Raises ConfigError for what is no such number."""
    if not environment.get(VARIABLE):
        return None
    return Variables(environment).whole(VARIABLE, least=1, most=MOST)


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)
