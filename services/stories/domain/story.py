"""A story: posted by staff of a class, for the class or for one child's adults, withdrawn and never changed.

Stream `story-<id>`. What it shows and names is tagged with the pupils, each of whom needs the permission of their
adults for that kind (S63), and who posts knows the class's list (S62). What the text says is checked for full names
(S57, S58) and for what is private (S61).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from services.stories.domain.media import Media
from shared.events.identity import ClassId, PupilId, SharedKind, StaffId
from shared.events.stories import (
    Audience,
    MediaId,
    MediaPosted,
    PictureKind,
    PostedPicture,
    StoryId,
    StoryKind,
    StoryMediaApproved,
    StoryPosted,
    StoryWithdrawn,
)
from shared.policy import first_names, sensitive
from shared.policy.codes import (
    INVALID_FIELDS,
    MEDIA_UNTAGGED,
    NO_PHOTO_PERMISSION,
    NOT_FOUND,
    PERMISSION_LIST_UNREAD,
)
from shared.policy.findings import refuse
from shared.policy.refusal import Refusal
from shared.policy.school_names import ClassRoll, SchoolNames

StoryEvent = StoryPosted | StoryMediaApproved | StoryWithdrawn
MOST_PICTURES = 4


@dataclass(frozen=True, slots=True)
class Story:
    posted: StoryPosted | None = None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Attributes: nobody_shown: the one who posts says that no child is in it."""

    media_id: MediaId
    kind: PictureKind
    shows: tuple[PupilId, ...]
    nobody_shown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PostStory:
    """Attributes: pupil_id: for the adults of this child alone; confirmed: the writer has looked at the words again."""

    story_id: StoryId
    class_id: ClassId
    author_id: StaffId
    kind: StoryKind
    pupil_id: PupilId | None
    event_on: date | None
    text: str
    names: tuple[PupilId, ...]
    pictures: tuple[Picture, ...]
    confirmed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """What may be shared, as the roster knows it.

    Attributes:
        allowed: pupil -> kinds; a pupil who is not on roll has none.
        list_known: whether who shares has acknowledged the class's list as it is now.
        roster_position: how far the roster had come.
    """

    allowed: Mapping[PupilId, frozenset[SharedKind]]
    list_known: bool
    list_version: int
    roster_position: int

    def lacking(self, pupils: Sequence[PupilId], kind: SharedKind) -> list[PupilId]:
        """Those of the pupils of whom this kind may not be shared."""
        return [pupil for pupil in pupils if kind not in self.allowed.get(pupil, frozenset())]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostFacts:
    """What others know and a post rests on.

    Attributes:
        pupils: of the class now.
        media: the uploads that the post names.
    """

    pupils: frozenset[UUID]
    permissions: Permissions
    media: Mapping[MediaId, Media]
    school_names: SchoolNames
    roll: ClassRoll


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveMedia:
    """Attributes: text: whether the text, with whom it names, is approved too."""

    story_id: StoryId
    staff_id: StaffId
    media_ids: tuple[MediaId, ...]
    text: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawStory:
    story_id: StoryId
    staff_id: StaffId


def post(command: PostStory, facts: PostFacts) -> list[StoryPosted | MediaPosted]:
    _check_fields(command, facts)
    _check_sharing(list(_tags(command.names, command.pictures)), facts.permissions)
    names = first_names.check(command.text, facts.roll, facts.school_names)
    refuse(
        [*names, *sensitive.check(command.text, facts.roll)],
        field="text",
        confirmed=command.confirmed,
    )
    posted = StoryPosted(
        story_id=command.story_id,
        class_id=command.class_id,
        author_id=command.author_id,
        kind=command.kind,
        audience=Audience.CLASS if command.pupil_id is None else Audience.GUARDIANS,
        pupil_id=command.pupil_id,
        event_on=command.event_on,
        names=command.names,
        pictures=tuple(
            PostedPicture(media_id=one.media_id, kind=one.kind, shows=one.shows) for one in command.pictures
        ),
        list_version=facts.permissions.list_version,
        roster_position=facts.permissions.roster_position,
        text=command.text,
    )
    return [posted, *(MediaPosted(media_id=one.media_id, story_id=command.story_id) for one in command.pictures)]


