"""Group commit: the commands of one process that are in flight together share a transaction, each with its own answer.

What a caller sees is `append`'s: all of a command or nothing, and its own Conflict, KeyReused or database error. One
statement writes a group; it refuses where another writer has moved the head, and then the same is done under the lock.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Any, TypeAlias, cast
from uuid import UUID

import orjson
import psycopg
from psycopg import Connection
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.rows import TupleRow

from shared.events.envelope import GENESIS
from shared.log.append import Answer, Command, Conflict, KeyReused, append, hold
from shared.log.group import Group, Known, Outcome, planned
from shared.log.read import Head
from shared.runtime import metrics
from shared.runtime.crash import crash_point
from shared.runtime.database import Pool
from shared.runtime.together import NotDone, PerhapsDone, Together

MOST_COMMANDS = 128
"""Commands that share a transaction."""
MOST_EVENTS = 32
"""A command with more is written by itself: it has no small neighbours to keep waiting."""
MOST_WAITING = 512
"""Commands that may wait for one partition; who comes then is asked to try again."""
WAIT_SECONDS = 5.0
SETTLE_SECONDS = 4.0
"""How long it is tried to find out what a lost connection has left."""
PAUSE_SECONDS = 0.05

_APPEND = b"SELECT log_append($1, $2, $3, $4, $5, $6, $7, $8, $9)"
_PREPARED = b"log_append"


class Committers:
    """The writer of one service's log in a process whose threads share it: a committer a partition, made when asked.

    Every other writer, in this process and elsewhere, may go on with `append` at the same time.
    """

    def __init__(self, service: str, pool: Pool) -> None:
        self._service, self._pool = service, pool
        self._committers: dict[int, Committer] = {}
        self._lock = Lock()

    def append(self, command: Command) -> Answer:
        """Writes the command's events at contiguous positions, or nothing at all; committed on return.

        Raises:
            Conflict: a stream is not at its expected version.
            KeyReused: the claim was used before with another body.
            NotDone: nothing was written: the database cannot be asked, or too many wait.
            PerhapsDone: it may stand or not; the same claim finds out.
            psycopg.Error: the database refuses it.
        """
        if not 0 < len(command.events) <= MOST_EVENTS:
            with self._pool.connection() as connection, connection.transaction():
                return append(connection, command)
        return self._committer(command.partition).append(command)

    def close(self) -> None:
        """Closes the connections; for when no command is in flight any more."""
        with self._lock:
            for committer in self._committers.values():
                committer.close()
            self._committers.clear()

    def _committer(self, partition: int) -> "Committer":
        if found := self._committers.get(partition):
            return found
        with self._lock:
            if partition not in self._committers:
                self._committers[partition] = Committer(self._service, partition, self._own_connection)
            return self._committers[partition]

    def _own_connection(self) -> Connection[TupleRow]:
        """Like the pool's. A checkout for each group would cost as much as writing it."""
        return psycopg.connect(**cast("dict[str, Any]", self._pool.kwargs), autocommit=True)


