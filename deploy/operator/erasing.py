"""Carries out the erasures that schools have decided on (decision 17): keys, read models, proof. Sees ids alone.

Every step may be done again: what was interrupted is carried out by the next run.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from uuid import UUID

from psycopg import sql

from deploy.operator.certificate import Certificate, certificate_of
from deploy.operator.config import OperatorConfig
from deploy.operator.maintenance import maintenance_of
from deploy.operator.status import standings
from deploy.operator.texts import rebuilt
from deploy.operator.verify import verify_service
from deploy.services import SERVICES
from services.identity.domain import erasure
from services.identity.domain.erasure import Erasure, RecordErasure, stream_of
from services.identity.domain.school import school_id_of
from shared.events.envelope import Actor
from shared.events.identity import ErasedKeys, ErasureDecided, PersonalDataErased
from shared.log import read
from shared.log.commands import CommandHandler, Drafts, History, Request
from shared.privacy.categories import CATEGORIES, Category
from shared.privacy.erasure import owners_concerning
from shared.privacy.keystore import Eraser, Owner
from shared.privacy.vault import folded
from shared.projections.install import NEXT
from shared.projections.rebuild import no_progress
from shared.runtime.clock import SystemClock, school_clock
from shared.runtime.database import Pool, open_pool
from shared.runtime.ids import new_id

IDENTITY = "identity"
PATIENCE = 60.0
"""Seconds in which the running services must have taken what identity has decided."""
LOOK = 0.1

Say = Callable[[str], None]


class NotErased(Exception):  # noqa: N818 - its text is the sentence the operator reads
    """Something stood in the way. What was begun is carried out by the next run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An erasure that is decided and not carried out. Attributes: position: of the decision in identity's log."""

    school_id: UUID
    partition: int
    position: int
    decided_at: datetime
    correlation_id: UUID
    decision: ErasureDecided

    @property
    def subject_id(self) -> UUID:
        return self.decision.subject_id

    def is_of(self, school: str, subject_id: str) -> bool:
        """Whether it is one of those that the operator named; who names nothing means all."""
        named = school in ("", str(self.school_id)) or school_id_of(school) == self.school_id
        return named and subject_id in ("", str(self.subject_id))


def pending(config: OperatorConfig) -> list[Pending]:
    """What is decided and not carried out, in the order of the log."""
    with _log_of(config, IDENTITY) as pool, pool.connection() as connection:
        schools = [row[0] for row in connection.execute("SELECT DISTINCT school_id FROM log_event").fetchall()]
        found: dict[UUID, Pending] = {}
        types = [ErasureDecided.event_type, PersonalDataErased.event_type]
        for school_id in schools:
            for envelope in read.of_types(connection, school_id, types):
                [event] = folded([envelope])
                if isinstance(event, ErasureDecided):
                    found[event.erasure_id] = Pending(
                        school_id=school_id,
                        partition=envelope.partition,
                        position=envelope.position,
                        decided_at=envelope.occurred_at,
                        correlation_id=envelope.correlation_id,
                        decision=event,
                    )
                elif isinstance(event, PersonalDataErased):
                    del found[event.erasure_id]
    return sorted(found.values(), key=lambda one: (one.partition, one.position))


def carry_out(config: OperatorConfig, erasures: Sequence[Pending], say: Say) -> Iterator[Certificate]:
    """Destroys the keys, builds the read models anew and verifies the logs; then each erasure's proof, once it stands.

    Raises:
        NotErased: a service does not follow, a key came back, or a log is not whole. Nothing is certified then.
    """
    for one in erasures:
        _await_followers(config, one.partition, one.position)
    destroyed = [_destroy(config, one) for one in erasures]
    for one in erasures:
        _forget_sign_ins(config, one)
    categories = {category for one in erasures for category in _free(one.decision)}
    models = list(_rebuilt(config, categories, say))
    logs = _verified(config)
    for one, keys in zip(erasures, destroyed, strict=True):
        at = SystemClock().now()
        certificate = certificate_of(one.decision, one.school_id, keys=keys, models=models, logs=logs, at=at)
        say(f"certificate: {certificate.write(config)}")
        position = _record(config, one, keys, certificate)
        _await_followers(config, one.partition, position)
        yield certificate


def owners_of(config: OperatorConfig, one: Pending) -> dict[str, frozenset[Owner]]:
    """Service -> the owners of the keys that this erasure destroys, as the services' own logs name them."""
    free, found = _free(one.decision), {}
    for service in SERVICES:
        concerns = import_module(f"services.{service}.erasure").CONCERNS
        with _log_of(config, service) as pool, pool.connection() as connection:
            types = [event.event_type for event in concerns]
            owners = owners_concerning(one.subject_id, concerns, read.of_types(connection, one.school_id, types))
        found[service] = frozenset(owner for owner in owners if owner.category in free)
    return found


