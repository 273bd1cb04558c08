"""Messages between a guardian and a class teacher, through nginx: theirs alone, kept as sent, at any hour."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.runtime import correlation
from shared.testing.driver import Bookbag, Refused, Session
from shared.testing.school import InventedSchool, invented_school, zipped
from tests.faults.invariants import wait_until_quiet
from tests.installation import Bench, School, refused, went

TEXT = "Wren was up half the night. Is there swimming on Monday?"


def with_a_second_class_teacher(people: InventedSchool) -> bytes:
    """The set, in which the second class's teacher is a class teacher of the first one too."""
    files = dict(people.files())
    name = "enrollments.csv"
    row = f"job-share,,,class-1,school,{people.teacher(2).sourced_id},teacher,false,,\r\n"
    return zipped(files | {name: files[name] + row.encode()})


@pytest.fixture(scope="module")
def school(bookbag: Bookbag, operator: Session) -> School:
    """Its first class has two class teachers."""
    people = invented_school(seed=31, classes=2, pupils_per_class=8, on=datetime.now(UTC).date())
    school_id = went(operator.register_school("wren-lane", people.name)).id
    went(operator.import_roster(with_a_second_class_teacher(people), school_id))
    return School(bookbag, operator, "wren-lane", school_id, people)


@dataclass(frozen=True, slots=True)
class Family:
    """A child with two adults, and a conversation of the first of them with the class teachers."""

    pupil_id: UUID
    mother: Session
    father: Session
    conversation_id: UUID


def a_family(school: School, number: int = 1) -> Family:
    child = school.people.pupil(1, number)
    pupil_id = school.pupil(1, number).person_id
    mother, father = school.guardian_of(child, 0), school.guardian_of(child, 1)
    return Family(pupil_id, mother, father, went(mother.open_conversation(pupil_id)).id)


@pytest.fixture
def family(school: School) -> Family:
    return a_family(school)


def texts(found: Any) -> list[str]:
    return [item["text"] for item in went(found)["items"]]


def ids(found: Any) -> list[str]:
    return [item["conversation_id"] for item in went(found)["items"]]


def without_correlation(answer: object) -> dict[str, object]:
    return {name: value for name, value in refused(answer).body.items() if name != "correlation_id"}


def test_S46_S52_guardian_and_class_teachers_write_to_each_other_and_both_read_it(school: School, family: Family):
    sent = went(family.mother.send(family.conversation_id, TEXT))
    assert sent.status == 201
    reply = went(school.teacher(1).send(family.conversation_id, "Yes, at ten."))
    for reader in (family.mother, school.teacher(1), school.teacher(2)):
        assert texts(reader.messages(family.conversation_id))[-2:] == [TEXT, "Yes, at ten."]
        assert went(reader.message(sent.id))["text"] == TEXT
        assert str(family.conversation_id) in ids(reader.conversations())
    seen = went(family.mother.message(reply.id))
    teacher = school.people.teacher(1)
    assert seen["sender"] == "staff"
    assert seen["sent_by"] == {"given_name": teacher.given_name, "family_name": teacher.family_name}


def test_S46_both_sides_see_who_it_is_and_about_whom(school: School, family: Family):
    went(family.mother.send(family.conversation_id, TEXT))
    child = school.people.pupil(1, 1)
    mother = school.people.guardians_of(child)[0]
    shown = next(
        item
        for item in went(school.teacher(1).conversations())["items"]
        if item["conversation_id"] == str(family.conversation_id)
    )
    assert shown["guardian"]["given_name"] == mother.given_name
    assert shown["guardian"]["family_name"] == mother.family_name
    assert shown["pupil"] == {"pupil_id": str(family.pupil_id), "given_name": child.given_name}
    assert {teacher["family_name"] for teacher in shown["teachers"]} == {
        school.people.teacher(1).family_name,
        school.people.teacher(2).family_name,
    }
    assert [name for name in shown if "read" in name or "seen" in name or "count" in name] == []


