"""One second after the answer to a removal, suspension or sign-out no request of that session gets a 2xx.

Clients go on asking, in several sessions of one guardian, while a leader decides; then their answers are counted. It
holds too while the broker is away, while moderation's relay stands still, and for a body that came slowly.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID

import orjson
import pytest

from shared.testing.driver import Bookbag, Session
from tests.faults.clients import (
    BOUND,
    GOES_ON,
    Client,
    Condition,
    as_it_is,
    asking,
    assert_nobody_came_in,
    frozen,
    status_of,
    without_the_broker,
)
from tests.installation import Bench, School, a_school, went

SLOWLY = 0.6
"""Seconds between the halves of a slow body: longer than any answer of identity's is acted on."""


def clients_of(session: Session, child: UUID, conversation: UUID) -> list[Client]:
    """What a family's phone does: reads of several services, and writes; one of them with a slow body."""

    def send(method: str, path: str, body: object = None) -> int:
        return status_of(session.bookbag.send(method, path, session.token, json=body))

    def slowly() -> int:
        content = orjson.dumps({"text": "Thank you, and see you on Friday."})

        def halves() -> Iterator[bytes]:
            yield content[:5]
            half_way = time.monotonic() + SLOWLY
            while time.monotonic() < half_way:
                session.me()
            yield content[5:]

        headers = {"Content-Type": "application/json", "Content-Length": str(len(content))}
        path = f"/v1/conversations/{conversation}/messages"
        return status_of(session.bookbag.send("POST", path, session.token, content=halves(), headers=headers))

    message = {"text": "Thank you."}
    return [
        Client("reads who they are", lambda: send("GET", "/v1/me")),
        Client("reads points", lambda: send("GET", f"/v1/pupils/{child}/points")),
        Client("writes", lambda: send("POST", f"/v1/conversations/{conversation}/messages", message)),
        Client("writes slowly", slowly),
    ]


def removes(leader: Session, guardian: UUID) -> Callable[[], object]:
    return lambda: went(leader.decide_about(guardian, "remove", "Threats at the gate."))


def suspends(leader: Session, guardian: UUID) -> Callable[[], object]:
    report = went(leader.report_reshare(guardian, "photograph", "A class photograph stands elsewhere."))
    return lambda: went(leader.decide_reshare(report.id, "confirm", "The photograph is ours, and they put it there."))


Decision = Callable[[Session, UUID], Callable[[], object]]


@pytest.fixture(scope="module")
def school(bookbag: Bookbag, operator: Session) -> School:
    """One of its own: whoever is removed here is missed by no other test."""
    return a_school(bookbag, operator, "hillcrest", seed=23)


@contextmanager
def the_head(bench: Bench, school: School) -> Iterator[Session]:
    """Sees only what they wrote themselves: they do not wait for what the clients write meanwhile."""
    with Bookbag(bench.it.state["gateway"]) as own:
        yield replace(school.head, bookbag=own)


def clients_of_family(school: School, number: int) -> tuple[list[Session], list[Client]]:
    child = school.people.pupil(1, number)
    person = school.people.guardians_of(child)[0]
    sessions = [school.newly_signed_in(person, "guardian") for _ in range(2)]
    pupil = school.pupil(1, number).person_id
    conversation = went(sessions[0].open_conversation(pupil)).id
    return sessions, [client for session in sessions for client in clients_of(session, pupil, conversation)]


@pytest.mark.parametrize(
    ("number", "decision", "condition"),
    [
        (1, removes, as_it_is),
        (2, removes, without_the_broker),
        (3, removes, frozen("moderation.worker")),
        (4, suspends, as_it_is),
    ],
    ids=["removed", "removed, no broker", "removed, relay frozen", "suspended"],
)
def test_S70_S73_one_second_after_a_sanction_nothing_is_let_in(
    number: int, decision: Decision, condition: Condition, bench: Bench, school: School
):
    sessions, clients = clients_of_family(school, number)
    with the_head(bench, school) as head:
        decide = decision(head, sessions[0].person_id)
        with condition(bench), asking(clients) as go_on_for:
            decide()
            answered = time.monotonic()
            go_on_for(BOUND + GOES_ON)
    assert_nobody_came_in(clients, answered + BOUND, turned_away={401, 403})


def test_S21_one_second_after_signing_out_everywhere_nothing_is_let_in(school: School):
    sessions, clients = clients_of_family(school, 5)
    with asking(clients) as go_on_for:
        went(sessions[0].bookbag.send("DELETE", "/v1/sessions", sessions[0].token))
        answered = time.monotonic()
        go_on_for(BOUND + GOES_ON)
    assert_nobody_came_in(clients, answered + BOUND, turned_away={401, 403})
