"""The key database: subject keys wrapped by the school's key, that one wrapped by the installation's (RFC 3394).

A key is committed before its first event is: `obtain` is a transaction of its own and must not be called while
another is open.
"""

import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap
from psycopg import Connection, sql
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from shared.privacy.categories import Category, added_only
from shared.runtime.together import NotDone, PerhapsDone, Together

KEY_BYTES = 32
MOST_ADDED = 256
"""Added keys that stay at hand, so that a command which is decided again seals under the key it made first."""


MOST_ASKED, MOST_WAITING, WAIT_SECONDS = 64, 512, 5.0
"""How many are answered in one transaction, how many may wait for the next, and for how long."""

AWAY = (psycopg.OperationalError, PoolTimeout, PoolClosed)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom a key belongs to."""

    school_id: UUID
    subject_id: UUID
    category: Category


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """An opened key; its bytes are kept out of every repr."""

    key_id: UUID
    key: bytes = field(repr=False)
    # Making it takes longer than using it.
    cipher: AESGCM = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cipher", AESGCM(self.key))


class Destroyed(Exception):  # noqa: N818 - a state of the data, not a fault
    """The subject's key of this category was destroyed: nothing more can be recorded under it."""


class KeyMissing(Exception):  # noqa: N818 - said as it is
    """A key is neither there nor on the list of destroyed keys. Never taken for an erasure."""


