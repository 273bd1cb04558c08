"""What people see of themselves: a pupil's picture, and where their school sends them for help."""

from shared.testing.driver import Bookbag, Session
from tests.installation import School, a_school, refused, went


def test_S30_a_pupil_chooses_a_picture_and_their_teacher_sees_it(school: School):
    pupil, teacher = school.pupil(1, 1), school.teacher(1)
    class_id = went(teacher.me())["classes"][0]["class_id"]
    assert went(pupil.choose_avatar("owl")).status == 200
    assert went(pupil.choose_avatar("hedgehog")).status == 200
    assert went(pupil.me())["avatar"] == "hedgehog"
    assert went(pupil.held_about_me("identity"))["avatar"] == "hedgehog"
    seen = {one["pupil_id"]: one["avatar"] for one in went(teacher.class_with_pupils(class_id))["pupils"]}
    assert seen.pop(str(pupil.person_id)) == "hedgehog"
    assert set(seen.values()) == {None}, "the others have chosen none"


def test_S30_a_picture_of_one_s_own_and_one_that_an_adult_chooses_are_refused(school: School):
    pupil = school.pupil(1, 2)
    answer = refused(pupil.choose_avatar("https://school.example/me.jpg"))
    assert (answer.status, answer.code) == (422, "INVALID_FIELDS")
    for adult in (school.guardian_of(school.people.pupil(1, 2)), school.teacher(1), school.head):
        answer = refused(adult.choose_avatar("owl"))
        assert (answer.status, answer.code) == (403, "PUPILS_ONLY")
    assert went(pupil.me())["avatar"] is None


def test_S01_S07_S42_what_the_headteacher_says_of_the_policy_is_what_everyone_reads(
    bookbag: Bookbag, operator: Session
):
    school = a_school(bookbag, operator, "says-of-its-policy", seed=43)
    parent = school.guardian_of(school.people.pupil(1, 1))
    assert went(parent.me())["help_link"] is None
    said = {
        "policy_author": "A. Writer",
        "help_link": "https://www.oakmere.example/bookbag",
        "remote_learning_policy_link": "https://www.oakmere.example/policies/remote-learning.pdf",
        "remote_learning_policy_version": "2024-09-01",
    }
    path, token = f"/v1/schools/{school.school_id}/parameters", school.head.token
    went(bookbag.send("PUT", path, token, json={"parameters": said, "reason": "As our policy says"}))
    assert went(parent.me())["help_link"] == said["help_link"]
    read = went(bookbag.send("GET", "/v1/policy", None, params={"school": school.slug})).json()
    assert (read["completed_by"], read["help_link"]) == ("A. Writer", said["help_link"])
    assert read["linked"][0]["link"] == said["remote_learning_policy_link"]
