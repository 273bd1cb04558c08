"""Erasures as the office and each who asked read them: asked for by whom, decided, carried out. Ids only."""

import orjson

from shared.events.envelope import Envelope
from shared.events.identity import ErasureDecided, ErasureRequested, PersonalDataErased
from shared.projections.declaration import Projection, Table, Tx

erasures = Projection(
    name="erasures",
    version=2,
    source="identity",
    tables=(
        Table(
            "erasure",
            {
                "erasure_id": "uuid",
                "subject_id": "uuid NOT NULL",
                "decided_at": "timestamptz",
                "carried_out_at": "timestamptz",
                "backups_expire_on": "date",
                "erased": "text[] NOT NULL",
                "refused": "jsonb NOT NULL",
            },
            ("erasure_id",),
        ),
        Table(
            "erasure_asker",
            {"erasure_id": "uuid", "person_id": "uuid", "requested_at": "timestamptz NOT NULL"},
            ("erasure_id", "person_id"),
        ),
    ),
)


@erasures.on(ErasureRequested)
def _(tx: Tx, e: ErasureRequested, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {erasure} (school_id, erasure_id, subject_id, erased, refused)"
        " VALUES (%s, %s, %s, '{{}}', '[]') ON CONFLICT (school_id, erasure_id) DO NOTHING",
        meta.school_id,
        e.erasure_id,
        e.subject_id,
    )
    tx.execute(
        "INSERT INTO {erasure_asker} (school_id, erasure_id, person_id, requested_at) VALUES (%s, %s, %s, %s)",
        meta.school_id,
        e.erasure_id,
        e.requested_by,
        meta.occurred_at,
    )


@erasures.on(ErasureDecided)
def _(tx: Tx, e: ErasureDecided, meta: Envelope) -> None:
    refused = [{"category": one.category, "code": one.code, "exemption": one.exemption} for one in e.refused]
    tx.execute(
        "INSERT INTO {erasure} (school_id, erasure_id, subject_id, decided_at, erased, refused)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (school_id, erasure_id) DO UPDATE SET"
        " decided_at = excluded.decided_at, erased = excluded.erased, refused = excluded.refused",
        meta.school_id,
        e.erasure_id,
        e.subject_id,
        meta.occurred_at,
        [category.value for category in e.erased],
        orjson.dumps(refused).decode(),
    )


@erasures.on(PersonalDataErased)
def _(tx: Tx, e: PersonalDataErased, meta: Envelope) -> None:
    tx.execute(
        "UPDATE {erasure} SET carried_out_at = %s, backups_expire_on = %s WHERE school_id = %s AND erasure_id = %s",
        meta.occurred_at,
        e.backups_expire_on,
        meta.school_id,
        e.erasure_id,
    )
