"""Fills a new version of a read model in bulk: from the log's text to the tables' text, in a few processes at once.

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
from operator import itemgetter
from time import monotonic
from typing import Any

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
from shared.privacy.vault import Vault
from shared.projections.cursors import Diverged
from shared.projections.declaration import Projection
from shared.projections.effects import Add, Effect, Insert, OfEnvelope, columns, statement, summed
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

_NULL = "\\N"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_OWN = "\0"
"""Begins the names under which an envelope's fields stand beside the event's."""


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
    """None where a handler is code whose order among declared effects counts."""
    effects = projection.effects
    later = frozenset(projection.handlers) - frozenset(effects)
    if not effects or later - projection.commuting:
        return None
    return Plan(
        consumer=projection.consumer + suffix,
        source=projection.source,
        effects={name: declared.effects for name, declared in effects.items()},
        later=later,
        tables=projection.physical(suffix),
        types={table.name: dict(table.columns) for table in projection.tables},
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


@dataclass(frozen=True, slots=True)
class _Writes:
    """One effect, ready: how its columns are picked, and what it has come to in a run."""

    effect: Effect
    pick: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    rows: list[Any] = field(default_factory=list)


class _Type:
    """One event type, ready to be taken."""

    def __init__(
        self, name: str, effects: Sequence[Effect], types: Mapping[str, Mapping[str, str]], service: str
    ) -> None:
        cls = REGISTRY.of(name)
        if cls is None:
            raise LookupError(f"the event type {name} is not known here")
        self.name, self.latest = name, cls.schema_version
        marks, written = personal_marks(cls), [(e.table, *item) for e in effects for item in columns(e).items()]
        used = {value.name for _, _, value in written if not isinstance(value, OfEnvelope)}
        self.sealed = [
            (field_, Vault.opens(service, mark), (field_, *mark.formerly))
            for field_, mark in marks.items()
            if field_ in used
        ]
        # Text alone may hold what separates columns; PostgreSQL refuses it in any other type.
        self.texts = sorted(
            {
                value.name
                for table, column, value in written
                if types[table][column].startswith("text") and not isinstance(value, OfEnvelope)
            }
        )
        self.effects = [
            _Writes(effect, itemgetter(f"{_OWN}school_id", *[_key(value) for value in columns(effect).values()]))
            for effect in effects
        ]


def _key(value: Any) -> str:
    return _OWN + value.name if isinstance(value, OfEnvelope) else value.name


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
        self._types = {name: _Type(name, effects, plan.types, reach.service) for name, effects in plan.effects.items()}

    def run(self, partition: int, first: int, last: int) -> Filled:
        """Reads, opens and writes these positions, and commits.

        Raises:
            Diverged: they are not there, or do not link.
        """
        previous, link, at, later = b"", b"", first - 1, list[int]()
        taken: list[tuple[_Type, dict[str, Any], str, str]] = []
        for position, prior, own, name, version, school, ident, occurred, text in self._rows(partition, first, last):
            if position != at + 1 or (link and prior != link):
                raise Diverged(self._plan.consumer, self._plan.source, partition, at)
            previous, link, at = previous or prior, own, position
            if kind := self._types.get(name):
                data = orjson.loads(text)
                if version != kind.latest:
                    data = REGISTRY.upcast_to_latest(name, version, data)
                data |= {"\0school_id": school, "\0position": position, "\0occurred_at": occurred}
                taken.append((kind, data, school, ident))
            elif name in self._plan.later:
                later.append(at)
        if at != last:
            raise Diverged(self._plan.consumer, self._plan.source, partition, at)
        self._write(taken)
        return Filled(first=first, previous=previous, last=Head(position=last, hash=link), later=later)

    def _rows(self, partition: int, first: int, last: int) -> Sequence[TupleRow]:
        """As text what goes on as text: an id that is made an object and text again costs more than to open a value."""
        return self._log.execute(
            "SELECT position, previous, hash, type, schema_version, school_id::text, id::text, occurred_at::text,"
            " data::text FROM log_event WHERE partition = %s AND position BETWEEN %s AND %s ORDER BY position",
            (partition, first, last),
        ).fetchall()

    def _write(self, taken: Sequence[tuple[_Type, dict[str, Any], str, str]]) -> None:
        boxes = self._boxes
        # Of all that is sealed in a run the keys are asked for at once, before the transaction.
        boxes.want(
            {
                data[name]["key"]
                for kind, data, _, _ in taken
                for name, may_open, _ in kind.sealed
                if may_open and data[name] is not None
            }
        )
        for kind, data, school, ident in taken:
            for name, may_open, names in kind.sealed:
                box = data[name]
                if box is not None:
                    data[name] = boxes.value(box, school, ident, names) if may_open else None
            for name in kind.texts:
                value = data[name]
                if type(value) is str:
                    data[name] = value.translate(_ESCAPES)
            for writes in kind.effects:
                writes.rows.append(writes.pick(data))
        # Amounts last: the rows that two processes want are held until the commit that follows at once.
        every = [writes for kind in self._types.values() for writes in kind.effects]
        with self._model.transaction(), self._model.cursor() as cursor:
            for writes in sorted(every, key=lambda w: isinstance(w.effect, Add)):
                self._flush(cursor, writes)

    def _flush(self, cursor: psycopg.Cursor[TupleRow], writes: _Writes) -> None:
        effect, rows = writes.effect, list(writes.rows)
        writes.rows.clear()
        if not rows:
            return
        table = self._plan.tables[effect.table]
        if isinstance(effect, Add):
            found = summed(rows, 1 + len(effect.key))
            sql = statement(effect, table, self._plan.types[effect.table])
            cursor.execute(sql.encode(), [list(column) for column in zip(*found, strict=True)])
            return
        names = ", ".join(["school_id", *effect.values])
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN".encode()) as copy:
            copy.write("".join([_line(row) for row in rows]))


def _line(row: tuple[Any, ...]) -> str:
    return "\t".join([value if type(value) is str else _text(value) for value in row]) + "\n"


def _text(value: Any) -> str:
    if value is None:
        return _NULL
    if type(value) in (int, bool):
        return str(value)
    raise TypeError(f"a {type(value).__name__} is no column's value")


def _connected(where: Conninfo) -> Connection[TupleRow]:
    return psycopg.connect(**where, autocommit=True)  # type: ignore[arg-type]  # libpq's own names


def is_worth_it(heads: Mapping[int, Head]) -> bool:
    """Whether there is so much that processes of their own are faster."""
    return sum(head.position for head in heads.values()) >= LEAST