def test_S46_opening_a_conversation_again_finds_it_whoever_opens_it(school: School, family: Family):
    again = went(family.mother.open_conversation(family.pupil_id))
    by_teacher = went(school.teacher(2).open_conversation(family.pupil_id, family.mother.person_id))
    assert again.id == by_teacher.id == family.conversation_id
    assert went(family.father.open_conversation(family.pupil_id)).id != family.conversation_id


def test_S52_two_parents_of_one_child_never_see_each_other_s_messages(family: Family):
    sent = went(family.mother.send(family.conversation_id, TEXT))
    nothing = [family.father.messages(uuid4()), family.father.message(uuid4()), family.father.send(uuid4(), "Hello")]
    theirs = [
        family.father.messages(family.conversation_id),
        family.father.message(sent.id),
        family.father.send(family.conversation_id, "Hello"),
    ]
    assert [without_correlation(answer) for answer in theirs] == [without_correlation(answer) for answer in nothing]
    assert str(family.conversation_id) not in ids(family.father.conversations())
    assert TEXT not in texts(family.father.held_about_me("messaging"))


def test_S16_another_school_finds_nothing(other_school: School, family: Family):
    sent = went(family.mother.send(family.conversation_id, TEXT))
    strangers = [other_school.teacher(1), other_school.head]
    strangers.append(other_school.guardian_of(other_school.people.pupil(1, 1)))
    for stranger in strangers:
        for answer in (
            stranger.messages(family.conversation_id),
            stranger.message(sent.id),
            stranger.send(family.conversation_id, "Hello"),
            stranger.open_conversation(family.pupil_id, family.mother.person_id),
        ):
            assert (refused(answer).status, refused(answer).code) == (404, "NOT_FOUND")


def test_S52_no_colleague_reads_it_leaders_included(school: School, family: Family):
    sent = went(family.mother.send(family.conversation_id, TEXT))
    people = school.people
    colleagues = [people.headteacher, people.deputy, people.safeguarding_lead, people.office, people.support_staff(1)]
    for person in colleagues:
        session = school.as_(person, "staff")
        for answer in (
            session.messages(family.conversation_id),
            session.message(sent.id),
            session.send(family.conversation_id, "Hello"),
            session.open_conversation(family.pupil_id, family.mother.person_id),
        ):
            assert (refused(answer).status, refused(answer).code) == (403, "NOT_CLASS_TEACHER")
        assert ids(session.conversations()) == []


def test_S46_a_guardian_writes_about_their_own_child_to_the_child_s_class(school: School, family: Family):
    other = school.pupil(2, 1).person_id
    assert refused(family.mother.open_conversation(other)).code == "NOT_FOUND"
    body = {"pupil_id": str(family.pupil_id), "class_id": str(uuid4())}
    answer = refused(school.bookbag.send("POST", "/v1/conversations", family.mother.token, json=body))
    assert (answer.status, answer.code, answer.clause) == (403, "NOT_YOUR_CHILDS_TEACHER", "S46")


def test_S46_pupils_have_no_messages(school: School, family: Family):
    child = school.pupil(1, 1)
    for answer in (
        child.conversations(),
        child.open_conversation(family.pupil_id),
        child.messages(family.conversation_id),
        child.send(family.conversation_id, "Hello"),
    ):
        assert refused(answer).code == "NOT_FOUND"


@pytest.mark.parametrize("text", ["  with blanks  ", "Zoe\u0308 \U0001f469\u200d\U0001f467\n\nthanks", "x" * 4000])
def test_a_message_is_kept_as_it_was_sent(school: School, family: Family, text: str):
    sent = went(family.mother.send(family.conversation_id, text))
    assert went(school.teacher(1).message(sent.id))["text"] == text


