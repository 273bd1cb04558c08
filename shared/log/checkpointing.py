"""Makes checkpoints while a log grows: by events and by time, and never of a log that denies what was signed before."""

import os
from collections.abc import Iterator, Sequence
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

LOOK = 30.0
"""Seconds between two looks at the heads."""


def kept(connection: Connection[TupleRow], service: str) -> list[Kept]:
    """The service's checkpoints in the key database, in order."""
    rows = connection.execute(
        "SELECT partition, number, line FROM checkpoint WHERE service = %s ORDER BY partition, number", (service,)
    )
    return [Kept(row[0], row[1], row[2]) for row in rows]


def in_folder(folder: Path, service: str) -> Iterator[str]:
    """The lines of the service that a folder holds."""
    for path in sorted(folder.glob(f"{service}.*.jsonl")):
        yield from path.read_text().splitlines()


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

        Bounded: a few rows a partition, however long the log. Nothing is held open from one database to the other.
        """
        with self.log.connection() as connection:
            heads = read.heads(connection)
        made = []
        for partition, head in heads.items():
            last, at = self._last(partition), self.real.now()
            if not _grown(head, last) or not (now or _due(head, last, at)):
                continue
            if self._denied(partition, last, head):
                CHECKPOINTS_REFUSED.labels(self.service).inc()
                logger().error("checkpoint.refused", partition=partition, position=head.position)
                continue
            key = private_key(self.key_file.read_bytes())
            checkpoint = signed(key, last, service=self.service, partition=partition, head=head, at=at)
            if self._keep(checkpoint):
                made.append(checkpoint)
        return made

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
            taken = connection.execute(
                "INSERT INTO checkpoint (service, partition, number, line) VALUES (%s, %s, %s, %s)"
                " ON CONFLICT DO NOTHING",
                (checkpoint.service, checkpoint.partition, checkpoint.number, checkpoint.line()),
            ).rowcount
        if not taken:
            return False
        CHECKPOINTS.labels(self.service).inc()
        if self.folder is not None:
            _written_down(self.folder / f"{self.service}.{checkpoint.partition}.jsonl", checkpoint.line())
        return True


def _grown(head: Head, last: Checkpoint | None) -> bool:
    """A head that went back is looked at too: it denies what was signed."""
    return head.position != (last.head.position if last else 0) or (last is not None and head.hash != last.head.hash)


def _due(head: Head, last: Checkpoint | None, at: datetime) -> bool:
    if last is None:
        return True
    return not 0 <= head.position - last.head.position < EVERY_EVENTS or at - last.at >= EVERY


def _written_down(path: Path, line: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "a") as file:
        file.write(f"{line}\n")
        file.flush()
        os.fsync(file.fileno())


__all__ = ["Checkpointing", "NoCheckpoint", "in_folder", "kept"]
