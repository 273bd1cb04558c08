"""A school's roster on a real PostgreSQL, as a service has it."""

from uuid import uuid4

from shared.events.declaration import Event
from shared.projections.declaration import Tx
from shared.projections.install import install
from shared.projections.roster import roster
from shared.testing.envelopes import envelope_of
from tests.integration.conftest import ScratchLog


class ToldRoster:
    """It is told one event after another, each at the next position of identity's log."""

    def __init__(self, scratch: ScratchLog) -> None:
        with scratch.pool("points_owner").connection() as connection:
            install(connection, roster)
        self.school_id, self.position = uuid4(), 0
        self.reader = scratch.pool("points_reader")
        self._worker = scratch.connection("points_worker")

    def hears(self, *events: Event) -> int:
        """Returns the last event's position."""
        for event in events:
            self.position += 1
            meta = envelope_of(event, school_id=self.school_id, position=self.position)
            with self._worker.cursor() as cursor:
                roster.handlers[event.event_type](Tx(cursor, roster.physical()), event, meta)
        return self.position
