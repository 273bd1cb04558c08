"""What can be done with stories. One shape: guard, facts, load, decide, append at the versions that were read."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from services.stories.domain import media, story
from services.stories.domain.media import Media, UploadMedia
from services.stories.domain.permission import Relations, may_post, may_upload, may_withdraw, may_write
from services.stories.domain.story import (
    ApproveMedia,
    Permissions,
    Picture,
    PostFacts,
    PostStory,
    Story,
    WithdrawStory,
)
from services.stories.uploads import Uploads
from shared.events.identity import ClassId, PupilId, StaffId
from shared.events.stories import MediaId, MediaPosted, StoryId, StoryKind
from shared.log.append import Answer
from shared.log.commands import Asked, CommandHandler, Drafts, History
from shared.policy.codes import NOT_FOUND
from shared.policy.refusal import Refusal
from shared.projections.roster_names import KnownNames
from shared.projections.roster_queries import SchoolFacts, registered
from shared.projections.sharing import SharingFacts
from shared.runtime.clock import Clock


class RosterFacts(Protocol):
    """What commands ask of the roster."""

    def school(self, school_id: UUID) -> SchoolFacts | None: ...

    def relations(self, school_id: UUID, class_id: UUID, pupil_id: UUID | None = None) -> Relations | None: ...


class SharingRules(Protocol):
    """What commands ask of the permissions."""

    def facts(self, school_id: UUID, class_id: UUID, staff_id: UUID, pupils: Collection[UUID]) -> SharingFacts: ...


class Names(Protocol):
    """What commands ask of the school's names."""

    def of(self, school_id: UUID, class_id: UUID, at: int) -> KnownNames: ...


def story_stream(story_id: UUID) -> str:
    return f"story-{story_id}"


def media_stream(media_id: UUID) -> str:
    return f"media-{media_id}"


@dataclass(frozen=True, slots=True)
class StoriesCommands:
    handler: CommandHandler
    roster: RosterFacts
    sharing: SharingRules
    names: Names
    uploads: Uploads
    clock: Clock
    new_id: Callable[[], UUID]

    def upload(self, asked: Asked, *, data: bytes) -> Answer:
        """The picture is encoded anew and stored once it is known that this request was not answered before."""
        may_upload(asked.by)
        school, media_id = self._school(asked), MediaId(self.new_id())
        keep = self.uploads.keeping(asked.school_id, media_id, data)

        def decide(history: History) -> Drafts:
            state = history.fold(media_stream(media_id), Media(), media.evolve)
            size = keep()
            command = UploadMedia(
                media_id=media_id, staff_id=StaffId(asked.by.person_id), width=size.width, height=size.height
            )
            return [(media_stream(media_id), event) for event in media.upload(command, state)]

        return self._handle(asked, school, decide, f"/v1/media/{media_id}")

    def post(
        self,
        asked: Asked,
        *,
        class_id: UUID,
        kind: StoryKind,
        text: str,
        pupil_id: UUID | None,
        event_on: date | None,
        names: Sequence[UUID],
        pictures: Sequence[Picture],
        confirmed: bool,
    ) -> Answer:
        school, relations = self._school(asked), self._relations(asked, class_id)
        may_post(asked.by, class_id, relations)
        command = PostStory(
            story_id=StoryId(self.new_id()),
            class_id=ClassId(class_id),
            author_id=StaffId(asked.by.person_id),
            kind=kind,
            pupil_id=None if pupil_id is None else PupilId(pupil_id),
            event_on=event_on,
            text=text,
            names=tuple(map(PupilId, names)),
            pictures=tuple(pictures),
            confirmed=confirmed,
        )
        stream = story_stream(command.story_id)

        def decide(history: History) -> Drafts:
            permissions = self._permissions(asked, class_id, _tagged(command))
            known = self.names.of(asked.school_id, class_id, permissions.roster_position)
            facts = PostFacts(
                pupils=relations.pupils,
                permissions=permissions,
                media={
                    one.media_id: history.fold(media_stream(one.media_id), Media(), media.evolve)
                    for one in command.pictures
                },
                school_names=known.school,
                roll=known.roll,
            )
            history.begins(stream)
            return [
                (media_stream(event.media_id) if isinstance(event, MediaPosted) else stream, event)
                for event in story.post(command, facts)
            ]

        return self._handle(asked, school, decide, f"/v1/stories/{command.story_id}")

    def approve(self, asked: Asked, *, story_id: UUID, media_ids: Sequence[UUID], text: bool) -> Answer:
        may_write(asked.by)
        school, stream = self._school(asked), story_stream(story_id)
        command = ApproveMedia(
            story_id=StoryId(story_id),
            staff_id=StaffId(asked.by.person_id),
            media_ids=tuple(map(MediaId, media_ids)),
            text=text,
        )

        def decide(history: History) -> Drafts:
            state = history.fold(stream, Story(), story.evolve)
            if state.posted is None:
                raise Refusal(NOT_FOUND)
            class_id, posted = state.posted.class_id, state.posted
            may_post(asked.by, class_id, self._relations(asked, class_id))
            tagged = {*posted.names, *(pupil for one in posted.pictures for pupil in one.shows)}
            permissions = self._permissions(asked, class_id, tagged)
            return [(stream, event) for event in story.approve(command, state, permissions)]

        return self._handle(asked, school, decide, f"/v1/stories/{story_id}")

    def withdraw(self, asked: Asked, *, story_id: UUID) -> Answer:
        may_write(asked.by)
        school, stream = self._school(asked), story_stream(story_id)
        command = WithdrawStory(story_id=StoryId(story_id), staff_id=StaffId(asked.by.person_id))

        def decide(history: History) -> Drafts:
            state = history.fold(stream, Story(), story.evolve)
            if state.posted is not None:
                class_id = state.posted.class_id
                may_withdraw(asked.by, state.posted.author_id, class_id, self._relations(asked, class_id))
            return [(stream, event) for event in story.withdraw(command, state)]

        return self._handle(asked, school, decide, f"/v1/stories/{story_id}")

    def _school(self, asked: Asked) -> SchoolFacts:
        return registered(self.roster.school(asked.school_id))

    def _relations(self, asked: Asked, class_id: UUID) -> Relations:
        may_write(asked.by)  # before the class is looked for
        found = self.roster.relations(asked.school_id, class_id)
        if found is None:
            raise Refusal(NOT_FOUND)
        return found

    def _permissions(self, asked: Asked, class_id: UUID, pupils: Collection[UUID]) -> Permissions:
        found = self.sharing.facts(asked.school_id, class_id, asked.by.person_id, pupils)
        return Permissions(
            allowed={PupilId(pupil): kinds for pupil, kinds in found.allowed.items()},
            list_known=found.list_known,
            list_version=found.list_version,
            roster_position=found.roster_position,
        )

    def _handle(self, asked: Asked, school: SchoolFacts, decide: Callable[[History], Drafts], location: str) -> Answer:
        return self.handler.handle(asked.request(school.partition, self.clock.now()), decide, location=location)


def _tagged(command: PostStory) -> set[UUID]:
    return {*command.names, *(pupil for picture in command.pictures for pupil in picture.shows)}
