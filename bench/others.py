"""`eventsourcing` as its own documentation has it: an application, a projection, and its PostgreSQL recorders.

It is in the proof environment alone; whoever imports this has looked for it.
"""

from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.sql import SQL, Identifier

from bench.place import Place


def settings_of(place: Place, database: str, **others: str) -> dict[str, str]:
    """Its environment for a database of the run; nothing but the address, unless it is given."""
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": database,
        "POSTGRES_HOST": place.config.host,
        "POSTGRES_PORT": str(place.config.port),
        "POSTGRES_USER": place.config.superuser or "",
        "POSTGRES_PASSWORD": place.superuser_password,
        **others,
    }


class Message(Aggregate):  # type: ignore[misc]  # not in every environment
    """A message that was sent; an aggregate of one event, so that nothing has to be read before it is written."""

    @event("Sent")  # type: ignore[untyped-decorator]
    def __init__(self, text: str) -> None:
        self.text = text


class School(Application[UUID]):  # type: ignore[misc]  # not in every environment
    def send(self, text: str) -> UUID:
        message = Message(text)
        self.save(message)
        return UUID(int=message.id.int)


class SeenView(PostgresTrackingRecorder):  # type: ignore[misc]  # not in every environment
    """A table with a row a message, written with the tracking row."""

    def __init__(self, datastore: PostgresDatastore, **kwargs: Any) -> None:
        super().__init__(datastore, **kwargs)
        self.table = "seen"
        self.sql_create_statements.append(
            SQL("CREATE TABLE IF NOT EXISTS {}.{} (message_id uuid PRIMARY KEY, text text)").format(
                Identifier(self.datastore.schema), Identifier(self.table)
            )
        )

    def show(self, message_id: UUID, text: str, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(
                SQL("INSERT INTO {}.{} VALUES (%s, %s)").format(
                    Identifier(self.datastore.schema), Identifier(self.table)
                ),
                (message_id, text),
            )

    def count(self) -> int:
        with self.datastore.transaction() as cursor:
            cursor.execute(
                SQL("SELECT count(*) AS n FROM {}.{}").format(Identifier(self.datastore.schema), Identifier(self.table))
            )
            return int(cursor.fetchone()["n"])


class Seen(Projection[SeenView]):  # type: ignore[misc]  # not in every environment
    name = "seen"
    topics = ()

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.show(domain_event.originator_id, domain_event.text, tracking)


def runner_of(application: Any, projection: Any, view: Any, settings: dict[str, str]) -> Any:
    return ProjectionRunner(application_class=application, projection_class=projection, view_class=view, env=settings)
