"""Signing in, staying signed in and signing out, through nginx."""

import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest

from shared.http.caller import ANSWER_WITHIN
from shared.testing.driver import Bookbag, Refused, Session
from tests.installation import School, refused, went


@pytest.fixture(scope="module")
def behaviour(school: School) -> UUID:
    return school.a_behaviour("Waited patiently")


def slowly(content: bytes, others_at_work: Callable[[], object]) -> Iterator[bytes]:
    """A body whose second half comes when what the gateway was told of the sender has grown old."""
    half = len(content) // 2
    yield content[:half]
    others_at_work()
    old = time.monotonic() + ANSWER_WITHIN.total_seconds()
    while time.monotonic() < old:
        others_at_work()
    yield content[half:]


def send_slowly(by: Session, path: str, body: Any, others_at_work: Callable[[], object]) -> httpx.Response | Refused:
    content = orjson.dumps(body)
    headers = {"Content-Type": "application/json", "Content-Length": str(len(content))}
    return by.bookbag.send("POST", path, by.token, content=slowly(content, others_at_work), headers=headers)


def an_award(school: School, behaviour: UUID) -> dict[str, str]:
    return {"pupil_id": str(school.pupil(2, 1).person_id), "behaviour_id": str(behaviour)}


def test_whose_body_comes_slowly_is_looked_at_again_and_answered(school: School, behaviour: UUID):
    teacher = school.teacher(2)
    award = went(send_slowly(teacher, "/v1/points", an_award(school, behaviour), teacher.me))
    assert award.status_code == 201


def test_whose_body_comes_slowly_to_identity_itself_is_answered_too(school: School):
    request = {"school": school.slug, "login": school.people.office.login}
    code = went(send_slowly(school.operator, "/v1/one-time-codes", request, school.operator.me))
    assert code.status_code == 201


def test_who_signs_out_while_their_body_comes_has_done_nothing(school: School, behaviour: UUID):
    teacher = school.newly_signed_in(school.people.teacher(2), "staff")
    pupil = school.pupil(2, 1)
    before = went(pupil.points_of(pupil.person_id))["total"]
    answer = refused(send_slowly(teacher, "/v1/points", an_award(school, behaviour), teacher.sign_out))
    assert (answer.status, answer.code) == (401, "NOT_SIGNED_IN")
    assert went(pupil.points_of(pupil.person_id))["total"] == before


def test_S21_a_one_time_code_signs_in_once(school: School):
    login = school.people.office.login
    code = went(school.operator.one_time_code(school.slug, login))
    went(school.bookbag.sign_in(school.slug, login, code=code))
    again = refused(school.bookbag.sign_in(school.slug, login, code=code))
    assert (again.status, again.code) == (401, "SIGN_IN_FAILED")


def test_S21_a_one_time_code_is_one_person_s_own(school: School, other_school: School):
    code = went(school.operator.one_time_code(school.slug, school.people.office.login))
    for slug, login in [
        (school.slug, school.people.headteacher.login),
        (other_school.slug, other_school.people.office.login),
    ]:
        assert refused(school.bookbag.sign_in(slug, login, code=code)).code == "SIGN_IN_FAILED"


def test_only_an_operator_issues_a_one_time_code(school: School):
    answer = refused(school.head.one_time_code(school.slug, school.people.office.login))
    assert (answer.status, answer.code) == (403, "OPERATOR_ONLY")


def test_S21_there_is_one_answer_for_an_unknown_school_an_unknown_login_and_a_wrong_password(school: School):
    known = school.people.support_staff(1).login
    answers = [
        refused(school.bookbag.sign_in("no-such-school", known, password="wrong password 1")),
        refused(school.bookbag.sign_in(school.slug, "nobody@nowhere.example", password="wrong password 1")),
        refused(school.bookbag.sign_in(school.slug, known, password="wrong password 1")),
        refused(school.bookbag.sign_in(school.slug, known, code="ABCDEFGHJKMN")),
    ]
    bodies = [{key: answer.body[key] for key in answer.body.keys() - {"correlation_id"}} for answer in answers]
    assert bodies == [bodies[0]] * len(bodies)
    assert (answers[0].status, answers[0].code) == (401, "SIGN_IN_FAILED")


def test_S21_who_guesses_is_made_to_wait_and_others_are_not(school: School):
    guessed, other = school.people.support_staff(2).login, school.people.teacher(2).login
    answers = [refused(school.bookbag.sign_in(school.slug, guessed, password=f"guess {n}")) for n in range(11)]
    assert [answer.status for answer in answers] == [401] * 10 + [429]
    assert answers[-1].code == "TOO_MANY_ATTEMPTS"
    assert refused(school.bookbag.sign_in(school.slug, other, password="wrong")).status == 401


def test_S21_a_password_is_chosen_after_a_code_and_then_signs_in(school: School):
    person = school.people.guardians_of(school.people.pupil(2, 4))[0]
    first = school.newly_signed_in(person, "guardian")
    short = refused(first.choose_password("too short"))
    assert (short.status, short.code) == (422, "INVALID_FIELDS")
    elsewhere = school.newly_signed_in(person, "guardian")
    assert went(first.choose_password("a long enough password")) is None
    assert refused(elsewhere.me()).status == 401, "a new password ends the other sessions"
    went(first.me())
    second = went(school.bookbag.sign_in(school.slug, person.login, password="a long enough password"))
    unproven = refused(second.choose_password("another long password", current="not the one"))
    assert unproven.code == "SIGN_IN_FAILED"
    assert went(second.choose_password("another long password", current="a long enough password")) is None
    assert refused(school.bookbag.sign_in(school.slug, person.login, password="a long enough password")).status == 401


def test_S21_signing_out_everywhere_ends_every_session_of_the_person(school: School):
    person = school.people.support_staff(1)
    sessions = [school.newly_signed_in(person, "staff") for _ in range(3)]
    went(sessions[0].bookbag.send("DELETE", "/v1/sessions", sessions[0].token))
    assert [refused(session.me()).status for session in sessions] == [401] * 3


def test_T13_who_is_teacher_and_guardian_chooses_and_each_capacity_sees_its_own(school: School, bookbag: Bookbag):
    both = school.people.teacher_who_is_also_guardian
    code = went(school.operator.one_time_code(school.slug, both.login))
    undecided = refused(bookbag.sign_in(school.slug, both.login, code=code))
    assert (undecided.status, undecided.code) == (422, "CAPACITY_REQUIRED")
    as_staff, as_guardian = school.as_(both, "staff"), school.as_(both, "guardian")
    assert as_staff.person_id == as_guardian.person_id
    assert went(as_staff.me())["classes"]
    assert not went(as_staff.me())["children"]
    assert went(as_guardian.me())["children"]
    assert not went(as_guardian.me())["classes"]
    award = refused(as_guardian.award(went(as_guardian.me())["children"][0]["pupil_id"], uuid4()))
    assert (award.status, award.code, award.clause) == (403, "STAFF_ONLY", "S32")


@pytest.mark.parametrize("capacity", ["pupil", "operator", "staff"])
def test_nobody_signs_in_in_a_capacity_that_is_not_theirs(school: School, capacity: str):
    guardian = school.people.guardians_of(school.people.pupil(2, 1))[0]
    code = went(school.operator.one_time_code(school.slug, guardian.login))
    assert refused(school.bookbag.sign_in(school.slug, guardian.login, code=code, capacity=capacity)).status == 401


def test_S29_a_pupil_signs_in_to_their_own_area(school: School):
    me = went(school.pupil(1, 1).me())
    assert (me["capacity"], me["children"], me["roles"]) == ("pupil", [], [])
