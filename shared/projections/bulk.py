"""Fills a new version of a read model in bulk: from the log's text to the tables' bytes, in a few processes at once.

No event becomes an object and no statement is run for one: what effects write (shared.projections.effects) are fields
of events and envelopes, and stands in the log as PostgreSQL reads it. Only what is sealed is opened, as the vault opens
it. Each process takes a run of positions, checks its links, and commits its rows. A run's memory is bounded by its
length; whoever is cut short begins anew, for nothing shows these tables before the swap.
"""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context
from time import monotonic
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

import shared.events  # fills the registry in a new process  # noqa: F401
from shared.events.declaration import REGISTRY, personal_marks
from shared.events.envelope import GENESIS
from shared.log.read import Head
from shared.privacy.keystore import KeyStore
from shared.privacy.vault import Boxes, Vault
from shared.projections import binary
from shared.projections.cursors import Diverged
from shared.projections.declaration import Projection
from shared.projections.effects import (
    OCCURRED_AT,
    POSITION,
    Add,
    Effect,
    Insert,
    OfEnvelope,
    OfEvent,
    Value,
    columns,
    statement,
    summed,
)
from shared.runtime.database import Pool
from shared.runtime.ids import new_id

RUN = 10_000
"""Events that a process takes at once, and holds."""

AHEAD = 2
"""Runs a process that are asked for before the first is done."""

LEAST = 20_000
"""Events from which on processes of their own are worth their start."""

Conninfo = Mapping[str, str | int]
Progress = Callable[[int, int], None]

