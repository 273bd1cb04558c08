"""Where servers answer."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """PostgreSQL, and who rules it."""

    host: str
    port: int
    superuser: str
    password_file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """RabbitMQ; user bookbag, vhost /."""

    host: str
    port: int
    password_file: Path
