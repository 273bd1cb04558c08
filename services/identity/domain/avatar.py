"""The picture that a pupil chooses for themself, from a fixed set (S30). Stream `pupil-<id>`, where they came in."""

from dataclasses import dataclass, replace

from shared.events.identity import (
    Avatar,
    AvatarChosen,
    PupilAdmitted,
    PupilId,
    PupilLeft,
    PupilParticularsChanged,
)
from shared.policy.codes import NOT_FOUND
from shared.policy.refusal import Refusal

AvatarEvent = PupilAdmitted | PupilParticularsChanged | PupilLeft | AvatarChosen


@dataclass(frozen=True, slots=True)
class Chooser:
    """A pupil, as far as their picture goes."""

    on_roll: bool = False
    avatar: Avatar | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseAvatar:
    pupil_id: PupilId
    avatar: Avatar


def decide(command: ChooseAvatar, state: Chooser) -> list[AvatarChosen]:
    """The same picture again is nothing new."""
    if not state.on_roll:
        raise Refusal(NOT_FOUND)
    if state.avatar is command.avatar:
        return []
    return [AvatarChosen(pupil_id=command.pupil_id, avatar=command.avatar)]


def evolve(state: Chooser, event: AvatarEvent) -> Chooser:
    match event:
        case PupilAdmitted() | PupilParticularsChanged():
            return replace(state, on_roll=True)
        case PupilLeft():
            return replace(state, on_roll=False)
        case AvatarChosen(avatar=avatar):
            return replace(state, avatar=avatar)
