"""An installation of three partitions with a school in each: the true paths, and what its operator does with it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from deploy.services import SERVICES
from shared.bus.connection import linked
from shared.bus.topology import queue_name
from shared.runtime.config import BrokerConfig, Secret
from shared.testing.driver import Bookbag, Session
from tests.e2e.test_moderation import (
    Line,
    a_line,
    test_S73_the_whole_way_from_a_flag_to_removal_and_back,  # noqa: F401 - collected here too, for these schools
    with_leaders,
)
from tests.e2e.test_points import (
    test_S33_a_correction_takes_the_points_back_and_shows_why,  # noqa: F401 - likewise
)
from tests.faults.test_broker import LOOKS, until_nobody_is_behind
from tests.installation import Bench, School, a_school, an_installation, refused, went

PARTITIONS = 3
SLUGS = ("larch-lane", "maple-mount", "nettle-nook")
FOLLOWED = {
    "identity": ("moderation",),
    "points": ("identity",),
    "messaging": ("identity", "moderation"),
    "moderation": ("identity", "messaging", "points", "stories"),
}
"""Consumer -> some of the services whose logs its queues bring."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with an_installation(tmp_path_factory.mktemp("partitions"), BOOKBAG_PARTITIONS=str(PARTITIONS)) as bench:
        yield bench


def an_app(bench: Bench) -> tuple[Bookbag, Session]:
    """A client app of a school's own, as families have it, and the operator signed in there."""
    bookbag = Bookbag(bench.it.state["gateway"])
    return bookbag, went(bookbag.sign_in_operator(bench.operator_password()))


@pytest.fixture(scope="module")
def schools(bench: Bench) -> Iterator[list[School]]:
    """In the order of their registration, so in partition 1, 2 and 3."""
    made = [with_leaders(*an_app(bench), slug, seed=61 + number) for number, slug in enumerate(SLUGS)]
    yield made
    for school in made:
        school.bookbag.close()


@pytest.fixture(scope="module", params=range(PARTITIONS), ids=SLUGS)
def school(schools: list[School], request: pytest.FixtureRequest) -> School:
    return schools[int(request.param)]


@pytest.fixture(scope="module")
def behaviour(school: School) -> UUID:
    return school.a_behaviour()


@pytest.fixture(scope="module")
def told(schools: list[School]) -> list[Line]:
    """In each school an award, and a parent who has had the one warning and read it."""
    lines = []
    for school in schools:
        line = a_line(school, 2, 1)
        went(school.teacher(2).award(line.pupil_id, school.a_behaviour("Held a door")))
        went(school.head.decide(line.misuse(), "uphold", "It was unkind"))
        went(line.parent.receive_warning(UUID(went(line.parent.my_standing())["warning"]["warning_id"])))
        lines.append(line)
    return lines


def shown(line: Line) -> list[Any]:
    """What the family reads of three services."""
    seen = (
        line.parent.points_of(line.pupil_id),
        line.parent.my_standing(),
        line.parent.messages(line.conversation_id),
    )
    return [went(answer).body for answer in seen]


def partitions_of(bench: Bench, service: str) -> dict[UUID, set[int]]:
    found: dict[UUID, set[int]] = {}
    for school_id, partition in bench.ask(service, "SELECT DISTINCT school_id, partition FROM log_event"):
        found.setdefault(school_id, set()).add(partition)
    return found


@pytest.mark.usefixtures("told")
def test_every_event_of_a_school_stands_in_its_partition_in_every_service(bench: Bench, schools: list[School]):
    expected = {school.school_id: {number} for number, school in enumerate(schools, start=1)}
    for service in ("identity", "points", "messaging", "moderation"):
        found = partitions_of(bench, service)
        assert {school_id: found[school_id] for school_id in expected} == expected


def test_every_log_has_every_partition_and_every_consumer_a_queue_for_each(bench: Bench, schools: list[School]):
    assert schools
    for service in SERVICES:
        heads = {row[0] for row in bench.ask(service, "SELECT partition FROM log_head")}
        assert heads >= set(range(1, PARTITIONS + 1))
    until_nobody_is_behind(bench)
    server = bench.it.state["broker"]
    password = bench.it.servers.broker.password_file.read_text().strip()
    broker = BrokerConfig(host=server["host"], port=server["port"], password=Secret(password))
    with linked(broker, "a look") as link:
        for consumer, sources in FOLLOWED.items():
            for source in sources:
                for partition in range(1, PARTITIONS + 1):
                    link.channel.queue_declare(queue_name(consumer, source, partition), passive=True)


