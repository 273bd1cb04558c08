"""An installation apart from that of the other tests: for what cannot be done to theirs."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.folders import ROOT
from deploy.local.launch import Installation
from deploy.local.ports import LOOPBACK
from deploy.local.postgres import SUPERUSER
from deploy.local.processes import BOOKBAG, Product
from shared.testing.driver import Bookbag, Session
from tests.faults.clusters import Address, Cluster, Clusters
from tests.faults.stepping import Steps
from tests.installation import Bench, went


@dataclass(frozen=True, slots=True)
class Apart:
    """An installation whose databases can be moved from one cluster to another under it, and its clocks stepped.

    Attributes:
        primary: where its databases are now, last one first.
    """

    bench: Bench
    bookbag: Bookbag
    operator: Session
    clusters: Clusters
    address: Address
    primary: list[Cluster]
    steps: Steps


@contextmanager
def standing_apart(folder: Callable[[str], Path], product: Product = BOOKBAG, tree: Path = ROOT) -> Iterator[Apart]:
    """One that is gone with the block.

    Args:
        folder: makes one of that name.
        product: what is run.
        tree: whose code that is.

    Raises:
        PassedOver: there is no PostgreSQL here of which a standby can be made.
    """
    with Clusters(folder("clusters")) as clusters:
        first = clusters.primary("first")
        with Address(first) as address:
            told = {
                **os.environ,
                "BOOKBAG_POSTGRES": f"{LOOPBACK}:{address.port}",
                "BOOKBAG_POSTGRES_SUPERUSER": SUPERUSER,
                "BOOKBAG_POSTGRES_PASSWORD_FILE": str(first.password_file),
                "BOOKBAG_MAX_DEATHS_PER_MINUTE": "1000",
            }
            steps = Steps(folder("clocks"), tree)
            with Installation(folder("apart"), environment=told, extra=steps.environment, product=product) as it:
                bench = Bench(it)
                with Bookbag(it.state["gateway"]) as bookbag:
                    operator = went(bookbag.sign_in_operator(bench.operator_password()))
                    yield Apart(bench, bookbag, operator, clusters, address, [first], steps)
            it.discard()
