"""Loads the invented school into an empty development installation and writes down how one person a role signs in.

Everything goes through the gateway, as a client app would. Passwords are generated, shown once to whoever may read the
run folder (mode 0600), and never defaults.
"""

import json
import os
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import ParamSpec, TypeVar

from shared.testing.driver import Bookbag, Refused, Session, Wrote
from shared.testing.school import InventedSchool, invented_school

SLUG = "willowbrook"
VALUES = (
    ("Kindness", "value", ("Helped a friend", "Welcomed someone new")),
    ("Courage", "value", ("Tried something hard", "Owned up to a mistake")),
    ("Respect", "value", ("Listened well", "Looked after our things")),
    ("Ready to learn", "rule", ("Settled down quickly",)),
)
PATIENCE = 60
"""How often something is asked for on a slow machine; each time it waits two seconds."""
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"

P = ParamSpec("P")
T = TypeVar("T")


class NotLoaded(Exception):  # noqa: N818 - its text is the sentence that is shown
    """The school could not be loaded."""


@dataclass(frozen=True, slots=True)
class Person:
    """One line of the sign-in sheet."""

    role: str
    name: str
    login: str
    capacity: str
    password: str


def load(gateway: str, operator_password: str, say: Callable[[str], None]) -> list[Person]:
    """Registers the school, brings its roster in, appoints leaders, defines values and sets passwords."""
    school = invented_school(seed=5, classes=8, pupils_per_class=26, on=date.today())  # noqa: DTZ011 - a school day
    with Bookbag(gateway) as bookbag:
        operator = _went(bookbag.sign_in_operator, operator_password)
        say(f"registering {school.name}")
        school_id = _went(operator.register_school, SLUG, school.name).id
        say("bringing in its roster")
        _went(operator.import_roster, school.zip(), school_id)
        _went(operator.appoint, school.deputy.login, "deputy_headteacher", school_id)
        _went(operator.appoint, school.safeguarding_lead.login, "safeguarding_lead", school_id)
        say("setting passwords")
        people = [_with_password(bookbag, operator, someone) for someone in _one_of_each(school)]
        say("defining values and behaviours")
        head = people[0]
        _define(_went(bookbag.sign_in, SLUG, head.login, password=head.password, capacity="staff"))
    return people


def _one_of_each(school: InventedSchool) -> list[tuple[str, str, str, str]]:
    pupil = school.pupil(3, 1)
    guardian = school.guardians_of(pupil)[0]
    both = school.teacher_who_is_also_guardian
    found = [
        ("Headteacher", school.headteacher, "staff"),
        ("Deputy Headteacher", school.deputy, "staff"),
        ("Safeguarding lead", school.safeguarding_lead, "staff"),
        ("Office", school.office, "staff"),
        ("Class teacher", school.teacher(3), "staff"),
        ("Support staff", school.support_staff(3), "staff"),
        ("Teacher and guardian", both, "staff"),
        ("Guardian", guardian, "guardian"),
        ("Pupil", pupil, "pupil"),
    ]
    return [(role, f"{who.given_name} {who.family_name}", who.login, capacity) for role, who, capacity in found]


def _with_password(bookbag: Bookbag, operator: Session, someone: tuple[str, str, str, str]) -> Person:
    role, name, login, capacity = someone
    code = _went(operator.one_time_code, SLUG, login)
    session = _went(bookbag.sign_in, SLUG, login, code=code, capacity=capacity)
    password = "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))
    _went(session.choose_password, password)
    return Person(role, name, login, capacity, password)


def _define(head: Session) -> None:
    for name, kind, behaviours in VALUES:
        value: Wrote = _went(head.define_value, name, kind)
        for behaviour in behaviours:
            _went(head.define_behaviour, behaviour, value.id)
    # Whoever is handed the sheet finds them.
    _went(head.behaviours)


def _went(do: Callable[P, T | Refused], *given: P.args, **named: P.kwargs) -> T:
    """The answer. What does not see the roster yet has done nothing and is asked for again; it waits by itself."""
    for _ in range(PATIENCE):
        answer = do(*given, **named)
        if not isinstance(answer, Refused):
            return answer
        if answer.code != "NOT_YET_VISIBLE":
            raise NotLoaded(f"{answer.code or answer.status}: {answer.detail}")
    raise NotLoaded("the roster is still not shown")


def sheet(gateway: str, people: list[Person]) -> str:
    """What a newcomer is shown."""
    rows = [("who", "name", "login", "password")]
    rows += [(person.role, person.name, person.login, person.password) for person in people]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([f"Sign in at {gateway} with the school's name: {SLUG}", "", *lines, ""])


def main() -> None:
    """Loads the school of the installation that BOOKBAG_STATE names."""
    state_file = Path(os.environ["BOOKBAG_STATE"])
    state = json.loads(state_file.read_text())
    password = (Path(state["secrets_dir"]) / "operator.password").read_text().strip()
    try:
        people = load(state["gateway"], password, lambda line: print(f"  {line} ...", flush=True))
    except NotLoaded as problem:
        sys.exit(f"The invented school could not be loaded ({problem}). Start again with: make clean run")
    handle = os.open(state_file.with_name("sign-in.txt"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(sheet(state["gateway"], people))


if __name__ == "__main__":
    main()
