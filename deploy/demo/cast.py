"""The people of the demo: an invented school of eight classes, signed in by one-time codes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from deploy.demo.stage import Stage
from shared.testing.driver import Bookbag, Session
from shared.testing.school import InventedPerson, InventedSchool, invented_school

CLASSES, PUPILS = 8, 26


@dataclass(frozen=True, slots=True)
class Cast:
    """Who acts: the teacher of class 2, two parents of one of its children, the child, leaders, a stranger."""

    bookbag: Bookbag
    slug: str
    school_id: UUID
    people: InventedSchool
    head: Session
    deputy: Session
    lead: Session
    teacher: Session
    colleague: Session
    support: Session
    mum: Session
    dad: Session
    child: Session
    names: Mapping[str, str]
    pupil_id: UUID
    class_id: UUID

    def again(self, stage: Stage, operator: Session, who: str) -> Session:
        """A parent signs in anew: a sanction ends every session of theirs."""
        mum, dad = self.people.guardians_of(self.people.pupil(2, 1))[:2]
        return Door(stage, self.bookbag, operator, self.slug).enter(mum if who == "mum" else dad, "guardian")


@dataclass(frozen=True, slots=True)
class Door:
    """Lets people in by one-time codes of the operator's (development only)."""

    stage: Stage
    bookbag: Bookbag
    operator: Session
    slug: str

    def enter(self, person: InventedPerson, capacity: str) -> Session:
        code = self.stage.quietly(self.operator.one_time_code, self.slug, person.login)
        return self.stage.quietly(self.bookbag.sign_in, self.slug, person.login, code=code, capacity=capacity)


def gather(stage: Stage, bookbag: Bookbag, operator: Session, slug: str, on: date) -> Cast:
    """Registers the school, brings its roster in, appoints leaders, and signs people in."""
    people = invented_school(seed=2, classes=CLASSES, pupils_per_class=PUPILS, on=on)
    school = stage.does("The operator", f"registers {people.name}", operator.register_school, slug, people.name)
    stage.does(
        "The office's file",
        f"brings in {CLASSES} classes and {CLASSES * PUPILS} pupils with their adults (OneRoster 1.2)",
        operator.import_roster,
        people.zip(),
        school.id,
    )
    for person, role in ((people.deputy, "deputy_headteacher"), (people.safeguarding_lead, "safeguarding_lead")):
        words = role.replace("_", " ")
        stage.does("The operator", f"appoints the school's {words}", operator.appoint, person.login, role, school.id)
    child, (mum, dad) = people.pupil(2, 1), people.guardians_of(people.pupil(2, 1))[:2]
    enter = Door(stage, bookbag, operator, slug).enter
    teacher, pupil = enter(people.teacher(2), "staff"), enter(child, "pupil")
    [taught] = stage.does(people.teacher(2).given_name, "signs in and opens class 2", teacher.classes)["items"]
    return Cast(
        bookbag=bookbag,
        slug=slug,
        school_id=school.id,
        people=people,
        head=enter(people.headteacher, "staff"),
        deputy=enter(people.deputy, "staff"),
        lead=enter(people.safeguarding_lead, "staff"),
        teacher=teacher,
        colleague=enter(people.teacher(3), "staff"),
        support=enter(people.support_staff(2), "staff"),
        mum=enter(mum, "guardian"),
        dad=enter(dad, "guardian"),
        child=pupil,
        names={
            "head": f"{people.headteacher.given_name} (Headteacher)",
            "deputy": f"{people.deputy.given_name} (Deputy)",
            "lead": f"{people.safeguarding_lead.given_name} (safeguarding lead)",
            "teacher": f"{people.teacher(2).given_name} (teaches class 2)",
            "colleague": f"{people.teacher(3).given_name} (teaches class 3)",
            "mum": f"{mum.given_name} (a parent)",
            "dad": f"{dad.given_name} (the other parent)",
            "child": child.given_name,
        },
        pupil_id=pupil.person_id,
        class_id=UUID(taught["class_id"]),
    )