def test_a_write_says_the_partition_that_its_school_is_in_and_a_read_may_wait_for_it(school: School):
    line, number = a_line(school, 2, 2), SLUGS.index(school.slug) + 1
    went(school.teacher(2).award(line.pupil_id, school.a_behaviour("Waited for a friend")))
    positions = dict(one.split(".", 1) for one in school.bookbag.seen_so_far().split(", "))
    assert {name: rest.split(".")[0] for name, rest in positions.items()} == dict.fromkeys(positions, str(number))
    assert went(line.parent.points_of(line.pupil_id))["total"] == 1


def test_S16_no_row_of_a_school_shows_in_another(schools: list[School], told: list[Line]):
    for own, line in zip(schools, told, strict=True):
        for other, theirs in zip(schools, told, strict=True):
            if own is other:
                continue
            assert refused(own.head.points_of(theirs.pupil_id)).code == "NOT_FOUND"
            assert refused(own.head.standing(theirs.parent.person_id)).code == "NOT_FOUND"
            assert refused(line.parent.messages(theirs.conversation_id)).code == "NOT_FOUND"
    decided = [{item["message_id"] for item in went(cases_of(school, "decided")).json()["items"]} for school in schools]
    assert all(decided)
    assert len(set.union(*decided)) == sum(map(len, decided))


def cases_of(school: School, state: str) -> Any:
    return school.bookbag.send("GET", "/v1/moderation/cases", school.head.token, params={"state": state})


def test_read_models_built_anew_show_each_school_the_same(bench: Bench, told: list[Line]):
    before = [shown(line) for line in told]
    assert all(rows[0]["total"] and rows[1]["state"] == "warned" for rows in before)
    for service in SERVICES:
        done = bench.operate("rebuild", service)
        assert done.returncode == 0, done.stdout + done.stderr
    until_nobody_is_behind(bench)
    assert [shown(line) for line in told] == before


def test_S31_S34_each_school_s_points_are_given_by_its_teacher_and_read_by_its_families(school: School):
    child = school.people.pupil(1, 5)
    pupil = school.as_(child, "pupil")
    went(school.teacher(1).award(pupil.person_id, school.a_behaviour("Shared a book"), points=2))
    readers = [pupil, school.teacher(1)]
    readers += [school.as_(adult, "guardian") for adult in school.people.guardians_of(child)]
    assert [went(reader.points_of(pupil.person_id))["total"] for reader in readers] == [2] * len(readers)


def test_an_erasure_in_one_school_is_carried_out_and_touches_no_other(bench: Bench, schools: list[School]):
    school, others = schools[2], schools[:2]
    gone = school.pupil(2, 5)
    went(school.as_(school.people.office, "staff").decide_erasure(gone.person_id))
    done = bench.operate("erase", school.slug)
    assert done.returncode == 0, done.stdout + done.stderr
    assert refused(gone.me()).status == 401
    for other in others:
        assert went(other.pupil(2, 5).me())["capacity"] == "pupil"


def test_a_worker_that_is_killed_goes_on_with_every_partition(bench: Bench, told: list[Line], schools: list[School]):
    before = [shown(line)[0]["total"] for line in told]
    bench.it.kill("points.worker")
    for school, line in zip(schools, told, strict=True):
        went(school.teacher(2).award(line.pupil_id, school.a_behaviour("Carried a chair")))
    bench.it.wait_ready("points.worker")
    until_nobody_is_behind(bench)
    assert [shown(line)[0]["total"] for line in told] == [total + 1 for total in before]


