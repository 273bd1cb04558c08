"""A case: one message on one track, flagged by those who received it, decided once by a leader (S75, S76, S06).

Stream `case-<id>`. Flags of one message and track are one incident. A decision is final: a later flag is kept with
the case and reopens nothing.
"""

from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from services.moderation.domain.deciding import because
from shared.events.identity import GuardianId, PupilId, StaffId
from shared.events.messaging import MessageFlagged, MessageId, Track
from shared.events.moderation import (
    CaseId,
    CaseOpened,
    Consequence,
    DecidedBy,
    FlagDismissed,
    FlagReceived,
    FlagUpheld,
    LeaderAcknowledged,
)
from shared.policy.codes import DECIDED_BEFORE, NOT_FOUND
from shared.policy.refusal import Refusal

CaseEvent = CaseOpened | FlagReceived | LeaderAcknowledged | FlagUpheld | FlagDismissed


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a case is about; `message_position` is in messaging's log."""

    guardian_id: GuardianId
    pupil_id: PupilId
    message_id: UUID
    message_position: int
    track: Track


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Attributes: about: None before the first flag."""

    about: About | None = None
    flags: frozenset[UUID] = frozenset()
    acknowledged: bool = False
    decided: bool = False

    @property
    def opened(self) -> About:
        """What the case is about. Raises Refusal(NOT_FOUND) where nobody has flagged anything."""
        if self.about is None:
            raise Refusal(NOT_FOUND)
        return self.about


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a leader decides, or what the school's parameter decides for them.

    Attributes:
        staff_id: nobody where the school lets a flag warn by itself.
        not_headteacher_because: what the Deputy says; None for anyone else.
    """

    case_id: CaseId
    by: DecidedBy
    staff_id: StaffId | None
    reason: str
    not_headteacher_because: str | None = None


def case_of(message_id: MessageId, track: Track) -> CaseId:
    """One case a message and track, whoever flags it and however often."""
    return CaseId(uuid5(message_id, track))


def case_stream(case_id: UUID) -> str:
    return f"case-{case_id}"


def receive(flag: MessageFlagged, state: Case) -> list[CaseEvent]:
    """The first flag opens the case with the message as it was sent; each later one is added to it."""
    if flag.flag_id in state.flags:
        return []
    case_id = case_of(flag.message_id, flag.track)
    opened = CaseOpened(
        case_id=case_id,
        message_id=flag.message_id,
        conversation_id=flag.conversation_id,
        guardian_id=flag.guardian_id,
        pupil_id=flag.pupil_id,
        track=flag.track,
        message_position=flag.message_position,
        message_sent_at=flag.message_sent_at,
        message_hash=flag.message_hash,
        copy=flag.copy,
    )
    received = FlagReceived(
        case_id=case_id, flag_id=flag.flag_id, staff_id=flag.staff_id, category=flag.category, note=flag.note
    )
    return [received] if state.about else [opened, received]


def acknowledge(case_id: CaseId, staff_id: StaffId, state: Case) -> list[CaseEvent]:
    """A leader has seen it (S76). The first to say so says it for both."""
    if state.acknowledged or state.decided:
        return []
    return [LeaderAcknowledged(case_id=case_id, staff_id=staff_id)]


def uphold(decision: Decision, state: Case, consequence: Consequence) -> list[CaseEvent]:
    about = _undecided(state)
    return [
        FlagUpheld(
            case_id=decision.case_id,
            guardian_id=about.guardian_id,
            message_id=about.message_id,
            message_position=about.message_position,
            consequence=consequence,
            by=decision.by,
            staff_id=decision.staff_id,
            not_headteacher_because=because(decision.by, decision.not_headteacher_because),
            reason=decision.reason,
        )
    ]


def dismiss(decision: Decision, staff_id: StaffId, state: Case) -> list[CaseEvent]:
    about = _undecided(state)
    return [
        FlagDismissed(
            case_id=decision.case_id,
            guardian_id=about.guardian_id,
            message_id=about.message_id,
            by=decision.by,
            staff_id=staff_id,
            not_headteacher_because=because(decision.by, decision.not_headteacher_because),
            reason=decision.reason,
        )
    ]


def evolve(state: Case, event: CaseEvent) -> Case:
    match event:
        case CaseOpened():
            about = About(
                guardian_id=event.guardian_id,
                pupil_id=event.pupil_id,
                message_id=event.message_id,
                message_position=event.message_position,
                track=Track(event.track),
            )
            return replace(state, about=about)
        case FlagReceived(flag_id=flag_id):
            return replace(state, flags=state.flags | {flag_id})
        case LeaderAcknowledged():
            return replace(state, acknowledged=True)
        case FlagUpheld() | FlagDismissed():
            return replace(state, decided=True)


def _undecided(state: Case) -> About:
    about = state.opened
    if state.decided:
        raise Refusal(DECIDED_BEFORE)
    return about
