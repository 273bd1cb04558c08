"""A story: given what is recorded and what the roster says, when it is posted, approved or withdrawn, then these."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.stories.domain import media, story
from services.stories.domain.media import ClearMedia, Media, UploadMedia
from services.stories.domain.story import (
    ApproveMedia,
    Permissions,
    Picture,
    PostFacts,
    PostStory,
    Story,
    WithdrawStory,
)
from shared.events.identity import ClassId, PupilId, SharedKind, StaffId
from shared.events.stories import (
    Audience,
    MediaCleared,
    MediaId,
    MediaPosted,
    MediaUploaded,
    PictureKind,
    PostedPicture,
    StoryId,
    StoryKind,
    StoryMediaApproved,
    StoryPosted,
    StoryWithdrawn,
)
from shared.policy.codes import (
    CONFLICT,
    FULL_NAME_USED,
    INITIAL_NOT_NEEDED,
    INVALID_FIELDS,
    MEDIA_UNTAGGED,
    NAME_DOUBTFUL,
    NO_PHOTO_PERMISSION,
    NOT_FOUND,
    PERMISSION_LIST_UNREAD,
    SENSITIVE_IN_STORY,
    Code,
)
from shared.policy.school_names import ClassRoll, PupilName, SchoolNames
from shared.privacy.categories import CATEGORIES, Category
from shared.testing.specification import Given, specification

STORY, CLASS = StoryId(UUID(int=1)), ClassId(UUID(int=2))
GREEN, BROWN = StaffId(UUID(int=3)), StaffId(UUID(int=4))
AMELIA, BO, ELSEWHERE = PupilId(UUID(int=10)), PupilId(UUID(int=11)), PupilId(UUID(int=12))
FIRST, SECOND, THIRD = MediaId(UUID(int=20)), MediaId(UUID(int=21)), MediaId(UUID(int=22))
CLASS_PUPILS = [
    PupilName("Amelia", "Khan"),
    PupilName("Bo", "Nettle"),
    PupilName("Cora", "Ash"),
    PupilName("Cora", "Oak"),
]
OTHERS = [PupilName("Amelia", "Young"), PupilName("Dev", "Ash")]
ALL = frozenset(SharedKind)
POST = PostStory(
    story_id=STORY,
    class_id=CLASS,
    author_id=GREEN,
    kind=StoryKind.NEWS,
    pupil_id=None,
    event_on=None,
    text="We went to the pond.",
    names=(),
    pictures=(),
    confirmed=False,
)


def permissions(**changed: Any) -> Permissions:
    known = Permissions(allowed={AMELIA: ALL, BO: ALL}, list_known=True, list_version=41, roster_position=50)
    return replace(known, **changed)


def posting(*history: StoryPosted, **changed: Any) -> Given:
    uploaded = Media(uploader=GREEN)
    facts = PostFacts(
        pupils=frozenset({AMELIA, BO}),
        permissions=permissions(**changed),
        media={FIRST: uploaded, SECOND: uploaded, THIRD: Media(uploader=BROWN)},
        school_names=SchoolNames([*CLASS_PUPILS, *OTHERS]),
        roll=ClassRoll.of(CLASS_PUPILS),
    )
    return specification(lambda command, _state: story.post(command, facts), story.evolve, Story())(*history)


def a_picture(
    *shows: PupilId, media_id: MediaId = FIRST, kind: PictureKind = PictureKind.PHOTO, nobody: bool = False
) -> Picture:
    return Picture(media_id=media_id, kind=kind, shows=shows, nobody_shown=nobody)


def posted(command: PostStory = POST) -> StoryPosted:
    return StoryPosted(
        story_id=STORY,
        class_id=CLASS,
        author_id=GREEN,
        kind=command.kind,
        audience=Audience.CLASS if command.pupil_id is None else Audience.GUARDIANS,
        pupil_id=command.pupil_id,
        event_on=command.event_on,
        names=command.names,
        pictures=tuple(PostedPicture(media_id=p.media_id, kind=p.kind, shows=p.shows) for p in command.pictures),
        list_version=41,
        roster_position=50,
        text=command.text,
    )


def used(media_id: MediaId = FIRST) -> MediaPosted:
    return MediaPosted(media_id=media_id, story_id=STORY)


# -- kinds and audiences -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [StoryKind.NEWS, StoryKind.CELEBRATION, StoryKind.REMINDER, StoryKind.UPDATE])
def test_S38_S40_news_celebrations_reminders_and_updates_are_posted_for_the_class(kind: StoryKind):
    command = replace(POST, kind=kind)
    posting().when(command).then(posted(command))


def test_S38_an_event_has_a_day_and_nothing_else_has():
    event = replace(POST, kind=StoryKind.EVENT, event_on=date(2026, 12, 4))
    posting().when(event).then(posted(event))
    posting().when(replace(event, event_on=None)).then_refused(INVALID_FIELDS)
    posting().when(replace(POST, event_on=date(2026, 12, 4))).then_refused(INVALID_FIELDS)


def test_S56_a_story_for_one_child_s_adults_says_so():
    command = replace(POST, pupil_id=AMELIA)
    posting().when(command).then(posted(command))
    assert posted(command).audience is Audience.GUARDIANS


def test_S56_the_child_is_of_the_class():
    posting().when(replace(POST, pupil_id=ELSEWHERE)).then_refused(INVALID_FIELDS)


# -- whom it shows and names ---------------------------------------------------------------------------------------


def test_S63_a_picture_of_children_with_permission_is_posted_and_is_then_used():
    command = replace(POST, pictures=(a_picture(AMELIA, BO), a_picture(nobody=True, media_id=SECOND)))
    posting().when(command).then(posted(command), used(FIRST), used(SECOND))


@pytest.mark.parametrize("picture", [a_picture(), a_picture(AMELIA, nobody=True)])
def test_S63_a_picture_says_whom_it_shows_or_that_it_shows_nobody(picture: Picture):
    posting().when(replace(POST, pictures=(picture,))).then_refused(MEDIA_UNTAGGED, "S63")
    posting(list_known=False).when(replace(POST, pictures=(picture,))).then_refused(MEDIA_UNTAGGED)


@pytest.mark.parametrize(
    ("allowed", "command"),
    [
        (SharedKind.PHOTO, replace(POST, pictures=(a_picture(AMELIA),))),
        (SharedKind.WORK_SAMPLE, replace(POST, pictures=(a_picture(AMELIA, kind=PictureKind.WORK_SAMPLE),))),
        (SharedKind.MESSAGE, replace(POST, names=(AMELIA,))),
    ],
)
@pytest.mark.parametrize("audience", [None, AMELIA])
def test_S63_each_kind_needs_its_own_permission(allowed: SharedKind, command: PostStory, audience: PupilId | None):
    command = replace(command, pupil_id=audience)
    events = [posted(command), *([used()] if command.pictures else [])]
    posting(allowed={AMELIA: frozenset({allowed})}).when(command).then(*events)
    posting(allowed={AMELIA: ALL - {allowed}}).when(command).then_refused(NO_PHOTO_PERMISSION, "S63")
    posting(allowed={}).when(command).then_refused(NO_PHOTO_PERMISSION, "S63")


def test_S63_one_child_without_permission_is_enough_and_is_named_by_id_alone():
    command = replace(POST, pictures=(a_picture(nobody=True), a_picture(AMELIA, BO, media_id=SECOND)))
    outcome = posting(allowed={AMELIA: ALL}).when(command)
    outcome.then_refused(NO_PHOTO_PERMISSION)
    assert outcome.refusal is not None
    assert set(outcome.refusal.errors) == {f"pictures.1.shows.{BO}"}
    assert not any("Bo" in words or "Nettle" in words for words in outcome.refusal.errors[f"pictures.1.shows.{BO}"])


@pytest.mark.parametrize(
    "changed", [{"pictures": (a_picture(AMELIA),)}, {"pictures": (a_picture(nobody=True),)}, {"names": (AMELIA,)}]
)
def test_S62_who_shows_or_names_somebody_knows_the_list(changed: dict[str, Any]):
    posting(list_known=False).when(replace(POST, **changed)).then_refused(PERMISSION_LIST_UNREAD, "S62")


def test_S62_words_about_nobody_need_no_list():
    posting(list_known=False).when(POST).then(posted())


@pytest.mark.parametrize("pupils", [(ELSEWHERE,), (AMELIA, ELSEWHERE), (AMELIA, AMELIA)])
def test_S63_who_is_tagged_is_of_the_class_and_tagged_once(pupils: tuple[PupilId, ...]):
    posting().when(replace(POST, names=pupils)).then_refused(INVALID_FIELDS)
    posting().when(replace(POST, pictures=(a_picture(*pupils),))).then_refused(INVALID_FIELDS)


def test_a_picture_is_used_by_who_uploaded_it_once():
    for media_id in (THIRD, MediaId(UUID(int=99))):
        posting().when(replace(POST, pictures=(a_picture(AMELIA, media_id=media_id),))).then_refused(INVALID_FIELDS)
    posting().when(replace(POST, pictures=(a_picture(AMELIA), a_picture(BO)))).then_refused(INVALID_FIELDS)
    assert Media(uploader=GREEN).usable_by(GREEN)
    assert not Media(uploader=GREEN, story=STORY).usable_by(GREEN)
    assert not Media(uploader=GREEN).usable_by(BROWN)
    assert not Media().usable_by(GREEN)
    assert not Media(uploader=GREEN, cleared=True).usable_by(GREEN)


def test_a_picture_s_history_is_its_upload_and_its_one_story():
    uploading = specification(media.upload, media.evolve, Media())
    command = UploadMedia(media_id=FIRST, staff_id=GREEN, width=96, height=64)
    uploaded = MediaUploaded(media_id=FIRST, staff_id=GREEN, width=96, height=64)
    uploading().when(command).then(uploaded)
    uploading(uploaded).when(command).then_refused(CONFLICT)
    assert uploading(uploaded, used()).state == Media(uploader=GREEN, story=STORY)
    uploading(MediaCleared(media_id=FIRST, story_id=None)).when(command).then_refused(CONFLICT)


@pytest.mark.parametrize(
    ("found_in", "state", "withdrawn", "cleared"),
    [
        (None, Media(uploader=GREEN), False, True),
        (None, Media(), False, True),
        (STORY, Media(uploader=GREEN, story=STORY), True, True),
        (STORY, Media(uploader=GREEN, story=STORY), False, False),
        (None, Media(uploader=GREEN, story=STORY), False, False),
        (None, Media(uploader=GREEN, story=STORY), True, False),
        (None, Media(uploader=GREEN, cleared=True), False, False),
    ],
    ids=[
        "never posted",
        "never recorded",
        "of a withdrawn story",
        "of a story that stands",
        "posted meanwhile",
        "posted and withdrawn meanwhile",
        "cleared before",
    ],
)
def test_a_picture_is_cleared_where_nobody_needs_it(
    found_in: StoryId | None, state: Media, withdrawn: bool, cleared: bool
):
    events = media.clear(ClearMedia(media_id=FIRST, story_id=found_in), state, withdrawn=withdrawn)
    assert events == ([MediaCleared(media_id=FIRST, story_id=found_in)] if cleared else [])


# -- what it says --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "clause"),
    [
        ("Amelia Khan won the race.", FULL_NAME_USED, "S57"),
        ("Well done, Khan Amelia!", FULL_NAME_USED, "S57"),
        ("Dev Ash of the next class helped.", FULL_NAME_USED, "S57"),
        ("Amelia K won the race.", INITIAL_NOT_NEEDED, "S58"),
    ],
)
@pytest.mark.parametrize("confirmed", [False, True])
def test_S57_S58_a_story_uses_first_names_only(text: str, code: Code, clause: str, confirmed: bool):
    posting().when(replace(POST, text=text, confirmed=confirmed)).then_refused(code, clause)


@pytest.mark.parametrize("text", ["Amelia won the race.", "Cora A and Cora O sang.", "Mrs Khan came to visit."])
def test_S57_S58_first_names_and_the_initial_that_a_class_needs_are_fine(text: str):
    command = replace(POST, text=text)
    posting().when(command).then(posted(command))


@pytest.mark.parametrize(
    ("text", "code", "clause"),
    [
        ("ameliakhan", NAME_DOUBTFUL, "S57"),
        ("Amelia has head lice again.", SENSITIVE_IN_STORY, "S61"),
        ("Bo saw the social worker today.", SENSITIVE_IN_STORY, "S61"),
    ],
)
@pytest.mark.parametrize("audience", [None, AMELIA])
def test_S57_S61_what_may_be_private_or_a_full_name_is_confirmed_first(
    text: str, code: Code, clause: str, audience: PupilId | None
):
    command = replace(POST, text=text, pupil_id=audience)
    posting().when(command).then_refused(code, clause)
    confirmed = replace(command, confirmed=True)
    posting().when(confirmed).then(posted(confirmed))


def test_S57_a_full_name_is_refused_before_what_may_be_private_is_asked_about():
    posting().when(replace(POST, text="Amelia Khan has head lice.")).then_refused(FULL_NAME_USED)


# -- shown again, and withdrawn ------------------------------------------------------------------------------------

SHOWN = replace(
    POST,
    names=(BO,),
    pictures=(a_picture(AMELIA), a_picture(BO, media_id=SECOND, kind=PictureKind.WORK_SAMPLE)),
)


def approving(*history: Any, **changed: Any) -> Given:
    known = permissions(roster_position=70, **changed)
    return specification(lambda command, state: story.approve(command, state, known), story.evolve, Story())(*history)


def approve(*media_ids: MediaId, text: bool = False) -> ApproveMedia:
    return ApproveMedia(story_id=STORY, staff_id=BROWN, media_ids=media_ids, text=text)


def approved(*media_ids: MediaId, text: bool = False) -> StoryMediaApproved:
    return StoryMediaApproved(story_id=STORY, staff_id=BROWN, media_ids=media_ids, text=text, roster_position=70)


def test_S64_what_has_permission_again_is_shown_again_once_staff_approve_it():
    approving(posted(SHOWN)).when(approve(FIRST)).then(approved(FIRST))
    approving(posted(SHOWN)).when(approve(FIRST, SECOND, text=True)).then(approved(FIRST, SECOND, text=True))


def test_S64_each_picture_stands_for_itself():
    only_amelia = {"allowed": {AMELIA: ALL}}
    approving(posted(SHOWN), **only_amelia).when(approve(FIRST)).then(approved(FIRST))
    approving(posted(SHOWN), **only_amelia).when(approve(FIRST, SECOND)).then_refused(NO_PHOTO_PERMISSION, "S63")
    approving(posted(SHOWN), **only_amelia).when(approve(text=True)).then_refused(NO_PHOTO_PERMISSION, "S63")
    no_work = {"allowed": {AMELIA: ALL, BO: ALL - {SharedKind.WORK_SAMPLE}}}
    approving(posted(SHOWN), **no_work).when(approve(SECOND)).then_refused(NO_PHOTO_PERMISSION)
    approving(posted(SHOWN), **no_work).when(approve(FIRST, text=True)).then(approved(FIRST, text=True))


def test_S62_who_approves_knows_the_list():
    approving(posted(SHOWN), list_known=False).when(approve(FIRST)).then_refused(PERMISSION_LIST_UNREAD, "S62")


def test_S64_only_what_is_in_the_story_is_approved():
    approving(posted(SHOWN)).when(approve(THIRD)).then_refused(NOT_FOUND)
    approving(posted(SHOWN)).when(approve()).then_refused(INVALID_FIELDS)
    approving().when(approve(FIRST)).then_refused(NOT_FOUND)
    approving(posted(SHOWN), StoryWithdrawn(story_id=STORY, staff_id=GREEN)).when(approve(FIRST)).then_refused(
        NOT_FOUND
    )


withdrawing = specification(story.withdraw, story.evolve, Story())
WITHDRAW = WithdrawStory(story_id=STORY, staff_id=GREEN)
WITHDRAWN = StoryWithdrawn(story_id=STORY, staff_id=GREEN)


def test_a_story_is_withdrawn_once():
    withdrawing(posted()).when(WITHDRAW).then(WITHDRAWN)
    withdrawing(posted(), WITHDRAWN).when(WITHDRAW).then_nothing()
    withdrawing().when(WITHDRAW).then_refused(NOT_FOUND)


def test_S16_what_a_story_says_is_opened_by_stories_alone():
    assert CATEGORIES[Category.STORY].opened_by == {"stories"}
    assert CATEGORIES[Category.MEDIA].opened_by == {"stories"}