_SCHOOL = OfEnvelope("school_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How processes of their own come to what a fill needs.

    Attributes:
        service: whose read model it is, and whose keys.
        logs: source -> where its log is; model: where the read model is; keys: where the keys are. Passwords stay in
            their files.
    """

    service: str
    logs: Mapping[str, Conninfo]
    model: Conninfo
    keys: Conninfo
    installation_key: bytes = field(repr=False)
    processes: int = 2


def where(pool: Pool) -> Conninfo:
    """How a process of its own connects to where a pool does; the password is in a file."""
    assert isinstance(pool.kwargs, dict)  # noqa: S101 - a pool of ours has them written down
    return pool.kwargs


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a fill does, without any code of a projection: it goes to other processes.

    Attributes:
        later: the event types whose handlers, being code, are run when all else is filled.
        tables: name -> name in the database; types: name -> column -> SQL type.
    """

    consumer: str
    source: str
    effects: Mapping[str, Sequence[Effect]]
    later: frozenset[str]
    tables: Mapping[str, str]
    types: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A run that is filled: what its first event links to, its last event's place, what is left for later."""

    first: int
    previous: bytes
    last: Head
    later: Sequence[int]


def plan_of(projection: Projection, suffix: str) -> Plan | None:
    """None where a handler is code whose order among declared effects counts, or a column's type is not filled here."""
    effects, types = projection.effects, {table.name: dict(table.columns) for table in projection.tables}
    later = frozenset(projection.handlers) - frozenset(effects)
    inserts = [effect for declared in effects.values() for effect in declared.effects if isinstance(effect, Insert)]
    copied = all(binary.writes(types[effect.table][column]) for effect in inserts for column in effect.values)
    if not effects or later - projection.commuting or not copied:
        return None
    return Plan(
        consumer=projection.consumer + suffix,
        source=projection.source,
        effects={name: declared.effects for name, declared in effects.items()},
        later=later,
        tables=projection.physical(suffix),
        types=types,
    )


def bare_tables(plan: Plan) -> frozenset[str]:
    """The tables that a fill only inserts into: they get their keys when they are full."""
    declared = [effect for effects in plan.effects.values() for effect in effects]
    return frozenset(e.table for e in declared if isinstance(e, Insert)) - {
        e.table for e in declared if isinstance(e, Add)
    }


@contextmanager
def filling(reach: Reach, plan: Plan) -> Iterator[ProcessPoolExecutor]:
    """The processes that fill, for as long as the block lasts."""
    with ProcessPoolExecutor(reach.processes, get_context("spawn"), _begin, (reach, plan)) as processes:
        yield processes


def fill(
    processes: ProcessPoolExecutor, plan: Plan, partition: int, head: Head, done: Callable[[int], None]
) -> list[int]:
    """Fills from a partition's first event to its head. Returns the positions that are left for later.

    Raises:
        Diverged: the log is not one chain that ends at the head.
    """
    runs = iter(range(1, head.position + 1, RUN))
    asked: list[Future[Filled]] = []
    at, later = Head(position=0, hash=GENESIS), list[int]()
    while True:
        room = AHEAD * 2 - len(asked)
        asked += [
            processes.submit(_filled, partition, first, min(first + RUN - 1, head.position))
            for first in islice(runs, room)
        ]
        if not asked:
            break
        filled = asked.pop(0).result()
        if filled.first != at.position + 1 or filled.previous != at.hash:
            raise Diverged(plan.consumer, plan.source, partition, at.position)
        at = filled.last
        later += filled.later
        done(filled.last.position - filled.first + 1)
    if at != head:
        raise Diverged(plan.consumer, plan.source, partition, at.position)
    return later


# -- in a process of its own -----------------------------------------------------------------------------------------

_filler: "Filler"


def _begin(reach: Reach, plan: Plan) -> None:
    global _filler  # noqa: PLW0603 - one a process, for its whole life
    _filler = Filler(reach, plan)
    # What a run makes holds no cycles, and goes when it is written: looked for in between, it is walked for nothing.
    gc.freeze()
    gc.disable()


def _filled(partition: int, first: int, last: int) -> Filled:
    filled = _filler.run(partition, first, last)
    gc.collect()
    return filled


class _Type:
    """One event type, ready to be taken."""

    def __init__(self, name: str, effects: Sequence[Effect], service: str) -> None:
        cls = REGISTRY.of(name)
        if cls is None:
            raise LookupError(f"the event type {name} is not known here")
        self.name, self.latest, self.effects = name, cls.schema_version, effects
        self.fields = sorted({v.name for e in effects for v in columns(e).values() if isinstance(v, OfEvent)})
        self.sealed = {
            field_: ((field_, *mark.formerly), Vault.opens(service, mark))
            for field_, mark in personal_marks(cls).items()
        }

    def values(self, events: Sequence[TupleRow], boxes: Boxes) -> Mapping[Value, Sequence[Any]]:
        """All that is written of these events: for each value, what it is in each of them."""
        positions, _, _, _, versions, schools, ids, times, texts = zip(*events, strict=True)
        data = [orjson.loads(text) for text in texts]  # as one array of all it would take longer
        if any(version != self.latest for version in versions):
            data = [REGISTRY.upcast_to_latest(self.name, *each) for each in zip(versions, data, strict=True)]
        found: dict[Value, Sequence[Any]] = {_SCHOOL: schools, POSITION: positions, OCCURRED_AT: times}
        for name in self.fields:
            values = [event[name] for event in data]
            names, may_open = self.sealed.get(name, ((), False))
            if may_open:
                values = boxes.opened(values, schools, ids, names)
            elif names:
                values = [None] * len(values)
            found[OfEvent(name)] = values
        return found


class Filler:
    """Fills runs of positions, one after the other."""

    def __init__(self, reach: Reach, plan: Plan) -> None:
        self._plan = plan
        self._log = _connected(reach.logs[plan.source])
        self._model = _connected(reach.model)
        # It is filled anew if the server dies; the swap's own commit waits for all of it to be written.
        self._model.execute("SET synchronous_commit = off")
        keys: Pool = ConnectionPool(kwargs=dict(reach.keys), min_size=1, max_size=1, open=True)
        store = KeyStore(reach.service, keys, reach.installation_key, new_id)
        self._boxes = Vault(reach.service, store, monotonic).boxes()
        self._types = {name: _Type(name, effects, reach.service) for name, effects in plan.effects.items()}

    def run(self, partition: int, first: int, last: int) -> Filled:
        """Reads, opens and writes these positions, and commits.

        Raises:
            Diverged: they are not there, or do not link.
        """
        previous, link, at, later = b"", b"", first - 1, list[int]()
        taken: dict[str, list[TupleRow]] = {name: [] for name in self._types}
        for event in self._events(partition, first, last):
            position, prior, own, name = event[:4]
            if position != at + 1 or (link and prior != link):
                raise Diverged(self._plan.consumer, self._plan.source, partition, at)
            previous, link, at = previous or prior, own, position
            if name in taken:
                taken[name].append(event)
            elif name in self._plan.later:
                later.append(at)
        if at != last:
            raise Diverged(self._plan.consumer, self._plan.source, partition, at)
        self._write(taken)
        return Filled(first=first, previous=previous, last=Head(position=last, hash=link), later=later)

    def _events(self, partition: int, first: int, last: int) -> Sequence[TupleRow]:
        """Ids and times as bytes, as they go on: one that is made an object costs more than to open a value."""
        return self._log.execute(
            "SELECT position, previous, hash, type, schema_version, uuid_send(school_id), uuid_send(id),"
            " timestamptz_send(occurred_at), data::text FROM log_event"
            " WHERE partition = %s AND position BETWEEN %s AND %s ORDER BY position",
            (partition, first, last),
            binary=True,
        ).fetchall()

    def _write(self, taken: Mapping[str, Sequence[TupleRow]]) -> None:
        copies, adds = list[tuple[str, bytes]](), list[tuple[Add, Sequence[Sequence[Any]]]]()
        # What is sealed is opened before the transaction: its keys are asked for.
        for name, events in taken.items():
            if not events:
                continue
            values = self._types[name].values(events, self._boxes)
            for effect in self._types[name].effects:
                written = [values[value] for value in (_SCHOOL, *columns(effect).values())]
                if isinstance(effect, Add):
                    adds.append((effect, written))
                else:
                    copies.append(self._copy(effect, written))
        with self._model.transaction(), self._model.cursor() as cursor:
            for sql, rows in copies:
                with cursor.copy(sql.encode()) as copy:
                    copy.write(rows)
            # Amounts last: the rows that two processes want are held until the commit that follows at once.
            for add, amounts in adds:
                self._add(cursor, add, amounts)

    def _copy(self, effect: Insert, written: Sequence[Sequence[Any]]) -> tuple[str, bytes]:
        names, types = ["school_id", *effect.values], {"school_id": "uuid", **self._plan.types[effect.table]}
        fields = [binary.fields(types[name], column) for name, column in zip(names, written, strict=True)]
        table = self._plan.tables[effect.table]
        return f"COPY {table} ({', '.join(names)}) FROM STDIN (FORMAT binary)", binary.rows(fields)

    def _add(self, cursor: psycopg.Cursor[TupleRow], effect: Add, written: Sequence[Sequence[Any]]) -> None:
        found = summed(list(zip(*written, strict=True)), 1 + len(effect.key))
        sql = statement(effect, self._plan.tables[effect.table], self._plan.types[effect.table])
        rows = [(UUID(bytes=school), *others) for school, *others in found]
        cursor.execute(sql.encode(), [list(column) for column in zip(*rows, strict=True)])


def _connected(where: Conninfo) -> Connection[TupleRow]:
    return psycopg.connect(**where, autocommit=True)  # type: ignore[arg-type]  # libpq's own names


def is_worth_it(heads: Mapping[int, Head]) -> bool:
    """Whether there is so much that processes of their own are faster."""
    return sum(head.position for head in heads.values()) >= LEAST