def test_one_more_partition_takes_the_next_school_while_everything_runs_and_fewer_are_refused(
    bench: Bench, schools: list[School]
):
    assert schools
    fewer = bench.operate("migrate", BOOKBAG_PARTITIONS="2")
    assert fewer.returncode == 2
    assert "it can be raised, never lowered" in " ".join(fewer.stdout.split())
    wrong = bench.operate("migrate", BOOKBAG_PARTITIONS="none")
    assert wrong.returncode == 2
    assert "BOOKBAG_PARTITIONS must be a whole number" in " ".join(wrong.stdout.split())
    assert bench.operate("migrate").returncode == 0, "who names no number keeps what there is"
    more = bench.operate("migrate", BOOKBAG_PARTITIONS=str(PARTITIONS + 1))
    assert more.returncode == 0, more.stdout + more.stderr
    bookbag, operator = an_app(bench)
    with bookbag:
        school = a_school(bookbag, operator, "oak-orchard", seed=71)
        pupil = school.pupil(1, 1)
        went(school.teacher(1).award(pupil.person_id, school.a_behaviour()))
        assert went(pupil.points_of(pupil.person_id))["total"] == 1
    assert partitions_of(bench, "points")[school.school_id] == {PARTITIONS + 1}


def lines_of(bench: Bench, *options: str) -> list[dict[str, Any]]:
    done = bench.operate("checkpoints", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.usefixtures("told")
def test_the_lines_of_every_partition_are_carried_away_and_compared_also_after_a_new_key(bench: Bench, tmp_path: Path):
    newest = lines_of(bench, "--now")
    signed = {(line["service"], line["partition"]) for line in newest}
    written = ("identity", "points", "messaging", "moderation")
    assert signed >= {(service, number) for service in written for number in range(1, PARTITIONS + 1)}
    carried = tmp_path / "carried"
    carried.write_text("".join(json.dumps(line) + "\n" for line in newest))
    assert bench.operate("verify", "--carried", str(carried)).stdout == "Every log is whole.\n"
    known = bench.operate("checkpoints", "keys").stdout.splitlines()
    rotated = bench.operate("checkpoints", "rotate")
    assert rotated.returncode == 0, rotated.stdout + rotated.stderr
    assert bench.operate("checkpoints", "keys").stdout.splitlines() == [*known, rotated.stdout.strip()]
    assert bench.operate("verify", "--carried", str(carried)).stdout == "Every log is whole.\n"
    carried.write_text("no checkpoint\n")
    assert bench.operate("verify", "--carried", str(carried)).returncode == 2


@pytest.mark.usefixtures("told")
def test_a_line_that_was_taken_away_is_said_where_it_stood(bench: Bench):
    lines_of(bench, "--now")
    with bench.connected("keys") as connection:
        row = connection.execute(
            "DELETE FROM checkpoint WHERE (service, partition, number) = (SELECT service, partition, max(number)"
            " FROM checkpoint WHERE service = 'points' AND partition = 2 GROUP BY 1, 2) RETURNING *"
        ).fetchone()
    assert row is not None
    done = bench.operate("verify", "--json")
    assert done.returncode == 1
    position = json.loads(row[3])["position"]
    assert json.loads(done.stdout)["points"] == [
        f"2.{position}: checkpoint {row[2]} that was carried away is not kept here any more"
    ]
    assert bench.operate("checkpoints", "put-back").stdout == "Put back: 1\n"
    assert bench.operate("verify").returncode == 0


@pytest.mark.usefixtures("told")
def test_a_worker_signs_by_itself_what_each_partition_has_come_to(bench: Bench):
    """As when a log has no checkpoint yet: those of messaging are taken away with their copies."""
    bench.it.stop("messaging.worker")
    with bench.connected("keys") as connection:
        connection.execute("DELETE FROM checkpoint WHERE service = 'messaging'")
    for copy in bench.config.checkpoints.glob("messaging.*"):
        copy.unlink()
    bench.it.resume("messaging.worker")
    wanted = {("messaging", number) for number in range(1, PARTITIONS + 1)}
    expected = {f"messaging.{number}.jsonl" for number in range(1, PARTITIONS + 1)}
    signed: set[tuple[str, int]] = set()
    copies: set[str] = set()
    for _ in range(LOOKS):
        signed = {(line["service"], line["partition"]) for line in lines_of(bench)}
        copies = {path.name for path in bench.config.checkpoints.glob("messaging.*")}
        if wanted <= signed and expected <= copies:  # a line is copied a moment after it is kept
            break
    assert wanted <= signed
    assert expected <= copies


def test_whatever_was_done_here_every_log_is_whole_in_every_partition(bench: Bench):
    until_nobody_is_behind(bench)
    done = bench.operate("verify")
    assert (done.returncode, done.stdout) == (0, "Every log is whole.\n")
