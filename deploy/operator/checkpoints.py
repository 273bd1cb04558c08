"""An operator's side of signed checkpoints (decision 23): lines to be carried elsewhere, some made now, a new key."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from deploy.operator.config import OperatorConfig
from deploy.operator.secrets import write
from deploy.services import SERVICES
from shared.log.checkpoint_keys import Ring, key_id, lines_of, new_key, next_line, private_key, ring_of
from shared.log.checkpointing import Checkpointing, in_folder, keep, kept
from shared.log.checkpoints import Checkpoint, Kept
from shared.runtime.clock import SystemClock
from shared.runtime.database import conninfo, open_pool

KEY, NEXT, RING = "checkpoint.key", "checkpoint.key.next", "checkpoint.keys"
"""In the folder of secrets: the private key that signs now, the one that is to, and every public key there was."""


def ring_here(config: OperatorConfig) -> Ring:
    """The keys that may have signed. Raises BadRing."""
    return ring_of(config.secret(RING).read_text())


def kept_here(config: OperatorConfig, service: str) -> tuple[Sequence[Kept], Sequence[str]]:
    """The checkpoints of a service in the key database, and the copies of them in the run folder.

    The copies are read first: what they hold, the database must hold.
    """
    copies = list(in_folder(config.checkpoints, service))
    with _keys_of(config, service) as connection:
        return kept(connection, service), copies


def _keys_of(config: OperatorConfig, service: str) -> Connection[TupleRow]:
    server = config.server(f"passfile.{service}.worker")
    told = conninfo(server, database="bookbag_keys", role=f"keys_{service}")
    return psycopg.connect(**told, autocommit=True)  # type: ignore[arg-type]  # libpq's own names and types


def lines(config: OperatorConfig, *, every: bool) -> Iterator[str]:
    """The newest line of each partition of each service, or every line there is."""
    for service in SERVICES:
        found, _ = kept_here(config, service)
        newest = {one.partition: one for one in found}  # in order of the numbers: the last one stays
        yield from (one.line for one in (found if every else newest.values()))


def make_now(config: OperatorConfig) -> list[Checkpoint]:
    """A checkpoint of each partition that has grown since its last."""
    made: list[Checkpoint] = []
    config.checkpoints.mkdir(mode=0o700, exist_ok=True)
    for service in SERVICES:
        with ExitStack() as stack:
            server = config.server(f"passfile.{service}.worker")
            log = open_pool(server, database=f"bookbag_{service}", role=f"{service}_worker", max_size=1)
            keys = open_pool(server, database="bookbag_keys", role=f"keys_{service}", max_size=1)
            making = Checkpointing(
                service=service,
                log=stack.enter_context(log),
                keys=stack.enter_context(keys),
                key_file=config.secret(KEY),
                folder=config.checkpoints,
                real=SystemClock(),
            )
            made += making.look(now=True)
    return made


def put_back(config: OperatorConfig, carried: Sequence[str]) -> int:
    """Puts the lines back that the key database no longer holds, after an older state of it was restored.

    From the copies and from what was carried away, so far as a key of this installation has signed it; what is there
    is left as it is. Returns how many.

    Raises:
        NoCheckpoint: one of the carried lines is none.
    """
    ring, done = ring_here(config), 0
    for service in SERVICES:
        _, copies = kept_here(config, service)
        with _keys_of(config, service) as connection:
            for checkpoint in map(Checkpoint.from_line, [*copies, *carried]):
                own = checkpoint.service == service
                if own and ring.has_signed(checkpoint.key, checkpoint.signature, checkpoint.text):
                    done += keep(connection, checkpoint)
    return done


def rotate(config: OperatorConfig) -> str:
    """A new key, vouched for by the old one, which is gone. Returns the new key's line of the ring.

    The ring is written before the key is used; what was interrupted in between is finished by the next run.
    """
    old, ring = private_key(config.secret(KEY).read_bytes()), config.secret(RING).read_text()
    if key_id(old.public_key()) == ring_of(ring).newest:
        new, pem = new_key()
        write(config.secret(NEXT), pem)
        ring += lines_of([next_line(new, old, SystemClock().now())])
        write(config.secret(RING), ring)
    config.secret(NEXT).replace(config.secret(KEY))
    return ring.splitlines()[-1]
