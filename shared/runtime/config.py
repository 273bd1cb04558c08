"""Configuration from the environment: read once, checked at once, kept in frozen dataclasses.

A secret comes from a file that a variable names. No error says what a variable or a file holds.
"""

import base64
import binascii
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, NoReturn, Self, TypeVar

T = TypeVar("T")

KEY_BYTES = 32
"""Every symmetric key of an installation is 256 bits."""
MAX_PORT = 65535
MOST_THREADS = 256
DEVELOPMENT_ONLY = ("BOOKBAG_CRASH_POINTS_FILE", "BOOKBAG_CLOCK_FILE")
"""What a test or a demo moves an installation by; in production these must not be set."""
_HEX_SHA256 = 64


class ConfigError(ValueError):
    """One sentence that names the variable and says what it must be."""


class Secret(Generic[T]):
    """A value that shows itself to nobody who does not ask: its repr and str hide it, and it cannot be pickled."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def reveal(self) -> T:
        """The value."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


class Environment(StrEnum):
    """What kind of installation this is: only a development one has a movable clock and crash points."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Variables:
    """Reads variables of one environment. Every method raises ConfigError naming the variable."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def text(self, name: str, default: str | None = None) -> str:
        """A text that is not empty."""
        value = self._environment.get(name, "") or default
        if value is None:
            raise ConfigError(f"{name} is not set.")
        return value

    def whole(self, name: str, *, least: int, most: int, default: int | None = None) -> int:
        """A whole number in its range."""
        value = self.text(name, None if default is None else str(default))
        if not (value.isascii() and value.isdigit() and len(value) <= len(str(most)) and least <= int(value) <= most):
            raise ConfigError(f"{name} must be a whole number from {least} to {most}.")
        return int(value)

    def port(self, name: str, default: int | None = None) -> int:
        """A TCP port."""
        return self.whole(name, least=1, most=MAX_PORT, default=default)

    def choice(self, name: str, kind: type[StrEnum]) -> str:
        """One of the values of an enum."""
        value = self.text(name)
        if value not in list(kind):
            raise ConfigError(f"{name} must be one of: {', '.join(kind)}.")
        return value

    def path(self, name: str) -> Path:
        """An absolute path; nothing is read."""
        value = Path(self.text(name))
        if not value.is_absolute():
            raise ConfigError(f"{name} must be an absolute path.")
        return value

    def optional_path(self, name: str) -> Path | None:
        """An absolute path, or None where the variable is not set."""
        return self.path(name) if self._environment.get(name) else None

    def json_object(self, name: str) -> dict[str, Any]:
        """A JSON object, written in the variable itself."""
        return _object(name, self.text(name))

    def file(self, name: str) -> bytes:
        """What the file holds that the variable names."""
        path = self.path(name)
        try:
            return path.read_bytes()
        except OSError as error:
            raise ConfigError(f"{name} names a file that cannot be read ({error.strerror}).") from None

    def secret_text(self, name: str) -> Secret[str]:
        """A secret of one line of visible ASCII, from a file."""
        raw = self.file(name).strip()
        if not raw or not raw.isascii() or not raw.decode("ascii").isprintable():
            raise ConfigError(f"{name} must name a file with one line of visible ASCII.")
        return Secret(raw.decode("ascii"))

    def key(self, name: str) -> Secret[bytes]:
        """32 bytes, from a file that holds them in base64."""
        raw = self.file(name).strip()
        try:
            key = base64.b64decode(raw, validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != KEY_BYTES:
            raise ConfigError(f"{name} must name a file with {KEY_BYTES} bytes in base64.")
        return Secret(key)

    def digests(self, name: str) -> Mapping[str, str]:
        """Consumer service to the hex SHA-256 of its token, from a file that holds a JSON object."""
        try:
            found = _object(name, self.file(name).decode("utf-8"))
        except UnicodeDecodeError:
            raise ConfigError(f"{name} must name a file with a JSON object.") from None
        for digest in found.values():
            if not (isinstance(digest, str) and len(digest) == _HEX_SHA256 and set(digest) <= set("0123456789abcdef")):
                raise ConfigError(f"{name} must hold a hex SHA-256 for each service.")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonConfig:
    """What every process is told.

    Attributes:
        passfile: libpq's password file with this process's roles.
        feeds: service to the base address of its api process.
        credential: what this service shows at other services' internal paths.
        crash_points_file: development only.
        clock_file: development only; how far the school's clock was set forward.
    """

    environment: Environment
    database_host: str
    database_port: int
    passfile: Path
    installation_key: Secret[bytes]
    feeds: Mapping[str, str]
    credential: Secret[str]
    http_port: int
    crash_points_file: Path | None
    clock_file: Path | None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises ConfigError for the first variable that is missing or wrong."""
        read = Variables(environment)
        kind = Environment(read.choice("BOOKBAG_ENVIRONMENT", Environment))
        for name in DEVELOPMENT_ONLY:
            if read.optional_path(name) and kind is not Environment.DEVELOPMENT:
                raise ConfigError(f"{name} must not be set in production.")
        return cls(
            environment=kind,
            database_host=read.text("BOOKBAG_DATABASE_HOST"),
            database_port=read.port("BOOKBAG_DATABASE_PORT"),
            passfile=read.path("BOOKBAG_PASSFILE"),
            installation_key=read.key("BOOKBAG_INSTALLATION_KEY_FILE"),
            feeds=_feeds("BOOKBAG_FEEDS", read),
            credential=read.secret_text("BOOKBAG_SERVICE_CREDENTIAL_FILE"),
            http_port=read.port("BOOKBAG_HTTP_PORT"),
            crash_points_file=read.optional_path("BOOKBAG_CRASH_POINTS_FILE"),
            clock_file=read.optional_path("BOOKBAG_CLOCK_FILE"),
        )

    @property
    def development(self) -> bool:
        """Whether this is a development installation."""
        return self.environment is Environment.DEVELOPMENT


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiConfig:
    """What every api process is told beside `CommonConfig`.

    Attributes:
        service_credentials: consumer service to the hex SHA-256 of its token.
        http_threads: requests that are worked on at once. More are slower: they contend for the interpreter and for the
            processor's caches, and commands share a commit as well with eight in flight.
        principal_public_key: PEM; `shared.http.principal.public_key_from_pem` reads it.
    """

    gateway_secret: Secret[str]
    principal_public_key: bytes
    idempotency_key: Secret[bytes]
    service_credentials: Mapping[str, str]
    http_threads: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises ConfigError for the first variable that is missing or wrong."""
        read = Variables(environment)
        return cls(
            gateway_secret=read.secret_text("BOOKBAG_GATEWAY_SECRET_FILE"),
            principal_public_key=read.file("BOOKBAG_PRINCIPAL_PUBLIC_KEY_FILE"),
            idempotency_key=read.key("BOOKBAG_IDEMPOTENCY_KEY_FILE"),
            service_credentials=read.digests("BOOKBAG_SERVICE_CREDENTIALS_FILE"),
            http_threads=read.whole("BOOKBAG_HTTP_THREADS", least=1, most=MOST_THREADS, default=8),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerConfig:
    """Where a worker finds the broker; user `bookbag`, vhost `/`."""

    host: str
    port: int
    password: Secret[str]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises ConfigError for the first variable that is missing or wrong."""
        read = Variables(environment)
        return cls(
            host=read.text("BOOKBAG_BROKER_HOST"),
            port=read.port("BOOKBAG_BROKER_PORT"),
            password=read.secret_text("BOOKBAG_BROKER_PASSWORD_FILE"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerConfig(CommonConfig):
    """What every worker is told beside `CommonConfig`.

    Attributes:
        checkpoint_key_file: the private key, in PEM, that signs checkpoints of the log; read when it is used.
        checkpoints: a folder where each is kept once more; None: in the key database alone.
    """

    broker: BrokerConfig
    checkpoint_key_file: Path
    checkpoints: Path | None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises ConfigError for the first variable that is missing or wrong."""
        common = CommonConfig.from_environment(environment)
        told = {field.name: getattr(common, field.name) for field in fields(common)}
        read = Variables(environment)
        return cls(
            **told,
            broker=BrokerConfig.from_environment(environment),
            checkpoint_key_file=read.path("BOOKBAG_CHECKPOINT_KEY_FILE"),
            checkpoints=read.optional_path("BOOKBAG_CHECKPOINTS_DIR"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceConfig:
    """What the processes of a service are told, read once from the environment: of most no more than this."""

    common: CommonConfig
    api: ApiConfig

    @classmethod
    def for_api(cls) -> Self:
        """Raises ConfigError for the first variable that is missing or wrong."""
        return cls(common=CommonConfig.from_environment(os.environ), api=ApiConfig.from_environment(os.environ))

    @classmethod
    def for_worker(cls) -> WorkerConfig:
        """The same of a worker."""
        return WorkerConfig.from_environment(os.environ)


def _object(name: str, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ConfigError(f"{name} must hold a JSON object.")
    return found


def _feeds(name: str, read: Variables) -> Mapping[str, str]:
    feeds = read.json_object(name)
    for address in feeds.values():
        if not isinstance(address, str) or not address.startswith(("http://", "https://")) or address.endswith("/"):
            raise ConfigError(f"{name} must map each service to an http address without a slash at its end.")
    return feeds
