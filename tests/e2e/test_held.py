"""Everyone sees what is held about them, themselves, at any time (S19)."""

from typing import Any

from services.identity.schemas import HeldByIdentity
from tests.installation import School, refused, went


def test_S19_a_guardian_sees_who_they_are_to_whom_they_are_related_and_when_they_signed_in(school: School):
    child = school.people.pupil(2, 5)
    person = school.people.guardians_of(child)[0]
    guardian = school.newly_signed_in(person, "guardian")
    held = went(guardian.held_about_me("identity"))
    assert (held["given_name"], held["family_name"]) == (person.given_name, person.family_name)
    assert (held["email"], held["birth_date"], held["access"]) == (person.login, None, "active")
    assert child.given_name in [one["given_name"] for one in held["children"]]
    assert {one["pupil_id"] for one in held["children"]} == {one["pupil_id"] for one in went(guardian.me())["children"]}
    assert held["roster_imported_at"]
    assert "guardian" in {one["capacity"] for one in held["sessions"]}
    assert guardian.token not in str(held.body)
    assert HeldByIdentity().load(held.body), "it is what the API's document promises"


def test_S19_a_teacher_sees_their_roles_and_classes(school: School):
    held = went(school.teacher(1).held_about_me("identity"))
    assert held["roles"] == ["teacher"]
    assert [one["post"] for one in held["posts"]] == ["class_teacher"]
    assert held["children"] == []


def test_S19_T13_what_is_held_is_held_about_one_person_in_whichever_capacity_they_ask(school: School):
    both = school.people.teacher_who_is_also_guardian
    as_staff, as_guardian = (
        went(school.as_(both, capacity).held_about_me("identity")) for capacity in ("staff", "guardian")
    )
    assert as_staff.body | {"sessions": []} == as_guardian.body | {"sessions": []}
    assert as_staff["roles"]
    assert as_staff["children"]


def test_S19_a_pupil_sees_their_class_and_birth_date_and_no_adult_of_theirs(school: School):
    person = school.people.pupil(2, 6)
    held = went(school.pupil(2, 6).held_about_me("identity"))
    assert (held["given_name"], held["email"]) == (person.given_name, None)
    assert held["birth_date"] == person.birth_date.isoformat()
    assert [one["post"] for one in held["posts"]] == [None]
    assert held["children"] == []
    for adult in school.people.guardians_of(person):
        assert adult.login not in str(held.body)


def test_S19_no_school_holds_anything_about_an_operator(school: School):
    answer = refused(school.operator.held_about_me("identity"))
    assert (answer.status, answer.code) == (404, "NOT_FOUND")


def test_S19_S36_the_awards_held_are_a_child_s_own_a_guardian_s_children_s_and_those_that_a_teacher_gave(
    school: School, other_school: School
):
    behaviour = school.a_behaviour("Held the door")
    child = school.people.pupil(2, 7)
    mine = went(school.teacher(2).award(school.pupil(2, 7).person_id, behaviour, note="Twice today.")).id
    other = went(school.teacher(1).award(school.pupil(1, 8).person_id, behaviour)).id

    def held(session: Any) -> set[str]:
        return {one["award_id"] for one in went(session.held_about_me("points"))["items"]}

    assert str(mine) in held(school.pupil(2, 7))
    assert str(mine) in held(school.guardian_of(child))
    assert str(mine) in held(school.teacher(2))
    for session in (school.pupil(2, 7), school.guardian_of(child), school.teacher(2)):
        assert str(other) not in held(session)
    assert held(other_school.teacher(1)) == set()


def test_S19_a_long_list_comes_in_pages(school: School):
    behaviour, teacher = school.a_behaviour("Read aloud"), school.teacher(2)
    given = {str(went(teacher.award(school.pupil(2, 8).person_id, behaviour)).id) for _ in range(3)}
    seen: set[str] = set()
    params = {"limit": "2"}
    while True:
        page = went(teacher.bookbag.send("GET", "/v1/me/held/points", teacher.token, params=params)).json()
        seen |= {one["award_id"] for one in page["items"]}
        if page["next"] is None:
            break
        params["after"] = page["next"]
    assert given <= seen
