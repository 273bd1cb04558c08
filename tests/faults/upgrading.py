"""A new version of an event is rolled out: for a while old and new processes of each kind work on the same stores.

An old process that meets the new version cannot read it. It must neither drop it nor take it for the old one. Part of
`make faults`: it needs an installation of its own, and takes most of a minute. What one process does with a newer
version is in tests/integration/test_newer_events.py.
"""

import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID, uuid4

from deploy.local.launch import Installation
from deploy.local.processes import BOOKBAG, Gateway, Product
from shared.testing.driver import Bookbag, Refused, Session, Wrote
from tests.faults.balancer import Balancer
from tests.faults.invariants import INVARIANTS, Databases, Kept, wait_until_quiet
from tests.faults.more_processes import Another, another
from tests.faults.two_of_each import until
from tests.faults.upgraded import HALVES, copy_of_the_tree
from tests.installation import Bench, School, a_school, went

OLD, NEW = 3, 4
"""Awards of each version that both kinds of writer have brought into the log before anything else is replaced. An old
one brings none into a stream that holds a new one."""
PUPILS = 8
SEED = 46
GOES_ON = 200
PASSING = {0, 502, 503, 504}
REPLACED = ("points.api", "points.worker", "moderation.worker")
CONSUMERS = (("points", "pupil_points_v1"), ("moderation", "reportable_awards_v1"))
KNOWS_ONE_VERSION = "read models"
"""The invariant that reads events by their first version; this test has an oracle of its own."""


@dataclass(frozen=True, slots=True)
class Rolling:
    """An installation in front of whose points processes stands a balancer."""

    bench: Bench
    school: School
    balancer: Balancer
    tree: Path


@contextmanager
def rolling_installation(
    folder: Callable[[str], Path], product: Product = BOOKBAG, seed: int = SEED
) -> Iterator[Rolling]:
    """One that is gone with the block. Args: folder: makes one of that name; seed: of where requests are led."""
    tree = copy_of_the_tree(folder("next"), HALVES)
    with Balancer(random.Random(seed)) as balancer:  # noqa: S311 - it leads connections

        def gateway(told: Gateway) -> Mapping[str, str]:
            return BOOKBAG.gateway(replace(told, upstreams={**told.upstreams, "points": balancer.port}))

        told = {**os.environ, "BOOKBAG_MAX_DEATHS_PER_MINUTE": "1000"}
        with Installation(folder("rolling"), environment=told, product=replace(product, gateway=gateway)) as it:
            bench = Bench(it)
            balancer.to = [it.state["processes"]["points.api"]["port"]]
            with Bookbag(it.state["gateway"]) as bookbag:
                operator = went(bookbag.sign_in_operator(bench.operator_password()))
                yield Rolling(bench, a_school(bookbag, operator, "rolls-on", seed=46), balancer, tree)
        it.discard()


@dataclass(slots=True)
class Client:
    """A teacher who awards pupils in turn, each until it is answered."""

    teacher: Session
    pupils: list[UUID]
    behaviour: UUID
    led_on: Callable[[], None]
    awarded: dict[UUID, UUID] = field(default_factory=dict)
    turned_away: list[Refused] = field(default_factory=list)

    def award(self, times: int = 1) -> None:
        for _ in range(times):
            pupil = self.pupils[len(self.awarded) % len(self.pupils)]
            self.awarded[self._until_answered(pupil).id] = pupil

    def _until_answered(self, pupil: UUID) -> Wrote:
        key = str(uuid4())
        for _ in range(GOES_ON):
            answer = self.teacher.award(pupil, self.behaviour, key=key)
            if isinstance(answer, Wrote):
                return answer
            self.turned_away.append(answer)
            assert answer.status in PASSING, f"{answer.status} {answer.code}"
            self.led_on()  # the gateway keeps its connections, and so to the process that could not answer
        raise AssertionError(f"no answer: {self.turned_away[-1]}")


def versions(bench: Bench) -> dict[int, int]:
    """How many awards of each version the log holds."""
    asked = "SELECT schema_version, count(*) FROM log_event WHERE type = 'points.PointAwarded' GROUP BY 1"
    return dict(bench.ask("points", asked))


def parked(bench: Bench, service: str, consumer: str) -> list[UUID]:
    """Ids of the parked events; what waits behind them too."""
    return [row[0] for row in bench.ask(service, "SELECT event_id FROM parked_event WHERE consumer = %s", (consumer,))]


def shown(bench: Bench) -> dict[UUID, int]:
    """Award -> its points, as families see them."""
    return dict(bench.ask("points", "SELECT award_id, points FROM award"))


def reportable(bench: Bench) -> set[UUID]:
    return {row[0] for row in bench.ask("moderation", "SELECT award_id FROM reportable_award")}


def nothing_is_lost(bench: Bench) -> None:
    """What an old consumer could not read waits; what is shown is shown as it is."""
    asked = "SELECT id, (data::text::jsonb ->> 'award_id')::uuid FROM log_event WHERE type = 'points.PointAwarded'"
    awards: dict[UUID, UUID] = dict(bench.ask("points", asked))
    for service, consumer, known in (
        (*CONSUMERS[0], set(shown(bench))),
        (*CONSUMERS[1], reportable(bench)),
    ):
        waiting = {awards[event] for event in parked(bench, service, consumer)}
        assert waiting | known == set(awards.values()), f"{service} has dropped an award"
        assert not waiting & known
    assert set(shown(bench).values()) == {1}, "an award was taken for another number of points"


