"""A service's tables in memory, with what PostgreSQL promises of them: types, keys, and a way back out of a change.

What has its index here is found by it: a row stands under each of its keys, all columns but the last first.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

from psycopg.errors import DatatypeMismatch, NotNullViolation, UniqueViolation

Row = tuple[Any, ...]
Group = dict[Any, Row]
"""Rows that are alike in a key but for its last column, by that."""

SCHEMA = """
CREATE TABLE log_head (partition integer PRIMARY KEY, position bigint NOT NULL, hash bytea NOT NULL);
CREATE TABLE log_event (
    partition integer NOT NULL, position bigint NOT NULL, id uuid NOT NULL UNIQUE, type text NOT NULL,
    schema_version integer NOT NULL, school_id uuid NOT NULL, stream text NOT NULL, stream_version bigint NOT NULL,
    occurred_at timestamptz NOT NULL, recorded_at timestamptz NOT NULL, actor text NOT NULL,
    correlation_id uuid NOT NULL, causation_id uuid, data text NOT NULL, previous bytea NOT NULL, hash bytea NOT NULL,
    PRIMARY KEY (partition, position), UNIQUE (school_id, stream, stream_version)
);
CREATE TABLE log_answer (
    school_id uuid NOT NULL, person_id uuid NOT NULL, key text NOT NULL, body_mac bytea NOT NULL,
    status smallint NOT NULL, location text NOT NULL, partition integer NOT NULL, position bigint NOT NULL,
    recorded_at timestamptz NOT NULL, PRIMARY KEY (school_id, person_id, key)
);
CREATE TABLE projection_cursor (
    consumer text NOT NULL, source text NOT NULL, partition integer NOT NULL, position bigint NOT NULL,
    hash bytea NOT NULL, appended bigint NOT NULL DEFAULT 0, PRIMARY KEY (consumer, source, partition)
);
CREATE TABLE parked_event (
    consumer text NOT NULL, source text NOT NULL, partition integer NOT NULL, position bigint NOT NULL,
    school_id uuid NOT NULL, stream text NOT NULL, event_id uuid NOT NULL, event_type text NOT NULL,
    concerns uuid[] NOT NULL, why text NOT NULL, PRIMARY KEY (consumer, source, partition, position)
);
CREATE TABLE relay_progress (partition integer PRIMARY KEY, position bigint NOT NULL);
CREATE TABLE went_back (
    consumer text NOT NULL, here bigint NOT NULL, there bigint NOT NULL, PRIMARY KEY (consumer, here, there)
);
"""
"""The migrations' tables with their keys; and a note of each cursor that went back."""

TYPES = {
    "integer": int,
    "bigint": int,
    "smallint": int,
    "boolean": bool,
    "text": str,
    "uuid": UUID,
    "uuid[]": list,
    "bytea": bytes,
    "timestamptz": datetime,
}


@dataclass(frozen=True, slots=True)
class Definition:
    """Attributes: columns: each with its type. required: those that are never NULL. defaults: where it is not NULL.

    parts: of each key, what reads all of it but its last column in a row, and where that one stands.
    """

    name: str
    columns: Mapping[str, type]
    required: frozenset[str]
    defaults: Mapping[str, int]
    keys: tuple[tuple[str, ...], ...]
    parts: tuple[tuple[Callable[[Row], Any], int], ...]
    _fits: set[tuple[type, ...]] = field(default_factory=set)

    def require(self, row: Row) -> None:
        """Raises what PostgreSQL does for a value that is not of its column."""
        types = tuple(map(type, row))
        if types in self._fits:
            return
        for (column, wanted), found in zip(self.columns.items(), types, strict=True):
            if found is type(None):
                if column in self.required:
                    raise NotNullViolation(f"{self.name}.{column}")
            elif not issubclass(found, wanted) or (found is bool) != (wanted is bool):
                raise DatatypeMismatch(f"{self.name}.{column} is no {found.__name__}")
        self._fits.add(types)


def defined(schema: str) -> dict[str, Definition]:
    """The tables of some CREATE TABLE statements."""
    found = re.findall(r"CREATE TABLE (\w+) \((.*?)\);", schema, re.DOTALL)
    return {name: _definition(name, re.split(r",\s*(?![^(]*\))", body.strip())) for name, body in found}


