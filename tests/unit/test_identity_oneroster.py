"""Reading a OneRoster set: given its files, when they are read, then the roster, or all that has to be changed."""

import csv
import io
from collections.abc import Mapping
from datetime import date, timedelta

import pytest

from services.identity.oneroster import (
    Roster,
    RosterGuardianship,
    RosterInvalid,
    RosterPost,
    RosterProblem,
    read_roster,
)
from services.identity.oneroster.problems import MOST
from services.identity.oneroster.tables import MOST_ROWS
from shared.events.identity import ClassPost, Relationship, StaffRole, YearGroup
from shared.policy.codes import ROSTER_INVALID, YEAR_OUT_OF_RANGE
from shared.testing.school import InventedSchool, invented_school

TODAY = date(2026, 11, 2)
YESTERDAY, TOMORROW = str(TODAY - timedelta(days=1)), str(TODAY + timedelta(days=1))


@pytest.fixture(scope="module")
def school() -> InventedSchool:
    return invented_school(seed=5, classes=2, pupils_per_class=8, on=TODAY)


@pytest.fixture
def files(school: InventedSchool) -> dict[str, bytes]:
    return dict(school.files())


class Table:
    """One file as rows that a test changes."""

    def __init__(self, files: dict[str, bytes], name: str) -> None:
        self._files, self._name = files, name
        self.rows = list(csv.DictReader(io.StringIO(files[name].decode(), newline="")))

    def row(self, value: str, column: str = "sourcedId") -> dict[str, str]:
        return next(row for row in self.rows if row[column] == value)

    def write(self) -> dict[str, bytes]:
        into = io.StringIO(newline="")
        writer = csv.DictWriter(into, fieldnames=list(self.rows[0]))
        writer.writeheader()
        writer.writerows(self.rows)
        self._files[self._name] = into.getvalue().encode()
        return self._files


def changed(files: dict[str, bytes], name: str, number: int = 0, /, **cells: str) -> dict[str, bytes]:
    """The set with other cells in one row of one file, counted from 0 below the heading."""
    table = Table(files, name)
    table.rows[number].update(cells)
    return table.write()


def read(files: Mapping[str, bytes]) -> Roster:
    return read_roster(files, on=TODAY)


def problems_of(files: Mapping[str, bytes]) -> list[RosterProblem]:
    with pytest.raises(RosterInvalid) as caught:
        read(files)
    return list(caught.value.problems)


def problem_of(files: Mapping[str, bytes]) -> tuple[str, int, str]:
    """Where the only thing is that is wrong."""
    [problem] = problems_of(files)
    assert problem.message
    return problem.file, problem.line, problem.field


def test_S25_a_set_says_who_is_at_the_school(school: InventedSchool, files: dict[str, bytes]):
    roster = read(files)
    assert {pupil.sourced_id for pupil in roster.pupils} == {pupil.sourced_id for pupil in school.pupils}
    adults = {person.sourced_id for person in school.everyone()} - {pupil.sourced_id for pupil in school.pupils}
    assert {person.sourced_id for person in roster.people} == adults
    [first, second] = roster.classes
    assert (first.title, second.title) == ("Acorns", "Beeches")
    assert list(first.pupils) == [pupil.sourced_id for pupil in school.class_(1).pupils]
    assert list(first.staff) == [
        RosterPost(sourced_id=school.teacher(1).sourced_id, post=ClassPost.CLASS_TEACHER),
        RosterPost(sourced_id=school.support_staff(1).sourced_id, post=ClassPost.SUPPORT_STAFF),
    ]
    links = [(link.pupil, link.guardian) for link in roster.guardianships]
    assert links == [(pupil.sourced_id, adult.sourced_id) for pupil in school.pupils for adult in pupil.adults]


def test_T13_who_is_teacher_and_parent_is_one_person_with_both(school: InventedSchool, files: dict[str, bytes]):
    roster, both = read(files), school.teacher_who_is_also_guardian
    [person] = [person for person in roster.people if person.sourced_id == both.sourced_id]
    assert person.roles == {StaffRole.TEACHER}
    assert [link.relationship for link in roster.guardianships if link.guardian == both.sourced_id] == [
        Relationship.PARENT
    ]


def test_a_byte_order_mark_before_the_heading_does_no_harm(files: dict[str, bytes]):
    marked = {name: b"\xef\xbb\xbf" + content for name, content in files.items()}
    assert read(marked) == read(files)


