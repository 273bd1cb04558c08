"""Which migrations make a service's database."""

from deploy.operator.migrate import migrations_of
from deploy.services import KEEP_PICTURES, SERVICES


def names(service: str) -> set[str]:
    return {file.name for folder in migrations_of(service) for file in folder.glob("*.sql")}


def test_a_service_that_keeps_pictures_has_their_table_and_no_other_has():
    assert {"0001.log.sql", "0001.media.sql"} <= names("stories")
    assert [service for service in SERVICES if ("0001.media.sql" in names(service)) != (service in KEEP_PICTURES)] == []


def test_no_two_migrations_of_a_database_have_one_name():
    for service in {*SERVICES, *KEEP_PICTURES}:
        found = [file.name for folder in migrations_of(service) for file in folder.glob("*.sql")]
        assert len(found) == len(set(found))
