"""Makes checkpoints while a log grows: by events and by time, and never of a log that denies what was signed before."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from psycopg import Connection
from psycopg.rows import TupleRow

from shared.log import read
from shared.log.checkpoint_keys import private_key
from shared.log.checkpoints import Checkpoint, Kept, NoCheckpoint, signed
from shared.log.read import Head
from shared.runtime.clock import Clock
from shared.runtime.database import Pool
from shared.runtime.logging import logger
from shared.runtime.metrics import CHECKPOINTS, CHECKPOINTS_REFUSED

EVERY_EVENTS = 500
EVERY = timedelta(minutes=10)
"""A partition that has grown gets a checkpoint after so many events or so long, whichever is first."""

_TAIL = 4096
"""Bytes of a file in which its last lines stand."""

LOOK = 30.0
"""Seconds between two looks at the heads."""


def kept(connection: Connection[TupleRow], service: str) -> list[Kept]:
    """The service's checkpoints in the key database, in order."""
    rows = connection.execute(
        "SELECT partition, number, line FROM checkpoint WHERE service = %s ORDER BY partition, number", (service,)
    )
    return [Kept(row[0], row[1], row[2]) for row in rows]


def keep(connection: Connection[TupleRow], checkpoint: Checkpoint) -> bool:
    """Adds a line to those in the key database. False where its number is taken."""
    taken = connection.execute(
        "INSERT INTO checkpoint (service, partition, number, line) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (checkpoint.service, checkpoint.partition, checkpoint.number, checkpoint.line()),
    ).rowcount
    return taken > 0


def in_folder(folder: Path, service: str) -> Iterator[str]:
    """The service's lines that a folder holds; one that was cut short when a process died is passed over."""
    for path in sorted(folder.glob(f"{service}.*.jsonl")):
        yield from (found.line() for found in _read(path.read_text().splitlines()))


@dataclass(frozen=True, slots=True)
class Checkpointing:
    """Signs the heads of one service's log. Any number of workers may: a number is taken once.

    Attributes:
        log: the service's database.
        keys: the key database, where the owner of the log's cannot connect.
        key_file: the private key in PEM; read at each look, so that a new one counts without a restart.
        folder: where each line is kept once more, if anywhere.
        real: the real clock.
    """

    service: str
    log: Pool
    keys: Pool
    key_file: Path
    folder: Path | None
    real: Clock

    def look(self, *, now: bool = False) -> Sequence[Checkpoint]:
        """Makes a checkpoint of each partition that is due, or with `now` of each that has grown at all.

        None where the log denies what was signed, or where a copy tells of a number that the key database no longer
        knows: it would be given to another line. Bounded: a few rows a partition, however long the log. Nothing is held
        open from one database to the other.
        """
        with self.log.connection() as connection:
            heads = read.heads(connection)
        made = []
        for partition, head in heads.items():
            copied = self._copied(partition)  # first: what is copied was kept before
            last, at = self._last(partition), self.real.now()
            if not _grown(head, last) or not (now or _due(head, last, at)):
                continue
            if copied > (last.number if last else 0) or self._denied(partition, last, head):
                CHECKPOINTS_REFUSED.labels(self.service).inc()
                logger().error("checkpoint.refused", partition=partition, position=head.position)
                continue
            key = private_key(self.key_file.read_bytes())
            checkpoint = signed(key, last, service=self.service, partition=partition, head=head, at=at)
            if self._keep(checkpoint):
                made.append(checkpoint)
        return made

    def _copied(self, partition: int) -> int:
        """The newest number that the folder holds; 0 where there is none."""
        path = self._file(partition)
        if path is None or not path.exists():
            return 0
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            lines = file.read().decode(errors="replace").splitlines()
        return max((found.number for found in _read(lines)), default=0)

    def _file(self, partition: int) -> Path | None:
        return None if self.folder is None else self.folder / f"{self.service}.{partition}.jsonl"

    def _last(self, partition: int) -> Checkpoint | None:
        with self.keys.connection() as connection:
            row = connection.execute(
                "SELECT line FROM checkpoint WHERE service = %s AND partition = %s ORDER BY number DESC LIMIT 1",
                (self.service, partition),
            ).fetchone()
        return None if row is None else Checkpoint.from_line(row[0])

    def _denied(self, partition: int, last: Checkpoint | None, head: Head) -> bool:
        """Whether the log no longer holds what was signed, or its head is not its last event's."""
        with self.log.connection() as connection:
            known = [head] if last is None else [head, last.head]
            return any(read.hash_at(connection, partition, one.position) != one.hash for one in known)

    def _keep(self, checkpoint: Checkpoint) -> bool:
        """False where another worker has taken the number."""
        with self.keys.connection() as connection:
            if not keep(connection, checkpoint):
                return False
        CHECKPOINTS.labels(self.service).inc()
        if path := self._file(checkpoint.partition):
            _written_down(path, checkpoint.line())
        return True


def _grown(head: Head, last: Checkpoint | None) -> bool:
    """A head that went back is looked at too: it denies what was signed."""
    return head.position != (last.head.position if last else 0) or (last is not None and head.hash != last.head.hash)


def _due(head: Head, last: Checkpoint | None, at: datetime) -> bool:
    if last is None:
        return True
    return not 0 <= head.position - last.head.position < EVERY_EVENTS or at - last.at >= EVERY


def _read(lines: Iterable[str]) -> Iterator[Checkpoint]:
    for line in lines:
        with suppress(NoCheckpoint):
            yield Checkpoint.from_line(line)


def _written_down(path: Path, line: str) -> None:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "rb+", buffering=0) as file:
        end = file.seek(0, os.SEEK_END)
        cut_short = end > 0 and os.pread(handle, 1, end - 1) != b"\n"
        file.write((b"\n" if cut_short else b"") + line.encode() + b"\n")
        os.fsync(handle)
