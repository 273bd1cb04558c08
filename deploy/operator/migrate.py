"""Brings every database to this version: SQL migrations forward only, with the owner's role, then the read models."""

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from urllib.parse import quote

import psycopg
from yoyo import get_backend, read_migrations

from deploy.operator.config import ROOT, OperatorConfig
from deploy.operator.maintenance import maintenance_of
from deploy.services import KEEP_PICTURES, SERVICES
from shared.log.partitions import make
from shared.privacy.categories import CATEGORIES
from shared.projections.reaction import Reaction
from shared.projections.rebuild import Progress
from shared.runtime.database import conninfo

Say = Callable[[str], None]


def migrate(config: OperatorConfig, say: Say) -> None:
    """Idempotent; two at once wait for one another (yoyo's lock).

    Raises:
        TooFew: there are more partitions than there are to be.
    """
    migrate_keys(config, say)
    partitions = config.partitions
    for service in SERVICES:
        _apply(config, f"bookbag_{service}", f"{service}_owner", migrations_of(service), say)
        partitions = make_partitions(config, service, partitions)
        projections = import_module(f"services.{service}.projections").PROJECTIONS
        with maintenance_of(config, service, projections) as maintenance:
            for projection in projections:
                maintenance.rebuilder.install_or_rebuild(projection, said(say, f"{service}.{projection.name}"))
    # Once every log is there: a reaction that is new starts at the head of the log it follows.
    for service in SERVICES:
        reactions = reactions_of(service)
        with maintenance_of(config, service, reactions) as maintenance:
            maintenance.rebuilder.install_reactions(reactions)


def make_partitions(config: OperatorConfig, service: str, wanted: int | None) -> int:
    """Those of one service's log that are missing. Returns how many it has."""
    told = conninfo(config.server("passfile.owner"), database=f"bookbag_{service}", role=f"{service}_owner")
    with psycopg.connect(**told) as connection:  # type: ignore[arg-type]  # libpq's own names and types
        return make(connection, wanted)


def migrations_of(service: str) -> list[Path]:
    """The folders whose migrations make a service's database."""
    media = [ROOT / "shared/media/migrations"] if service in KEEP_PICTURES else []
    return [ROOT / "shared/log/migrations", *media, ROOT / "services" / service / "migrations"]


def reactions_of(service: str) -> Sequence[Reaction]:
    """The reactions of a service; points and identity have none."""
    try:
        found: Sequence[Reaction] = import_module(f"services.{service}.reactions").REACTIONS
    except ModuleNotFoundError:
        return ()
    return found


def migrate_keys(config: OperatorConfig, say: Say) -> None:
    """The key database, and its own copy of who opens which category."""
    _apply(config, "bookbag_keys", "keys_owner", [ROOT / "shared/privacy/migrations"], say)
    grant_categories(config)


def said(say: Say, name: str) -> Progress:
    """Progress as a line of text."""
    return lambda done, total: say(f"{name}: {done} of {total} events")


def _apply(config: OperatorConfig, database: str, owner: str, folders: list[Path], say: Say) -> None:
    passfile = quote(str(config.secret("passfile.owner")))
    backend = get_backend(f"postgresql+psycopg://{owner}@{config.host}:{config.port}/{database}?passfile={passfile}")
    try:
        with backend.lock():
            pending = backend.to_apply(read_migrations(*(str(f) for f in folders if f.is_dir())))
            for migration in pending:
                say(f"{database}: {migration.id}")
            backend.apply_migrations(pending)
    finally:
        backend.connection.close()


def grant_categories(config: OperatorConfig, database: str = "bookbag_keys") -> None:
    """Writes the closed table of categories into the database that enforces it."""
    rows = [
        (f"keys_{service}", category, service in rule.opened_by)
        for category, rule in CATEGORIES.items()
        for service in rule.opened_by | rule.added_by
    ]
    server = config.server("passfile.owner")
    with psycopg.connect(**conninfo(server, database=database, role="keys_owner")) as connection:  # type: ignore[arg-type]
        connection.execute("DELETE FROM category_access")
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO category_access (role, category, may_open) VALUES (%s, %s, %s)", rows)
