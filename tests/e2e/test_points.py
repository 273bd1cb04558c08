"""From a teacher's tap to a guardian's screen, through nginx, with every process running."""

from uuid import UUID, uuid4

import pytest

from shared.testing.driver import Bookbag, Session
from tests.installation import Bench, School, refused, went


@pytest.fixture(scope="module")
def behaviour(school: School) -> UUID:
    return school.a_behaviour()


def pupil_id(school: School, class_no: int = 1, number: int = 1) -> UUID:
    return school.pupil(class_no, number).person_id


def total(session: Session, pupil: UUID) -> int:
    found = went(session.points_of(pupil))["total"]
    assert isinstance(found, int)
    return found


def test_S32_S34_S31_S36_a_teacher_awards_and_pupil_and_guardians_read_the_same_total(school: School, behaviour: UUID):
    child, pupil = school.people.pupil(1, 1), school.pupil(1, 1)
    before = total(pupil, pupil.person_id)
    award = went(school.teacher(1).award(pupil.person_id, behaviour, points=2, note="Shared the blue paint"))
    assert award.status == 201
    readers = [pupil, school.teacher(1), school.head]
    readers += [school.as_(guardian, "guardian") for guardian in school.people.guardians_of(child)]
    assert [total(reader, pupil.person_id) for reader in readers] == [before + 2] * len(readers)
    seen = went(pupil.points_of(pupil.person_id))
    assert seen["items"][0]["note"] == "Shared the blue paint"
    assert seen["items"][0]["behaviour"] == "Helped a friend"
    assert sum(value["total"] for value in seen["by_value"]) == seen["total"]


def test_S33_a_correction_takes_the_points_back_and_shows_why(school: School, behaviour: UUID):
    teacher, pupil = school.teacher(1), pupil_id(school, 1, 2)
    before = total(teacher, pupil)
    award = went(teacher.award(pupil, behaviour))
    went(teacher.revoke(award.id, "It was somebody else"))
    seen = went(teacher.points_of(pupil))
    assert seen["total"] == before
    assert seen["items"][0]["revoked_because"] == "It was somebody else"
    again = refused(teacher.revoke(award.id, "Once more"))
    assert (again.status, again.code) == (409, "ALREADY_REVOKED")


def test_S33_a_negative_award_is_refused_with_its_clause(school: School, behaviour: UUID):
    answer = refused(school.teacher(1).award(pupil_id(school), behaviour, points=-1))
    assert (answer.status, answer.code, answer.clause) == (422, "POSITIVE_ONLY", "S33")
    assert answer.body["policy_version"]


def test_S34_an_unlinked_award_is_refused_with_its_clause(school: School):
    for nothing in (None, uuid4()):
        answer = refused(school.teacher(1).award(pupil_id(school), nothing))
        assert (answer.status, answer.code, answer.clause) == (422, "UNLINKED_BEHAVIOUR", "S34")


def test_S32_a_guardian_or_pupil_who_awards_is_refused(school: School, behaviour: UUID):
    child = school.people.pupil(1, 1)
    for session in (school.guardian_of(child), school.pupil(1, 1)):
        answer = refused(session.award(pupil_id(school), behaviour))
        assert (answer.status, answer.code, answer.clause) == (403, "STAFF_ONLY", "S32")


def test_S31_a_pupil_s_area_is_their_own(school: School):
    mate = refused(school.pupil(1, 2).points_of(pupil_id(school, 1, 1)))
    assert (mate.status, mate.code, mate.clause) == (403, "NOT_YOUR_AREA", "S31")


def without_correlation(answer: object) -> dict[str, object]:
    return {name: value for name, value in refused(answer).body.items() if name != "correlation_id"}


def test_S16_another_school_s_pupil_is_a_thing_that_does_not_exist(
    school: School, other_school: School, behaviour: UUID
):
    pupil, nobody = pupil_id(school), uuid4()
    stranger, their_behaviour = other_school.teacher(1), other_school.a_behaviour()
    for reads in (stranger, other_school.head, other_school.guardian_of(other_school.people.pupil(1, 1))):
        assert without_correlation(reads.points_of(pupil)) == without_correlation(reads.points_of(nobody))
        assert refused(reads.points_of(pupil)).status == 404
    writes = stranger.award(pupil, their_behaviour)
    assert without_correlation(writes) == without_correlation(stranger.award(nobody, their_behaviour))
    assert refused(writes).status == 404
    # Neither does our behaviour exist for them.
    theirs = pupil_id(other_school)
    assert refused(stranger.award(theirs, behaviour)).code == "UNLINKED_BEHAVIOUR"


def test_S43_another_family_s_child_is_a_thing_that_does_not_exist(school: School):
    parent = school.guardian_of(school.people.pupil(1, 1))
    own = {child["pupil_id"] for child in went(parent.me())["children"]}
    others = [
        pupil_id(school, class_no, number)
        for class_no in (1, 2)
        for number in range(1, 9)
        if str(pupil_id(school, class_no, number)) not in own
    ]
    answers = [without_correlation(parent.points_of(other)) for other in [*others, uuid4()]]
    assert answers == [answers[0]] * len(answers)
    assert answers[0]["code"] == "NOT_FOUND"


def test_the_same_request_with_its_key_gets_the_first_answer(school: School, behaviour: UUID):
    teacher, pupil, key = school.teacher(1), pupil_id(school, 1, 3), str(uuid4())
    before = total(teacher, pupil)
    first = went(teacher.award(pupil, behaviour, key=key))
    assert went(teacher.award(pupil, behaviour, key=key)) == first
    assert total(teacher, pupil) == before + 1
    other = refused(teacher.award(pupil, behaviour, points=3, key=key))
    assert (other.status, other.code) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_a_key_is_its_person_s_own(school: School, behaviour: UUID):
    pupil, key = pupil_id(school, 1, 4), str(uuid4())
    mine = went(school.teacher(1).award(pupil, behaviour, key=key))
    theirs = went(school.teacher(2).award(pupil, behaviour, key=key))
    assert mine.location != theirs.location


def test_who_has_signed_out_is_nobody(school: School):
    session = school.newly_signed_in(school.people.teacher(2), "staff")
    went(session.me())
    session.sign_out()
    assert refused(session.award(pupil_id(school), uuid4())).status == 401


def test_without_signing_in_nothing_is_to_be_had(bookbag: Bookbag, school: School):
    pupil = pupil_id(school)
    for path in ("/v1/me", "/v1/behaviours", f"/v1/pupils/{pupil}/points", "/v1/classes"):
        answer = refused(bookbag.send("GET", path, None))
        assert (answer.status, answer.code) == (401, "NOT_SIGNED_IN")


def test_whatever_was_done_here_the_logs_are_whole(bench: Bench):
    assert bench.faults() == []


def test_S16_no_name_stands_in_a_log_line_or_in_the_logs_of_events(bench: Bench, school: School, behaviour: UUID):
    """The pupils' and adults' names of the roster are the canaries."""
    went(school.teacher(1).award(pupil_id(school, 1, 1), behaviour, note="Canary-note-7431"))
    lines = bench.logs()
    events = "\n".join(str(row[0]) for row in bench.ask("identity", "SELECT data::text FROM log_event"))
    events += "\n".join(str(row[0]) for row in bench.ask("points", "SELECT data::text FROM log_event"))
    canaries = {person.login for person in school.people.everyone()} | {"Canary-note-7431"}
    assert [name for name in canaries if name in lines or name in events] == []
