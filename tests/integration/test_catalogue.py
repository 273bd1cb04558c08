"""What the databases of a whole installation say of themselves: every table, view and role of every service.

A service that is added to `deploy/services.py` is looked at without a line here.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from deploy.local.servers import Servers
from deploy.operator.config import OperatorConfig
from deploy.operator.migrate import migrate
from deploy.operator.provision import GROUPS, provision
from deploy.operator.secrets import databases
from deploy.services import SERVICES

NO_ROW_POLICY = "no row policy: "
"""How a table's comment begins that has none; the reason follows."""
WITHOUT = {
    "log_head": "a partition's position and hash, of no school",
    "projection_cursor": "how far a consumer has come, of no school",
    "projection_live": "names and versions of read models, of no school",
    "reaction_live": "names of reactions, of no school",
    "relay_progress": "how far a partition is published, of no school",
    "school_key": "every service needs it; wrapped by the installation's key, which no database holds",
    "category_access": "which role may open which category, of no school",
    "_yoyo_log": "the migrations that were run",
    "_yoyo_migration": "the same",
    "_yoyo_version": "the same",
    "yoyo_lock": "the same",
}
"""The log's, the keys' and yoyo's own tables, with the reason. A service's table says it in its comment."""
OWNERS = {database: allowed[0] for database, allowed in databases().items()}
LOGINS = {role for allowed in databases().values() for role in allowed}
SERVICE_DATABASES = [f"bookbag_{service}" for service in SERVICES]
OWN_SCHOOL = "(school_id = (NULLIF(current_setting('bookbag.school_id'::text, true), ''::text))::uuid)"
"""What a reader's policy comes to, as PostgreSQL writes it back. Unset or empty: no rows."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Questions to a migrated installation, as its superuser."""

    config: OperatorConfig

    def ask(self, database: str, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        config = self.config
        assert config.superuser_password_file is not None
        with psycopg.connect(
            host=config.host,
            port=config.port,
            dbname=database,
            user=config.superuser,
            password=config.superuser_password_file.read_text().strip(),
        ) as connection:
            return connection.execute(sql, parameters).fetchall()


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    """A server of its own: what is migrated here must not be what an earlier run left on a named one."""
    folder = tmp_path_factory.mktemp("catalogue")
    environment = {name: value for name, value in os.environ.items() if name != "BOOKBAG_POSTGRES"}
    with Servers(folder, broker=False, environment=environment) as servers:
        config = OperatorConfig(
            host=servers.postgres.host,
            port=servers.postgres.port,
            secrets=Path(folder) / "secrets",
            superuser=servers.postgres.superuser,
            superuser_password_file=servers.postgres.password_file,
        )
        provision(config)
        migrate(config, lambda _line: None)
        yield Catalogue(config)
    servers.discard()


TABLES = """
    SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity, coalesce(obj_description(c.oid, 'pg_class'), '')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND n.nspname NOT LIKE 'pg_toast%%' ORDER BY 1
"""


def is_excepted(table: str, comment: str) -> bool:
    return table in WITHOUT or (comment.startswith(NO_ROW_POLICY) and len(comment) > len(NO_ROW_POLICY))


@pytest.mark.parametrize("database", OWNERS)
def test_every_table_has_forced_row_security_or_a_reason_why_not(catalogue: Catalogue, database: str):
    found = catalogue.ask(database, TABLES)
    assert len(found) > 4
    assert [table for table, forced, comment in found if not forced and not is_excepted(table, comment)] == []


def test_every_exception_is_a_table_without_a_row_policy(catalogue: Catalogue):
    found = [row for database in OWNERS for row in catalogue.ask(database, TABLES)]
    assert WITHOUT.keys() - {table for table, _, _ in found} == set()
    assert [table for table, forced, comment in found if forced and is_excepted(table, comment)] == []


@pytest.mark.parametrize("database", SERVICE_DATABASES)
def test_a_reader_s_policy_shows_the_school_of_the_transaction_alone(catalogue: Catalogue, database: str):
    policies = catalogue.ask(
        database,
        "SELECT tablename, cmd, qual FROM pg_policies WHERE 'bookbag_reader' = ANY(roles)"
        " AND permissive = 'PERMISSIVE' ORDER BY 1",
    )
    assert policies
    assert [one for one in policies if one[1:] != ("SELECT", OWN_SCHOOL)] == []


@pytest.mark.parametrize("database", OWNERS)
def test_no_policy_is_for_everybody(catalogue: Catalogue, database: str):
    assert catalogue.ask(database, "SELECT tablename FROM pg_policies WHERE 'public' = ANY(roles)") == []


@pytest.mark.parametrize("database", SERVICE_DATABASES)
def test_every_view_reads_with_the_rights_of_who_asks(catalogue: Catalogue, database: str):
    views = catalogue.ask(
        database,
        "SELECT c.relname, 'security_invoker=true' = ANY(coalesce(c.reloptions, '{}')) FROM pg_class c"
        " WHERE c.relkind = 'v' AND c.relnamespace = 'public'::regnamespace",
    )
    assert views
    assert [view for view, as_asker in views if not as_asker] == []


@pytest.mark.parametrize("database", OWNERS)
def test_no_function_runs_with_its_owner_s_rights(catalogue: Catalogue, database: str):
    sql = "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
    assert catalogue.ask(database, sql) == []


@pytest.mark.parametrize("database", OWNERS)
def test_everything_in_a_database_belongs_to_its_owner_role(catalogue: Catalogue, database: str):
    owned = catalogue.ask(
        database,
        "SELECT relname, relowner::regrole::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " UNION ALL SELECT proname, proowner::regrole::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        " UNION ALL SELECT nspname, nspowner::regrole::text FROM pg_namespace WHERE nspname = 'public'",
    )
    assert [one for one in owned if one[1] != OWNERS[database]] == []


def test_no_role_of_the_installation_is_superuser_or_passes_by_row_security(catalogue: Catalogue):
    roles = catalogue.ask(
        "postgres",
        "SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication, rolcanlogin"
        " FROM pg_roles WHERE rolname = ANY(%s)",
        [*LOGINS, *GROUPS],
    )
    assert {name for name, _, _ in roles} == LOGINS | set(GROUPS)
    assert [name for name, powerful, _ in roles if powerful] == []
    assert [name for name, _, can_log_in in roles if can_log_in != (name in LOGINS)] == []


def test_nobody_can_act_as_an_owner_and_service_roles_are_members_of_our_groups_alone(catalogue: Catalogue):
    memberships = catalogue.ask(
        "postgres",
        "SELECT member::regrole::text, roleid::regrole::text FROM pg_auth_members WHERE member = ANY(%s::regrole[])",
        [*LOGINS, *GROUPS],
    )
    assert memberships
    assert [one for one in memberships if one[1] not in GROUPS] == []


@pytest.mark.parametrize("database", OWNERS)
def test_a_service_s_roles_reach_its_own_database_only(catalogue: Catalogue, database: str):
    able = catalogue.ask(
        "postgres",
        "SELECT rolname FROM pg_roles WHERE has_database_privilege(rolname, %s, 'CONNECT') AND rolname = ANY(%s)",
        database,
        [*LOGINS, *GROUPS],
    )
    assert {role for (role,) in able} == set(databases()[database])


@pytest.mark.parametrize("database", SERVICE_DATABASES)
def test_nobody_but_the_owner_can_change_or_delete_an_event(catalogue: Catalogue, database: str):
    able = catalogue.ask(
        database,
        "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) AND (has_any_column_privilege(rolname, 'log_event',"
        " 'UPDATE') OR has_table_privilege(rolname, 'log_event', 'DELETE, TRUNCATE, TRIGGER'))",
        [*LOGINS, *GROUPS],
    )
    assert able == [(OWNERS[database],)]


@pytest.mark.parametrize("database", SERVICE_DATABASES)
def test_what_a_reader_reads_it_cannot_write(catalogue: Catalogue, database: str):
    readers = [role for role in databases()[database] if role.endswith(("_reader", "_session"))]
    able = catalogue.ask(
        database,
        "SELECT rolname, relname FROM pg_roles, pg_class WHERE rolname = ANY(%s) AND relkind IN ('r', 'p', 'v')"
        " AND relnamespace = 'public'::regnamespace"
        " AND (has_table_privilege(rolname, pg_class.oid, 'INSERT, DELETE, TRUNCATE')"
        " OR has_any_column_privilege(rolname, pg_class.oid, 'UPDATE'))",
        [*readers, "bookbag_reader"],
    )
    assert able == []