@pytest.mark.parametrize("text", ["", "   ", "x" * 4001, "\u2028 \u3000"])
def test_a_message_that_says_nothing_or_too_much_is_refused(family: Family, text: str):
    assert refused(family.mother.send(family.conversation_id, text)).status == 422


def test_the_same_request_with_its_key_is_one_message(family: Family):
    key = str(uuid4())
    first = went(family.mother.send(family.conversation_id, "Once", key=key))
    assert went(family.mother.send(family.conversation_id, "Once", key=key)) == first
    assert texts(family.mother.messages(family.conversation_id))[-2:].count("Once") == 1


def test_messages_come_in_pages_the_newest_page_first_and_newest_last(school: School):
    family = a_family(school, number=2)
    sent = [f"Line {number}" for number in range(5)]
    for text in sent:
        went(family.mother.send(family.conversation_id, text))
    found, after = list[str](), None
    while True:
        params = {"limit": "2"} | ({"after": after} if after else {})
        path = f"/v1/conversations/{family.conversation_id}/messages"
        page = went(school.bookbag.send("GET", path, family.mother.token, params=params)).json()
        found = [item["text"] for item in page["items"]] + found
        after = page["next"]
        if after is None:
            break
    assert found == sent


def test_S19_what_is_held_of_a_person_is_their_own_conversations_as_sent(school: School):
    family = a_family(school, number=3)
    went(family.mother.send(family.conversation_id, TEXT))
    went(school.teacher(1).send(family.conversation_id, "Yes, at ten."))
    held = went(family.mother.held_about_me("messaging"))["items"]
    mine = [item for item in held if item["conversation_id"] == str(family.conversation_id)]
    assert [(item["sender"], item["text"]) for item in mine] == [("guardian", TEXT), ("staff", "Yes, at ten.")]
    of_teacher = went(school.teacher(1).held_about_me("messaging"))["items"]
    assert {item["sender"] for item in of_teacher} == {"staff"}


# -- waiting for an answer (S47 to S49, S51, S53): here at any hour; `test_clock.py` sets one ------------------------


def awaiting(teacher: Session, family: Family) -> list[str]:
    items = went(teacher.awaiting_reply())["items"]
    return [item["message_id"] for item in items if item["conversation_id"] == str(family.conversation_id)]


def test_S47_a_guardian_reads_when_staff_reply_and_by_when_a_message_is_answered(school: School):
    family = a_family(school, number=8)
    sent = went(family.mother.send(family.conversation_id, TEXT))
    for reader in (family.mother, school.teacher(1)):
        seen = went(reader.message(sent.id))
        assert seen["expected_by"] == sent.body["expected_by"] > seen["sent_at"]
        assert seen["received_outside_hours"] == sent.body["received_outside_hours"]
        assert (seen["answered"], seen["system_message"]) == (None, None)
        assert went(reader.messages(family.conversation_id))["items"][-1] == seen.body
    for reader, notice in ((family.mother, "Staff reply Monday to Friday, 8am to 5pm."), (school.teacher(1), None)):
        shown = went(reader.conversations())["items"]
        assert {item["notice"] for item in shown} == {notice}


def test_S47_the_same_request_with_its_key_is_told_the_same_time(family: Family):
    key = str(uuid4())
    first = went(family.mother.send(family.conversation_id, "Once more", key=key))
    assert went(family.mother.send(family.conversation_id, "Once more", key=key)).body == first.body