def test_columns_may_come_in_any_order_and_others_beside_them(files: dict[str, bytes]):
    expected, table = read(files), Table(files, "users.csv")
    table.rows = [{"metadata.x": "y", **dict(reversed(row.items()))} for row in table.rows]
    assert read(table.write()) == expected


def test_blanks_around_a_cell_do_not_count(files: dict[str, bytes]):
    expected, table = read(files), Table(files, "users.csv")
    table.rows = [{column: f" {cell} " for column, cell in row.items()} for row in table.rows]
    assert read(table.write()) == expected


@pytest.mark.parametrize(
    "name",
    [
        "manifest.csv",
        "orgs.csv",
        "academicSessions.csv",
        "courses.csv",
        "classes.csv",
        "users.csv",
        "roles.csv",
        "enrollments.csv",
    ],
)
def test_a_file_that_is_missing_is_named(name: str, files: dict[str, bytes]):
    del files[name]
    assert (name, 0, "") in {(found.file, found.line, found.field) for found in problems_of(files)}


def test_S23_who_sends_no_dates_of_birth_need_not(files: dict[str, bytes]):
    del files["demographics.csv"]
    table = Table(files, "manifest.csv")
    table.row("file.demographics", "propertyName")["value"] = "absent"
    assert {pupil.birth_date for pupil in read(table.write()).pupils} == {None}


@pytest.mark.parametrize(
    ("says", "value"),
    [
        ("oneroster.version", "1.1"),
        ("oneroster.version", ""),
        ("file.users", "delta"),
        ("file.roles", "absent"),
        ("file.demographics", "delta"),
    ],
)
def test_a_set_that_is_not_in_full_or_of_another_version_is_refused(says: str, value: str, files: dict[str, bytes]):
    """A part of a set must never pass for the whole, or everyone else would have left."""
    table = Table(files, "manifest.csv")
    table.row(says, "propertyName")["value"] = value
    assert problem_of(table.write()) == ("manifest.csv", 0, says)


@pytest.mark.parametrize("grade", ["07", "13", "Y7", "IT", "x", "01,07", "-1", "\N{ARABIC-INDIC DIGIT ONE}"])
def test_S23_a_year_that_the_policy_does_not_know_is_refused_with_its_own_code(grade: str, files: dict[str, bytes]):
    table = Table(files, "users.csv")
    number = next(number for number, row in enumerate(table.rows) if row["grades"])
    table.rows[number]["grades"] = grade
    with pytest.raises(RosterInvalid) as caught:
        read(table.write())
    assert caught.value.code is YEAR_OUT_OF_RANGE
    [problem] = caught.value.problems
    assert (problem.file, problem.line, problem.field) == ("users.csv", number + 2, "grades")


def test_S23_a_class_of_such_a_year_is_refused_too(files: dict[str, bytes]):
    with pytest.raises(RosterInvalid) as caught:
        read(changed(files, "classes.csv", grades="08"))
    assert caught.value.code is YEAR_OUT_OF_RANGE


def test_where_more_is_wrong_than_years_the_code_says_so(files: dict[str, bytes]):
    files = changed(changed(files, "classes.csv", grades="08"), "orgs.csv", type="district")
    with pytest.raises(RosterInvalid) as caught:
        read(files)
    assert caught.value.code is ROSTER_INVALID


@pytest.mark.parametrize(
    ("grade", "year"),
    [
        ("N", YearGroup.NURSERY),
        ("PK", YearGroup.NURSERY),
        ("R", YearGroup.RECEPTION),
        ("kg", YearGroup.RECEPTION),
        ("00", YearGroup.RECEPTION),
        ("1", YearGroup.YEAR_1),
        ("y2", YearGroup.YEAR_2),
        ("06", YearGroup.YEAR_6),
        ("Y6", YearGroup.YEAR_6),
        ("05,04", YearGroup.YEAR_4),
        ("01,PK", YearGroup.NURSERY),
    ],
)
def test_S23_year_groups_run_from_nursery_to_year_6_and_a_mixed_class_goes_by_its_youngest(
    grade: str, year: YearGroup, files: dict[str, bytes]
):
    [first, _] = read(changed(files, "classes.csv", grades=grade)).classes
    assert first.year_group is year


