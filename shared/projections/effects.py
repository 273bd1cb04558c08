"""What an event does to a read model, as data: rows inserted and amounts added.

An ordinary handler is code and is run for each event. What is declared here is applied for a whole batch in one
statement a table, and by a rebuild without making an object of any event (shared.projections.bulk). Both follow from
the one declaration, in which every value is a field of the event or of its envelope.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from operator import attrgetter
from typing import Any, TypeAlias

from shared.events.declaration import Erased, Event, Sealed
from shared.events.envelope import Envelope


@dataclass(frozen=True, slots=True)
class OfEvent:
    """A field of the event. A personal one is NULL where it was erased or may not be opened."""

    name: str


@dataclass(frozen=True, slots=True)
class OfEnvelope:
    """A field of the envelope: `position` or `occurred_at`."""

    name: str


Value: TypeAlias = OfEvent | OfEnvelope

POSITION = OfEnvelope("position")
OCCURRED_AT = OfEnvelope("occurred_at")


@dataclass(frozen=True, slots=True)
class Insert:
    """A row that was never there: column -> value, without school_id, which is the event's."""

    table: str
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Add:
    """Amounts that are added to a row, which is made where there is none.

    Attributes:
        key: the columns of the table's key, and their values.
        amounts: column -> the number to add.
    """

    table: str
    key: Mapping[str, Value]
    amounts: Mapping[str, Value]


Effect: TypeAlias = Insert | Add


def of(*names: str, **others: str) -> dict[str, Value]:
    """Columns named like the event's fields, and others: column -> field."""
    return {**{name: OfEvent(name) for name in names}, **{column: OfEvent(field) for column, field in others.items()}}


def columns(effect: Effect) -> Mapping[str, Value]:
    """All columns that an effect writes, in order, without school_id."""
    return effect.values if isinstance(effect, Insert) else {**effect.key, **effect.amounts}


class Rows:
    """What the events of a batch come to: for each effect its rows, amounts of one key summed up."""

    def __init__(self) -> None:
        self._rows: dict[int, tuple[Effect, list[tuple[Any, ...]]]] = {}

    def take(self, effects: "Effects", event: Event, meta: Envelope) -> None:
        """Adds what the effects make of one event."""
        for effect, picks in effects.picks:
            known = self._rows.get(id(effect))
            if known is None:
                known = self._rows[id(effect)] = (effect, [])
            known[1].append((meta.school_id, *[_plain(pick(meta if own else event)) for own, pick in picks]))

    def taken(self) -> Sequence[tuple[Effect, Sequence[tuple[Any, ...]]]]:
        """Each effect with its rows; none is left afterwards."""
        found = [
            (effect, rows if isinstance(effect, Insert) else summed(rows, 1 + len(effect.key)))
            for effect, rows in self._rows.values()
        ]
        self._rows = {}
        return found


def summed(rows: Sequence[tuple[Any, ...]], key: int) -> Sequence[tuple[Any, ...]]:
    """One row for each key (the first so many columns) with the sums of the rest, in the order in which all lock."""
    sums: dict[tuple[Any, ...], list[Any]] = {}
    for row in rows:
        known = sums.get(row[:key])
        if known is None:
            sums[row[:key]] = list(row[key:])
        else:
            for place, amount in enumerate(row[key:]):
                known[place] += amount
    return [(*found, *sums[found]) for found in sorted(sums)]


class Effects:
    """The effects of one event type. As a handler it leaves its rows to the batch."""

    def __init__(self, effects: Sequence[Effect]) -> None:
        self.effects = effects
        self.picks = [
            (effect, [(isinstance(value, OfEnvelope), attrgetter(value.name)) for value in columns(effect).values()])
            for effect in effects
        ]

    def __call__(self, tx: Any, event: Event, meta: Envelope) -> None:
        tx.gather(self, event, meta)


def statement(effect: Effect, table: str, types: Mapping[str, str]) -> str:
    """The SQL that writes many rows, given as one array a column; `table` is its name in the database."""
    names = ["school_id", *columns(effect)]
    arrays = ", ".join(f"%s::{'uuid' if name == 'school_id' else types[name].split()[0]}[]" for name in names)
    return f"INSERT INTO {table} AS t ({', '.join(names)}) SELECT * FROM unnest({arrays})" + on_conflict(effect)  # noqa: S608


def on_conflict(effect: Effect) -> str:
    """What an amount does to a row that is there; a row that is inserted twice is an error."""
    if isinstance(effect, Insert):
        return ""
    key = ", ".join(["school_id", *effect.key])
    sums = ", ".join(f"{name} = t.{name} + excluded.{name}" for name in effect.amounts)
    return f" ON CONFLICT ({key}) DO UPDATE SET {sums}"


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return None if isinstance(value, Erased | Sealed) else value
