"""A guardian's ledger: everything that was decided about their conduct, each with its clause, by whom and why.

What a case about a child came to is not in it: a concern is never misuse (T14).
"""

from uuid import UUID

from shared.events.declaration import Personal
from shared.events.envelope import Envelope
from shared.events.messaging import Track
from shared.events.moderation import (
    AccountSuspended,
    AppealLodged,
    CaseOpened,
    DecidedBy,
    FlagDismissed,
    FlagUpheld,
    ParentReinstated,
    ParentRemoved,
    ParentWarned,
    RemovalBasis,
    SuspensionKept,
    SuspensionLifted,
    WarningDelivered,
    WarningRescinded,
)
from shared.policy.clauses import ClauseId
from shared.projections.declaration import Projection, Table, Tx
from shared.projections.roster import shown

guardian_ledger = Projection(
    name="guardian_ledger",
    version=1,
    source="moderation",
    tables=(
        Table(
            "ledger_entry",
            {
                "event_id": "uuid",
                "position": "bigint NOT NULL",
                "guardian_id": "uuid NOT NULL",
                "kind": "text NOT NULL",
                "clause": "text NOT NULL",
                "at": "timestamptz NOT NULL",
                "cause_id": "uuid",
                # what it rests on or changes: a case, a warning, a removal, a suspension, an appeal
                "about_id": "uuid NOT NULL",
                "decided_as": "text",
                "staff_id": "uuid",
                "detail": "text",
                "reason": "text",
            },
            ("event_id",),
            (("guardian_id", "position"),),
        ),
        Table("conduct_case", {"case_id": "uuid"}, ("case_id",)),
    ),
)

DECISIONS = ClauseId("S06")
MISUSE = ClauseId("S73")
RESHARING = ClauseId("S70")
REMOVAL = {
    RemovalBasis.MISUSE_AFTER_WARNING: MISUSE,
    RemovalBasis.OVERRIDE: DECISIONS,
    RemovalBasis.RESHARING: ClauseId("S72"),
}
"""The clause that a removal rests on."""


@guardian_ledger.on(CaseOpened)
def _(tx: Tx, e: CaseOpened, meta: Envelope) -> None:
    if e.track == Track.CONDUCT:
        tx.execute("INSERT INTO {conduct_case} (school_id, case_id) VALUES (%s, %s)", meta.school_id, e.case_id)


@guardian_ledger.on(FlagUpheld)
def _(tx: Tx, e: FlagUpheld, meta: Envelope) -> None:
    _decided(tx, e, meta, "upheld", e.consequence)


@guardian_ledger.on(FlagDismissed)
def _(tx: Tx, e: FlagDismissed, meta: Envelope) -> None:
    _decided(tx, e, meta, "dismissed", None)


def _decided(tx: Tx, e: FlagUpheld | FlagDismissed, meta: Envelope, kind: str, consequence: str | None) -> None:
    tx.execute(
        "INSERT INTO {ledger_entry} (school_id, event_id, position, guardian_id, kind, clause, at, cause_id, about_id,"
        " decided_as, staff_id, detail, reason) SELECT school_id, %s, %s, %s, %s, %s, %s, %s, case_id, %s, %s, %s, %s"
        " FROM {conduct_case} WHERE school_id = %s AND case_id = %s",
        meta.id,
        meta.position,
        e.guardian_id,
        kind,
        DECISIONS,
        meta.occurred_at,
        meta.causation_id,
        e.by,
        e.staff_id,
        consequence,
        shown(e.reason),
        meta.school_id,
        e.case_id,
    )


@guardian_ledger.on(ParentWarned)
def _(tx: Tx, e: ParentWarned, meta: Envelope) -> None:
    _enter(tx, meta, e.guardian_id, "warned", MISUSE, about=e.warning_id, by=e.by, staff_id=e.staff_id, reason=e.reason)


@guardian_ledger.on(WarningDelivered)
def _(tx: Tx, e: WarningDelivered, meta: Envelope) -> None:
    _enter(tx, meta, e.guardian_id, "delivered", MISUSE, about=e.warning_id, detail=e.means)


@guardian_ledger.on(WarningRescinded)
def _(tx: Tx, e: WarningRescinded, meta: Envelope) -> None:
    _by_the_headteacher(tx, meta, e, "rescinded", e.warning_id)


@guardian_ledger.on(ParentRemoved)
def _(tx: Tx, e: ParentRemoved, meta: Envelope) -> None:
    _enter(
        tx,
        meta,
        e.guardian_id,
        "removed",
        REMOVAL[e.basis],
        about=e.removal_id,
        by=e.by,
        staff_id=e.staff_id,
        detail=e.basis,
        reason=e.reason,
    )


@guardian_ledger.on(ParentReinstated)
def _(tx: Tx, e: ParentReinstated, meta: Envelope) -> None:
    _by_the_headteacher(tx, meta, e, "reinstated", e.removal_id)


@guardian_ledger.on(AccountSuspended)
def _(tx: Tx, e: AccountSuspended, meta: Envelope) -> None:
    _enter(
        tx,
        meta,
        e.guardian_id,
        "suspended",
        RESHARING,
        about=e.suspension_id,
        by=e.by,
        staff_id=e.staff_id,
        reason=e.reason,
    )


@guardian_ledger.on(SuspensionKept)
def _(tx: Tx, e: SuspensionKept, meta: Envelope) -> None:
    _by_the_headteacher(tx, meta, e, "suspension_kept", e.suspension_id)


@guardian_ledger.on(SuspensionLifted)
def _(tx: Tx, e: SuspensionLifted, meta: Envelope) -> None:
    _by_the_headteacher(tx, meta, e, "suspension_lifted", e.suspension_id)


@guardian_ledger.on(AppealLodged)
def _(tx: Tx, e: AppealLodged, meta: Envelope) -> None:
    _enter(tx, meta, e.guardian_id, "appealed", DECISIONS, about=e.appeal_id, reason=e.text)


def _by_the_headteacher(
    tx: Tx,
    meta: Envelope,
    e: WarningRescinded | ParentReinstated | SuspensionKept | SuspensionLifted,
    kind: str,
    about_id: UUID,
) -> None:
    _enter(
        tx,
        meta,
        e.guardian_id,
        kind,
        DECISIONS,
        about=about_id,
        by=DecidedBy.HEADTEACHER,
        staff_id=e.staff_id,
        reason=e.reason,
    )


def _enter(
    tx: Tx,
    meta: Envelope,
    guardian_id: UUID,
    kind: str,
    clause: ClauseId,
    *,
    about: UUID,
    by: DecidedBy | None = None,
    staff_id: UUID | None = None,
    detail: str | None = None,
    reason: Personal[str] | None = None,
) -> None:
    tx.execute(
        "INSERT INTO {ledger_entry} (school_id, event_id, position, guardian_id, kind, clause, at, cause_id, about_id,"
        " decided_as, staff_id, detail, reason) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        meta.school_id,
        meta.id,
        meta.position,
        guardian_id,
        kind,
        clause,
        meta.occurred_at,
        meta.causation_id,
        about,
        by,
        staff_id,
        detail,
        shown(reason),
    )
