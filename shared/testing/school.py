"""An invented school: who is there, how they are related, and the OneRoster set that says so.

Everyone is plainly invented: family names say it, addresses end with `.example` (RFC 2606). It holds what rosters of
real schools trip over: names with marks and blanks, siblings, a child with three adults and one with a single one, two
children of one name, a teacher whose own child is at the school.
"""

import csv
import io
import random
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

GIVEN = [
    "Ada",
    "Bao",
    "Callum",
    "Dilys",
    "Efe",
    "Freya",
    "Goran",
    "Hana",
    "Idris",
    "Jonah",
    "Keziah",
    "Leila",
    "Maeve",
    "Noor",
    "Olu",
    "Priya",
    "Quentin",
    "Rosa",
    "Siân",
    "Tariq",
    "Uma",
    "Vera",
    "Wren",
    "Ximena",
    "Yusuf",
    "Zoë-Mae",
    "Łukasz",
    "Aoife",
    "D\u2019Arcy",
    "Mei-Ling",
    "Ng",
    "Ekin",
    "Björn",
    "Chloé",
    "Anaïs",
    "Ruaridh",
    "Saoirse",
    "Thu",
]
FAMILY = [
    "Ashgrove",
    "Birdwhistle",
    "Copperfold",
    "Dunnock",
    "Elderbank",
    "Fernsby",
    "Goldcrest",
    "Hazelden",
    "Ivywood",
    "Jackdaw",
    "Kestrelle",
    "Larkrise",
    "Mossop",
    "Nettlebed",
    "O\u2019Thistle",
    "Pipistrelle",
    "Quillfeather",
    "de la Rowan",
    "Smith-Sorrel",
    "van der Teasel",
    "Umberly",
    "Vetchling",
    "Wrenfield",
    "Yarrowby",
    "Zinnia",
]
NAMES = [
    "Ashdown",
    "Brook",
    "Cloverfield",
    "Dovecote",
    "Elmstead",
    "Foxholes",
    "Greenways",
    "Hillcrest",
    "Larkfield",
    "Willowbrook",
]
CLASSES = [
    "Acorns",
    "Beeches",
    "Conkers",
    "Dogwood",
    "Elders",
    "Firs",
    "Gorse",
    "Hawthorn",
    "Ivy",
    "Juniper",
    "Kingcups",
    "Limes",
]
YEARS = ("PK", "KG", "01", "02", "03", "04", "05", "06")
AGES = {year: 3 + number for number, year in enumerate(YEARS)}
LIMIT = 2
"""Adults a child, where the school has not agreed to more (S27)."""

