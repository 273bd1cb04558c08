"""A real PostgreSQL with roles and databases as an operator makes them, once for all; a log of its own for each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from deploy.operator.config import ROOT, OperatorConfig
from deploy.operator.provision import provision
from shared.privacy.keystore import KeyStore
from shared.runtime.database import Pool, Server, open_pool
from shared.runtime.ids import new_id


@pytest.fixture(scope="session")
def operator_config(tmp_path_factory: pytest.TempPathFactory, postgres: OperatorConfig) -> OperatorConfig:
    """The installation's databases and roles, provisioned; nothing migrated."""
    provision(postgres)
    return postgres


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
        passfile = self.config.secret(f"scratch.{self.name}.{role}")
        passfile.touch(mode=0o600)
        passfile.write_text(f"*:*:{self.name}:{role}:{_password(self.config, role)}\n")
        server = Server(host=self.config.host, port=self.config.port, passfile=str(passfile))
        return self.stack.enter_context(open_pool(server, database=self.name, role=role, max_size=max_size))


@pytest.fixture
def scratch(operator_config: OperatorConfig) -> Iterator[ScratchLog]:
    """An empty log, dropped after the test."""
    name = f"scratch_{uuid4().hex[:12]}"
    with _superuser(operator_config) as connection:
        connection.execute(f"CREATE DATABASE {name} OWNER points_owner TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'")
    with _superuser(operator_config, name) as connection:
        connection.execute("ALTER SCHEMA public OWNER TO points_owner")
        connection.execute("SET ROLE points_owner")
        for file in sorted((ROOT / "shared/log/migrations").glob("*.sql")):
            connection.execute(file.read_text())
    with ExitStack() as stack:
        yield ScratchLog(name, operator_config, stack)
    with _superuser(operator_config) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def key_store(operator_config: OperatorConfig) -> Iterator[Callable[[str], KeyStore]]:
    """The key database, migrated, as one service's role sees it."""
    from deploy.operator.migrate import migrate_keys

    migrate_keys(operator_config, lambda _line: None)
    with ExitStack() as stack:

        def of(service: str) -> KeyStore:
            server = operator_config.server(f"passfile.{service}.api")
            pool = open_pool(server, database="bookbag_keys", role=f"keys_{service}", max_size=2)
            return KeyStore(stack.enter_context(pool), bytes(32), new_id)

        yield of


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


def _password(config: OperatorConfig, role: str) -> str:
    import json

    found: dict[str, str] = json.loads(Path(config.secret("passwords.json")).read_text())
    return found[role]
