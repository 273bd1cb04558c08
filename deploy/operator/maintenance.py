"""The connections and parts that an operator's work on one service's read models and log needs."""

import os
import time
from base64 import b64decode
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from deploy.operator.config import OperatorConfig
from shared.privacy.keystore import KeyStore
from shared.privacy.vault import Vault
from shared.projections.bulk import Reach, where
from shared.projections.rebuild import Rebuilder
from shared.projections.roster_queries import parameters_of
from shared.projections.runner import Consumer, OwnLog, Reacting, Runner, Source
from shared.runtime.clock import SystemClock, school_clock
from shared.runtime.database import Pool, open_pool
from shared.runtime.ids import uuid7


@dataclass(frozen=True, slots=True)
class Maintenance:
    """One service as its operator works on it."""

    rebuilder: Rebuilder
    worker: Pool
    vault: Vault


@contextmanager
def maintenance_of(config: OperatorConfig, service: str, consumers: Sequence[Consumer]) -> Iterator[Maintenance]:
    """Opens pools for the owner's and the worker's role; sources are read from the databases, not over the feed."""
    with ExitStack() as stack:

        def pool(database: str, role: str, passfile: str) -> Pool:
            opened = open_pool(config.server(passfile), database=database, role=role, max_size=3)
            return stack.enter_context(opened)

        owner = pool(f"bookbag_{service}", f"{service}_owner", "passfile.owner")
        worker = pool(f"bookbag_{service}", f"{service}_worker", f"passfile.{service}.worker")
        keys = pool("bookbag_keys", f"keys_{service}", f"passfile.{service}.worker")
        installation_key = b64decode(config.secret("installation.key").read_text())
        store = KeyStore(
            service,
            keys,
            installation_key,
            new_id=lambda: uuid7(SystemClock().now(), os.urandom),
        )
        sources: dict[str, Source] = {}
        logs: dict[str, Pool] = {}
        for source in sorted({consumer.source for consumer in consumers}):
            log = (
                worker
                if source == service
                else pool(f"bookbag_{source}", f"{source}_worker", f"passfile.{source}.worker")
            )
            sources[source], logs[source] = OwnLog(log), log
        clock = school_clock(config.clock_file)
        reacting = Reacting(service=service, clock=clock, parameters=parameters_of(worker))
        vault = Vault(service, store, time.monotonic)
        reach = Reach(
            service=service,
            logs={source: where(log) for source, log in logs.items()},
            model=where(worker),
            keys=where(keys),
            installation_key=installation_key,
        )
        yield Maintenance(Rebuilder(owner, Runner(worker, vault, sources, reacting), reach), worker, vault)
