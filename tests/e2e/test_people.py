"""The school's people as others see them: what is another school's is as if it did not exist."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.testing.driver import Session
from tests.installation import School, refused, went


def told(by: Session, method: str, path: str) -> dict[str, Any]:
    """A refusal but for the id that follows the request."""
    return {
        name: value
        for name, value in refused(by.bookbag.send(method, path, by.token)).body.items()
        if name != "correlation_id"
    }


@pytest.mark.parametrize(
    ("method", "path", "thing"),
    [
        ("GET", "/v1/pupils/{}", "pupil"),
        ("GET", "/v1/pupils/{}/guardians", "pupil"),
        ("GET", "/v1/pupils/{}/points", "pupil"),
        ("GET", "/v1/classes/{}", "class"),
        ("GET", "/v1/classes/{}/points", "class"),
        ("GET", "/v1/schools/{}/parameters", "school"),
        ("GET", "/v1/roster-imports/{}", "import"),
        ("DELETE", "/v1/appointments/{}/office", "staff"),
    ],
)
def test_S16_what_is_another_school_s_is_as_if_it_did_not_exist(
    method: str, path: str, thing: str, school: School, other_school: School
):
    things: dict[str, Callable[[], UUID]] = {
        "pupil": lambda: school.pupil(1, 1).person_id,
        "class": lambda: UUID(went(school.teacher(1).me())["classes"][0]["class_id"]),
        "school": lambda: school.school_id,
        "import": lambda: went(school.operator.import_roster(school.people.zip(), school.school_id)).id,
        "staff": lambda: school.as_(school.people.office, "staff").person_id,
    }
    ours = things[thing]()
    strangers = [other_school.head, other_school.teacher(1), other_school.pupil(1, 1)]
    strangers.append(other_school.guardian_of(other_school.people.pupil(1, 1)))
    for stranger in strangers:
        answer = told(stranger, method, path.format(ours))
        assert answer == told(stranger, method, path.format(uuid4()))
        assert answer["code"] in {"NOT_FOUND", "OFFICE_ONLY", "HEADTEACHER_ONLY"}
    # Of who could do it at their own school, nothing but "not found" is said.
    assert told(other_school.head, method, path.format(ours))["code"] == "NOT_FOUND"


def test_S06_another_school_s_headteacher_varies_nothing_here(school: School, other_school: School):
    body = {"parameters": {"max_parents": 3}, "reason": "We would like to"}
    for target in (school.school_id, uuid4()):
        head = other_school.head
        answer = refused(head.bookbag.send("PUT", f"/v1/schools/{target}/parameters", head.token, json=body))
        assert (answer.status, answer.code) == (404, "NOT_FOUND")
    own = went(school.head.bookbag.send("GET", f"/v1/schools/{school.school_id}/parameters", school.head.token))
    assert own.json()["parameters"]["max_parents"] == 2
