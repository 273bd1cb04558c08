"""The same read on FastAPI, as its documentation shows it: async psycopg pools, dependencies, a pydantic model.

It keeps to the same rule: the session is looked up for every request with the same function, the row policy is set for
the school in the transaction of the read, and the relation of the caller to the pupil decides.
"""

import hashlib
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, Header, HTTPException
from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel

from services.points.queries import _ONE_AWARD, OneAwardRow
from shared.runtime.database import Server, conninfo

POOL = 12
Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]


class GivenBy(BaseModel):
    staff_id: UUID
    given_name: str | None
    family_name: str | None


class Awarded(BaseModel):
    award_id: UUID
    pupil_id: UUID
    behaviour_id: UUID
    behaviour: str
    value_id: UUID
    value: str
    points: int
    note: str | None
    given_by: GivenBy
    awarded_at: datetime
    revoked_at: datetime | None
    revoked_because: str | None


@dataclass(frozen=True, slots=True)
class Caller:
    school_id: UUID
    person_id: UUID
    capacity: str
    classes: frozenset[UUID]


def _pool(service: str, role: str, passfile: str) -> Pool:
    server = Server(
        host=os.environ["TWIN_DATABASE_HOST"], port=int(os.environ["TWIN_DATABASE_PORT"]), passfile=passfile
    )
    told = conninfo(server, database=f"bookbag_{service}", role=role)
    return AsyncConnectionPool(kwargs=told, min_size=POOL, max_size=POOL, open=False)


passfiles = json.loads(os.environ["TWIN_PASSFILES"])
sessions = _pool("identity", "identity_session", passfiles["identity"])
reader = _pool("points", "points_reader", passfiles["points"])


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    async with sessions, reader:
        yield


app = FastAPI(lifespan=lifespan)


async def caller(authorization: Annotated[str, Header()] = "") -> Caller:
    """Who asks, looked up now."""
    hashed = hashlib.sha256(authorization.removeprefix("Bearer ").encode()).digest()
    async with sessions.connection() as connection:
        found = await connection.execute(
            "SELECT school_id, person_id, capacity, classes, access FROM session_principal(%s, NULL, %s)",
            (hashed, datetime.now(UTC)),
        )
        row = await found.fetchone()
    if row is None or row[4] != "active":
        raise HTTPException(401)
    return Caller(row[0], row[1], row[2], frozenset(row[3]))


@app.get("/v1/points/{award_id}")
async def award(award_id: UUID, by: Annotated[Caller, Depends(caller)]) -> Awarded:
    async with reader.connection() as connection:
        await connection.execute("SELECT set_config('bookbag.school_id', %s, true)", (str(by.school_id),))
        async with connection.cursor(row_factory=class_row(OneAwardRow)) as cursor:
            await cursor.execute(f"{_ONE_AWARD} WHERE a.award_id = %s", (award_id,))
            row = await cursor.fetchone()
    if row is None or by.capacity != "staff" or by.classes.isdisjoint(row.pupil_classes):
        raise HTTPException(404)
    return Awarded(
        award_id=row.award_id,
        pupil_id=row.pupil_id,
        behaviour_id=row.behaviour_id,
        behaviour=row.behaviour,
        value_id=row.value_id,
        value=row.value,
        points=row.points,
        note=row.note,
        given_by=GivenBy(staff_id=row.staff_id, given_name=row.staff_given_name, family_name=row.staff_family_name),
        awarded_at=row.awarded_at,
        revoked_at=row.revoked_at,
        revoked_because=row.revoked_because,
    )