def test_a_class_without_a_year_takes_its_course_s(files: dict[str, bytes]):
    before = read(files)
    [first, _] = read(changed(files, "classes.csv", grades="")).classes
    assert first.year_group is before.classes[0].year_group
    without = changed(changed(files, "classes.csv", grades=""), "courses.csv", grades="")
    assert problem_of(without) == ("courses.csv", 2, "grades")


@pytest.mark.parametrize("name", ["users.csv", "orgs.csv", "classes.csv", "courses.csv", "academicSessions.csv"])
def test_an_id_that_stands_twice_is_refused_at_its_second_row(name: str, files: dict[str, bytes]):
    table = Table(files, name)
    table.rows.append(dict(table.rows[0]))
    line = len(table.rows) + 1
    found = {(problem.file, problem.line, problem.field) for problem in problems_of(table.write())}
    assert (name, line, "sourcedId") in found


@pytest.mark.parametrize(
    ("name", "column", "value"),
    [
        ("users.csv", "sourcedId", ""),
        ("users.csv", "givenName", " "),
        ("users.csv", "familyName", ""),
        ("users.csv", "familyName", "x" * 256),
        ("users.csv", "givenName", "a\x00b"),
        ("users.csv", "givenName", "a\nb"),
        ("users.csv", "email", "no address"),
        ("users.csv", "email", "@school.example"),
        ("users.csv", "email", "someone@"),
        ("users.csv", "agentSourcedIds", "nobody"),
        ("classes.csv", "title", ""),
        ("classes.csv", "courseSourcedId", "nothing"),
        ("classes.csv", "schoolSourcedId", "nowhere"),
        ("classes.csv", "termSourcedIds", "never"),
        ("roles.csv", "role", "wizard"),
        ("roles.csv", "userSourcedId", "nobody"),
        ("roles.csv", "orgSourcedId", "nowhere"),
        ("roles.csv", "endDate", "31/08/2027"),
        ("enrollments.csv", "classSourcedId", "nothing"),
        ("enrollments.csv", "userSourcedId", "nobody"),
        ("enrollments.csv", "beginDate", "soon"),
        ("academicSessions.csv", "endDate", "2027-02-30"),
        ("demographics.csv", "birthDate", "2020-13-01"),
    ],
)
def test_a_cell_that_cannot_be_is_pointed_at(name: str, column: str, value: str, files: dict[str, bytes]):
    found = {
        (problem.file, problem.line, problem.field) for problem in problems_of(changed(files, name, **{column: value}))
    }
    assert (name, 2, column) in found or (name, 3, column) in found  # a line break in a cell makes a line more


@pytest.mark.parametrize("value", ["Canary-7431 no address", "x" * 256 + "Canary-7431", "Canary-7431\x07"])
def test_what_stands_in_a_cell_is_never_said_back(value: str, files: dict[str, bytes]):
    assert "Canary-7431" not in repr(problems_of(changed(files, "users.csv", email=value)))


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"sourcedId\xff\xfe", 0),
        (b"", 1),
        (b"sourcedId,status\r\n", 1),
        (b"sourcedId,sourcedId,name,type\r\na,b,c,school\r\n", 1),
        (b"sourcedId,name,type\r\na,b\r\n", 2),
        (b"sourcedId,name,type\r\na,b,school,d\r\n", 2),
        (b'sourcedId,name,type\r\na,"b"c,school\r\n', 2),
        (b'sourcedId,name,type\r\na,"b', 2),
        (b"sourcedId,name,type\r\n" + b"a" * 200_000 + b",b,school\r\n", 2),
        (b"sourcedId,name,type\r\n" + b"a,b,school\r\n" * (MOST_ROWS + 1), MOST_ROWS + 2),
    ],
    ids=[
        "not UTF-8",
        "empty",
        "no such columns",
        "a column twice",
        "too few cells",
        "too many cells",
        "a quotation that goes on",
        "a quotation without end",
        "a huge cell",
        "too many rows",
    ],
)
def test_a_file_that_is_no_table_is_refused_with_the_line(content: bytes, line: int, files: dict[str, bytes]):
    files["orgs.csv"] = content
    with pytest.raises(RosterInvalid) as caught:
        read(files)
    assert ("orgs.csv", line) in {(problem.file, problem.line) for problem in caught.value.problems}


