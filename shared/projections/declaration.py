"""How a read model is declared: its name, version, source, tables and one handler an event type.

A handler only writes its own tables through `Tx`; the runner has already made sure that the event is the next one.
Tables are versioned (`<table>_v<version>`) behind a view named `<table>`, which queries read.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from psycopg import Cursor
from psycopg.rows import TupleRow

from shared.events.declaration import Event
from shared.events.envelope import Envelope

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a read model.

    Attributes:
        columns: name -> SQL type, without school_id, which every table leads with.
        key: the columns that, after school_id, make the primary key.
        indexes: further indexes, each led by school_id.
    """

    name: str
    columns: Mapping[str, str]
    key: Sequence[str]
    indexes: Sequence[Sequence[str]] = ()


class Tx:
    """Writes of one batch, in the cursor's transaction. `{table}` in the SQL stands for the version's own table."""

    def __init__(self, cursor: Cursor[TupleRow], tables: Mapping[str, str]) -> None:
        self._cursor, self._tables = cursor, tables
        self._texts: dict[str, str] = {}

    def execute(self, sql: str, *parameters: Any) -> None:
        """Runs one statement of a handler."""
        text = self._texts.get(sql)
        if text is None:
            text = self._texts[sql] = sql.format_map(self._tables)
        self._cursor.execute(text, parameters)  # handlers write literal SQL


Handler = Callable[[Tx, Any, Envelope], None]


@dataclass(slots=True)
class Projection:
    """One read model: what it follows and how each event changes it."""

    name: str
    version: int
    source: str
    tables: Sequence[Table]
    handlers: dict[str, Handler] = field(default_factory=dict)

    @property
    def consumer(self) -> str:
        """The name under which its cursors stand."""
        return f"{self.name}_v{self.version}"

    def physical(self, suffix: str = "") -> dict[str, str]:
        """Table name -> the name of this version's own table."""
        return {table.name: f"{table.name}_v{self.version}{suffix}" for table in self.tables}

    def on(self, event: type[E]) -> Callable[[Callable[[Tx, E, Envelope], None]], Callable[[Tx, E, Envelope], None]]:
        """Declares the handler of an event type."""

        def declare(handler: Callable[[Tx, E, Envelope], None]) -> Callable[[Tx, E, Envelope], None]:
            if event.event_type in self.handlers:
                raise ValueError(f"{self.name} handles {event.event_type} twice")
            self.handlers[event.event_type] = handler
            return handler

        return declare
