"""A sanction ends every session of the guardian; the next one is restricted, until a leader lifts the sanction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from shared.testing.driver import Bookbag, Session
from tests.installation import School, a_school, refused, went


@pytest.fixture(scope="module")
def school(bookbag: Bookbag, operator: Session) -> School:
    """One of its own: whoever is removed here is missed by no other test."""
    return a_school(bookbag, operator, "foxholes-access", seed=31)


@dataclass(frozen=True, slots=True)
class Sanction:
    """Attributes: state: as it is called; lifted_by: the Headteacher's decision that ends it."""

    state: str
    clause: str
    impose: Callable[[School, Session], object]
    lifted_by: str

    @property
    def code(self) -> str:
        return self.state.upper()


def remove(school: School, guardian: Session) -> object:
    return went(school.head.decide_about(guardian.person_id, "remove", "Threats at the gate."))


def suspend(school: School, guardian: Session) -> object:
    report = went(school.head.report_reshare(guardian.person_id, "photograph", "A class photograph is on a page."))
    return went(school.head.decide_reshare(report.id, "confirm", "It is ours, and it was put there by them."))


SANCTIONS = [
    Sanction("removed", "S73", remove, "reinstate"),
    Sanction("suspended", "S70", suspend, "lift_suspension"),
]
CLASSES = {"removed": 1, "suspended": 2}


def guardians(school: School, sanction: Sanction, number: int) -> Sequence[Any]:
    """Of the child at that place: a class for each sanction, and a family for each test."""
    return school.people.guardians_of(school.people.pupil(CLASSES[sanction.state], number))


def elsewhere(session: Session, pupil_id: str) -> dict[str, object]:
    """What a restricted session does not reach, in several services."""
    return {
        "points": session.points_of(pupil_id),
        "pupil": session.pupil(pupil_id),
        "conversations": session.conversations(),
        "writing": session.open_conversation(pupil_id),
        "reporting": session.report_reshare(session.person_id, "photograph", "Somebody put it there."),
    }


@pytest.mark.parametrize("sanction", SANCTIONS, ids=lambda sanction: sanction.state)
def test_S70_S73_a_sanction_ends_every_session_of_the_guardian(school: School, sanction: Sanction):
    person = guardians(school, sanction, 1)[0]
    phone, tablet = (school.newly_signed_in(person, "guardian") for _ in range(2))
    sanction.impose(school, phone)
    for session in (phone, tablet):
        assert [refused(answer).status for answer in (session.me(), session.conversations())] == [401, 401]


@pytest.mark.parametrize("sanction", SANCTIONS, ids=lambda sanction: sanction.state)
def test_S19_S70_S73_signing_in_again_opens_a_session_for_the_reasons_the_appeal_and_one_s_own_data(
    school: School, sanction: Sanction
):
    person = guardians(school, sanction, 2)[0]
    sanction.impose(school, school.newly_signed_in(person, "guardian"))
    again = school.newly_signed_in(person, "guardian")
    me = went(again.me())
    assert me["access"] == sanction.state
    standing = went(again.my_standing())
    assert standing["state"] == sanction.state
    assert standing["decisions"][0]["reason"]
    for service in ("identity", "points", "messaging", "moderation"):
        went(again.held_about_me(service))
    went(again.appeal("I should like this to be looked at again."))
    for what, answer in elsewhere(again, me["children"][0]["pupil_id"]).items():
        refusal = refused(answer)
        assert (what, refusal.status, refusal.code, refusal.clause) == (what, 403, sanction.code, sanction.clause)
    assert went(again.choose_password("a long enough password")) is None
    assert again.sign_out() is None
    assert refused(again.me()).status == 401


@pytest.mark.parametrize("sanction", SANCTIONS, ids=lambda sanction: sanction.state)
def test_S64_S70_a_sanctioned_guardian_still_takes_back_what_they_permitted_for_their_child(
    school: School, sanction: Sanction
):
    person = guardians(school, sanction, 6)[0]
    before = school.newly_signed_in(person, "guardian")
    child = went(before.me())["children"][0]["pupil_id"]
    went(before.answer_sharing(child, "photo", allowed=True))
    sanction.impose(school, before)
    again = school.newly_signed_in(person, "guardian")
    went(again.answer_sharing(child, "photo", allowed=False))
    assert {"kind": "photo", "allowed": False} in went(again.sharing_answers(child))["items"]


@pytest.mark.parametrize("sanction", SANCTIONS, ids=lambda sanction: sanction.state)
def test_S06_when_the_sanction_is_lifted_the_guardian_is_back(school: School, sanction: Sanction):
    person = guardians(school, sanction, 4)[0]
    before = school.newly_signed_in(person, "guardian")
    sanction.impose(school, before)
    restricted = school.newly_signed_in(person, "guardian")
    went(school.head.decide_about(restricted.person_id, sanction.lifted_by, "We have talked, and it is put right."))
    me = went(restricted.me())
    assert me["access"] == "active"
    went(restricted.points_of(me["children"][0]["pupil_id"]))
    assert refused(before.me()).status == 401, "what has ended stays so"


@pytest.mark.parametrize("sanction", SANCTIONS, ids=lambda sanction: sanction.state)
def test_T13_the_other_guardian_of_the_same_child_keeps_their_session(school: School, sanction: Sanction):
    one, other = guardians(school, sanction, 5)[:2]
    others = school.newly_signed_in(other, "guardian")
    sanction.impose(school, school.newly_signed_in(one, "guardian"))
    assert went(others.me())["access"] == "active"


def test_T13_a_teacher_who_is_a_removed_guardian_still_teaches(school: School):
    both = school.people.teacher_who_is_also_guardian
    as_staff = school.newly_signed_in(both, "staff")
    as_guardian = school.newly_signed_in(both, "guardian")
    behaviour = school.a_behaviour("Shared the crayons")
    remove(school, as_guardian)
    assert refused(as_guardian.me()).status == 401
    assert went(as_staff.me())["access"] == "active"
    taught = went(as_staff.me())["classes"][0]["class_id"]
    pupil = went(as_staff.class_with_pupils(taught))["pupils"][0]["pupil_id"]
    went(as_staff.award(pupil, behaviour))
    assert went(school.newly_signed_in(both, "guardian").me())["access"] == "removed"
    assert went(school.newly_signed_in(both, "staff").me())["access"] == "active"
