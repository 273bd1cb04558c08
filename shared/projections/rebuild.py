"""Builds a read model anew from the log, beside the live one, and swaps. Readers never miss a row; no reaction runs."""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from psycopg import Connection, OperationalError
from psycopg.errors import LockNotAvailable
from psycopg.rows import TupleRow

from shared.log.read import Head
from shared.projections import bulk, cursors
from shared.projections.bulk import Reach
from shared.projections.declaration import Projection, Table
from shared.projections.install import (
    NEXT,
    complete_table,
    create_tables,
    drop_tables,
    index_table,
    install,
    live_version,
    show,
)
from shared.projections.parking import PASSING
from shared.projections.reaction import Reaction
from shared.projections.runner import Runner
from shared.runtime.database import Pool, looking
from shared.runtime.logging import logger

Progress = Callable[[int, int], None]
"""Called with (events applied, events to apply)."""

SWAPS = 1000
"""How often a swap is tried before it is given up: each try first catches up with what came meanwhile."""

LOCK_CLASS = 0x5265626C
"""First key of the advisory locks of whoever rebuilds ("Rebl"); the second follows from the read model's name."""

GIVES_WAY = "SET LOCAL lock_timeout = '100ms'"
"""A swap waits for readers far shorter than the server does before it looks for a deadlock (1 s): where a reader has
one table and wants the next, and the swap has the next, it is the swap that is tried again and no read that fails."""