def test_S49_a_message_waits_in_every_class_teacher_s_own_view_until_staff_reply(school: School):
    family = a_family(school, number=8)
    sent = [went(family.mother.send(family.conversation_id, text)).id for text in ("One", "Two")]
    for teacher in (school.teacher(1), school.teacher(2)):
        assert awaiting(teacher, family)[-2:] == [str(message_id) for message_id in sent]
    reply = went(school.teacher(2).send(family.conversation_id, "Yes, at ten."))
    assert reply.body["expected_by"] is reply.body["received_outside_hours"] is None
    for teacher in (school.teacher(1), school.teacher(2)):
        assert awaiting(teacher, family) == []
    answer = went(family.mother.message(reply.id))
    for message_id in sent:
        seen = went(family.mother.message(message_id))
        assert (seen["answered"], seen["expected_by"]) == ("replied", None)
        assert seen["answered_at"] == answer["sent_at"]
    assert (answer["answered"], answer["expected_by"], answer["received_outside_hours"]) == (None, None, None)
    third = went(family.mother.send(family.conversation_id, "Three")).id
    assert awaiting(school.teacher(1), family) == [str(third)], "a reply answers what came before it"


def test_S49_nobody_else_is_shown_what_waits(school: School):
    family = a_family(school, number=8)
    went(family.mother.send(family.conversation_id, TEXT))
    people = school.people
    for person in (people.headteacher, people.deputy, people.office, people.support_staff(1)):
        assert went(school.as_(person, "staff").awaiting_reply())["items"] == []
    for nobody in (family.mother, school.pupil(1, 1)):
        assert refused(nobody.awaiting_reply()).code == "NOT_FOUND"


def test_S53_a_teacher_who_cannot_answer_asks_the_guardian_to_phone_the_office(school: School):
    family = a_family(school, number=8)
    sent = went(family.mother.send(family.conversation_id, "Who may collect on Friday?"))
    for nobody, code in (
        (family.mother, "STAFF_ONLY"),
        (family.father, "STAFF_ONLY"),
        (school.pupil(1, 1), "STAFF_ONLY"),
        (school.head, "NOT_CLASS_TEACHER"),
        (school.as_(school.people.support_staff(1), "staff"), "NOT_CLASS_TEACHER"),
    ):
        assert (refused(nobody.ask_to_phone(sent.id)).code, refused(nobody.ask_to_phone(sent.id)).clause) == (
            code,
            "S53",
        )
    assert refused(school.teacher(1).ask_to_phone(uuid4())).code == "NOT_FOUND"
    for teacher in (school.teacher(1), school.teacher(2)):
        assert went(teacher.ask_to_phone(sent.id)).location == sent.location
    seen = went(family.mother.message(sent.id))
    assert (seen["answered"], seen["expected_by"]) == ("asked_to_phone", None)
    assert "phone the school office" in seen["system_message"]
    assert str(sent.id) not in awaiting(school.teacher(1), family)


def test_S51_what_sounds_urgent_is_said_before_sending_and_stops_nothing(school: School, bench: Bench, family: Family):
    secret = uuid4().hex
    wait_until_quiet(bench)  # a case opens a moment after the last test's flag was answered
    before = bench.heads()
    hint = went(family.mother.urgency(f"It is urgent, she is not safe {secret}"))
    assert hint is not None
    assert "999" in hint
    assert went(family.mother.urgency(TEXT)) is None
    assert refused(school.teacher(1).urgency("It is urgent")).code == "NOT_FOUND"
    assert bench.heads() == before, "a question is no event"
    assert secret not in bench.logs()
    went(family.mother.send(family.conversation_id, "It is urgent, she is not safe"))


# -- flags (S75) ---------------------------------------------------------------------------------------------------

CHANGES = {"date", correlation.HEADER.casefold()}
"""Headers that are another at every answer."""


def answers_to(reader: Session, family: Family, message_id: UUID) -> list[tuple[int, dict[str, str], bytes]]:
    """All that a reader is answered about a message: statuses, headers, bodies to the byte."""
    paths = [
        "/v1/conversations",
        f"/v1/conversations/{family.conversation_id}",
        f"/v1/conversations/{family.conversation_id}/messages",
        f"/v1/messages/{message_id}",
        "/v1/me/held/messaging",
    ]
    found = []
    for path in paths:
        answer = reader.bookbag.send("GET", path, reader.token)
        assert not isinstance(answer, Refused)
        headers = {name: value for name, value in answer.headers.items() if name not in CHANGES}
        found.append((answer.status_code, headers, answer.content))
    return found


