"""A log of its own for each test, in the PostgreSQL that all share."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from deploy.local.servers import Servers
from deploy.operator.config import ROOT, OperatorConfig
from deploy.operator.migrate import grant_categories
from shared.bus.messages import Bus, bus_key
from shared.privacy.keystore import Eraser, KeyStore
from shared.runtime import database as module
from shared.runtime.config import BrokerConfig, Secret
from shared.runtime.database import Pool, Server, open_pool
from shared.runtime.ids import new_id

PATIENCE = 60
"""Seconds."""
PATIENT = re.sub(r"(_timeout)=\d+", rf"\1={PATIENCE * 1000}", module._SETTINGS)
"""As the product's settings, but that nobody's wait ends early: where a test has one stand in a transaction until
another waits for it, a busy machine may need longer for that than a school's services may wait."""


@dataclass(frozen=True, slots=True)
class ScratchLog:
    """A database of its own with the log's tables, and the roles of points on it."""

    name: str
    config: OperatorConfig
    stack: ExitStack

    def connection(self, role: str = "points_writer") -> Connection[TupleRow]:
        """A connection as one of the roles; in autocommit."""
        return self.stack.enter_context(
            psycopg.connect(
                host=self.config.host,
                port=self.config.port,
                dbname=self.name,
                user=role,
                password=_password(self.config, role),
                autocommit=True,
            )
        )

    def pool(self, role: str = "points_writer", max_size: int = 4) -> Pool:
        return _pool(self.config, self.name, role, self.stack, max_size)


@contextmanager
def scratch_database(config: OperatorConfig, owner: str, migrations: str) -> Iterator[str]:
    """A database of its own with some migrations, dropped afterwards."""
    name = f"scratch_{uuid4().hex[:12]}"
    with _superuser(config) as connection:
        connection.execute(f"CREATE DATABASE {name} OWNER {owner} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'")
    with _superuser(config, name) as connection:
        connection.execute(f"ALTER SCHEMA public OWNER TO {owner}")
        connection.execute(f"SET ROLE {owner}")
        for file in sorted((ROOT / migrations).glob("*.sql")):
            connection.execute(file.read_text())
    yield name
    with _superuser(config) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def scratch(operator_config: OperatorConfig) -> Iterator[ScratchLog]:
    """An empty log, dropped after the test."""
    with (
        scratch_database(operator_config, "points_owner", "shared/log/migrations") as name,
        ExitStack() as stack,
    ):
        yield ScratchLog(name, operator_config, stack)


@dataclass(frozen=True, slots=True)
class ScratchKeys:
    """A key database, as each service's role and the eraser see it."""

    name: str
    config: OperatorConfig
    stack: ExitStack

    def pool(self, role: str) -> Pool:
        return _pool(self.config, self.name, role, self.stack, 2)

    def store(self, service: str) -> KeyStore:
        return KeyStore(service, self.pool(f"keys_{service}"), bytes(32), new_id)

    def eraser(self) -> Eraser:
        return Eraser(self.pool("keys_eraser"))


@pytest.fixture
def keys(operator_config: OperatorConfig) -> Iterator[ScratchKeys]:
    """An empty key database, dropped after the test."""
    with (
        scratch_database(operator_config, "keys_owner", "shared/privacy/migrations") as name,
        ExitStack() as stack,
    ):
        grant_categories(
            replace(operator_config, secrets=_passfile(operator_config, name, "keys_owner", "passfile.owner")), name
        )
        yield ScratchKeys(name, operator_config, stack)


@pytest.fixture
def school_id() -> UUID:
    return uuid4()


def _superuser(config: OperatorConfig, database: str = "postgres") -> Connection[TupleRow]:
    assert config.superuser_password_file is not None
    return psycopg.connect(
        host=config.host,
        port=config.port,
        dbname=database,
        user=config.superuser,
        password=config.superuser_password_file.read_text().strip(),
        autocommit=True,
    )


def _pool(config: OperatorConfig, database: str, role: str, stack: ExitStack, max_size: int) -> Pool:
    folder = _passfile(config, database, role, f"scratch.{role}")
    server = Server(host=config.host, port=config.port, passfile=str(folder / f"scratch.{role}"))
    with patch.object(module, "_SETTINGS", PATIENT):
        pool = open_pool(server, database=database, role=role, max_size=max_size)
    pool.timeout = PATIENCE
    return stack.enter_context(pool)


def _passfile(config: OperatorConfig, database: str, role: str, name: str) -> Path:
    """A folder with a password file for one role in one database."""
    folder = config.secrets / "scratch" / database
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).touch(mode=0o600)
    (folder / name).write_text(f"*:*:{database}:{role}:{_password(config, role)}\n")
    return folder


def _password(config: OperatorConfig, role: str) -> str:
    found: dict[str, str] = json.loads(config.secret("passwords.json").read_text())
    return found[role]


@pytest.fixture(scope="session")
def bus(operator_config: OperatorConfig, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bus]:
    """A real RabbitMQ that all tests share; those that stop one start their own."""
    with a_broker(operator_config, tmp_path_factory.mktemp("broker")) as servers:
        yield bus_of(servers)


@contextmanager
def a_broker(config: OperatorConfig, folder: Path, environment: Mapping[str, str] = os.environ) -> Iterator[Servers]:
    """A broker beside the PostgreSQL that all share."""
    named = {
        "BOOKBAG_POSTGRES": f"{config.host}:{config.port}",
        "BOOKBAG_POSTGRES_SUPERUSER": config.superuser or "",
        "BOOKBAG_POSTGRES_PASSWORD_FILE": str(config.superuser_password_file),
    }
    with Servers(folder, environment={**environment, **named}, keep=False) as servers:
        yield servers


def bus_of(servers: Servers) -> Bus:
    """Where the broker is, and an installation's key."""
    broker = BrokerConfig(
        host=servers.broker.host,
        port=servers.broker.port,
        password=Secret(servers.broker.password_file.read_text().strip()),
    )
    return Bus(broker=broker, key=bus_key(bytes(range(32))))