def approve(command: ApproveMedia, state: Story, permissions: Permissions) -> list[StoryMediaApproved]:
    """What was hidden is shown again where everyone whom it shows has permission now (S64)."""
    posted = _standing(state)
    pictures = [one for one in posted.pictures if one.media_id in command.media_ids]
    if len(pictures) != len(command.media_ids):
        raise Refusal(NOT_FOUND)
    if not pictures and not command.text:
        raise Refusal(INVALID_FIELDS, errors={"media_ids": ["Please say what may be shown again."]})
    _check_sharing(list(_tags(posted.names if command.text else (), pictures)), permissions)
    return [
        StoryMediaApproved(
            story_id=command.story_id,
            staff_id=command.staff_id,
            media_ids=command.media_ids,
            text=command.text,
            roster_position=permissions.roster_position,
        )
    ]


def withdraw(command: WithdrawStory, state: Story) -> list[StoryWithdrawn]:
    """Withdrawing what is withdrawn changes nothing."""
    if state.posted is None:
        raise Refusal(NOT_FOUND)
    return [] if state.withdrawn else [StoryWithdrawn(story_id=command.story_id, staff_id=command.staff_id)]


def evolve(state: Story, event: StoryEvent) -> Story:
    match event:
        case StoryPosted():
            return replace(state, posted=event)
        case StoryWithdrawn():
            return replace(state, withdrawn=True)
        case StoryMediaApproved():
            return state


Tag = tuple[str, SharedKind, Sequence[PupilId]]
"""Where pupils are shown or named, what is shared of them there, and who they are."""


def _tags(names: Sequence[PupilId], pictures: Sequence[Picture | PostedPicture]) -> Iterator[Tag]:
    if names:
        yield "names", SharedKind.MESSAGE, names
    for number, picture in enumerate(pictures):
        yield f"pictures.{number}.shows", SharedKind(picture.kind), picture.shows


def _check_fields(command: PostStory, facts: PostFacts) -> None:
    errors = dict(_field_errors(command, facts))
    if errors:
        raise Refusal(INVALID_FIELDS, errors={name: [words] for name, words in errors.items()})
    untagged = {
        f"pictures.{number}.shows": ["Please say who is in this picture, or that no child is in it."]
        for number, picture in enumerate(command.pictures)
        if bool(picture.shows) is picture.nobody_shown
    }
    if untagged:
        raise Refusal(MEDIA_UNTAGGED, errors=untagged)


def _field_errors(command: PostStory, facts: PostFacts) -> Iterator[tuple[str, str]]:
    if command.pupil_id is not None and command.pupil_id not in facts.pupils:
        yield "pupil_id", "Please choose a child of this class."
    if (command.kind is StoryKind.EVENT) is (command.event_on is None):
        yield "event_on", "Please give a day for an event, and for nothing else."
    for where, _, pupils in _tags(command.names, command.pictures):
        if not facts.pupils.issuperset(pupils) or len(set(pupils)) < len(pupils):
            yield where, "Please choose children of this class, each once."
    if len({picture.media_id for picture in command.pictures}) < len(command.pictures):
        yield "pictures", "Please choose each picture once."
    for number, picture in enumerate(command.pictures):
        if not facts.media.get(picture.media_id, Media()).usable_by(command.author_id):
            yield f"pictures.{number}.media_id", "Please upload this picture again."


def _check_sharing(tags: Sequence[Tag], permissions: Permissions) -> None:
    """The errors name pupils by their ids alone; only staff come here."""
    if not tags:
        return
    if not permissions.list_known:
        raise Refusal(PERMISSION_LIST_UNREAD)
    lacking = {
        f"{where}.{pupil}": ["There is no permission for this."]
        for where, kind, pupils in tags
        for pupil in permissions.lacking(pupils, kind)
    }
    if lacking:
        raise Refusal(NO_PHOTO_PERMISSION, errors=lacking)


def _standing(state: Story) -> StoryPosted:
    if state.posted is None or state.withdrawn:
        raise Refusal(NOT_FOUND)
    return state.posted
