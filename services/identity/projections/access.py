"""How far each sanctioned guardian's sessions reach: what moderation decided, as the session look-up joins it.

`sanctions` counts the removals and suspensions there have been; a session that was opened before the last of them has
ended, whatever was lifted since.
"""

from shared.events.envelope import Envelope
from shared.events.moderation import AccountSuspended, ParentReinstated, ParentRemoved, SuspensionLifted
from shared.projections.declaration import Projection, Table, Tx

guardian_access = Projection(
    name="guardian_access",
    version=1,
    source="moderation",
    tables=(
        Table(
            "guardian_access",
            {
                "guardian_id": "uuid",
                "removed": "boolean NOT NULL",
                "suspended": "boolean NOT NULL",
                "sanctions": "integer NOT NULL",
            },
            ("guardian_id",),
        ),
    ),
)


@guardian_access.on(ParentRemoved)
def _(tx: Tx, e: ParentRemoved, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {guardian_access} AS a (school_id, guardian_id, removed, suspended, sanctions)"
        " VALUES (%s, %s, true, false, 1) ON CONFLICT (school_id, guardian_id) DO UPDATE SET"
        " removed = true, sanctions = a.sanctions + 1",
        meta.school_id,
        e.guardian_id,
    )


@guardian_access.on(AccountSuspended)
def _(tx: Tx, e: AccountSuspended, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {guardian_access} AS a (school_id, guardian_id, removed, suspended, sanctions)"
        " VALUES (%s, %s, false, true, 1) ON CONFLICT (school_id, guardian_id) DO UPDATE SET"
        " suspended = true, sanctions = a.sanctions + 1",
        meta.school_id,
        e.guardian_id,
    )


@guardian_access.on(ParentReinstated)
def _(tx: Tx, e: ParentReinstated, meta: Envelope) -> None:
    tx.execute(
        "UPDATE {guardian_access} SET removed = false WHERE school_id = %s AND guardian_id = %s",
        meta.school_id,
        e.guardian_id,
    )


@guardian_access.on(SuspensionLifted)
def _(tx: Tx, e: SuspensionLifted, meta: Envelope) -> None:
    tx.execute(
        "UPDATE {guardian_access} SET suspended = false WHERE school_id = %s AND guardian_id = %s",
        meta.school_id,
        e.guardian_id,
    )
