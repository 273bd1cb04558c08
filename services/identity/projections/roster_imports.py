"""The receipts of roster imports: how many came in, which links S27 kept out, who was erased before. Ids only."""

import orjson

from shared.events.envelope import Envelope
from shared.events.identity import RosterImported
from shared.projections.declaration import Projection, Table, Tx

roster_imports = Projection(
    name="roster_imports",
    version=2,
    source="identity",
    tables=(
        Table(
            "roster_import",
            {
                "import_id": "uuid",
                "imported_at": "timestamptz NOT NULL",
                "adults": "integer NOT NULL",
                "pupils": "integer NOT NULL",
                "classes": "integer NOT NULL",
                "refused_links": "jsonb NOT NULL",
                "left_out": "uuid[] NOT NULL",
            },
            ("import_id",),
        ),
    ),
)


@roster_imports.on(RosterImported)
def _(tx: Tx, e: RosterImported, meta: Envelope) -> None:
    refused = [{"pupil_id": str(link.pupil_id), "guardian_id": str(link.guardian_id)} for link in e.refused_links]
    tx.execute(
        "INSERT INTO {roster_import} (school_id, import_id, imported_at, adults, pupils, classes, refused_links,"
        " left_out) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        meta.school_id,
        e.import_id,
        meta.occurred_at,
        e.adults,
        e.pupils,
        e.classes,
        orjson.dumps(refused).decode(),
        list(e.left_out),
    )
