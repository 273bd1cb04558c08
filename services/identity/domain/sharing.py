"""What may be shared of a child, as each of its adults says (S63, S64), and which staff know a class's list (S62).

Streams `permission-<pupil>` and `sharinglist-<class>`. Whether something may be shared follows from the answers of all
who are linked to the child now: see `shared.projections.sharing`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.events.identity import (
    ClassId,
    GuardianId,
    PermissionListAcknowledged,
    PersonId,
    PupilEnrolled,
    PupilId,
    PupilWithdrawn,
    SharedKind,
    SharePermissionAnswered,
    StaffId,
)
from shared.policy.codes import NOT_FOUND, PERMISSION_LIST_UNREAD
from shared.policy.refusal import Refusal

Answers = Mapping[tuple[GuardianId, SharedKind], bool]
"""The last answer of each guardian about each kind, of one child."""
Acknowledged = Mapping[StaffId, int]
"""The version of a class's list that each member of staff knows."""

CLASS_CHANGES = frozenset({PupilEnrolled.event_type, PupilWithdrawn.event_type})
"""What changes a class's list beside its children's adults and their answers: who joins, who leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSharing:
    pupil_id: PupilId
    guardian_id: GuardianId
    kind: SharedKind
    allowed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeList:
    """Attributes: list_version: of the list as it was shown to the member of staff."""

    class_id: ClassId
    staff_id: StaffId
    list_version: int


def answer(command: AnswerSharing, state: Answers, *, linked: bool) -> list[SharePermissionAnswered]:
    """Only who is linked to the child is asked. The same answer again is nothing new."""
    if not linked:
        raise Refusal(NOT_FOUND)
    if state.get((command.guardian_id, command.kind)) is command.allowed:
        return []
    return [
        SharePermissionAnswered(
            pupil_id=command.pupil_id,
            guardian_id=command.guardian_id,
            kind=command.kind,
            allowed=command.allowed,
            answered_by=PersonId(command.guardian_id),
        )
    ]


def answered(state: Answers, event: SharePermissionAnswered) -> Answers:
    return {**state, (event.guardian_id, event.kind): event.allowed}


def acknowledge(command: AcknowledgeList, state: Acknowledged, *, current: int) -> list[PermissionListAcknowledged]:
    """The list as it is now is acknowledged, and no other; the same again is nothing new."""
    if command.list_version != current:
        raise Refusal(PERMISSION_LIST_UNREAD)
    if state.get(command.staff_id) == current:
        return []
    return [
        PermissionListAcknowledged(class_id=command.class_id, staff_id=command.staff_id, list_version=current),
    ]


def acknowledged(state: Acknowledged, event: PermissionListAcknowledged) -> Acknowledged:
    return {**state, event.staff_id: event.list_version}
