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
from shared.projections.effects import Effect, Effects, Rows, statement

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

    def __init__(self, cursor: Cursor[TupleRow], tables: Mapping[str, str], declared: Sequence[Table] = ()) -> None:
        self._cursor, self._tables = cursor, tables
        self._types = {table.name: table.columns for table in declared}
        self._texts: dict[str, str] = {}
        self._rows = Rows()

    def gather(self, effects: Effects, event: Event, meta: Envelope) -> None:
        """Takes what declared effects make of an event; it is written at the next statement or `flush`."""
        self._rows.take(effects, event, meta)

    def flush(self) -> None:
        """Writes what was gathered, one statement an effect. Call it before the transaction ends."""
        for effect, rows in self._rows.taken():
            sql = statement(effect, self._tables[effect.table], self._types[effect.table])
            self._cursor.execute(sql, [list(column) for column in zip(*rows, strict=True)])

    def execute(self, sql: str, *parameters: Any) -> None:
        """Runs one statement of a handler."""
        self.flush()
        text = self._texts.get(sql)
        if text is None:
            text = self._texts[sql] = sql.format_map(self._tables)
        self._cursor.execute(text, parameters)  # handlers write literal SQL


Handler = Callable[[Tx, Any, Envelope], None]


@dataclass(slots=True)
class Projection:
    """One read model: what it follows and how each event changes it.

    Attributes:
        commuting: the event types whose handlers, being code, come to the same when declared effects of later events
            were applied before them: a rebuild does so.
    """

    name: str
    version: int
    source: str
    tables: Sequence[Table]
    handlers: dict[str, Handler] = field(default_factory=dict)
    commuting: set[str] = field(default_factory=set)

    @property
    def consumer(self) -> str:
        """The name under which its cursors stand."""
        return f"{self.name}_v{self.version}"

    def physical(self, suffix: str = "") -> dict[str, str]:
        """Table name -> the name of this version's own table."""
        return {table.name: f"{table.name}_v{self.version}{suffix}" for table in self.tables}

    @property
    def effects(self) -> Mapping[str, Effects]:
        """The event types whose effects are declared as data."""
        return {name: handler for name, handler in self.handlers.items() if isinstance(handler, Effects)}

    def tx(self, cursor: Cursor[TupleRow], suffix: str = "") -> Tx:
        """For the writes of one batch to this version's tables."""
        return Tx(cursor, self.physical(suffix), self.tables)

    def on(
        self, event: type[E], *, commutes: bool = False
    ) -> Callable[[Callable[[Tx, E, Envelope], None]], Callable[[Tx, E, Envelope], None]]:
        """Declares the handler of an event type. `commutes`: see the attribute `commuting`."""

        def declare(handler: Callable[[Tx, E, Envelope], None]) -> Callable[[Tx, E, Envelope], None]:
            self._enter(event, handler)
            if commutes:
                self.commuting.add(event.event_type)
            return handler

        return declare

    def writes(self, event: type[Event], *effects: Effect) -> None:
        """Declares what an event type does as data. Of one table all effects are of one kind, so that they commute."""
        self._enter(event, Effects(effects))
        kinds = {(effect.table, type(effect)) for declared in self.effects.values() for effect in declared.effects}
        if len(kinds) != len({table for table, _ in kinds}):
            raise ValueError(f"{self.name} inserts into a table that it adds to")

    def _enter(self, event: type[Event], handler: Handler) -> None:
        if event.event_type in self.handlers:
            raise ValueError(f"{self.name} handles {event.event_type} twice")
        self.handlers[event.event_type] = handler