def _definition(name: str, parts: Iterable[str]) -> Definition:
    columns, required, defaults = dict[str, type](), set[str](), dict[str, int]()
    primary, unique = list[tuple[str, ...]](), list[tuple[str, ...]]()
    for part in parts:
        if whole := re.fullmatch(r"(PRIMARY KEY|UNIQUE) \((.*)\)", part):
            (primary if whole[1] == "PRIMARY KEY" else unique).append(tuple(whole[2].split(", ")))
            continue
        column, kind, *more = part.split()
        columns[column], said = TYPES[kind], " ".join(more)
        if "PRIMARY KEY" in said:
            primary.append((column,))
        if "UNIQUE" in said:
            unique.append((column,))
        if default := re.search(r"DEFAULT (\d+)", said):
            defaults[column] = int(default[1])
        if "NOT NULL" in said:
            required.add(column)
    keys, places = (*primary, *unique), {column: at for at, column in enumerate(columns)}
    read = tuple((_of([places[column] for column in key[:-1]]), places[key[-1]]) for key in keys)
    return Definition(name, columns, frozenset(required.union(*primary)), defaults, keys, read)


class Table:
    """Attributes: indexes: by the number of the key, what is alike but for the key's last column -> those rows."""

    __slots__ = ("_keys", "definition", "indexes")

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.indexes: list[dict[Any, Group]] = [{} for _ in definition.keys]
        self._keys = [(index, *part) for index, part in zip(self.indexes, definition.parts, strict=True)]

    def rows(self) -> Iterator[Row]:
        """All of them, in no particular order."""
        for group in self.indexes[0].values():
            yield from group.values()

    def found(self, row: Row, key: int) -> Row | None:
        """The row that has this one's key."""
        index, first, last = self._keys[key]
        return index.get(first(row), {}).get(row[last])

    def put(self, row: Row) -> bool:
        """Whether it found its place; it is taken by another where that has one of its keys."""
        places = []
        for index, first, last in self._keys:
            alike, own = first(row), row[last]
            group = index.get(alike)
            if group is None:
                group = index[alike] = {}
            elif own in group:
                return False
            places.append((group, own))
        for group, own in places:
            group[own] = row
        return True

    def take(self, row: Row) -> None:
        for index, first, last in self._keys:
            del index[first(row)][row[last]]


def _of(places: list[int]) -> Callable[[Row], Any]:
    return itemgetter(*places) if places else _nothing


def _nothing(_row: Row) -> None:
    return None


class Tables(dict[str, Table]):
    """What statements change, and the journal by which it is undone."""

    def __init__(self, definitions: Iterable[Definition]) -> None:
        super().__init__((definition.name, Table(definition)) for definition in definitions)
        self.journal: list[tuple[Table, Row | None, Row]] = []

    def insert(self, name: str, row: Row) -> int:
        if not self.insert_unless_there(name, row):
            raise UniqueViolation(name)
        return 1

    def insert_unless_there(self, name: str, row: Row) -> int:
        table = self[name]
        table.definition.require(row)
        if not table.put(row):
            return 0
        self.journal.append((table, None, row))
        return 1

    def insert_or_change(self, name: str, row: Row, key: int, change: Callable[[Row, Row], Row]) -> int:
        there = self[name].found(row, key)
        return self.insert(name, row) if there is None else self.change(name, [there], lambda old: change(old, row))

    def change(self, name: str, rows: Sequence[Row], new_of: Callable[[Row], Row]) -> int:
        table = self[name]
        for old in rows:
            new = new_of(old)
            table.definition.require(new)
            table.take(old)
            if not table.put(new):
                table.put(old)
                raise UniqueViolation(name)
            self.journal.append((table, old, new))
            if name == "projection_cursor" and new[3] <= old[3]:
                self.insert_unless_there("went_back", (new[0], old[3], new[3]))
        return len(rows)

    def undo(self, to: int = 0) -> None:
        """Back to where the journal was so long."""
        while len(self.journal) > to:
            table, old, new = self.journal.pop()
            table.take(new)
            if old is not None:
                table.put(old)
