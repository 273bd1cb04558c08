"""Read models are built anew while clients write and read: no read fails, nothing is lost, no reaction runs."""

import os
import pty
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest

from deploy.operator.config import ROOT
from deploy.operator.maintenance import maintenance_of
from shared.testing.driver import Bookbag, Refused, Saw, Session, Wrote
from tests.faults.test_broker import until_nobody_is_behind
from tests.installation import Bench, School, a_school, went

CLIENTS = 4
REBUILT = ("points", "moderation", "messaging")
WARM = 3
"""Awards that each client must have had answered before the first rebuild and again after the last: else nothing was
tried."""
REACTED = "SELECT consumer, source, partition, appended FROM projection_cursor WHERE appended > 0 ORDER BY 1, 2, 3"
POSITIONS = "SELECT partition, array_agg(position ORDER BY position) FROM log_event GROUP BY partition"


@dataclass(slots=True)
class Client:
    """A teacher's and a family's phone in one: gives a point and reads what three services show, again and again.

    The family's has written nothing itself, so that no read of it may wait or be asked to come again.
    """

    teacher: Session
    family: Session
    pupil: UUID
    behaviour: UUID
    conversation: UUID
    awards: list[Wrote] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)
    failed: list[Refused] = field(default_factory=list)
    warm: threading.Event = field(default_factory=threading.Event)

    def run(self, over: Callable[[], bool]) -> None:
        while not over():
            award = self.teacher.award(self.pupil, self.behaviour)
            points = self.family.points_of(self.pupil)
            others = (self.family.my_standing(), self.family.messages(self.conversation), self.family.me())
            self.failed += [answer for answer in (award, points, *others) if isinstance(answer, Refused)]
            if isinstance(award, Wrote):
                self.awards.append(award)
            if isinstance(points, Saw):
                self.totals.append(int(points["total"]))
            if len(self.awards) % WARM == 0:
                self.warm.set()


@contextmanager
def at_work(clients: list[Client]) -> Iterator[None]:
    """The clients, each answered several times before the block and again after it."""
    ended = threading.Event()
    threads = [threading.Thread(target=client.run, args=(ended.is_set,)) for client in clients]

    def all_answered() -> None:
        for client in clients:
            client.warm.clear()
        for client in clients:
            assert client.warm.wait(60), f"never answered: {client.failed[-3:]}"

    for one in threads:
        one.start()
    try:
        all_answered()
        yield
        all_answered()
    finally:
        ended.set()
        for one in threads:
            one.join(timeout=60)


def rebuild_at_a_terminal(bench: Bench, service: str) -> str:
    """What `./bookbag rebuild` shows a person."""
    ours, theirs = pty.openpty()
    shown = bytearray()
    with subprocess.Popen(
        [str(ROOT / "bookbag"), "rebuild", service],
        env={"BOOKBAG_RUN_DIR": str(bench.it.run_dir), "PATH": os.environ["PATH"], "TERM": "xterm", "COLUMNS": "120"},
        stdout=theirs,
        stderr=theirs,
        stdin=subprocess.DEVNULL,
    ) as command:
        os.close(theirs)
        with suppress(OSError):  # how the end of a terminal shows
            while some := os.read(ours, 4096):
                shown += some
        os.close(ours)
    assert command.returncode == 0, shown.decode()
    return shown.decode()


def rebuild_and_be_told(bench: Bench, service: str) -> dict[str, list[tuple[int, int]]]:
    """As the command does it; read model -> all that was told of its progress."""
    projections = import_module(f"services.{service}.projections").PROJECTIONS
    told: dict[str, list[tuple[int, int]]] = {projection.name: [] for projection in projections}

    def tells(name: str, done: int, total: int) -> None:
        told[name].append((done, total))

    with maintenance_of(bench.config, service, projections) as maintenance:
        for projection in projections:
            maintenance.rebuilder.rebuild(projection, partial(tells, projection.name))
    return told


def parts(progress: list[tuple[int, int]], number: int) -> list[int]:
    return [told[number] for told in progress]


@pytest.fixture(scope="module")
def school(bookbag: Bookbag, operator: Session) -> School:
    return a_school(bookbag, operator, "rowan-hill", seed=29)


@pytest.fixture(scope="module")
def warned(school: School) -> tuple[Session, UUID]:
    """A guardian whom reactions have acted on in both services, and their conversation."""
    parent, head = school.guardian_of(school.people.pupil(1, 8)), school.head
    conversation = went(parent.open_conversation(school.pupil(1, 8).person_id)).id
    message = went(parent.send(conversation, "You are no good at your job.")).id
    went(school.teacher(1).flag(message, track="conduct", category="abusive"))
    [case] = [item["case_id"] for item in went(head.cases())["items"] if item["message_id"] == str(message)]
    went(head.decide(case, "uphold", "It was unkind."))
    return parent, conversation


def a_client(school: School, number: int, behaviour: UUID) -> Client:
    family = school.guardian_of(school.people.pupil(1, number))
    pupil = school.pupil(1, number).person_id
    conversation = went(family.open_conversation(pupil)).id
    return Client(
        teacher=replace(school.teacher(1), bookbag=school.bookbag.forgetful()),
        family=replace(family, bookbag=school.bookbag.forgetful()),
        pupil=pupil,
        behaviour=behaviour,
        conversation=conversation,
    )


def test_models_rebuilt_under_load_fail_no_read_lose_nothing_and_run_no_reaction(
    bench: Bench, school: School, warned: tuple[Session, UUID]
):
    parent, conversation = warned
    clients = [a_client(school, number, school.a_behaviour()) for number in range(1, CLIENTS + 1)]

    def what_others_show() -> list[Any]:
        standing, messages = went(parent.my_standing()), went(parent.messages(conversation))
        return [standing.body, messages.body, went(school.head.cases()).body]

    before = what_others_show()
    until_nobody_is_behind(bench)
    heads, reacted = bench.heads(), {service: bench.ask(service, REACTED) for service in REBUILT}
    assert reacted["moderation"]
    assert reacted["messaging"]
    with at_work(clients):
        shown = {service: rebuild_at_a_terminal(bench, service) for service in REBUILT}
        told = [rebuild_and_be_told(bench, service) for service in REBUILT]

    assert [client.failed for client in clients] == [[]] * CLIENTS
    for client in clients:
        assert client.totals == sorted(client.totals), "a reader saw points go"
        assert went(school.teacher(1).points_of(client.pupil))["total"] == len(client.awards)
    assert what_others_show() == before

    awarded = sum(len(client.awards) for client in clients)
    assert bench.heads() == {**heads, "points": heads["points"] + awarded}
    for _, positions in bench.ask("points", POSITIONS):
        assert positions == list(range(1, len(positions) + 1))
    assert {service: bench.ask(service, REACTED) for service in REBUILT} == reacted
    assert bench.faults() == []

    for of_service in told:
        some = [progress for progress in of_service.values() if progress]  # the others follow logs that are empty
        assert some
        for progress in some:
            assert parts(progress, 0) == sorted(parts(progress, 0))
            assert parts(progress, 1) == sorted(parts(progress, 1))
            assert progress[-1][0] == progress[-1][1]
    for service, of_service in zip(REBUILT, told, strict=True):
        assert [name for name in of_service if f"{service}.{name}" not in shown[service]] == []