def clients_of(school: School, led_on: Callable[[], None]) -> list[Client]:
    """Two, with the pupils of one class each."""
    behaviour = school.a_behaviour("Tidied up")

    def pupils(class_no: int) -> list[UUID]:
        return [school.pupil(class_no, place).person_id for place in range(1, PUPILS + 1)]

    return [Client(school.teacher(class_no), pupils(class_no), behaviour, led_on) for class_no in (1, 2)]


def at_once(clients: list[Client], times: int) -> None:
    failed: list[BaseException] = []

    def run(client: Client) -> None:
        try:
            client.award(times)
        except BaseException as error:  # noqa: BLE001 - it is raised below
            failed.append(error)

    threads = [threading.Thread(target=run, args=(client,)) for client in clients]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    if failed:
        raise failed[0]


def of_the_new_version(rolling: Rolling, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`./bookbag` as the new version has it."""
    return subprocess.run(
        [sys.executable, "-m", "deploy.operator", *arguments],
        cwd=rolling.tree,
        env={**os.environ, "BOOKBAG_RUN_DIR": str(rolling.bench.it.run_dir)},
        capture_output=True,
        text=True,
        check=False,
    )


def of_the_next_tree(rolling: Rolling, name: str) -> AbstractContextManager[Another]:
    """A second process of that name. Its command is the product's own, whatever the first is run by."""
    return another(rolling.bench, name, tree=rolling.tree, command=BOOKBAG.command(*name.split(".")))


def replaced_by_the_new_version(rolling: Rolling) -> None:
    """The launcher's own processes, one after the other."""
    supervisor = rolling.bench.it.servers.supervisor
    for name in REPLACED:
        program = supervisor.program(name)
        supervisor.stop(name)
        supervisor.start(replace(program, folder=rolling.tree, command=BOOKBAG.command(*name.split("."))))
        rolling.bench.it.wait_ready(name)


def a_new_version_is_rolled_out(rolling: Rolling) -> None:
    """The scenario."""
    bench = rolling.bench
    clients = clients_of(rolling.school, rolling.balancer.cut)
    at_once(clients, 2)
    [old] = rolling.balancer.to
    assert versions(bench) == {1: 4}
    with ExitStack() as stack:
        # Writers first, which is the wrong way round: the old readers meet what they cannot know.
        new = stack.enter_context(of_the_next_tree(rolling, "points.api"))
        assert new.program.port is not None
        rolling.balancer.to = [old, new.program.port]
        rolling.balancer.cut()
        before, found = versions(bench)[1], dict[int, int]()
        for _ in range(GOES_ON):
            at_once(clients, 1)
            rolling.balancer.cut()
            found = versions(bench)
            if found.get(2, 0) >= NEW and found[1] >= before + OLD:
                break
        assert found.get(2, 0) >= NEW, found
        assert found[1] >= before + OLD, found
        codes = {one.code for client in clients for one in client.turned_away if one.status == 503}
        assert codes <= {"UNAVAILABLE"}, codes
        wait_until_quiet(bench)
        nothing_is_lost(bench)
        assert all(parked(bench, *consumer) for consumer in CONSUMERS), "an old consumer read what it does not know"

        # Old and new readers side by side, on the same cursors.
        for name in ("points.worker", "moderation.worker"):
            stack.enter_context(of_the_next_tree(rolling, name))
        at_once(clients, NEW)
        wait_until_quiet(bench)
        nothing_is_lost(bench)
        replaced_by_the_new_version(rolling)
        rolling.balancer.to = [old]  # the new version listens where the old one did
        rolling.balancer.cut()
    at_once(clients, 1)
    for service, consumer in CONSUMERS:
        tried = of_the_new_version(rolling, "parked", "retry", service, consumer, "--all")
        assert tried.returncode == 0, tried.stdout + tried.stderr
    all_converge(bench, rolling.school, clients)


def all_converge(bench: Bench, school: School, clients: list[Client]) -> None:
    """Every answered award stands, is shown once with its one point, and can be reported."""
    wait_until_quiet(bench)
    until(lambda: not any(parked(bench, *consumer) for consumer in CONSUMERS), bench, "nothing is parked")
    awarded = {award: pupil for client in clients for award, pupil in client.awarded.items()}
    assert shown(bench) == dict.fromkeys(awarded, 1)
    assert reportable(bench) == set(awarded)
    for client in clients:
        for pupil in client.pupils:
            mine = [award for award, whose in awarded.items() if whose == pupil]
            assert went(client.teacher.points_of(pupil))["total"] == len(mine)
    with ExitStack() as stack:
        databases = Databases({name: stack.enter_context(bench.connected(name)) for name in bench.heads()})
        looks = {name: look for name, look in INVARIANTS.items() if name != KNOWS_ONE_VERSION}
        wrong = [line for look in looks.values() for line in look(databases, Kept(schools=[school.school_id]))]
    assert wrong == []
