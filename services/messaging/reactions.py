"""What moderation decides about a guardian, recorded here beside the guardian's own receipt: S73's order of things.

Each outcome is recorded once; one that stands already leads to nothing.
"""

from services.messaging.domain import standing
from services.messaging.domain.standing import Standing, Told
from shared.events.messaging import (
    ReinstatementRecorded,
    RemovalRecorded,
    SuspensionEndRecorded,
    SuspensionRecorded,
    WarningRecorded,
    WarningRescissionRecorded,
)
from shared.events.moderation import (
    AccountSuspended,
    ParentReinstated,
    ParentRemoved,
    ParentWarned,
    SuspensionLifted,
    WarningRescinded,
)
from shared.log.commands import Drafts
from shared.projections.reaction import Given, Reaction

outcomes = Reaction(name="moderation_outcomes", source="moderation")

Outcome = ParentWarned | WarningRescinded | ParentRemoved | ParentReinstated | AccountSuspended | SuspensionLifted


def standing_stream(guardian_id: object) -> str:
    return f"standing-{guardian_id}"


@outcomes.on(ParentWarned)
def _(e: ParentWarned, given: Given) -> Drafts:
    if e.warning_id in _standing(e, given).warnings:
        return []
    return [(standing_stream(e.guardian_id), WarningRecorded(guardian_id=e.guardian_id, warning_id=e.warning_id))]


@outcomes.on(WarningRescinded)
def _(e: WarningRescinded, given: Given) -> Drafts:
    if _standing(e, given).warnings.get(e.warning_id) is Told.RESCINDED:
        return []
    recorded = WarningRescissionRecorded(guardian_id=e.guardian_id, warning_id=e.warning_id)
    return [(standing_stream(e.guardian_id), recorded)]


@outcomes.on(ParentRemoved)
def _(e: ParentRemoved, given: Given) -> Drafts:
    if e.removal_id in _standing(e, given).removals:
        return []
    return [(standing_stream(e.guardian_id), RemovalRecorded(guardian_id=e.guardian_id, removal_id=e.removal_id))]


@outcomes.on(ParentReinstated)
def _(e: ParentReinstated, given: Given) -> Drafts:
    if _standing(e, given).removals.get(e.removal_id) is False:
        return []
    recorded = ReinstatementRecorded(guardian_id=e.guardian_id, removal_id=e.removal_id)
    return [(standing_stream(e.guardian_id), recorded)]


@outcomes.on(AccountSuspended)
def _(e: AccountSuspended, given: Given) -> Drafts:
    if e.suspension_id in _standing(e, given).suspensions:
        return []
    recorded = SuspensionRecorded(guardian_id=e.guardian_id, suspension_id=e.suspension_id)
    return [(standing_stream(e.guardian_id), recorded)]


@outcomes.on(SuspensionLifted)
def _(e: SuspensionLifted, given: Given) -> Drafts:
    if _standing(e, given).suspensions.get(e.suspension_id) is False:
        return []
    recorded = SuspensionEndRecorded(guardian_id=e.guardian_id, suspension_id=e.suspension_id)
    return [(standing_stream(e.guardian_id), recorded)]


def _standing(e: Outcome, given: Given) -> Standing:
    return given.history.fold(standing_stream(e.guardian_id), Standing(), standing.evolve)


REACTIONS = (outcomes,)
