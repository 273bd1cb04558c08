"""Reads a OneRoster 1.2 CSV set of one school: manifest, orgs, sessions, courses, classes, users, roles, enrolments.

Of demographics the birth date alone is read; nothing else of it is wanted here, and what is not read is not kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.identity.oneroster.problems import Problems
from services.identity.oneroster.roster import (
    Roster,
    RosterClass,
    RosterGuardianship,
    RosterPerson,
    RosterPost,
    RosterPupil,
)
from services.identity.oneroster.tables import Reader, Row
from shared.events.identity import ClassPost, Relationship, StaffRole, YearGroup
from shared.policy.codes import YEAR_OUT_OF_RANGE

VERSION = "1.2"
NEEDED = ("orgs", "academicSessions", "courses", "classes", "users", "roles", "enrollments")
BULK, ABSENT = "bulk", "absent"

STAFF_ROLES: Final[Mapping[str, StaffRole]] = {
    "teacher": StaffRole.TEACHER,
    "aide": StaffRole.SUPPORT_STAFF,
    "principal": StaffRole.HEADTEACHER,
    "siteadministrator": StaffRole.OFFICE,
}
GUARDIAN_ROLES: Final[Mapping[str, Relationship]] = {
    "parent": Relationship.PARENT,
    "guardian": Relationship.LEGAL_GUARDIAN,
    "relative": Relationship.RELATIVE,
}
PUPIL = "student"
NO_PLACE_HERE = frozenset({"counselor", "districtadministrator", "proctor", "systemadministrator"})
"""Roles that OneRoster knows and a class app has no place for."""
POSTS: Final[Mapping[str, ClassPost]] = {"teacher": ClassPost.CLASS_TEACHER, "aide": ClassPost.SUPPORT_STAFF}

GRADES: Final[Mapping[str, YearGroup]] = {
    **dict.fromkeys(("N", "PK", "PR"), YearGroup.NURSERY),
    **dict.fromkeys(("R", "KG", "00", "0"), YearGroup.RECEPTION),
    **{
        spelling: YearGroup(f"Y{number}")
        for number in range(1, 7)
        for spelling in (f"Y{number}", f"{number}", f"{number:02}")
    },
}
"""How systems in English schools write year groups."""


def read_roster(files: Mapping[str, bytes], *, on: date) -> Roster:
    """What the set says of the school as it stands on a day.

    Raises:
        RosterInvalid: with all that has to be changed.
    """
    problems = Problems()
    reader = Reader(files, problems)
    _check_manifest(reader)
    problems.stop_if_any()
    roster = _Reading(reader, on).roster()
    problems.stop_if_any()
    return roster


def _check_manifest(reader: Reader) -> None:
    file = "manifest.csv"
    rows = reader.rows(file, columns=["propertyName", "value"], required=["propertyName"])
    said = {row["propertyName"]: row["value"] for row in rows}
    reader.problems.stop_if_any()
    if said.get("oneroster.version") != VERSION:
        reader.problems.add(file, 0, "oneroster.version", f"Please export the set in version {VERSION}.")
    for name in NEEDED:
        if said.get(f"file.{name}") != BULK:
            reader.problems.add(file, 0, f"file.{name}", "Please export this file in full (bulk).")
    if said.get("file.demographics", ABSENT) not in (BULK, ABSENT):
        reader.problems.add(file, 0, "file.demographics", "Please export this file in full (bulk), or leave it out.")


@dataclass(frozen=True, slots=True)
class _Tables:
    sessions: Mapping[str, Row]
    courses: Mapping[str, Row]
    classes: Mapping[str, Row]
    users: Mapping[str, Row]
    roles: Mapping[str, frozenset[str]]
    enrolments: Mapping[str, list[tuple[str, str]]]
    births: Mapping[str, date]


class _Reading:
    """One pass over a set."""

    def __init__(self, reader: Reader, on: date) -> None:
        self._reader, self._on = reader, on
        self._problems = reader.problems

    def roster(self) -> Roster:
        tables = self._tables()
        pupils = [user for user, roles in tables.roles.items() if PUPIL in roles]
        adults = [user for user, roles in tables.roles.items() if PUPIL not in roles and roles]
        self._check_logins(tables)
        return Roster(
            classes=[self._class(row, tables) for row in tables.classes.values()],
            people=[self._person(tables.users[user], tables.roles[user]) for user in adults],
            pupils=[self._pupil(tables.users[user], tables) for user in pupils],
            guardianships=self._guardianships(tables),
        )

    def _tables(self) -> _Tables:
        reader = self._reader
        orgs = reader.by_id("orgs.csv", columns=["name", "type"], required=["name", "type"])
        if [row["type"] for row in orgs.values()].count("school") != 1:
            self._problems.add("orgs.csv", 0, "type", "Please export one school: one row of the type school.")
        sessions = reader.by_id("academicSessions.csv", columns=["startDate", "endDate"], required=["endDate"])
        courses = reader.by_id("courses.csv", columns=["title", "grades"])
        classes = reader.by_id(
            "classes.csv",
            columns=["title", "grades", "courseSourcedId", "schoolSourcedId", "termSourcedIds"],
            required=["title", "courseSourcedId", "schoolSourcedId", "termSourcedIds"],
        )
        users = reader.by_id(
            "users.csv",
            columns=["enabledUser", "username", "givenName", "familyName", "email", "agentSourcedIds", "grades"],
            required=["givenName", "familyName"],
        )
        kept = {
            sourced_id: row for sourced_id, row in classes.items() if self._is_running(row, sessions, courses, orgs)
        }
        return _Tables(
            sessions=sessions,
            courses=courses,
            classes=kept,
            users=users,
            roles=self._roles(users, orgs),
            enrolments=self._enrolments(classes, users),
            births=self._births(users),
        )

    def _is_running(
        self, row: Row, sessions: Mapping[str, Row], courses: Mapping[str, Row], orgs: Mapping[str, Row]
    ) -> bool:
        """A class is over when all its terms are; next year's may be brought in before the year begins."""
        self._reader.refers(row, "courseSourcedId", courses)
        self._reader.refers(row, "schoolSourcedId", orgs)
        ends = []
        for term in row.many("termSourcedIds"):
            if term not in sessions:
                self._problems.add(row.file, row.line, "termSourcedIds", "No row has the id that is named here.")
                continue
            ends.append(self._reader.date(sessions[term], "endDate"))
        return any(end is not None and end >= self._on for end in ends)

    def _roles(self, users: Mapping[str, Row], orgs: Mapping[str, Row]) -> dict[str, frozenset[str]]:
        """By user: the roles that hold on the day; none for an account that its system has switched off."""
        found: dict[str, set[str]] = {user: set() for user in users}
        columns = ["userSourcedId", "role", "beginDate", "endDate", "orgSourcedId"]
        for row in self._reader.rows("roles.csv", columns=columns, required=["userSourcedId", "role", "orgSourcedId"]):
            role = row["role"].casefold()
            if role not in {*STAFF_ROLES, *GUARDIAN_ROLES, PUPIL, *NO_PLACE_HERE}:
                self._problems.add(row.file, row.line, "role", f"OneRoster {VERSION} has no such role.")
            self._reader.refers(row, "orgSourcedId", orgs)
            if (
                self._reader.refers(row, "userSourcedId", users)
                and self._holds(row)
                and role not in NO_PLACE_HERE
                and users[row["userSourcedId"]]["enabledUser"].casefold() != "false"
            ):
                found[row["userSourcedId"]].add(role)
        for user, roles in found.items():
            if PUPIL in roles and len(roles) > 1:
                row = users[user]
                self._problems.add(row.file, row.line, "sourcedId", "A pupil cannot be an adult of the school too.")
        return {user: frozenset(roles) for user, roles in found.items()}

    def _enrolments(self, classes: Mapping[str, Row], users: Mapping[str, Row]) -> dict[str, list[tuple[str, str]]]:
        """By class: (user, role) as they hold on the day."""
        found: dict[str, list[tuple[str, str]]] = {}
        columns = ["classSourcedId", "userSourcedId", "role", "beginDate", "endDate"]
        for row in self._reader.rows("enrollments.csv", columns=columns, required=columns[:3]):
            known = self._reader.refers(row, "classSourcedId", classes)
            known = self._reader.refers(row, "userSourcedId", users) and known
            if known and self._holds(row):
                found.setdefault(row["classSourcedId"], []).append((row["userSourcedId"], row["role"].casefold()))
        return found

    def _holds(self, row: Row) -> bool:
        """Whether it has not ended. What begins later is taken now, so that a class is ready on its first day."""
        self._reader.date(row, "beginDate")
        end = self._reader.date(row, "endDate")
        return end is None or end >= self._on

    def _births(self, users: Mapping[str, Row]) -> dict[str, date]:
        if "demographics.csv" not in self._reader.files:
            return {}
        found = {}
        for user, row in self._reader.by_id("demographics.csv", columns=["birthDate"]).items():
            born = self._reader.date(row, "birthDate")
            if born is not None and user in users:
                found[user] = born
        return found

    def _check_logins(self, tables: _Tables) -> None:
        """A login finds one person: an adult's e-mail address, a pupil's user name."""
        taken: set[str] = set()
        for user, roles in tables.roles.items():
            row, column = tables.users[user], "username" if PUPIL in roles else "email"
            login = row[column].casefold()
            if login and roles:
                if login in taken:
                    self._problems.add(row.file, row.line, column, "Somebody else in the set signs in with this.")
                taken.add(login)

    def _class(self, row: Row, tables: _Tables) -> RosterClass:
        pupils: list[str] = []
        staff: dict[str, ClassPost] = {}
        for user, role in tables.enrolments.get(row["sourcedId"], []):
            roles = tables.roles[user]
            if role == PUPIL and PUPIL in roles:
                pupils.append(user)
            elif role in POSTS and not roles.isdisjoint(STAFF_ROLES):
                # Who is enrolled as both is the class's teacher.
                staff[user] = min(POSTS[role], staff.get(user, POSTS[role]))
        course = tables.courses.get(row["courseSourcedId"])
        grades = row if row["grades"] or course is None else course
        return RosterClass(
            sourced_id=row["sourcedId"],
            title=row["title"],
            year_group=self._year(grades),
            pupils=list(dict.fromkeys(pupils)),
            staff=[RosterPost(sourced_id=user, post=post) for user, post in staff.items()],
        )

    def _year(self, row: Row) -> YearGroup:
        """The first of a row's grades: a mixed class goes by its youngest."""
        grades = row.many("grades")
        if not grades:
            self._problems.add(row.file, row.line, "grades", "Please fill this in.")
            return YearGroup.NURSERY
        unknown = [grade for grade in grades if grade.upper() not in GRADES]
        if unknown:
            words = "Our year groups are N, R and Y1 to Y6 (PK, KG and 01 to 06 do as well)."
            self._problems.add(row.file, row.line, "grades", words, YEAR_OUT_OF_RANGE)
            return YearGroup.NURSERY
        order = list(YearGroup)
        return min((GRADES[grade.upper()] for grade in grades), key=order.index)

    def _person(self, row: Row, roles: frozenset[str]) -> RosterPerson:
        email = row["email"] or None
        if email is not None and ("@" not in email[1:-1] or " " in email):
            self._problems.add(row.file, row.line, "email", "This is not an e-mail address.")
        return RosterPerson(
            sourced_id=row["sourcedId"],
            given_name=row["givenName"],
            family_name=row["familyName"],
            email=email,
            roles=frozenset(STAFF_ROLES[role] for role in roles if role in STAFF_ROLES),
        )

    def _pupil(self, row: Row, tables: _Tables) -> RosterPupil:
        return RosterPupil(
            sourced_id=row["sourcedId"],
            given_name=row["givenName"],
            family_name=row["familyName"],
            username=row["username"] or None,
            birth_date=tables.births.get(row["sourcedId"]),
            year_group=self._year(row),
        )

    def _guardianships(self, tables: _Tables) -> list[RosterGuardianship]:
        """The set may say it on the child's row, on the adult's, or on both."""
        found: dict[tuple[str, str], RosterGuardianship] = {}
        for user, row in tables.users.items():
            for agent in row.many("agentSourcedIds"):
                if agent not in tables.users:
                    self._problems.add(row.file, row.line, "agentSourcedIds", "No row has the id that is named here.")
                    continue
                pupil, adult = (user, agent) if PUPIL in tables.roles[user] else (agent, user)
                relationship = _relationship(tables.roles[adult])
                if PUPIL in tables.roles[pupil] and relationship is not None:
                    link = RosterGuardianship(pupil=pupil, guardian=adult, relationship=relationship)
                    found.setdefault((pupil, adult), link)
        return list(found.values())


def _relationship(roles: frozenset[str]) -> Relationship | None:
    """What an adult is to the children they are linked to: the closest of their roles."""
    return next((GUARDIAN_ROLES[role] for role in GUARDIAN_ROLES if role in roles), None)