def test_all_that_is_wrong_is_said_at_once_up_to_a_hundred(files: dict[str, bytes]):
    files = changed(changed(files, "users.csv", familyName=""), "classes.csv", title="")
    assert {problem.file for problem in problems_of(files)} == {"users.csv", "classes.csv"}
    table = Table(files, "enrollments.csv")
    table.rows = [table.rows[0] | {"sourcedId": str(n), "userSourcedId": "nobody"} for n in range(300)]
    assert len(problems_of(table.write())) == MOST


@pytest.mark.parametrize(
    "rows", [[], [{"type": "school"}, {"type": "school"}], [{"type": "district"}]], ids=["none", "two", "no school"]
)
def test_S25_a_set_is_one_school_s(rows: list[dict[str, str]], files: dict[str, bytes]):
    lines = ["sourcedId,name,type", *(f"school{n or ''},Ash,{row['type']}" for n, row in enumerate(rows))]
    files["orgs.csv"] = "\r\n".join(lines).encode()
    assert ("orgs.csv", 0, "type") in {(found.file, found.line, found.field) for found in problems_of(files)}


def test_two_people_with_one_login_are_refused_whatever_its_case(school: InventedSchool, files: dict[str, bytes]):
    table = Table(files, "users.csv")
    first, second = school.headteacher, school.deputy
    table.row(second.sourced_id)["email"] = first.login.upper()
    number = next(n for n, row in enumerate(table.rows) if row["sourcedId"] == second.sourced_id)
    assert problem_of(table.write()) == ("users.csv", number + 2, "email")


def test_a_pupil_cannot_be_an_adult_of_the_school_too(school: InventedSchool, files: dict[str, bytes]):
    pupil, table = school.pupil(1, 1).sourced_id, Table(files, "roles.csv")
    table.rows.append(table.row(pupil, "userSourcedId") | {"sourcedId": "one-more", "role": "teacher"})
    assert "A pupil cannot be an adult of the school too." in {found.message for found in problems_of(table.write())}


def test_S25_who_is_marked_as_deleted_is_not_there(school: InventedSchool, files: dict[str, bytes]):
    pupil = school.pupil(1, 1).sourced_id
    for name, column in [
        ("users.csv", "sourcedId"),
        ("roles.csv", "userSourcedId"),
        ("enrollments.csv", "userSourcedId"),
        ("demographics.csv", "sourcedId"),
    ]:
        table = Table(files, name)
        table.row(pupil, column)["status"] = "toBeDeleted"
        table.write()
    roster = read(files)
    assert pupil not in {found.sourced_id for found in roster.pupils}
    assert pupil not in roster.classes[0].pupils


def test_S25_an_account_that_is_switched_off_has_no_role_here(school: InventedSchool, files: dict[str, bytes]):
    table = Table(files, "users.csv")
    table.row(school.teacher(1).sourced_id)["enabledUser"] = "False"
    roster = read(table.write())
    assert school.teacher(1).sourced_id not in {person.sourced_id for person in roster.people}
    assert school.teacher(1).sourced_id not in {post.sourced_id for post in roster.classes[0].staff}


@pytest.mark.parametrize(("until", "is_there"), [(YESTERDAY, False), (str(TODAY), True), (TOMORROW, True), ("", True)])
def test_S25_a_role_holds_up_to_and_with_its_last_day(
    until: str, is_there: bool, school: InventedSchool, files: dict[str, bytes]
):
    table = Table(files, "roles.csv")
    table.row(school.office.sourced_id, "userSourcedId")["endDate"] = until
    assert (school.office.sourced_id in {person.sourced_id for person in read(table.write()).people}) is is_there


@pytest.mark.parametrize(("until", "is_there"), [(YESTERDAY, False), (str(TODAY), True)])
def test_S25_a_pupil_is_in_a_class_up_to_and_with_the_last_day(
    until: str, is_there: bool, school: InventedSchool, files: dict[str, bytes]
):
    pupil, table = school.pupil(1, 2).sourced_id, Table(files, "enrollments.csv")
    table.row(pupil, "userSourcedId")["endDate"] = until
    assert (pupil in read(table.write()).classes[0].pupils) is is_there


@pytest.mark.parametrize(("until", "runs"), [(YESTERDAY, False), (str(TODAY), True)])
def test_S23_a_class_is_over_when_its_last_term_is(until: str, runs: bool, files: dict[str, bytes]):
    assert bool(read(changed(files, "academicSessions.csv", endDate=until)).classes) is runs


