"""Where each guardian stands now: the warning, the removal and the suspension that stand, if they do."""

from uuid import UUID

from shared.events.envelope import Envelope
from shared.events.moderation import (
    AccountSuspended,
    ParentReinstated,
    ParentRemoved,
    ParentWarned,
    SuspensionLifted,
    WarningDelivered,
    WarningRescinded,
)
from shared.projections.declaration import Projection, Table, Tx
from shared.projections.roster import shown

standing = Projection(
    name="standing",
    version=1,
    source="moderation",
    tables=(
        Table(
            "guardian_standing",
            {
                "guardian_id": "uuid",
                "warning_id": "uuid",
                "warned_at": "timestamptz",
                "warned_because": "text",
                "delivered_at": "timestamptz",
                "removal_id": "uuid",
                "removed_at": "timestamptz",
                "suspension_id": "uuid",
                "suspended_at": "timestamptz",
            },
            ("guardian_id",),
        ),
    ),
)


@standing.on(ParentWarned)
def _(tx: Tx, e: ParentWarned, meta: Envelope) -> None:
    _known(tx, e.guardian_id, meta)
    tx.execute(
        "UPDATE {guardian_standing} SET warning_id = %s, warned_at = %s, warned_because = %s, delivered_at = NULL"
        " WHERE school_id = %s AND guardian_id = %s",
        e.warning_id,
        meta.occurred_at,
        shown(e.reason),
        meta.school_id,
        e.guardian_id,
    )


@standing.on(WarningDelivered)
def _(tx: Tx, e: WarningDelivered, meta: Envelope) -> None:
    tx.execute(
        "UPDATE {guardian_standing} SET delivered_at = %s WHERE school_id = %s AND guardian_id = %s",
        meta.occurred_at,
        meta.school_id,
        e.guardian_id,
    )


@standing.on(WarningRescinded)
def _(tx: Tx, e: WarningRescinded, meta: Envelope) -> None:
    tx.execute(
        "UPDATE {guardian_standing} SET warning_id = NULL, warned_at = NULL, warned_because = NULL, delivered_at = NULL"
        " WHERE school_id = %s AND guardian_id = %s",
        meta.school_id,
        e.guardian_id,
    )


@standing.on(ParentRemoved)
def _(tx: Tx, e: ParentRemoved, meta: Envelope) -> None:
    _known(tx, e.guardian_id, meta)
    tx.execute(
        "UPDATE {guardian_standing} SET removal_id = %s, removed_at = %s WHERE school_id = %s AND guardian_id = %s",
        e.removal_id,
        meta.occurred_at,
        meta.school_id,
        e.guardian_id,
    )


@standing.on(ParentReinstated)
def _(tx: Tx, e: ParentReinstated, meta: Envelope) -> None:
    tx.execute(
        "UPDATE {guardian_standing} SET removal_id = NULL, removed_at = NULL WHERE school_id = %s AND guardian_id = %s",
        meta.school_id,
        e.guardian_id,
    )


@standing.on(AccountSuspended)
def _(tx: Tx, e: AccountSuspended, meta: Envelope) -> None:
    _known(tx, e.guardian_id, meta)
    tx.execute(
        "UPDATE {guardian_standing} SET suspension_id = %s, suspended_at = %s"
        " WHERE school_id = %s AND guardian_id = %s",
        e.suspension_id,
        meta.occurred_at,
        meta.school_id,
        e.guardian_id,
    )


@standing.on(SuspensionLifted)
def _(tx: Tx, e: SuspensionLifted, meta: Envelope) -> None:
    tx.execute(
        "UPDATE {guardian_standing} SET suspension_id = NULL, suspended_at = NULL"
        " WHERE school_id = %s AND guardian_id = %s",
        meta.school_id,
        e.guardian_id,
    )


def _known(tx: Tx, guardian_id: UUID, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {guardian_standing} (school_id, guardian_id) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        meta.school_id,
        guardian_id,
    )
