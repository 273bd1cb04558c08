"""What points may be given for: shown to everyone at the school."""

from shared.events.envelope import Envelope
from shared.events.points import BehaviourDefined, BehaviourRetired, SchoolValueDefined, SchoolValueRetired
from shared.projections.declaration import Projection, Table, Tx

taxonomy = Projection(
    name="taxonomy",
    version=1,
    source="points",
    tables=(
        Table("school_value", {"value_id": "uuid", "kind": "text", "name": "text", "active": "boolean"}, ("value_id",)),
        Table(
            "behaviour",
            {"behaviour_id": "uuid", "value_id": "uuid", "name": "text", "points": "integer", "active": "boolean"},
            ("behaviour_id",),
        ),
    ),
)


@taxonomy.on(SchoolValueDefined)
def _(tx: Tx, e: SchoolValueDefined, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {school_value} (school_id, value_id, kind, name, active) VALUES (%s, %s, %s, %s, true)",
        meta.school_id,
        e.value_id,
        e.kind,
        e.name,
    )


@taxonomy.on(SchoolValueRetired)
def _(tx: Tx, e: SchoolValueRetired, meta: Envelope) -> None:
    tx.execute(
        "UPDATE {school_value} SET active = false WHERE school_id = %s AND value_id = %s", meta.school_id, e.value_id
    )


@taxonomy.on(BehaviourDefined)
def _(tx: Tx, e: BehaviourDefined, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {behaviour} (school_id, behaviour_id, value_id, name, points, active)"
        " VALUES (%s, %s, %s, %s, %s, true)",
        meta.school_id,
        e.behaviour_id,
        e.value_id,
        e.name,
        e.points,
    )


@taxonomy.on(BehaviourRetired)
def _(tx: Tx, e: BehaviourRetired, meta: Envelope) -> None:
    tx.execute(
        "UPDATE {behaviour} SET active = false WHERE school_id = %s AND behaviour_id = %s",
        meta.school_id,
        e.behaviour_id,
    )