SEPTEMBER = 9
WITH_SIBLING = 2
"""The place in a class of the pupil whose sibling is in the next class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InventedPerson:
    """Attributes: login: an adult's e-mail address, a pupil's user name; roles: as OneRoster names them."""

    sourced_id: str
    given_name: str
    family_name: str
    login: str
    roles: tuple[str, ...]

    @property
    def name(self) -> str:
        """Given name and family name."""
        return f"{self.given_name} {self.family_name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InventedPupil(InventedPerson):
    """Attributes: adults: everyone whom the roster relates to the child, in its order."""

    year: str
    birth_date: date
    adults: tuple[InventedPerson, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InventedClass:
    """A class, its two members of staff, and its pupils in the order of their numbers."""

    sourced_id: str
    title: str
    year: str
    teacher: InventedPerson
    support_staff: InventedPerson
    pupils: tuple[InventedPupil, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InventedSchool:
    """A school whose people are invented; the same seed makes the same people."""

    name: str
    headteacher: InventedPerson
    deputy: InventedPerson
    safeguarding_lead: InventedPerson
    office: InventedPerson
    governor: InventedPerson
    classes: tuple[InventedClass, ...]
    on: date = field(repr=False)

    def class_(self, number: int = 1) -> InventedClass:
        """The class with this number, from 1."""
        return self.classes[number - 1]

    def teacher(self, class_no: int = 1) -> InventedPerson:
        """The teacher of the class with this number, from 1."""
        return self.class_(class_no).teacher

    def support_staff(self, class_no: int = 1) -> InventedPerson:
        """Who helps in the class with this number, from 1."""
        return self.class_(class_no).support_staff

    def pupil(self, class_no: int = 1, number: int = 1) -> InventedPupil:
        """A pupil by class and number in it, both from 1."""
        return self.class_(class_no).pupils[number - 1]

    def guardians_of(self, pupil: InventedPupil) -> Sequence[InventedPerson]:
        """Those of the child's adults who are let in: the first two (S27)."""
        return pupil.adults[:LIMIT]

    @property
    def pupils(self) -> Sequence[InventedPupil]:
        """Every pupil, class by class."""
        return [pupil for found in self.classes for pupil in found.pupils]

    @property
    def teacher_who_is_also_guardian(self) -> InventedPerson:
        """One person with two capacities (T13)."""
        return next(found.teacher for found in self.classes if "parent" in found.teacher.roles)

    @property
    def pupil_with_three_adults(self) -> InventedPupil:
        """A child with one adult more than are let in (S27)."""
        return next(pupil for pupil in self.pupils if len(pupil.adults) > LIMIT)

    def everyone(self) -> Sequence[InventedPerson]:
        """Each person once: staff, pupils, then the other adults."""
        leaders = [self.headteacher, self.deputy, self.safeguarding_lead, self.office, self.governor]
        staff = [person for found in self.classes for person in (found.teacher, found.support_staff)]
        adults = [adult for pupil in self.pupils for adult in pupil.adults]
        people: list[InventedPerson] = [*leaders, *staff, *self.pupils, *adults]
        return list({person.sourced_id: person for person in people}.values())

    def files(self) -> Mapping[str, bytes]:
        """The set's CSV files by name."""
        return {name: _csv(rows) for name, rows in self._tables()}

    def zip(self) -> bytes:
        """The set as it is sent. The same school gives the same bytes."""
        return zipped(self.files())

    def _tables(self) -> Iterator[tuple[str, list[dict[str, str]]]]:
        school, term, people = {"orgSourcedId": "school"}, "year", self.everyone()
        start = date(self.on.year if self.on.month >= SEPTEMBER else self.on.year - 1, 9, 1)
        there = ["academicSessions", "classes", "courses", "demographics", "enrollments", "orgs", "roles", "users"]
        said = {"manifest.version": "1.0", "oneroster.version": "1.2"} | {f"file.{name}": "bulk" for name in there}
        yield "manifest.csv", [{"propertyName": name, "value": value} for name, value in said.items()]
        yield "orgs.csv", [_row("school", name=self.name, type="school", identifier="", parentSourcedId="")]
        times = {"startDate": str(start), "endDate": str(date(start.year + 1, 8, 31)), "parentSourcedId": ""}
        yield (
            "academicSessions.csv",
            [_row(term, title=f"{start.year}", type="schoolYear", **times, schoolYear=f"{start.year + 1}")],
        )
        yield (
            "courses.csv",
            [
                _row(
                    f"course-{year}",
                    schoolYearSourcedId=term,
                    title=f"Year {year}",
                    courseCode="",
                    grades=year,
                    **school,
                )
                for year in dict.fromkeys(found.year for found in self.classes)
            ],
        )
        yield "classes.csv", [self._class_row(found, term) for found in self.classes]
        yield "users.csv", [_user_row(person) for person in people]
        yield (
            "roles.csv",
            [
                _row(
                    f"role-{person.sourced_id}-{role}",
                    userSourcedId=person.sourced_id,
                    roleType="primary" if number == 0 else "secondary",
                    role=role,
                    beginDate="",
                    endDate="",
                    **school,
                )
                for person in people
                for number, role in enumerate(person.roles)
            ],
        )
        yield "enrollments.csv", [row for found in self.classes for row in _enrolment_rows(found)]
        yield (
            "demographics.csv",
            [_row(pupil.sourced_id, birthDate=str(pupil.birth_date), sex="") for pupil in self.pupils],
        )

    def _class_row(self, found: InventedClass, term: str) -> dict[str, str]:
        return _row(
            found.sourced_id,
            title=found.title,
            grades=found.year,
            courseSourcedId=f"course-{found.year}",
            classCode="",
            classType="homeroom",
            schoolSourcedId="school",
            termSourcedIds=term,
        )