class Committer:
    """The group commit of one partition, with a connection of its own."""

    def __init__(
        self,
        service: str,
        partition: int,
        connect: Callable[[], Connection[TupleRow]],
        *,
        most: int = MOST_COMMANDS,
        waiting: int = MOST_WAITING,
        seconds: float = WAIT_SECONDS,
    ) -> None:
        self._service, self._partition, self._connect = service, partition, connect
        self._together: Together[Command, Answer] = Together(self._do, most=most, waiting=waiting, seconds=seconds)
        self._connection: Connection[TupleRow] | None = None
        self._prepared_on: PGconn | None = None
        # Where the log was last seen to end. It is compared under the lock each time: at worst it costs a round trip.
        self._head = Head(position=0, hash=GENESIS)

    def append(self, command: Command) -> Answer:
        """As `Committers.append`, for a command of this partition with at least one event."""
        return self._together.ask(command)

    def close(self) -> None:
        """Closes its connection; for when no command is in flight any more."""
        if self._connection is not None:
            self._connection.close()

    def _do(self, commands: Sequence[Command]) -> Sequence[Outcome]:
        metrics.COMMANDS_A_COMMIT.labels(self._service).observe(len(commands))
        crash_point("group.begun")
        outcomes = self._outcomes(commands)
        crash_point("group.committed")
        return outcomes

    def _outcomes(self, commands: Sequence[Command]) -> Sequence[Outcome]:
        try:
            connection = self._connected()
        except psycopg.OperationalError:
            return [NotDone() for _ in commands]
        try:
            written = self._rounds(connection, commands, held=False)
            return self._written_under_lock(connection, commands) if written is None else written
        except psycopg.OperationalError as error:
            return self._after_failure(connection, error, commands)
        except psycopg.Error:
            return self._apart(commands, self._outcomes)

    def _written_under_lock(self, connection: Connection[TupleRow], commands: Sequence[Command]) -> Sequence[Outcome]:
        """Another writer was here: the head is held still while the group is planned on it."""
        self._count("moved")
        with connection.transaction():
            hold(connection, self._partition)
            return self._rounds(connection, commands, held=True) or ()

    def _rounds(
        self, connection: Connection[TupleRow], commands: Sequence[Command], *, held: bool
    ) -> Sequence[Outcome] | None:
        """The outcomes; None where the head moves and is not held. Each round knows more than the one before."""
        known = Known()
        while True:
            group = planned(commands, self._head, known)
            if not group.asks():
                return group.outcomes
            answer = self._asked(connection, group)
            if answer is None:
                self._head = group.head
                return group.outcomes
            if "position" not in answer:
                known.learn(answer)
                continue
            self._head = Head(position=answer["position"], hash=bytes.fromhex(answer["hash"]))
            if not held:
                return None
            known = Known()

    def _asked(self, connection: Connection[TupleRow], group: Group) -> Any:
        """What `log_append` says of the group.

        It is asked by one call of libpq. A cursor gives the interpreter up nine times for a statement, and each time
        those who were answered before may keep it for a while.
        """
        pgconn = connection.pgconn
        if self._prepared_on is not pgconn:
            _raise_for(pgconn, pgconn.prepare(_PREPARED, _APPEND))
            self._prepared_on = pgconn
        result = pgconn.exec_prepared(
            _PREPARED,
            [
                b"%d" % self._partition,
                b"%d" % self._head.position,
                b"\\x" + self._head.hash.hex().encode(),
                orjson.dumps(group.expected),
                orjson.dumps(group.claims),
                orjson.dumps(group.answers),
                b"[%b]" % b",".join(group.events),
                b"%d" % group.head.position,
                b"\\x" + group.head.hash.hex().encode(),
            ],
        )
        _raise_for(pgconn, result)
        text = result.get_value(0, 0)
        return None if text is None else orjson.loads(text)

    def _apart(
        self, commands: Sequence[Command], do: Callable[[Sequence[Command]], Sequence[Outcome]]
    ) -> Sequence[Outcome]:
        """The database refuses a row, and with it all: each half by itself, down to the one that it refuses."""
        self._count("split")
        if len(commands) == 1:
            return [self._alone(commands[0])]
        half = len(commands) // 2
        return [*do(commands[:half]), *do(commands[half:])]

    def _alone(self, command: Command) -> Outcome:
        """As everybody else writes; what `append` says is this command's outcome."""
        try:
            connection = self._connected()
        except psycopg.OperationalError:
            return NotDone()
        try:
            with connection.transaction():
                return append(connection, command)
        except psycopg.OperationalError as error:
            return self._after_failure(connection, error, [command])[0]
        except (psycopg.Error, Conflict, KeyReused, ValueError) as error:
            return error

    def _after_failure(
        self, connection: Connection[TupleRow], error: psycopg.Error, commands: Sequence[Command]
    ) -> Sequence[Outcome]:
        if not connection.broken and error.diag.severity_nonlocalized == "ERROR":
            # The server has said that it did not, and goes on: no lock within the bound, no room.
            return [NotDone() for _ in commands]
        self._count("lost")
        return self._settled(commands, time.monotonic() + SETTLE_SECONDS)

    def _settled(self, commands: Sequence[Command], until: float) -> Sequence[Outcome]:
        """The connection went: finds out what was written, and writes the rest.

        Who holds the lock now knows: the lost transaction had it, and has ended. What is found by its events' ids was
        written. The rest is written under the same lock; should the lost statement begin only now, it finds the head
        moved and does nothing.
        """
        while True:
            try:
                connection = self._connected()
                with connection.transaction():
                    hold(connection, self._partition)
                    recorded = _recorded(connection, commands)
                    rest = [command for command in commands if _last_of(command) not in recorded]
                    written = iter(self._rounds(connection, rest, held=True) or ()) if rest else iter(())
                return [_found(command, recorded) or next(written) for command in commands]
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    return [PerhapsDone() for _ in commands]
                time.sleep(PAUSE_SECONDS)
            except psycopg.Error:
                return self._apart(commands, lambda some: self._settled(some, until))

    def _connected(self) -> Connection[TupleRow]:
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
        return self._connection

    def _count(self, why: str) -> None:
        metrics.COMMIT_DETOURS.labels(self._service, why).inc()


def _raise_for(pgconn: PGconn, result: PGresult) -> None:
    """Raises what a cursor would."""
    if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        return
    if pgconn.status == ConnStatus.BAD and not result.error_field(DiagnosticField.SQLSTATE):
        raise psycopg.OperationalError("the connection is lost")
    raise psycopg.errors.error_from_result(result, "utf-8")


_Sent: TypeAlias = tuple[UUID, str, datetime]
"""What tells a command's last event from any other: its id, and where and when it was to be written."""


def _last_of(command: Command) -> _Sent:
    return command.events[-1].id, command.events[-1].stream, command.recorded_at


def _recorded(connection: Connection[TupleRow], commands: Sequence[Command]) -> dict[_Sent, int]:
    """The positions of those of the commands' last events that the log holds."""
    rows = connection.execute(
        "SELECT id, stream, recorded_at, position FROM log_event WHERE id = ANY(%s)",
        ([command.events[-1].id for command in commands],),
    )
    return {(row[0], row[1], row[2]): row[3] for row in rows}


def _found(command: Command, recorded: Mapping[_Sent, int]) -> Answer | None:
    position = recorded.get(_last_of(command))
    if position is None:
        return None
    return Answer(status=command.status, location=command.location, partition=command.partition, position=position)
