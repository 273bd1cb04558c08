"""Finds the first place where a log is not what was appended: changed, removed, moved, inserted or cut off.

The chain covers every field of every event. What it cannot show by itself, a tail cut off together with its head or a
history written anew, witnesses show: the cursors of the log's consumers, who keep position and hash of the last event
they took, in other databases too; and signed checkpoints (shared/log/checkpoints.py), for whoever owns the databases
can rewrite the cursors as well.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from shared.events.envelope import GENESIS, Envelope, canonical
from shared.events.wire import WireError
from shared.log import read
from shared.log.read import Head


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The first place where a partition is not whole. Names ids and positions only."""

    partition: int
    position: int
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A place outside the log that remembers it: a cursor, a checkpoint, or an answered command (it knows no hash)."""

    name: str
    partition: int
    head: Head


def verify(
    connection: Connection[TupleRow], witnesses: Iterable[Witness] = (), progress: "Progress | None" = None
) -> list[Fault]:
    """At most one fault a partition, the first by position. Memory is bounded; it reads every event once.

    Must be called at the start of a transaction: it makes it one of a single snapshot, so that a log in use can be
    verified. Witnesses are to be read before, else they may remember more than the snapshot shows.
    """
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    # It holds nothing that anybody waits for, and on a busy machine a batch is long in being looked through.
    connection.execute("SET LOCAL idle_in_transaction_session_timeout = '60s'")
    heads = read.heads(connection)
    watched: dict[int, _Watched] = {}
    for witness in sorted(witnesses, key=lambda w: w.head.position):
        watched.setdefault(witness.partition, {}).setdefault(witness.head.position, []).append(witness)
    partitions = sorted({*heads, *(p for p, known in watched.items() if max(known)), *_partitions(connection)})
    faults = []
    for partition in partitions:
        head = heads.get(partition, Head(position=0, hash=GENESIS))
        fault = _first_fault(connection, partition, head, watched.get(partition, {}), progress or _silent)
        if fault:
            faults.append(fault)
    return faults


class Progress:
    """Told how far a verification has come."""

    def at(self, partition: int, position: int, head: int) -> None:
        """Called now and then, and at the end of each partition."""


_silent = Progress()
_Watched = dict[int, list[Witness]]
"""Position -> who remembers it, in order of the positions: each event is compared with its own alone."""
_TELL_EVERY = 2000


def _first_fault(
    connection: Connection[TupleRow], partition: int, head: Head, watched: _Watched, progress: Progress
) -> Fault | None:
    at, streams = Head(position=0, hash=GENESIS), dict[tuple[UUID, str], int]()
    for row in read.rows(connection, partition):
        what = _row_fault(row, at, streams, watched)
        if what:
            return Fault(partition=partition, position=at.position + 1, what=what)
        at = Head(position=at.position + 1, hash=bytes(row[15]))
        if at.position % _TELL_EVERY == 0:
            progress.at(partition, at.position, head.position)
    progress.at(partition, at.position, head.position)
    if at != head:
        return Fault(partition=partition, position=at.position + 1, what=f"cut off: the head says {head.position}")
    beyond = next((known[0] for position, known in watched.items() if position > at.position), None)
    if beyond:
        return Fault(
            partition=partition,
            position=at.position + 1,
            what=f"cut off: {beyond.name} remembers position {beyond.head.position}",
        )
    return None


def _row_fault(row: TupleRow, at: Head, streams: dict[tuple[UUID, str], int], watched: _Watched) -> str | None:
    try:
        envelope = read.envelope_of(row)
    except (WireError, ValueError):
        return "changed: holds what no event can"
    found = _link_fault(at, envelope) or _content_fault(envelope, row[13], streams)
    if found:
        return found
    here = watched.get(envelope.position, ())
    other = next((w for w in here if w.head.hash not in (b"", envelope.hash)), None)
    return f"{other.name} remembers another event here" if other else None


def _link_fault(at: Head, envelope: Envelope) -> str | None:
    if envelope.position != at.position + 1:
        return f"missing: the next event stands at {envelope.position}"
    if envelope.previous != at.hash:
        return "does not link to the event before it"
    return None


def _content_fault(envelope: Envelope, text: str, streams: dict[tuple[UUID, str], int]) -> str | None:
    try:
        if not envelope.hash_is_right() or canonical(dict(envelope.data)).decode() != text:
            return f"changed: event {envelope.id}"
    except (WireError, TypeError):
        return f"changed: event {envelope.id} holds what no event can"
    stream = (envelope.school_id, envelope.stream)
    streams[stream] = streams.get(stream, 0) + 1
    if envelope.stream_version != streams[stream]:
        return f"its stream goes from version {streams[stream] - 1} to {envelope.stream_version}"
    return None


def _partitions(connection: Connection[TupleRow]) -> Iterator[int]:
    for row in connection.execute("SELECT DISTINCT partition FROM log_event"):
        yield row[0]