def invented_school(seed: int, classes: int, pupils_per_class: int, *, on: date) -> InventedSchool:
    """The same arguments make the same school. Classes: 1 to 12, from the youngest year on; pupils: at least 8 each."""
    return _Inventing(random.Random(seed), on).school(classes, pupils_per_class)  # noqa: S311 - nothing to guess here


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Files as the archive that is sent."""
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 9, 1, 8, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return into.getvalue()


class _Inventing:
    def __init__(self, chance: random.Random, on: date) -> None:
        self._chance, self._on, self._count = chance, on, 0
        self._name = chance.choice(NAMES)

    def school(self, classes: int, pupils_per_class: int) -> InventedSchool:
        staff = {
            "headteacher": self._adult("principal"),
            "deputy": self._adult("teacher"),
            "safeguarding_lead": self._adult("teacher"),
            "office": self._adult("siteAdministrator"),
            "governor": self._adult("aide"),
        }
        teachers = [self._adult("teacher", *(["parent"] if number == 1 else [])) for number in range(classes)]
        families: dict[int, tuple[InventedPerson, ...]] = {}
        made = []
        for number in range(classes):
            year = YEARS[number * len(YEARS) // classes]
            pupils = [self._pupil(year, self._adults(place, families)) for place in range(pupils_per_class)]
            if number == 0 and classes > 1:
                last = pupils[-1]
                pupils[-1] = self._pupil(year, (teachers[1], *last.adults[:1]), like=last)
            made.append(
                InventedClass(
                    sourced_id=f"class-{number + 1}",
                    title=CLASSES[number],
                    year=year,
                    teacher=teachers[number],
                    support_staff=self._adult("aide"),
                    pupils=tuple(pupils),
                )
            )
        return InventedSchool(name=f"{self._name} Primary (invented)", **staff, classes=tuple(made), on=self._on)

    def _adults(self, place: int, families: dict[int, tuple[InventedPerson, ...]]) -> tuple[InventedPerson, ...]:
        """The third of each class has a sibling in the next; the fourth has one adult, the fifth three."""
        if place == WITH_SIBLING and place in families:
            return families.pop(place)
        roles = {3: ["parent"], 4: ["parent", "parent", "relative"], 6: ["guardian"]}.get(place % 8, ["parent"] * 2)
        adults = tuple(self._adult(role) for role in roles)
        if place == WITH_SIBLING:
            families[place] = adults
        return adults

    def _adult(self, *roles: str) -> InventedPerson:
        given, family, login = self._named()
        return InventedPerson(
            sourced_id=f"adult-{self._count}",
            given_name=given,
            family_name=family,
            login=f"{login}@{self._name.casefold()}.example",
            roles=roles,
        )

    def _pupil(self, year: str, adults: tuple[InventedPerson, ...], like: InventedPupil | None = None) -> InventedPupil:
        given, family, login = self._named()
        if like is not None:
            given, family = like.given_name, like.family_name
        september = date(self._on.year if self._on.month >= SEPTEMBER else self._on.year - 1, 9, 1)
        born = september.replace(year=september.year - AGES[year]) - timedelta(days=self._chance.randrange(1, 365))
        return InventedPupil(
            sourced_id=f"pupil-{self._count}",
            given_name=given,
            family_name=family,
            login=login,
            roles=("student",),
            year=year,
            birth_date=born,
            adults=adults,
        )

    def _named(self) -> tuple[str, str, str]:
        self._count += 1
        given, family = self._chance.choice(GIVEN), self._chance.choice(FAMILY)
        # A dot and a number: no two are the same, and none looks like a part of an id.
        return given, f"{family} (invented)", f"{_plain(given)}.{_plain(family)[:6]}.{self._count}"


def _plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.replace("Ł", "L")).casefold()
    return "".join(letter for letter in decomposed if letter.isascii() and letter.isalpha())


def _row(sourced_id: str, **cells: str) -> dict[str, str]:
    return {"sourcedId": sourced_id, "status": "", "dateLastModified": "", **cells}


def _user_row(person: InventedPerson) -> dict[str, str]:
    pupil = person if isinstance(person, InventedPupil) else None
    return _row(
        person.sourced_id,
        enabledUser="true",
        username=person.login,
        userIds="",
        givenName=person.given_name,
        familyName=person.family_name,
        middleName="",
        identifier="",
        email="" if pupil else person.login,
        sms="",
        phone="",
        agentSourcedIds=",".join(adult.sourced_id for adult in pupil.adults) if pupil else "",
        grades=pupil.year if pupil else "",
        password="",
        primaryOrgSourcedId="school",
    )


def _enrolment_rows(found: InventedClass) -> Iterator[dict[str, str]]:
    members: list[tuple[InventedPerson, str]] = [(found.teacher, "teacher"), (found.support_staff, "aide")]
    members += [(pupil, "student") for pupil in found.pupils]
    for person, role in members:
        yield _row(
            f"{found.sourced_id}-{person.sourced_id}",
            classSourcedId=found.sourced_id,
            schoolSourcedId="school",
            userSourcedId=person.sourced_id,
            role=role,
            primary="true" if role == "teacher" else "false",
            beginDate="",
            endDate="",
        )


def _csv(rows: Sequence[Mapping[str, str]]) -> bytes:
    into = io.StringIO(newline="")
    writer = csv.DictWriter(into, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return into.getvalue().encode()
