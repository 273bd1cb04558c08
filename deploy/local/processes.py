"""What runs on one machine: every process of every service, and what each is told."""

import http.client
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deploy.local.endpoints import Broker, Postgres
from deploy.local.folders import ROOT
from deploy.local.ports import LOOPBACK
from deploy.local.program import Program
from deploy.services import SERVICES

KINDS = ("api", "worker")
STAGE = 3
IDENTITY = "identity"
DEVELOPMENT = "development"
PAGE = ROOT / "deploy" / "gateway" / "page"


@dataclass(frozen=True, slots=True)
class Step:
    """A command that has to end well before the services start."""

    what: str
    name: str
    command: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """What the gateway's files depend on.

    Attributes:
        folder: where they will stand.
        upstreams: service to the port of its api process.
    """

    port: int
    folder: Path
    secret: str
    upstreams: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Which commands make up the product; tests of the launcher stand in smaller ones.

    Attributes:
        command: for a service and a kind.
        before: in this order, once PostgreSQL answers.
        gateway: nginx's files by name.
        demo: loads the demo school into an empty development installation.
    """

    services: Sequence[str]
    command: Callable[[str, str], Sequence[str]]
    before: Sequence[Step]
    gateway: Callable[[Gateway], Mapping[str, str]]
    demo: Sequence[str] | None


def _python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def _gateway(gateway: Gateway) -> Mapping[str, str]:
    from deploy.gateway.render import GatewayPlan, render  # noqa: PLC0415

    return render(
        GatewayPlan(
            listen_port=gateway.port,
            folder=gateway.folder,
            page_folder=PAGE,
            gateway_secret=gateway.secret,
            upstreams={service: [port] for service, port in gateway.upstreams.items()},
            # Its workers must read below root's home too.
            run_as_root=os.geteuid() == 0,
        )
    )


BOOKBAG = Product(
    services=SERVICES,
    command=lambda service, kind: _python(f"services.{service}", kind),
    before=(
        Step("making roles and databases", "provision", _python("deploy.operator", "provision")),
        Step("bringing the databases to this version", "migrate", _python("deploy.operator", "migrate")),
    ),
    gateway=_gateway,
    demo=_python("deploy.demo_school"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all processes of an installation have in common.

    Attributes:
        clock: the file by which a development installation's clock is set.
        checkpoints: the folder where signed checkpoints are kept once more.
        ports: process name, such as `points.api`, to its port.
        extra: added to every process's environment.
    """

    environment: str
    secrets: Path
    crash_points: Path
    clock: Path
    checkpoints: Path
    postgres: Postgres
    broker: Broker
    ports: Mapping[str, int]
    extra: Mapping[str, str]


def names(product: Product) -> list[str]:
    """Every process, in the order in which they start."""
    return [f"{service}.{kind}" for kind in KINDS for service in product.services]


def base_environment() -> dict[str, str]:
    """What a child gets of the launcher's own environment: not what happens to stand in the person's shell."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {**kept, "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"}


def common_environment(around: Surroundings) -> dict[str, str]:
    """What every process is told, and an operator's command."""
    feeds = {
        name.removesuffix(".api"): f"http://{LOOPBACK}:{port}"
        for name, port in around.ports.items()
        if name.endswith(".api")
    }
    # One file for all: whoever sets the school's clock sets it for every process.
    clock = {"BOOKBAG_CLOCK_FILE": str(around.clock)} if around.environment == DEVELOPMENT else {}
    return {
        **clock,
        "BOOKBAG_ENVIRONMENT": around.environment,
        "BOOKBAG_DATABASE_HOST": around.postgres.host,
        "BOOKBAG_DATABASE_PORT": str(around.postgres.port),
        "BOOKBAG_BROKER_HOST": around.broker.host,
        "BOOKBAG_BROKER_PORT": str(around.broker.port),
        "BOOKBAG_BROKER_PASSWORD_FILE": str(around.broker.password_file),
        "BOOKBAG_INSTALLATION_KEY_FILE": str(around.secrets / "installation.key"),
        "BOOKBAG_FEEDS": json.dumps(feeds),
    }


def environment_of(name: str, around: Surroundings) -> dict[str, str]:
    """What one process is told: of secrets, only those that are its own."""
    service, kind = name.split(".")
    secrets = around.secrets
    told = {
        **common_environment(around),
        "BOOKBAG_HTTP_PORT": str(around.ports[name]),
        "BOOKBAG_PASSFILE": str(secrets / f"passfile.{service}.{kind}"),
        "BOOKBAG_SERVICE_CREDENTIAL_FILE": str(secrets / f"{service}.credential"),
    }
    if around.environment == DEVELOPMENT:
        told["BOOKBAG_CRASH_POINTS_FILE"] = str(around.crash_points / name)
    if service == IDENTITY:
        told["BOOKBAG_INDEX_KEY_FILE"] = str(secrets / "index.key")
    if kind == "worker":
        told["BOOKBAG_CHECKPOINT_KEY_FILE"] = str(secrets / "checkpoint.key")
        told["BOOKBAG_CHECKPOINTS_DIR"] = str(around.checkpoints)
    if kind == "api":
        told |= {
            "BOOKBAG_GATEWAY_SECRET_FILE": str(secrets / "gateway.secret"),
            "BOOKBAG_PRINCIPAL_PUBLIC_KEY_FILE": str(secrets / "principal.pub"),
            "BOOKBAG_IDEMPOTENCY_KEY_FILE": str(secrets / f"{service}.idempotency.key"),
            "BOOKBAG_SERVICE_CREDENTIALS_FILE": str(secrets / f"{service}.credentials.json"),
        }
        if service == IDENTITY:
            told["BOOKBAG_PRINCIPAL_SIGNING_KEY_FILE"] = str(secrets / "principal.key")
            told["BOOKBAG_OPERATOR_PASSWORD_FILE"] = str(secrets / "operator.password")
    return {**told, **around.extra}


def programs(product: Product, kind: str, around: Surroundings, logs: Path) -> list[Program]:
    """The processes of one kind, ready to be started."""
    return [
        Program(
            name=name,
            command=product.command(service, kind),
            environment={**base_environment(), **environment_of(name, around)},
            folder=ROOT,
            log=logs / f"{name}.log",
            stage=STAGE,
            ready=partial(is_ready, around.ports[name]),
            port=around.ports[name],
        )
        for service in product.services
        for name in [f"{service}.{kind}"]
    ]


def is_ready(port: int) -> bool:
    """Whether /readyz answers 200."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2)
    with suppress(OSError, http.client.HTTPException):
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.HTTPStatus.OK
        finally:
            connection.close()
    return False
