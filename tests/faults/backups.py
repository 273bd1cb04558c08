"""Backups of one service's database on the same server, and restoring one: what an operator does with pg_restore."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from deploy.operator.provision import provision
from tests.installation import Bench


def backup(bench: Bench, service: str) -> str:
    """A copy of the database as it is at this moment; its name. The service loses its connections for that moment."""
    name, kept = f"bookbag_{service}", f"bookbag_{service}_older"
    with _server(bench) as server, _closed(server, name):
        _run(server, "CREATE DATABASE {} TEMPLATE {}", kept, name)
    return kept


def restore(bench: Bench, service: str, kept: str) -> None:
    """Puts the backup in the database's place while the service's processes are stopped, then starts them again."""
    processes, name = (f"{service}.worker", f"{service}.api"), f"bookbag_{service}"
    for process in processes:
        bench.it.stop(process)
    with _server(bench) as server:
        _run(server, "DROP DATABASE {} WITH (FORCE)", name)
        _run(server, "ALTER DATABASE {} RENAME TO {}", kept, name)
    provision(bench.config)  # who may connect is the server's knowledge and in no database's backup
    for process in processes:
        bench.it.resume(process)


@contextmanager
def _server(bench: Bench) -> Iterator[psycopg.Connection[TupleRow]]:
    config = bench.config
    assert config.superuser_password_file is not None
    told: dict[str, Any] = {"host": config.host, "port": config.port, "user": config.superuser, "dbname": "postgres"}
    password = config.superuser_password_file.read_text().strip()
    with psycopg.connect(**told, password=password, autocommit=True) as server:
        yield server


@contextmanager
def _closed(server: psycopg.Connection[TupleRow], name: str) -> Iterator[None]:
    _run(server, "ALTER DATABASE {} ALLOW_CONNECTIONS false", name)
    try:
        server.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (name,))
        yield
    finally:
        _run(server, "ALTER DATABASE {} ALLOW_CONNECTIONS true", name)


def _run(server: psycopg.Connection[TupleRow], text: str, *names: str) -> None:
    server.execute(sql.SQL(text).format(*map(sql.Identifier, names)))