def _free(decision: ErasureDecided) -> frozenset[Category]:
    """What was decided to be erased; never what somebody else decides on, whatever the decision says."""
    return frozenset(category for category in decision.erased if CATEGORIES[category].erasure_decided_by is None)


def _destroy(config: OperatorConfig, one: Pending) -> list[ErasedKeys]:
    """Until nothing new is found: a request that was under way when the decision came may have been written since."""
    server = config.server("passfile.owner")
    with open_pool(server, database="bookbag_keys", role="keys_eraser", max_size=1) as pool:
        eraser, before = Eraser(pool), None
        while (owners := owners_of(config, one)) != before:
            eraser.destroy([owner for found in owners.values() for owner in found], SystemClock().now())
            before = owners
        if eraser.held(owner for found in owners.values() for owner in found):
            raise NotErased("A key is there again; run this command once more.")
        return list(_counted(owners, eraser))


def _forget_sign_ins(config: OperatorConfig, one: Pending) -> None:
    """What identity keeps of a person beside its log (decision 10)."""
    with _log_of(config, IDENTITY) as pool, pool.connection() as connection:
        for table in ("session", "credential", "one_time_code"):
            query = sql.SQL("DELETE FROM {} WHERE school_id = %s AND person_id = %s").format(sql.Identifier(table))
            connection.execute(query, (one.school_id, one.subject_id))


def _counted(owners: Mapping[str, frozenset[Owner]], eraser: Eraser) -> Iterator[ErasedKeys]:
    """By service and category; counted on the list of destroyed keys, so that a second run counts the same."""
    for service, found in owners.items():
        gone = eraser.destroyed(found)
        for category in sorted({owner.category for owner in gone}):
            keys = sum(owner.category is category for owner in gone)
            yield ErasedKeys(service=service, category=category, keys=keys)


def _rebuilt(config: OperatorConfig, categories: Iterable[Category], say: Say) -> Iterator[str]:
    """Builds anew every read model that may show a text of these categories, and names it."""
    sought = set(categories)
    for service in SERVICES:
        for name in rebuilt(config, service, sought, lambda _name: no_progress):
            say(f"{name}: built anew")
            yield name


def _verified(config: OperatorConfig) -> dict[str, int]:
    """How many events each log holds, once each is read from its first event."""
    logs = {}
    for service in SERVICES:
        with _log_of(config, service) as pool, pool.connection() as connection:
            logs[service] = sum(head.position for head in read.heads(connection).values())
        if verify_service(config, service, lambda _at, _head: None):
            raise NotErased("A log is not whole; ./bookbag verify says where. Nothing is certified.")
    return logs


def _record(config: OperatorConfig, one: Pending, keys: Sequence[ErasedKeys], certificate: Certificate) -> int:
    """Appends the proof to identity's log. Returns the position by which it stands there."""
    command = RecordErasure(
        erasure_id=one.decision.erasure_id,
        subject_id=one.decision.subject_id,
        keys=keys,
        backups_expire_on=certificate.backups_expire_on,
        proof=certificate.proof,
    )
    stream = stream_of(one.subject_id)

    def decide(history: History) -> Drafts:
        state = history.fold(stream, Erasure(), erasure.evolve)
        return [(stream, event) for event in erasure.record(command, state)]

    request = Request(
        school_id=one.school_id,
        partition=one.partition,
        actor=Actor(kind="operator", id="erase"),
        occurred_at=school_clock(config.clock_file).now(),
        correlation_id=one.correlation_id,
    )
    with maintenance_of(config, IDENTITY, ()) as maintenance:
        handler = CommandHandler(maintenance.worker, maintenance.vault, SystemClock(), new_id)
        return handler.handle(request, decide).position


def _await_followers(config: OperatorConfig, partition: int, position: int) -> None:
    """Until every service's consumers of identity's log have come to a position."""
    until = time.monotonic() + PATIENCE
    while behind := [
        f"{one.service}.{one.name}"
        for one in standings(config)
        if (one.source, one.partition) == (IDENTITY, partition)
        and one.name != "relay"
        and not one.name.endswith(NEXT)
        and one.position < position
    ]:
        if time.monotonic() > until:
            raise NotErased(f"{', '.join(behind)} did not come to identity's position {position}; are the workers up?")
        time.sleep(LOOK)


@contextmanager
def _log_of(config: OperatorConfig, service: str) -> Iterator[Pool]:
    server = config.server(f"passfile.{service}.worker")
    with open_pool(server, database=f"bookbag_{service}", role=f"{service}_worker", max_size=1) as pool:
        yield pool
