"""What an operator sees and mends: events that a read model could not take, and how far everything is."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from deploy.services import SERVICES
from tests.faults.invariants import until
from tests.installation import Bench, School, went

pytestmark = pytest.mark.usefixtures("school")


def parked(bench: Bench) -> list[dict[str, Any]]:
    done = bench.operate("parked", "--json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def change(bench: Bench, sql: str) -> None:
    """A change to points' database, as its superuser."""
    config = bench.config
    assert config.superuser_password_file is not None
    with psycopg.connect(
        host=config.host,
        port=config.port,
        dbname="bookbag_points",
        user=config.superuser,
        password=config.superuser_password_file.read_text().strip(),
    ) as connection:
        connection.execute(sql)


def total(school: School, pupil: Any) -> int:
    return int(went(school.teacher(1).points_of(pupil))["total"])


def test_an_award_that_a_read_model_cannot_take_is_shown_by_ids_and_counted_once_after_a_retry(
    bench: Bench, school: School
):
    pupil, behaviour = school.pupil(1, 8).person_id, school.a_behaviour("Mended a book")
    teacher = school.teacher(1)
    went(teacher.award(pupil, behaviour))
    before = total(school, pupil)
    assert bench.operate("parked").stdout == "Nothing is parked.\n"
    change(bench, "ALTER TABLE award_v1 ADD CONSTRAINT takes_nothing CHECK (false) NOT VALID")
    went(teacher.award(pupil, behaviour))
    went(teacher.award(pupil, behaviour))
    assert total(school, pupil) == before, "the cursor has moved on without them"
    first, second = parked(bench)
    assert (first["service"], first["source"], first["event_type"]) == ("points", "points", "points.PointAwarded")
    assert (first["why"], second["why"]) == ("CheckViolation", "behind")
    assert first["stream"] == second["stream"] == f"points-{pupil}"
    again = bench.operate("parked", "retry", "points", first["consumer"], first["stream"])
    assert (again.returncode, len(parked(bench))) == (1, 2), "it fails as before"
    change(bench, "ALTER TABLE award_v1 DROP CONSTRAINT takes_nothing")
    mended = bench.operate("parked", "retry", "points", first["consumer"], "--all")
    assert mended.returncode == 0, mended.stdout
    assert mended.stdout == f"{first['stream']}: 2 taken\n"
    assert total(school, pupil) == before + 2
    assert parked(bench) == []
    assert bench.faults() == []


@pytest.mark.parametrize(
    "arguments",
    [("nobody", "model", "--all"), ("points", "no_such_model", "--all"), ("points", "pupil_points_v1")],
)
def test_a_retry_of_what_is_not_there_says_so_and_changes_nothing(bench: Bench, arguments: tuple[str, ...]):
    done = bench.operate("parked", "retry", *arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_the_status_names_every_relay_and_consumer_and_how_far_it_is(bench: Bench):
    found = json.loads(bench.operate("status", "--json").stdout)
    assert {one["service"] for one in found if one["name"] == "relay"} == set(SERVICES)
    assert {one["source"] for one in found if one["name"].startswith("roster")} == {"identity"}
    assert all(one["lag"] == max(0, one["head"] - one["position"]) for one in found)
    assert len(bench.operate("status").stdout.splitlines()) >= len(found)


@pytest.mark.parametrize("service", SERVICES)
def test_a_worker_says_which_consumers_it_has_and_shows_its_metrics(bench: Bench, service: str):
    process = bench.it.state["processes"][f"{service}.worker"]
    assert f'bookbag_bus_connected{{service="{service}",what="relay"}}' in bench.metrics(f"{service}.worker")
    log = [line for line in Path(process["log"]).read_text().splitlines() if line.startswith("{")]
    said = [line for line in map(json.loads, log) if line["event"] == "consumer.declared"]
    assert {line["source"] for line in said} >= {"identity"}
    assert all(line["consumer"] and line["event_type"] for line in said)


def delivered(bench: Bench, process: str, source: str) -> float:
    """How many events of a source the bus has brought to a worker since it started."""
    told = f'bookbag_bus_delivered_total{{source="{source}"}} '
    found = [line.removeprefix(told) for line in bench.metrics(process).splitlines() if line.startswith(told)]
    return float(found[0]) if found else 0.0


def test_events_of_identity_come_to_points_over_the_bus(bench: Bench, school: School):
    before = delivered(bench, "points.worker", "identity")
    pupil, guardian = school.pupil(2, 2).person_id, school.guardian_of(school.people.pupil(2, 2))
    went(guardian.answer_sharing(pupil, "recording", allowed=True))
    until(bench, lambda: delivered(bench, "points.worker", "identity") > before, "the bus has brought it to points")
