"""Stories and pictures through nginx: from school to home, for the class alone, and only what may be shared."""

from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from uuid import UUID, uuid4

import pytest
from PIL import Image

from shared.testing.driver import Bookbag, Saw, Session, Wrote
from shared.testing.school import invented_school, zipped
from tests.installation import Bench, School, refused, went
from tests.pictures import CANARY, telling

TEXT = "We went to the pond and drew what we saw."
NOWHERE = uuid4()


@pytest.fixture(scope="module")
def school(bookbag: Bookbag, operator: Session) -> School:
    people = invented_school(seed=51, classes=2, pupils_per_class=8, on=datetime.now(UTC).date())
    school_id = went(operator.register_school("pond-lane", people.name)).id
    went(operator.import_roster(people.zip(), school_id))
    return School(bookbag, operator, "pond-lane", school_id, people)


def class_id_of(teacher: Session) -> str:
    return str(went(teacher.me())["classes"][0]["class_id"])


def knows_the_list(teacher: Session, class_id: str) -> int:
    """The teacher reads the class's list and says so."""
    version = went(teacher.sharing_list(class_id))["list_version"]
    went(teacher.acknowledge_sharing_list(class_id, version))
    return int(version)


@dataclass(frozen=True, slots=True)
class Shown:
    """A child with both adults, in a story with a picture of the child."""

    pupil_id: UUID
    mother: Session
    father: Session
    class_id: str
    story_id: UUID
    media_id: UUID


def a_family(school: School, number: int) -> tuple[UUID, Session, Session]:
    child = school.people.pupil(1, number)
    return school.pupil(1, number).person_id, school.guardian_of(child, 0), school.guardian_of(child, 1)


def a_shown_child(school: School, number: int) -> Shown:
    pupil_id, mother, father = a_family(school, number)
    teacher = school.teacher(1)
    class_id = class_id_of(teacher)
    for kind in ("photo", "message"):
        went(mother.answer_sharing(pupil_id, kind, allowed=True))
    knows_the_list(teacher, class_id)
    media_id = went(teacher.upload_picture(telling("JPEG"))).id
    picture = {"media_id": str(media_id), "shows": [str(pupil_id)]}
    story = went(teacher.post_story(class_id, TEXT, names=[pupil_id], pictures=[picture]))
    return Shown(pupil_id, mother, father, class_id, story.id, media_id)


def body_of(answer: object) -> dict[str, object]:
    return {name: value for name, value in refused(answer).body.items() if name != "correlation_id"}


def newest(found: Saw) -> dict[str, object]:
    item: dict[str, object] = found["items"][0]
    return item


def test_S37_S40_a_story_goes_from_school_to_the_class_s_families_and_the_newest_is_first(school: School):
    teacher, class_id = school.teacher(1), class_id_of(school.teacher(1))
    support = school.as_(school.people.support_staff(1), "staff")
    first = went(teacher.post_story(class_id, TEXT))
    second = went(support.post_story(class_id, "Swimming is on Monday.", kind="reminder"))
    for reader in (teacher, support, a_family(school, 1)[1], school.pupil(1, 1)):
        found = went(reader.stories(class_id, limit=2))["items"]
        assert [item["story_id"] for item in found] == [str(second.id), str(first.id)]
        seen = went(reader.story(first.id))
        assert (seen["text"], seen["kind"], seen["audience"], seen["hidden"]) == (TEXT, "news", "class", False)
        assert seen["author"]["family_name"] == school.people.teacher(1).family_name
        # S44, S45: nothing counts or compares.
        assert [name for name in seen.body if "count" in name or "like" in name or "comment" in name] == []


def test_S80_parents_and_carers_read_with_the_feed_that_how_much_is_posted_varies(school: School):
    class_id = class_id_of(school.teacher(1))
    assert "from week to week" in went(a_family(school, 1)[1].stories(class_id))["notice"]
    for other in (school.teacher(1), school.pupil(1, 1)):
        assert went(other.stories(class_id))["notice"] is None


