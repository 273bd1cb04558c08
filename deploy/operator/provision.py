"""Makes roles and databases with a superuser's connection. May be run at any time; makes only what is missing."""

import psycopg
from psycopg import Connection, sql
from psycopg.rows import TupleRow

from deploy.operator.config import NoInstallation, OperatorConfig
from deploy.operator.secrets import databases, generate
from deploy.services import SERVICES

GROUPS = ("bookbag_writer", "bookbag_worker", "bookbag_reader", "bookbag_session", "bookbag_keyholder")
"""What grants are made to; a service's own role is a member and can connect to its own databases only."""


def provision(config: OperatorConfig) -> None:
    """Secrets, roles and empty databases.

    Raises:
        NoInstallation: no superuser was named.
        psycopg.OperationalError: the server cannot be reached.
    """
    if config.superuser is None or config.superuser_password_file is None:
        raise NoInstallation("BOOKBAG_SUPERUSER and BOOKBAG_SUPERUSER_PASSWORD_FILE name who makes the databases")
    passwords = generate(config.secrets)
    with _superuser(config, "postgres") as connection:
        for group in GROUPS:
            _role(connection, group, None)
        for name, password in passwords.items():
            _role(connection, name, password)
        for group, members in memberships().items():
            for member in members:
                _run(connection, "GRANT {} TO {}", group, member)
        for database, allowed in databases().items():
            _database(connection, database, allowed)
    for database, allowed in databases().items():
        with _superuser(config, database) as connection:
            _run(connection, "ALTER SCHEMA public OWNER TO {}", allowed[0])


def memberships() -> dict[str, list[str]]:
    """Group -> the login roles in it."""
    return {
        "bookbag_writer": [f"{service}_writer" for service in SERVICES],
        "bookbag_worker": [f"{service}_worker" for service in SERVICES],
        # Who a session is follows from its school's roster, read under the row policy like any other read.
        "bookbag_reader": [*(f"{service}_reader" for service in SERVICES), "identity_session"],
        "bookbag_session": ["identity_session"],
        "bookbag_keyholder": [f"keys_{service}" for service in SERVICES],
    }


def _role(connection: Connection[TupleRow], name: str, password: str | None) -> None:
    if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (name,)).rowcount:
        _run(connection, "CREATE ROLE {}", name)
    if password is None:
        _run(connection, "ALTER ROLE {} NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE", name)
        return
    # Hashed here, so that the server never has the password in a statement it might log.
    verifier = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    connection.execute(
        sql.SQL("ALTER ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD {}").format(
            sql.Identifier(name), sql.Literal(verifier)
        )
    )


def _database(connection: Connection[TupleRow], name: str, allowed: list[str]) -> None:
    if not connection.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).rowcount:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'").format(
                sql.Identifier(name), sql.Identifier(allowed[0])
            )
        )
    _run(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC", name)
    for role in allowed:
        _run(connection, "GRANT CONNECT ON DATABASE {} TO {}", name, role)


def _superuser(config: OperatorConfig, database: str) -> Connection[TupleRow]:
    assert config.superuser_password_file is not None  # noqa: S101 - provision has checked it
    return psycopg.connect(
        host=config.host,
        port=config.port,
        dbname=database,
        user=config.superuser,
        password=config.superuser_password_file.read_text().strip(),
        connect_timeout=5,
        autocommit=True,
    )


def _run(connection: Connection[TupleRow], text: str, *names: str) -> None:
    connection.execute(sql.SQL(text).format(*map(sql.Identifier, names)))
