"""Servers that the environment names: used as they are, neither started nor stopped."""

from collections.abc import Mapping
from pathlib import Path

import amqp
import psycopg

from deploy.local.endpoints import Broker, Postgres
from deploy.local.faults import CannotStart
from deploy.local.ports import LOOPBACK
from deploy.local.progress import Say
from deploy.local.rabbitmq import USER
from deploy.local.versions import LEAST, Version, is_too_old, shown, version_in

ANSWERS_WITHIN = 5


def postgres(environment: Mapping[str, str], say: Say) -> Postgres | None:
    """The server of BOOKBAG_POSTGRES, seen to answer; None where it is not set.

    Raises:
        CannotStart: it does not answer, or is too old.
    """
    address = environment.get("BOOKBAG_POSTGRES")
    if not address:
        return None
    host, port = _address("BOOKBAG_POSTGRES", address)
    password_file = _file(environment, "BOOKBAG_POSTGRES_PASSWORD_FILE")
    found = Postgres(
        host=host,
        port=port,
        superuser=environment.get("BOOKBAG_POSTGRES_SUPERUSER", "postgres"),
        password_file=password_file,
    )
    try:
        with psycopg.connect(
            host=host,
            port=port,
            user=found.superuser,
            password=password_file.read_text().strip(),
            dbname="postgres",
            connect_timeout=ANSWERS_WITHIN,
        ) as connection:
            number = connection.info.server_version
    except psycopg.OperationalError as error:
        raise CannotStart(f"BOOKBAG_POSTGRES: {address} cannot be used: {str(error).strip()}") from None
    _check("PostgreSQL", (number // 10_000, number % 10_000), "BOOKBAG_POSTGRES", say)
    return found


def broker(environment: Mapping[str, str], say: Say) -> Broker | None:
    """The broker of BOOKBAG_RABBITMQ, seen to let `bookbag` in; None where it is not set.

    Raises:
        CannotStart: it does not, or is too old.
    """
    address = environment.get("BOOKBAG_RABBITMQ")
    if not address:
        return None
    host, port = _address("BOOKBAG_RABBITMQ", address)
    password_file = _file(environment, "BOOKBAG_RABBITMQ_PASSWORD_FILE")
    try:
        with amqp.Connection(
            host=f"{host}:{port}",
            userid=USER,
            password=password_file.read_text().strip(),
            connect_timeout=ANSWERS_WITHIN,
        ) as connection:
            version = version_in(str(connection.server_properties.get("version", "")))
    except (OSError, amqp.AMQPError) as error:
        raise CannotStart(f"BOOKBAG_RABBITMQ: {address} cannot be used by {USER}: {error}") from None
    if version is None:
        raise CannotStart(f"BOOKBAG_RABBITMQ: {address} does not say its version")
    _check("RabbitMQ", version, "BOOKBAG_RABBITMQ", say)
    return Broker(host=host, port=port, password_file=password_file)


def _check(server: str, version: Version, variable: str, say: Say) -> None:
    if is_too_old(server, version):
        raise CannotStart(
            f"{variable}: {server} {shown(version)} is older than {shown(LEAST[server])}; name a newer one"
        )
    say(f"{server}: {shown(version)} that {variable} names")


def _address(variable: str, text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdigit():
        raise CannotStart(f"{variable} must be host:port, such as {LOOPBACK}:5432")
    return host, int(port)


def _file(environment: Mapping[str, str], variable: str) -> Path:
    path = Path(environment.get(variable, ""))
    if not path.is_file():
        raise CannotStart(f"{variable} must name a file with the password")
    return path.absolute()