def test_S75_a_flag_is_seen_by_nobody_here_and_alters_nothing(school: School, bench: Bench):
    family = a_family(school, number=6)
    sent = went(family.mother.send(family.conversation_id, "You are all useless and I will make you pay for it."))
    readers = [family.mother, school.teacher(1), school.teacher(2)]
    before = [answers_to(reader, family, sent.id) for reader in readers]
    for track, category in (("conduct", "threatening"), ("child_concern", "other"), ("conduct", "abusive")):
        answer = went(school.teacher(1).flag(sent.id, track=track, category=category))
        assert (answer.status, answer.location) == (201, sent.location)
    assert [answers_to(reader, family, sent.id) for reader in readers] == before
    flags = bench.ask(
        "messaging",
        "SELECT data->>'track' FROM log_event WHERE type = 'messaging.MessageFlagged' AND stream = %s"
        " ORDER BY position",
        (f"message-{sent.id}",),
    )
    assert flags == [("conduct",), ("child_concern",)]


def test_S75_a_second_teacher_s_flag_is_answered_as_the_first(school: School):
    family = a_family(school, number=5)
    sent = went(family.mother.send(family.conversation_id, "You are all useless."))
    first, second = went(school.teacher(1).flag(sent.id)), went(school.teacher(2).flag(sent.id))
    assert (first.status, first.location) == (second.status, second.location)


def test_S75_only_staff_who_received_a_message_flag_it(school: School, family: Family):
    sent = went(family.mother.send(family.conversation_id, TEXT))
    for nobody in (family.mother, family.father, school.pupil(1, 1)):
        for message_id in (sent.id, uuid4()):
            answer = refused(nobody.flag(message_id))
            assert (answer.status, answer.code, answer.clause) == (403, "STAFF_ONLY", "S75")
    for person in (school.people.support_staff(1), school.people.headteacher):
        answer = refused(school.as_(person, "staff").flag(sent.id))
        assert (answer.status, answer.code, answer.clause) == (403, "NOT_A_RECIPIENT", "S75")
    reply = went(school.teacher(1).send(family.conversation_id, "Yes, at ten."))
    assert refused(school.teacher(2).flag(reply.id)).code == "NOT_A_RECIPIENT"
    assert refused(school.teacher(1).flag(uuid4())).code == "NOT_FOUND"
    assert refused(school.teacher(1).flag(sent.id, category="neglect")).code == "WRONG_CATEGORY"


# -- warnings, as far as there is none -----------------------------------------------------------------------------


def test_S73_a_warning_that_is_not_there_is_neither_received_nor_handed_over(school: School, family: Family):
    warning, mother = uuid4(), family.mother.person_id
    assert refused(family.mother.receive_warning(warning)).code == "NOT_FOUND"
    assert refused(school.head.hand_over_warning(warning, mother, "letter", "By post")).code == "NOT_FOUND"
    for person in (school.people.deputy, school.people.teacher(1)):
        answer = refused(school.as_(person, "staff").hand_over_warning(warning, mother, "letter", "By post"))
        assert (answer.status, answer.code) == (403, "HEADTEACHER_ONLY")


def test_S16_no_text_stands_in_any_log_of_a_process_nor_open_in_the_event_log(
    school: School, bench: Bench, family: Family
):
    secret = f"The secret word is {uuid4().hex}"
    sent = went(family.mother.send(family.conversation_id, secret))
    went(school.teacher(1).flag(sent.id, note=secret))
    went(family.mother.messages(family.conversation_id))
    refused(family.mother.send(family.conversation_id, secret + "x" * 4000))
    assert secret not in bench.logs()
    rows = bench.ask("messaging", "SELECT count(*) FROM log_event WHERE data::text LIKE %s", (f"%{secret}%",))
    assert rows == [(0,)]
