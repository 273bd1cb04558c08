"""Where a run takes place: a folder, a PostgreSQL and a RabbitMQ of its own, and product logs in them."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from deploy.local.launch import Installation
from deploy.local.servers import Servers
from deploy.operator.config import ROOT, OperatorConfig
from deploy.operator.migrate import grant_categories
from deploy.operator.provision import provision
from shared.bus.messages import Bus, bus_key
from shared.privacy.keystore import KeyStore
from shared.runtime.config import BrokerConfig, Secret
from shared.runtime.database import Pool, Server, open_pool
from shared.runtime.ids import new_id

INSTALLATION_KEY = bytes(range(32))


@dataclass
class Place:
    """One run's surroundings; servers are started when a side first asks for them.

    Attributes:
        folder: of the run, removed afterwards. A side makes its own below it.
        short: measure a tenth, to see that all runs; such a run is never written down.
    """

    folder: Path
    short: bool
    stack: ExitStack = field(default_factory=ExitStack)
    with_broker: bool = True

    @cached_property
    def installation(self) -> Installation:
        """A whole one, as `make run` starts it. Where a side asks for it, the servers are its own."""
        return self.stack.enter_context(Installation(self.folder / "installation", keep=False))

    @cached_property
    def servers(self) -> Servers:
        """PostgreSQL and RabbitMQ as the launcher starts them: nothing is tuned for the bench."""
        if "installation" in self.__dict__:
            return self.installation.servers
        return self.stack.enter_context(Servers(self.folder / "servers", broker=self.with_broker, keep=False))

    @cached_property
    def config(self) -> OperatorConfig:
        """An installation's roles and secrets on that PostgreSQL."""
        installed = "installation" in self.__dict__
        config = OperatorConfig(
            host=self.servers.postgres.host,
            port=self.servers.postgres.port,
            secrets=self.installation.secrets if installed else self.folder / "secrets",
            superuser=self.servers.postgres.superuser,
            superuser_password_file=self.servers.postgres.password_file,
        )
        if not installed:
            provision(config)
        return config

    @cached_property
    def bus(self) -> Bus:
        """Where the broker is, and the key of the messages."""
        broker = self.servers.broker
        password = Secret(broker.password_file.read_text().strip())
        return Bus(
            broker=BrokerConfig(host=broker.host, port=broker.port, password=password), key=bus_key(INSTALLATION_KEY)
        )

    def scaled(self, number: int) -> int:
        """So many; a tenth of it in a short run."""
        return max(1, number // 10) if self.short else number

    def superuser(self, database: str = "postgres") -> Connection[TupleRow]:
        """A connection that may do anything; in autocommit."""
        return psycopg.connect(
            host=self.config.host,
            port=self.config.port,
            dbname=database,
            user=self.config.superuser,
            password=self.superuser_password,
            autocommit=True,
        )

    @property
    def superuser_password(self) -> str:
        assert self.config.superuser_password_file is not None  # noqa: S101 - config always names it
        return self.config.superuser_password_file.read_text().strip()

    def url(self, database: str) -> str:
        """For clients that want one."""
        user = f"{self.config.superuser}:{quote(self.superuser_password, safe='')}"
        return f"postgresql://{user}@{self.config.host}:{self.config.port}/{database}"

    @contextmanager
    def database(self, owner: str, *migrations: str) -> Iterator[str]:
        """A database of its own with some of the product's migrations, dropped afterwards."""
        name = f"bench_{uuid4().hex[:12]}"
        with self.superuser() as connection:
            connection.execute(f"CREATE DATABASE {name} OWNER {owner} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'")
        with self.superuser(name) as connection:
            connection.execute(f"ALTER SCHEMA public OWNER TO {owner}")
            connection.execute(f"SET ROLE {owner}")
            for folder in migrations:
                for file in sorted((ROOT / folder).glob("*.sql")):
                    connection.execute(file.read_text())
        try:
            yield name
        finally:
            with self.superuser() as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def house(self, service: str) -> Iterator["House"]:
        """A service's database and a key database, both empty, as its migrations make them."""
        with (
            self.database(f"{service}_owner", "shared/log/migrations") as log,
            self.database("keys_owner", "shared/privacy/migrations") as keys,
            ExitStack() as stack,
        ):
            house = House(self, service, log, keys, stack)
            house.passfile(keys, "keys_owner", "passfile.owner")
            grant_categories(replace(self.config, secrets=house.folder), keys)
            yield house


@dataclass(frozen=True, slots=True)
class House:
    """One service's databases, as its roles see them."""

    place: Place
    service: str
    log: str
    keys: str
    stack: ExitStack

    @property
    def folder(self) -> Path:
        return self.place.folder / "houses" / self.log

    def pool(self, role: str, max_size: int = 4) -> Pool:
        """A pool on the log's database, of one of the service's roles: owner, writer, reader, worker."""
        return self._pool(self.log, f"{self.service}_{role}", max_size)

    def connection(self, role: str) -> Connection[TupleRow]:
        """A connection of its own, in autocommit."""
        name = f"{self.service}_{role}"
        return self.stack.enter_context(
            psycopg.connect(
                host=self.place.config.host,
                port=self.place.config.port,
                dbname=self.log,
                user=name,
                passfile=str(self.passfile(self.log, name)),
                autocommit=True,
            )
        )

    def key_pool(self, max_size: int = 4) -> Pool:
        return self._pool(self.keys, f"keys_{self.service}", max_size)

    def key_store(self, max_size: int = 4) -> KeyStore:
        return KeyStore(self.service, self.key_pool(max_size), INSTALLATION_KEY, new_id)

    def passfile(self, database: str, role: str, name: str = "") -> Path:
        """A libpq password file for one role in one database."""
        passwords: dict[str, str] = json.loads(self.place.config.secret("passwords.json").read_text())
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / (name or f"{database}.{role}")
        path.touch(mode=0o600)
        path.write_text(f"*:*:{database}:{role}:{passwords[role]}\n")
        return path

    def _pool(self, database: str, role: str, max_size: int) -> Pool:
        config = self.place.config
        server = Server(host=config.host, port=config.port, passfile=str(self.passfile(database, role)))
        return self.stack.enter_context(open_pool(server, database=database, role=role, max_size=max_size))
