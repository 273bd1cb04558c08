"""How a school counted the time for a reply, from when to when (S49): a deadline stands by the terms of its day."""

from shared.events.envelope import Envelope
from shared.events.identity import SchoolParametersSet
from shared.projections.declaration import Projection, Table, Tx

reply_terms = Projection(
    name="reply_terms",
    version=1,
    source="identity",
    tables=(
        Table(
            "reply_term",
            {
                "position": "bigint",
                "since": "timestamptz NOT NULL",
                "reply_clock": "text",
                "closure_days": "text",
            },
            ("position",),
        ),
    ),
)


@reply_terms.on(SchoolParametersSet)
def _(tx: Tx, e: SchoolParametersSet, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {reply_term} (school_id, position, since, reply_clock, closure_days) VALUES (%s, %s, %s, %s, %s)",
        meta.school_id,
        meta.position,
        meta.occurred_at,
        e.parameters.get("reply_clock"),
        e.parameters.get("closure_days"),
    )