@pytest.mark.parametrize(
    ("role", "relationship"),
    [
        ("parent", Relationship.PARENT),
        ("guardian", Relationship.LEGAL_GUARDIAN),
        ("relative", Relationship.RELATIVE),
        ("Parent", Relationship.PARENT),
    ],
)
def test_S26_the_relationship_is_the_adult_s_role(
    role: str, relationship: Relationship, school: InventedSchool, files: dict[str, bytes]
):
    child = school.pupil(1, 1)
    adult, table = child.adults[0].sourced_id, Table(files, "roles.csv")
    table.row(adult, "userSourcedId")["role"] = role
    link = RosterGuardianship(pupil=child.sourced_id, guardian=adult, relationship=relationship)
    assert link in read(table.write()).guardianships


@pytest.mark.parametrize("role", ["counselor", "districtAdministrator", "proctor", "systemAdministrator"])
def test_S16_a_role_that_has_no_place_here_gives_nothing(role: str, school: InventedSchool, files: dict[str, bytes]):
    child = school.pupil(1, 1)
    adult, table = child.adults[0].sourced_id, Table(files, "roles.csv")
    table.row(adult, "userSourcedId")["role"] = role
    roster = read(table.write())
    assert adult not in {person.sourced_id for person in roster.people}
    assert adult not in {link.guardian for link in roster.guardianships}


def test_S43_a_link_may_stand_on_the_child_s_row_on_the_adult_s_or_on_both(
    school: InventedSchool, files: dict[str, bytes]
):
    expected = {(link.pupil, link.guardian) for link in read(files).guardianships}
    child, table = school.pupil(1, 1), Table(files, "users.csv")
    on_both = table.row(child.adults[0].sourced_id)
    on_both["agentSourcedIds"] = child.sourced_id
    both = read(table.write()).guardianships
    assert {(link.pupil, link.guardian) for link in both} == expected
    assert len(both) == len(expected)
    table.row(child.sourced_id)["agentSourcedIds"] = child.adults[1].sourced_id
    assert {(link.pupil, link.guardian) for link in read(table.write()).guardianships} == expected


def test_S43_a_link_between_two_pupils_or_two_adults_relates_nobody(school: InventedSchool, files: dict[str, bytes]):
    expected = read(files).guardianships
    table = Table(files, "users.csv")
    table.row(school.headteacher.sourced_id)["agentSourcedIds"] = school.deputy.sourced_id
    mate = table.row(school.pupil(1, 1).sourced_id)
    mate["agentSourcedIds"] += f",{school.pupil(1, 2).sourced_id}"
    assert read(table.write()).guardianships == expected


def test_who_is_enrolled_as_teacher_and_aide_is_the_class_teacher(school: InventedSchool, files: dict[str, bytes]):
    table = Table(files, "enrollments.csv")
    teacher = table.row(school.teacher(1).sourced_id, "userSourcedId")
    table.rows.insert(0, teacher | {"sourcedId": "aide-too", "role": "aide"})
    posts = {post.sourced_id: post.post for post in read(table.write()).classes[0].staff}
    assert posts[school.teacher(1).sourced_id] is ClassPost.CLASS_TEACHER


def test_S16_a_parent_or_pupil_who_is_enrolled_as_a_teacher_gets_no_class(
    school: InventedSchool, files: dict[str, bytes]
):
    """A slip in one table must not open a class's data to a family."""
    child, table = school.pupil(1, 1), Table(files, "enrollments.csv")
    pattern = table.row(school.teacher(1).sourced_id, "userSourcedId")
    for number, person in enumerate((child.adults[0], school.pupil(1, 2))):
        table.rows.append(pattern | {"sourcedId": f"slip-{number}", "userSourcedId": person.sourced_id})
    assert {post.sourced_id for post in read(table.write()).classes[0].staff} == {
        school.teacher(1).sourced_id,
        school.support_staff(1).sourced_id,
    }


def test_a_teacher_who_is_enrolled_as_a_pupil_is_none(school: InventedSchool, files: dict[str, bytes]):
    table = Table(files, "enrollments.csv")
    table.row(school.teacher(1).sourced_id, "userSourcedId")["role"] = "student"
    roster = read(table.write())
    assert school.teacher(1).sourced_id not in roster.classes[0].pupils
