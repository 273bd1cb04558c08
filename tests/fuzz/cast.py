"""Two schools whose people and words bear tokens, and a session of every kind of person."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from shared.testing.driver import Bookbag, Refused, Session
from shared.testing.school import InventedPerson
from tests.canary_school import canary_school
from tests.installation import Bench, School, patiently, went
from tests.pictures import a_scene, saved

ASH, BROOK = "Canary7431", "Canary8642"
"""What stands in every name and word of the one school's and of the other's."""
HERE, ELSEWHERE = "ash-lane", "brook-lane"


@dataclass(slots=True)
class Principal:
    """Somebody who asks.

    Attributes:
        session: None for nobody.
        renew: signs in anew, when a request has ended the session.
        never_sees: tokens that stand in no answer to them.
    """

    name: str
    session: Session | None
    renew: Callable[[], Session | None]
    never_sees: Sequence[str]

    def headers(self) -> Mapping[str, str]:
        return {} if self.session is None else {"Authorization": f"Bearer {self.session.token}"}


@dataclass(slots=True)
class Cast:
    """Everybody, and the ids of what there is, by the field that names such a thing."""

    principals: list[Principal]
    ids: dict[str, list[str]] = field(default_factory=dict)

    def id_for(self, name: str) -> list[str]:
        """Ids that a field or a parameter of this name could hold; any where none is known."""
        kind = name.removesuffix("s")
        return self.ids.get(kind) or sorted({one for found in self.ids.values() for one in found})


def cast(bench: Bench) -> Cast:
    """Makes both schools and signs everybody in."""
    bookbag = Bookbag(bench.it.state["gateway"])
    operator = went(bookbag.sign_in_operator(bench.operator_password()))
    here = _with_leaders(canary_school(bookbag, operator, HERE, 51, ASH))
    there = _with_leaders(canary_school(bookbag, operator, ELSEWHERE, 52, BROOK))
    ids: dict[str, list[str]] = {}
    for school, token in ((here, ASH), (there, BROOK)):
        for name, made in _lived_in(school, token).items():
            ids.setdefault(name, []).extend(str(one) for one in made)
    removed = _removed(here, ids)

    door = _Door(bookbag, lambda: went(bookbag.sign_in_operator(bench.operator_password())))
    people = here.people
    staff = {
        "teacher": people.teacher(1),
        "support staff": people.support_staff(1),
        "headteacher": people.headteacher,
        "deputy": people.deputy,
        "safeguarding lead": people.safeguarding_lead,
        "office": people.office,
        "governor": people.governor,
    }
    guardian = people.guardians_of(people.pupil(1, 1))[0]
    elsewhere = there.people.guardians_of(there.people.pupil(1, 1))[0]
    return Cast(
        [
            Principal("nobody", None, lambda: None, (ASH, BROOK)),
            door.somebody("guardian", here, guardian, "guardian"),
            *(door.somebody(name, here, person, "staff") for name, person in staff.items()),
            door.somebody("pupil", here, people.pupil(1, 1), "pupil"),
            Principal("operator", operator, door.operating, (ASH, BROOK)),
            door.somebody("restricted guardian", here, removed, "guardian"),
            door.somebody("guardian of another school", there, elsewhere, "guardian", (ASH,)),
        ],
        ids,
    )


@dataclass(frozen=True, slots=True)
class _Door:
    """Where people of both schools sign in. An operator gives out the codes, and signs in anew where that is needed."""

    bookbag: Bookbag
    operating: Callable[[], Session]

    def somebody(
        self, name: str, school: School, person: Any, capacity: str, never_sees: Sequence[str] = (BROOK,)
    ) -> Principal:
        def renew() -> Session | None:
            return self.again(school, person, capacity)

        return Principal(name, school.newly_signed_in(person, capacity), renew, never_sees)

    def again(self, school: School, person: Any, capacity: str) -> Session | None:
        """A new session; None for who was erased meanwhile, or has no such capacity any more."""
        code = self.operating().one_time_code(school.slug, person.login)
        if isinstance(code, Refused):
            return None
        session = self.bookbag.sign_in(school.slug, person.login, code=code, capacity=capacity)
        return None if isinstance(session, Refused) else session


def _with_leaders(school: School) -> School:
    for person, role in (
        (school.people.deputy, "deputy_headteacher"),
        (school.people.safeguarding_lead, "safeguarding_lead"),
        (school.people.governor, "governor"),
    ):
        went(school.operator.appoint(person.login, role, school.school_id))
    return school


def _lived_in(school: School, token: str) -> dict[str, list[UUID | str]]:
    """One of everything, with the token in every word."""
    people, head, teacher = school.people, school.head, school.teacher(1)
    pupils = [school.pupil(1, number).person_id for number in (1, 2)]
    guardians = [school.as_(people.guardians_of(people.pupil(1, number))[0], "guardian") for number in (1, 2)]
    value = went(head.define_value(f"Kind {token}"))
    behaviour = went(head.define_behaviour(f"Shared {token}", value.id))
    award = went(teacher.award(pupils[0], behaviour.id, note=f"{token} shared"))
    classes = [item["class_id"] for item in patiently(teacher.classes)["items"]]
    story = went(teacher.post_story(classes[0], f"We painted, said {token}", confirmed=True))
    went(teacher.post_story(classes[0], f"{token} painted", pupil_id=pupils[0], confirmed=True))
    media = went(teacher.upload_picture(saved(a_scene(), "JPEG")))
    conversation = went(guardians[0].open_conversation(pupils[0]))
    message = went(guardians[0].send(conversation.id, f"{token} writes that you are no good"))
    went(teacher.send(conversation.id, f"{token} answers", confirmed=True))
    went(teacher.flag(message.id, note=f"{token} reads as a threat"))
    concern = went(guardians[0].send(conversation.id, f"{token} is sad at home"))
    went(teacher.flag(concern.id, track="child_concern", category="emotional_harm", note=f"{token} seems afraid"))
    report = went(teacher.report_reshare(guardians[1].person_id, "photograph", f"{token} was on a page"))
    cases = [item["case_id"] for item in patiently(head.cases)["items"]]
    lead = school.as_(people.safeguarding_lead, "staff")
    records = [item["record_id"] for item in patiently(lead.records)["items"]]
    return {
        "pupil_id": [*pupils],
        "guardian_id": [guardian.person_id for guardian in guardians],
        "staff_id": [teacher.person_id, head.person_id],
        "subject_id": [*pupils, guardians[0].person_id],
        "reported_id": [guardians[1].person_id, teacher.person_id],
        "school_id": [school.school_id],
        "class_id": [*classes],
        "value_id": [value.id],
        "behaviour_id": [behaviour.id],
        "award_id": [award.id],
        "story_id": [story.id],
        "media_id": [media.id],
        "conversation_id": [conversation.id],
        "message_id": [message.id, concern.id],
        "item_id": [message.id, story.id, award.id],
        "report_id": [report.id],
        "case_id": [*cases],
        "record_id": [*records],
    }


def _removed(school: School, ids: dict[str, list[str]]) -> InventedPerson:
    """A guardian whom the Headteacher has removed, as the way there is: a warning, its receipt, and again."""
    person = school.people.guardians_of(school.people.pupil(2, 3))[0]
    pupil_id, teacher, head = school.pupil(2, 3).person_id, school.teacher(2), school.head
    for warned in (True, False):
        parent = school.newly_signed_in(person, "guardian")
        conversation = went(parent.open_conversation(pupil_id))
        message = went(parent.send(conversation.id, f"{ASH} writes that you are no good"))
        went(teacher.flag(message.id, note=f"{ASH} reads as a threat"))
        [case] = [item for item in patiently(head.cases)["items"] if item["message_id"] == str(message.id)]
        went(head.decide(case["case_id"], "uphold", f"{ASH} was unkind"))
        ids["case_id"].append(case["case_id"])
        if warned:
            warning = patiently(parent.my_standing)["warning"]["warning_id"]
            ids["warning_id"] = [warning]
            went(parent.receive_warning(warning))
    return person