@dataclass(frozen=True, slots=True)
class Rebuilder:
    """Rebuilds the read models of one service.

    Attributes:
        owner: makes, swaps and drops tables, over up to three connections at once; the worker of `runner` fills them,
            as it does the live ones.
        reach: for processes that fill in bulk; without it all is filled as the live ones are.
    """

    owner: Pool
    runner: Runner
    reach: Reach | None = None

    def install_or_rebuild(self, projection: Projection, progress: Progress) -> None:
        """Makes a read model that is new; builds a new version of one that stands in an older version."""
        with self.owner.connection() as connection:
            live = live_version(connection, projection)
            if live is None:
                install(connection, projection)
        if live is not None and live != projection.version:
            self.rebuild(projection, progress)

    def install_reactions(self, reactions: Sequence[Reaction]) -> None:
        """Makes known which reactions there are; one that is new starts at the heads: it does not act on the past."""
        for reaction in reactions:
            heads = self.runner.heads(reaction.source)
            with self.owner.connection() as connection:
                new = connection.execute(
                    "INSERT INTO reaction_live (name, source) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                    (reaction.name, reaction.source),
                ).rowcount
                for partition, head in heads.items() if new else ():
                    cursors.start(connection, reaction.consumer, reaction.source, partition)
                    cursors.move(connection, reaction.consumer, reaction.source, partition, head)

    def rebuild(self, projection: Projection, progress: Progress, *, forked: bool = False) -> None:
        """Builds the read model from position 1 and swaps it in, in one transaction; one at a time, others wait.

        Args:
            projection: the read model.
            progress: is told how far it has come.
            forked: the live one may hold what the log, since a restore, does not: an operator has said so.

        Raises:
            Diverged: the log is not what the live read model was built from.
            RuntimeError: the swap was given up; the live read model is untouched.
        """
        with self._alone(projection):
            self._rebuild(projection, progress, forked=forked)

    @contextmanager
    def _alone(self, projection: Projection) -> Iterator[None]:
        """Two would fill, swap and drop the same tables; and one that began before an erasure has its keys at hand."""
        with looking(self.owner) as connection:
            connection.execute("SET lock_timeout = 0")
            connection.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", (LOCK_CLASS, projection.name))
            try:
                yield
            finally:
                with suppress(OperationalError):  # where the connection is lost, so is the lock
                    connection.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", (LOCK_CLASS, projection.name))
                    connection.execute("RESET lock_timeout")

    def _rebuild(self, projection: Projection, progress: Progress, *, forked: bool) -> None:
        if not forked:
            self._must_continue(projection)
        if not self._filled_in_bulk(projection, progress):
            self._make(projection)
        self._fill(projection, progress)
        for _ in range(SWAPS):
            if self._swapped(projection, forked=forked):
                return
            self._fill(projection, progress)
        raise RuntimeError(f"{projection.name}: not swapped in; its log grew too fast or its readers never paused")

    def _make(self, projection: Projection, bare: Container[str] = ()) -> None:
        """The tables of the version beside, empty, whatever was there before."""
        with self.owner.connection() as connection, connection.transaction():
            self._discard(connection, projection)
            create_tables(connection, projection, NEXT, bare)

    def _filled_in_bulk(self, projection: Projection, progress: Progress) -> bool:
        """Fills to where the heads are now. False where that cannot be done, or an event stood against it: then each
        event is taken by itself, and the one that cannot be is parked.
        """  # noqa: D205 - the first sentence needs both lines
        heads, plan = self.runner.heads(projection.source), bulk.plan_of(projection, NEXT)
        if self.reach is None or plan is None or not bulk.is_worth_it(heads):
            return False
        self._make(projection, bare := bulk.bare_tables(plan))
        total, taken = sum(head.position for head in heads.values()), 0

        def done(count: int) -> None:
            nonlocal taken
            progress(taken := taken + count, total)

        try:
            with bulk.filling(self.reach, plan) as processes:
                later = {p: bulk.fill(processes, plan, p, head, done) for p, head in heads.items()}
            self._complete(projection, [table for table in projection.tables if table.name in bare])
            self.runner.take_later(projection, NEXT, heads, later)
        except (*PASSING, cursors.Diverged):
            raise
        except Exception:  # noqa: BLE001 - whatever an event or a process does, there is the other way
            logger().exception("rebuild.not_in_bulk", consumer=projection.consumer)
            return False
        return True

    def _complete(self, projection: Projection, tables: Sequence[Table]) -> None:
        """Makes bare tables, now full, like the others, two indexes at a time."""

        def index(table: Table, columns: Sequence[str], *, unique: bool) -> None:
            with self.owner.connection() as connection, connection.transaction():
                index_table(connection, projection, NEXT, table, columns, unique=unique)

        with ThreadPoolExecutor(2) as threads:
            made = [threads.submit(index, table, table.key, unique=True) for table in tables]
            made += [threads.submit(index, t, columns, unique=False) for t in tables for columns in t.indexes]
        for one in made:
            one.result()
        for table in tables:
            with self.owner.connection() as connection, connection.transaction():
                complete_table(connection, projection, NEXT, table)

    def _fill(self, projection: Projection, progress: Progress) -> None:
        while True:
            heads = self.runner.heads(projection.source)
            if not self.runner.catch_up(projection, heads, NEXT):
                return
            total = sum(head.position for head in heads.values())
            progress(min(self._built(projection, heads), total), total)

    def _built(self, projection: Projection, partitions: Iterable[int]) -> int:
        """How many events the version beside has taken so far, over every fill: progress never goes back."""
        name, source = projection.consumer + NEXT, projection.source
        with self.owner.connection() as connection:
            return sum(cursors.standing(connection, name, source, partition).position for partition in partitions)

    def _must_continue(self, projection: Projection) -> None:
        """What is built passes the place where the live model stands, and would hide that another history stood there.

        Raises:
            Diverged: the log does not hold what the live read model took last.
        """
        with self.owner.connection() as connection:
            name = self._live(connection, projection)
            standing = cursors.standing_in(connection, name, projection.source)
        for partition, live in standing.items():
            before = Head(position=live.position - 1, hash=b"")
            found = self.runner.source(projection.source).after(partition, before, 1) if live.position else ()
            if live.position and not (found and found[0].hash == live.hash):
                raise cursors.Diverged(projection.consumer, projection.source, partition, live.position)

    def _swapped(self, projection: Projection, *, forked: bool) -> bool:
        try:
            with self.owner.connection() as connection, connection.transaction():
                self._hold_off_vacuum(connection, projection)
                connection.execute(GIVES_WAY)
                # A live model of another history stands still: what is built has come to the heads, and that is all.
                if not forked and not self._caught_up_with_live(connection, projection):
                    return False
                self._swap(connection, projection)
        except LockNotAvailable:
            return False
        return True

    def _hold_off_vacuum(self, connection: Connection[TupleRow], projection: Projection) -> None:
        """An autovacuum of these tables gives way to who waits until the server looks for a deadlock (1 s), which the
        swap does not do. This lock stands against it alone, not against readers or writers.
        """  # noqa: D205 - the first sentence needs both lines
        names = connection.execute(
            "SELECT t FROM unnest(%s::text[]) t WHERE to_regclass(quote_ident(t)) IS NOT NULL",
            ([*projection.physical(NEXT).values(), *self._live_tables(connection, projection)],),
        )
        for (name,) in names.fetchall():
            connection.execute(f'LOCK TABLE "{name}" IN SHARE UPDATE EXCLUSIVE MODE')

    def _caught_up_with_live(self, connection: Connection[TupleRow], projection: Projection) -> bool:
        """Locks the live cursors (so the live model stands still) and compares."""
        for partition in self.runner.heads(projection.source):
            live = cursors.standing(
                connection, self._live(connection, projection), projection.source, partition, lock=True
            )
            built = cursors.standing(connection, projection.consumer + NEXT, projection.source, partition)
            if built.position < live.position:
                return False
            if built.position == live.position and built.hash != live.hash:
                raise cursors.Diverged(projection.consumer, projection.source, partition, live.position)
        return True

    def _live(self, connection: Connection[TupleRow], projection: Projection) -> str:
        return f"{projection.name}_v{live_version(connection, projection)}"

    def _live_tables(self, connection: Connection[TupleRow], projection: Projection) -> list[str]:
        row = connection.execute("SELECT tables FROM projection_live WHERE name = %s", (projection.name,)).fetchone()
        return row[0] if row else []

    def _swap(self, connection: Connection[TupleRow], projection: Projection) -> None:
        old_tables = self._live_tables(connection, projection)
        old_consumer = self._live(connection, projection)
        show(connection, projection, NEXT)
        drop_tables(connection, old_tables)
        for table, name in projection.physical().items():
            connection.execute(f'ALTER TABLE "{projection.physical(NEXT)[table]}" RENAME TO "{name}"')
        connection.execute("DELETE FROM projection_cursor WHERE consumer = %s", (old_consumer,))
        connection.execute(
            "UPDATE projection_cursor SET consumer = %s WHERE consumer = %s",
            (projection.consumer, projection.consumer + NEXT),
        )
        connection.execute("DELETE FROM parked_event WHERE consumer = %s", (old_consumer,))
        connection.execute(
            "UPDATE parked_event SET consumer = %s WHERE consumer = %s",
            (projection.consumer, projection.consumer + NEXT),
        )

    def _discard(self, connection: Connection[TupleRow], projection: Projection) -> None:
        drop_tables(connection, list(projection.physical(NEXT).values()))
        connection.execute("DELETE FROM projection_cursor WHERE consumer = %s", (projection.consumer + NEXT,))
        connection.execute("DELETE FROM parked_event WHERE consumer = %s", (projection.consumer + NEXT,))


def no_progress(_done: int, _total: int) -> None:
    """For callers that have nobody to show it to."""