def test_S37_stories_come_in_pages(school: School):
    teacher, class_id = school.teacher(2), class_id_of(school.teacher(2))
    ids = [str(went(teacher.post_story(class_id, f"Number {number}")).id) for number in range(5)]
    found, after = list[str](), None
    while True:
        page = went(teacher.stories(class_id, limit=2, after=after))
        found += [item["story_id"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert found[:5] == ids[::-1]


def test_S37_S54_families_and_colleagues_do_not_post_for_the_class(school: School):
    class_id = class_id_of(school.teacher(1))
    for nobody in (a_family(school, 1)[1], school.pupil(1, 1)):
        for where in (class_id, str(NOWHERE)):
            answer = refused(nobody.post_story(where, TEXT))
            assert (answer.status, answer.code, answer.clause) == (403, "STAFF_ONLY", "S37")
        assert refused(nobody.upload_picture(telling("JPEG"))).code == "STAFF_ONLY"
    for person in (school.people.teacher(2), school.people.headteacher, school.people.office):
        answer = refused(school.as_(person, "staff").post_story(class_id, TEXT))
        assert (answer.status, answer.code, answer.clause) == (403, "NOT_CLASS_TEACHER", "S54")
    assert refused(school.teacher(1).post_story(NOWHERE, TEXT)).code == "NOT_FOUND"


def test_S16_S40_S43_another_family_and_another_school_find_nothing(school: School, other_school: School):
    shown = a_shown_child(school, 2)
    strangers = [
        school.guardian_of(school.people.pupil(2, 5)),
        school.pupil(2, 5),
        other_school.teacher(1),
        other_school.head,
        other_school.guardian_of(other_school.people.pupil(1, 1)),
        other_school.pupil(1, 1),
    ]
    for stranger in strangers:
        nothing = [stranger.stories(NOWHERE), stranger.story(NOWHERE), stranger.picture(NOWHERE)]
        theirs = [stranger.stories(shown.class_id), stranger.story(shown.story_id), stranger.picture(shown.media_id)]
        assert [body_of(answer) for answer in theirs] == [body_of(answer) for answer in nothing]
        assert {refused(answer).code for answer in theirs} == {"NOT_FOUND"}
    for colleague in (school.teacher(2), school.head):
        for answer in (
            colleague.stories(shown.class_id),
            colleague.story(shown.story_id),
            colleague.picture(shown.media_id),
        ):
            assert (refused(answer).status, refused(answer).code) == (403, "NOT_CLASS_TEACHER")


def test_S56_a_story_for_one_child_s_adults_is_theirs_and_the_class_staff_s(school: School):
    pupil_id, mother, father = a_family(school, 3)
    teacher, class_id = school.teacher(1), class_id_of(school.teacher(1))
    story = went(teacher.post_story(class_id, "A lovely drawing today.", kind="celebration", pupil_id=pupil_id))
    for reader in (mother, father, teacher):
        assert went(reader.story(story.id))["pupil_id"] == str(pupil_id)
        assert newest(went(reader.stories(class_id)))["story_id"] == str(story.id)
    classmate = a_family(school, 1)[1]
    for other in (classmate, school.pupil(1, 3), school.pupil(1, 1)):
        assert body_of(other.story(story.id)) == body_of(other.story(NOWHERE))
        assert str(story.id) not in str(went(other.stories(class_id)).body)
    assert str(story.id) in str(went(mother.held_about_me("stories")).body)
    assert str(story.id) in str(went(teacher.held_about_me("stories")).body)
    assert str(story.id) not in str(went(classmate.held_about_me("stories")).body)


def test_S62_the_list_is_read_before_and_again_after_any_new_answer(school: School):
    pupil_id, mother, father = a_family(school, 3)  # of whom nothing was answered elsewhere
    teacher, class_id = school.teacher(1), class_id_of(school.teacher(1))
    support = school.as_(school.people.support_staff(1), "staff")
    went(mother.answer_sharing(pupil_id, "message", allowed=True))
    answer = refused(teacher.post_story(class_id, TEXT, names=[pupil_id]))
    assert (answer.status, answer.code, answer.clause) == (409, "PERMISSION_LIST_UNREAD", "S62")
    version = knows_the_list(teacher, class_id)
    assert went(teacher.sharing_list(class_id))["acknowledged"]
    went(teacher.post_story(class_id, TEXT, names=[pupil_id]))
    assert refused(support.post_story(class_id, TEXT, names=[pupil_id])).code == "PERMISSION_LIST_UNREAD"
    went(father.answer_sharing(pupil_id, "message", allowed=True))
    assert refused(teacher.post_story(class_id, TEXT, names=[pupil_id])).code == "PERMISSION_LIST_UNREAD"
    assert refused(teacher.acknowledge_sharing_list(class_id, version)).code == "PERMISSION_LIST_UNREAD"
    assert knows_the_list(teacher, class_id) > version
    went(teacher.post_story(class_id, TEXT, names=[pupil_id]))
    assert refused(school.head.acknowledge_sharing_list(class_id, version)).code == "NOT_CLASS_TEACHER"
    assert refused(mother.sharing_list(class_id)).code == "NOT_FOUND"


def test_S63_T8_each_child_shown_needs_the_permission_of_their_adults_and_a_no_wins(school: School):
    pupil_id, mother, father = a_family(school, 5)
    teacher, class_id = school.teacher(1), class_id_of(school.teacher(1))
    media_id = went(teacher.upload_picture(telling("PNG"), "image/png")).id
    picture = {"media_id": str(media_id), "shows": [str(pupil_id)]}

    def posted() -> Wrote | object:
        knows_the_list(teacher, class_id)
        return teacher.post_story(class_id, TEXT, pictures=[picture])

    answer = refused(posted())
    assert (answer.status, answer.code, answer.clause) == (422, "NO_PHOTO_PERMISSION", "S63")
    assert list(answer.body["errors"]) == [f"pictures.0.shows.{pupil_id}"]
    went(mother.answer_sharing(pupil_id, "photo", allowed=True))
    went(father.answer_sharing(pupil_id, "photo", allowed=False))
    assert refused(posted()).code == "NO_PHOTO_PERMISSION"
    listed = {one["pupil_id"]: one["allowed"] for one in went(teacher.sharing_list(class_id))["pupils"]}
    assert "photo" not in listed[str(pupil_id)]
    went(father.answer_sharing(pupil_id, "photo", allowed=True))
    untagged = refused(teacher.post_story(class_id, TEXT, pictures=[{"media_id": str(media_id)}]))
    assert (untagged.status, untagged.code, untagged.clause) == (422, "MEDIA_UNTAGGED", "S63")
    went(posted())
    assert refused(posted()).code == "INVALID_FIELDS", "a picture is used in one story"
    # Each sees their own answer alone, and a stranger's child is nobody's to answer for.
    mine = {one["kind"]: one["allowed"] for one in went(father.sharing_answers(pupil_id))["items"]}
    assert mine == {"photo": True, "recording": None, "message": None, "work_sample": None}
    other = a_family(school, 1)[1]
    assert refused(other.answer_sharing(pupil_id, "photo", allowed=True)).code == "NOT_FOUND"
    assert refused(teacher.answer_sharing(pupil_id, "photo", allowed=True)).code == "GUARDIANS_ONLY"


def test_S64_a_withdrawal_hides_what_shows_the_child_from_everyone_until_staff_approve_it_again(school: School):
    shown = a_shown_child(school, 6)
    teacher, classmate = school.teacher(1), a_family(school, 1)[1]
    readers = (teacher, shown.mother, shown.father, classmate, school.pupil(1, 6))
    for reader in readers:
        assert went(reader.picture(shown.media_id)).startswith(b"\xff\xd8")
        assert went(reader.story(shown.story_id))["text"] == TEXT

    def all_hidden() -> None:
        for reader in readers:
            # The read waits for the roster to have the answer, and for nothing else: no event of stories is needed.
            assert refused(reader.picture(shown.media_id)).code == "NOT_FOUND"
            assert refused(reader.picture(shown.media_id, "thumbnail")).code == "NOT_FOUND"
            seen = went(reader.story(shown.story_id))
            assert (seen["text"], seen["hidden"]) == (None, True)
            assert [one["hidden"] for one in seen["pictures"]] == ([True] if reader is teacher else [])

    for kind in ("photo", "message"):
        went(shown.father.answer_sharing(shown.pupil_id, kind, allowed=False))
    all_hidden()
    assert refused(teacher.approve_media(shown.story_id, [shown.media_id])).code == "PERMISSION_LIST_UNREAD"
    knows_the_list(teacher, shown.class_id)
    assert refused(teacher.approve_media(shown.story_id, [shown.media_id])).code == "NO_PHOTO_PERMISSION"
    for kind in ("photo", "message"):
        went(shown.father.answer_sharing(shown.pupil_id, kind, allowed=True))
    all_hidden()
    knows_the_list(teacher, shown.class_id)
    assert refused(shown.mother.approve_media(shown.story_id, [shown.media_id])).code == "STAFF_ONLY"
    went(teacher.approve_media(shown.story_id, [shown.media_id], text=True))
    for reader in readers:
        went(reader.picture(shown.media_id))
        assert went(reader.story(shown.story_id))["text"] == TEXT


def test_S64_pictures_of_a_pupil_who_left_are_hidden_from_everyone(bookbag: Bookbag, operator: Session):
    people = invented_school(seed=52, classes=2, pupils_per_class=8, on=datetime.now(UTC).date())
    school_id = went(operator.register_school("leaver-lane", people.name)).id
    went(operator.import_roster(people.zip(), school_id))
    school = School(bookbag, operator, "leaver-lane", school_id, people)
    shown = a_shown_child(school, 8)
    classmate = a_family(school, 1)[1]
    went(classmate.picture(shown.media_id))
    leaver = people.pupil(1, 8).sourced_id.encode()
    files = {
        name: b"\r\n".join(line for line in content.split(b"\r\n") if leaver not in line.split(b","))
        for name, content in people.files().items()
    }
    went(operator.import_roster(zipped(files), school_id))
    for reader in (school.teacher(1), classmate):
        assert refused(reader.picture(shown.media_id)).code == "NOT_FOUND"
        assert went(reader.story(shown.story_id))["hidden"]


def test_S57_S61_words_are_checked_before_they_go_home(school: School):
    teacher, class_id = school.teacher(1), class_id_of(school.teacher(1))
    child = school.people.pupil(1, 1)
    full = refused(teacher.post_story(class_id, f"{child.name} won the race.", confirmed=True))
    assert (full.status, full.code, full.clause) == (422, "FULL_NAME_USED", "S57")
    assert child.family_name not in str(full.body)
    private = f"{child.given_name} has head lice again."
    answer = refused(teacher.post_story(class_id, private))
    assert (answer.status, answer.code, answer.clause) == (422, "SENSITIVE_IN_STORY", "S61")
    went(teacher.post_story(class_id, private, confirmed=True))
    pupil_id, mother, _ = a_family(school, 1)
    conversation = went(mother.open_conversation(pupil_id)).id
    in_message = refused(teacher.send(conversation, f"{child.name} was kind today."))
    assert (in_message.status, in_message.code, in_message.clause) == (422, "FULL_NAME_USED", "S57")
    went(teacher.send(conversation, f"{child.given_name} was kind today."))
    went(mother.send(conversation, f"Was {child.name} kind today?"))


@pytest.mark.parametrize(("kind", "media_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")])
def test_S16_what_a_camera_tells_beside_the_picture_is_gone(school: School, kind: str, media_type: str):
    teacher, class_id = school.teacher(1), class_id_of(school.teacher(1))
    sent = telling(kind)
    assert CANARY.encode() in sent
    media_id = went(teacher.upload_picture(sent, media_type)).id
    assert refused(teacher.picture(media_id)).code == "NOT_FOUND", "nobody sees it before it is in a story"
    knows_the_list(teacher, class_id)
    went(teacher.post_story(class_id, TEXT, pictures=[{"media_id": str(media_id), "nobody_shown": True}]))
    reader = a_family(school, 1)[1]
    for size in (None, "thumbnail"):
        found = went(reader.picture(media_id, size))
        assert CANARY.encode() not in found
        picture = Image.open(BytesIO(found))
        assert (picture.format, picture.size, dict(picture.getexif())) == ("JPEG", (96, 64), {})
    answer = went(reader.bookbag.send("GET", f"/v1/media/{media_id}", reader.token))
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert "no-store" in answer.headers["Cache-Control"]
    # The gateway says it of every answer, and the service of a picture.
    assert set(answer.headers["X-Content-Type-Options"].split(", ")) == {"nosniff"}
    assert refused(reader.picture(media_id, "huge")).status == 422


def test_what_is_no_picture_is_refused(school: School):
    teacher = school.teacher(1)
    assert refused(teacher.upload_picture(b"GIF89a")).code == "MEDIA_NOT_AN_IMAGE"
    assert refused(teacher.upload_picture(telling("JPEG"), "image/gif")).code == "UNSUPPORTED_MEDIA_TYPE"


def test_the_same_request_with_its_key_is_one_picture_and_one_story(school: School, bench: Bench):
    teacher, class_id = school.teacher(1), class_id_of(school.teacher(1))
    picture, key = telling("JPEG"), str(uuid4())
    first = went(teacher.upload_picture(picture, key=key))
    kept = bench.ask("stories", "SELECT count(*) FROM media_item")
    assert went(teacher.upload_picture(picture, key=key)) == first
    assert bench.ask("stories", "SELECT count(*) FROM media_item") == kept
    story = went(teacher.post_story(class_id, "Once", key=key + "s"))
    assert went(teacher.post_story(class_id, "Once", key=key + "s")) == story


def test_a_story_that_is_withdrawn_is_shown_nowhere(school: School):
    shown = a_shown_child(school, 8)
    support = school.as_(school.people.support_staff(1), "staff")
    teacher, head = school.teacher(1), school.head
    other = went(teacher.post_story(shown.class_id, "Another one", kind="reminder"))
    assert refused(support.withdraw_story(shown.story_id)).code == "LEADERS_ONLY"
    assert refused(school.teacher(2).withdraw_story(shown.story_id)).code == "NOT_CLASS_TEACHER"
    assert refused(shown.mother.withdraw_story(shown.story_id)).code == "STAFF_ONLY"
    assert refused(teacher.withdraw_story(NOWHERE)).code == "NOT_FOUND"
    went(teacher.withdraw_story(shown.story_id))
    went(head.withdraw_story(other.id))
    for reader in (teacher, shown.mother):
        assert refused(reader.story(shown.story_id)).code == "NOT_FOUND"
        assert refused(reader.picture(shown.media_id)).code == "NOT_FOUND"
        found = str(went(reader.stories(shown.class_id)).body)
        assert (str(shown.story_id) in found, str(other.id) in found) == (False, False)
    assert str(other.id) not in str(went(shown.mother.notices()).body)


def test_T10_a_suspended_guardian_reads_the_school_s_notices_and_nothing_else_of_stories(school: School):
    person = school.people.guardians_of(school.people.pupil(2, 8))[0]
    pupil_id, mother = school.pupil(2, 8).person_id, school.newly_signed_in(person, "guardian")
    teacher, class_id = school.teacher(2), class_id_of(school.teacher(2))
    trip = went(teacher.post_story(class_id, "The trip is on Friday.", kind="event", event_on="2027-03-05"))
    news = went(teacher.post_story(class_id, "Only news."))
    private = went(teacher.post_story(class_id, "Only for you.", kind="reminder", pupil_id=pupil_id))
    report = went(teacher.report_reshare(mother.person_id, "photograph", "It was seen on a public page."))
    went(school.head.decide_reshare(report.id, "confirm", "The picture is from our class page."))
    suspended = school.newly_signed_in(person, "guardian")
    found = went(suspended.notices())["items"]
    assert found[0]["text"] == "The trip is on Friday."
    assert found[0]["event_on"] == "2027-03-05"
    assert not {str(news.id), str(private.id)} & {item["story_id"] for item in found}
    for answer in (suspended.stories(class_id), suspended.story(trip.id), suspended.picture(NOWHERE)):
        assert (refused(answer).status, refused(answer).code) == (403, "SUSPENDED")
    stranger = school.guardian_of(school.people.pupil(1, 5))
    assert str(trip.id) not in str(went(stranger.notices()).body)
    assert refused(teacher.notices()).code == "GUARDIANS_ONLY"


def test_S16_a_story_is_a_reportable_item_without_its_words(school: School):
    teacher, class_id = school.teacher(1), class_id_of(school.teacher(1))
    story = went(teacher.post_story(class_id, f"The secret word is {uuid4().hex}"))
    item = went(school.head.bookbag.send("GET", f"/v1/moderation/items/{story.id}", school.head.token)).json()
    assert (item["kind"], item["audience"]["class_id"]) == ("story", class_id)
    assert "secret" not in str(item)


def test_S16_no_text_stands_in_any_log_of_a_process_nor_open_in_the_event_log(school: School, bench: Bench):
    secret = f"The secret word is {uuid4().hex}"
    teacher, class_id = school.teacher(1), class_id_of(school.teacher(1))
    story = went(teacher.post_story(class_id, secret))
    went(a_family(school, 1)[1].story(story.id))
    refused(teacher.post_story(class_id, secret + "x" * 2000))
    assert secret not in bench.logs()
    rows = bench.ask("stories", "SELECT count(*) FROM log_event WHERE data::text LIKE %s", (f"%{secret}%",))
    assert rows == [(0,)]