class KeyStore:
    """Reads and makes keys with one service's role."""

    def __init__(
        self,
        service: str,
        pool: "ConnectionPool[Connection[TupleRow]]",
        installation_key: bytes,
        new_id: Callable[[], UUID],
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._pool, self._installation_key, self._new_id, self._random = pool, installation_key, new_id, random
        self._added_only = added_only(service)
        self._added: dict[Owner, SubjectKey] = {}
        self._lock = threading.Lock()
        self._together: Together[frozenset[Owner], dict[Owner, SubjectKey]] = Together(
            self._obtained, most=MOST_ASKED, waiting=MOST_WAITING, seconds=WAIT_SECONDS
        )

    def obtain(self, owners: Iterable[Owner]) -> dict[Owner, SubjectKey]:
        """The key of each owner, made where there is none yet; committed on return.

        Of a category that the service may only add to, the owner must be new: the key cannot be found again.

        Who asks at the same time is answered together, in one transaction.

        Raises:
            Destroyed: one of them was destroyed; no key was made.
            PoolTimeout: too many wait for the key database, or for too long.
        """
        wanted = frozenset(owners)
        to_add = {owner for owner in wanted if owner.category in self._added_only}
        try:
            found = self._together.ask(wanted - to_add) if wanted - to_add else {}
        except (NotDone, PerhapsDone):  # a key that was made all the same is found the next time
            raise PoolTimeout("the key database does not answer in time") from None
        return found | {owner: self._added_key(owner) for owner in to_add}

    def _obtained(self, asked: Sequence[frozenset[Owner]]) -> Sequence[dict[Owner, SubjectKey] | Exception]:
        """Of each its keys. What stands against one of them is no other's business: then each is asked for alone."""
        if len(asked) > 1:
            try:
                found = self._found_or_made(frozenset().union(*asked))
            except AWAY as error:
                return [error] * len(asked)
            except Exception:  # noqa: BLE001, S110 - whose it is shows below
                pass
            else:
                return [{owner: found[owner] for owner in owners} for owners in asked]
        return [self._alone(owners) for owners in asked]

    def _alone(self, owners: frozenset[Owner]) -> dict[Owner, SubjectKey] | Exception:
        try:
            return self._found_or_made(owners)
        except Exception as error:  # noqa: BLE001 - raised to the one who asked
            return error

    def _added_key(self, owner: Owner) -> SubjectKey:
        with self._lock:
            if owner in self._added:
                return self._added[owner]
        made = SubjectKey(self._new_id(), self._random(KEY_BYTES))
        with self._pool.connection() as connection:
            # No ON CONFLICT: that would read the table, and this role may read none of the category.
            connection.execute(
                "INSERT INTO subject_key (key_id, school_id, subject_id, category, wrapped)"
                " VALUES (%s, %s, %s, %s, %s)",
                (
                    made.key_id,
                    owner.school_id,
                    owner.subject_id,
                    owner.category,
                    aes_key_wrap(self._school_key(connection, owner.school_id), made.key),
                ),
            )
        with self._lock:
            while len(self._added) >= MOST_ADDED:
                self._added.pop(next(iter(self._added)))
            self._added[owner] = made
        return made

    def _found_or_made(self, owners: Iterable[Owner]) -> dict[Owner, SubjectKey]:
        wanted = sorted(owners, key=lambda o: (o.school_id.bytes, o.subject_id.bytes, o.category))
        with self._pool.connection() as connection:
            schools = {school: self._school_key(connection, school) for school in {o.school_id for o in wanted}}
            found = self._held(connection, wanted)
            missing = [owner for owner in wanted if owner not in found]
            if missing:
                self._refuse_destroyed(connection, missing)
                with connection.cursor() as cursor:
                    cursor.executemany(
                        "INSERT INTO subject_key (key_id, school_id, subject_id, category, wrapped)"
                        " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (school_id, subject_id, category) DO NOTHING",
                        [
                            (
                                self._new_id(),
                                owner.school_id,
                                owner.subject_id,
                                owner.category,
                                aes_key_wrap(schools[owner.school_id], self._random(KEY_BYTES)),
                            )
                            for owner in missing
                        ],
                    )
                found |= self._held(connection, missing)  # a twin may have been first: what stands there counts
        return {
            owner: SubjectKey(key_id, aes_key_unwrap(schools[owner.school_id], wrapped))
            for owner, (key_id, wrapped) in found.items()
        }

    def fetch(self, key_ids: Sequence[UUID]) -> Mapping[UUID, bytes | None]:
        """Each key, or None where it is on the list of destroyed keys.

        Raises:
            KeyMissing: one is neither held (by this role) nor on that list.
        """
        with self._pool.connection() as connection:
            held = connection.execute(
                "SELECT k.key_id, k.wrapped, s.wrapped, s.school_id FROM subject_key k JOIN school_key s"
                " USING (school_id) WHERE k.key_id = ANY(%s)",
                (list(key_ids),),
            ).fetchall()
            gone = connection.execute(
                "SELECT key_id FROM destroyed_key WHERE key_id = ANY(%s)", (list(key_ids),)
            ).fetchall()
        schools = {row[3]: aes_key_unwrap(self._installation_key, bytes(row[2])) for row in held}
        found: dict[UUID, bytes | None] = {row[0]: aes_key_unwrap(schools[row[3]], bytes(row[1])) for row in held}
        found |= {row[0]: None for row in gone}  # destroyed counts, also where a restore brought the key back
        if missing := [key_id for key_id in key_ids if key_id not in found]:
            raise KeyMissing(f"{len(missing)} of {len(key_ids)} keys are neither held nor destroyed")
        return found

    def _school_key(self, connection: Connection[TupleRow], school_id: UUID) -> bytes:
        query = "SELECT wrapped FROM school_key WHERE school_id = %s"
        row = connection.execute(query, (school_id,)).fetchone()
        if row is None:
            connection.execute(
                "INSERT INTO school_key (school_id, wrapped) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                (school_id, aes_key_wrap(self._installation_key, self._random(KEY_BYTES))),
            )
            row = connection.execute(query, (school_id,)).fetchone()
        if row is None:
            raise KeyMissing("a school's key could not be made")
        return aes_key_unwrap(self._installation_key, bytes(row[0]))

    def _held(self, connection: Connection[TupleRow], owners: Sequence[Owner]) -> dict[Owner, tuple[UUID, bytes]]:
        rows = connection.execute(
            "SELECT k.school_id, k.subject_id, k.category, k.key_id, k.wrapped FROM subject_key k"
            " JOIN unnest(%s::uuid[], %s::uuid[], %s::text[]) AS w(school_id, subject_id, category)"
            " USING (school_id, subject_id, category)",
            _columns(owners),
        )
        return {Owner(r[0], r[1], Category(r[2])): (r[3], bytes(r[4])) for r in rows}

    def _refuse_destroyed(self, connection: Connection[TupleRow], owners: Sequence[Owner]) -> None:
        gone = connection.execute(
            "SELECT count(*) FROM destroyed_key JOIN unnest(%s::uuid[], %s::uuid[], %s::text[])"
            " AS w(school_id, subject_id, category) USING (school_id, subject_id, category)",
            _columns(owners),
        ).fetchone()
        if gone is not None and gone[0]:
            raise Destroyed("a subject's key was destroyed; nothing more is recorded under it")


class Eraser:
    """Destroys keys with the role that reads none."""

    def __init__(self, pool: "ConnectionPool[Connection[TupleRow]]") -> None:
        self._pool = pool

    def destroy(self, owners: Iterable[Owner], at: datetime) -> int:
        """Puts the owners' keys on the list of destroyed keys and deletes them. Returns how many there were."""
        with self._pool.connection() as connection:
            rows = connection.execute(
                "WITH gone AS (DELETE FROM subject_key k USING unnest(%s::uuid[], %s::uuid[], %s::text[])"
                " AS w(school_id, subject_id, category) WHERE k.school_id = w.school_id"
                " AND k.subject_id = w.subject_id AND k.category = w.category"
                " RETURNING k.key_id, k.school_id, k.subject_id, k.category)"
                " INSERT INTO destroyed_key (key_id, school_id, subject_id, category, destroyed_at)"
                " SELECT key_id, school_id, subject_id, category, %s FROM gone",
                (*_columns(list(owners)), at),
            )
            return rows.rowcount

    def destroyed(self, owners: Iterable[Owner]) -> frozenset[Owner]:
        """Those of the owners whose keys are on the list of destroyed keys."""
        return self._found("destroyed_key", owners)

    def held(self, owners: Iterable[Owner]) -> frozenset[Owner]:
        """Those of the owners whose keys are there still. The keys themselves this role cannot read."""
        return self._found("subject_key", owners)

    def _found(self, table: LiteralString, owners: Iterable[Owner]) -> frozenset[Owner]:
        query = sql.SQL(
            "SELECT school_id, subject_id, category FROM {} JOIN unnest(%s::uuid[], %s::uuid[], %s::text[])"
            " AS w(school_id, subject_id, category) USING (school_id, subject_id, category)"
        ).format(sql.Identifier(table))
        with self._pool.connection() as connection:
            return frozenset(Owner(r[0], r[1], Category(r[2])) for r in connection.execute(query, _columns([*owners])))


def _columns(owners: Sequence[Owner]) -> tuple[list[UUID], list[UUID], list[str]]:
    return [o.school_id for o in owners], [o.subject_id for o in owners], [o.category.value for o in owners]
