"""What people call themselves and write stands in no log, metric or event, and is gone when its key is."""

from collections.abc import Iterator
from contextlib import ExitStack
from importlib import import_module
from uuid import UUID, uuid4

import pytest

from deploy.operator.maintenance import maintenance_of
from deploy.services import SERVICES
from shared.privacy.categories import Category
from shared.privacy.keystore import Eraser, Owner
from shared.projections.rebuild import no_progress
from shared.runtime.clock import SystemClock
from shared.runtime.database import open_pool
from shared.testing.driver import Bookbag, Session
from shared.testing.school import zipped
from tests.canary_school import TOKEN, canary_files, canary_school, logs_with_token, tables_with_token
from tests.faults.invariants import wait_until_quiet
from tests.installation import Bench, School, refused, went

PASSWORD = f"{TOKEN} is my password"


@pytest.fixture(scope="module")
def canaries(bookbag: Bookbag, operator: Session) -> School:
    return canary_school(bookbag, operator, "canary-lane", seed=31)


@pytest.fixture(scope="module")
def behaviour(canaries: School) -> UUID:
    return canaries.a_behaviour("Sang in tune")


def metrics(bench: Bench) -> Iterator[str]:
    """What each process would tell who collects its numbers."""
    yield from map(bench.metrics, bench.it.state["processes"])


def log_of_events(bench: Bench) -> str:
    columns = "row_to_json(e)::text"
    return "\n".join(row[0] for service in SERVICES for row in bench.ask(service, f"SELECT {columns} FROM log_event e"))


def test_S16_the_token_is_where_it_is_looked_for(bench: Bench, canaries: School):
    """Or the tests below would show nothing: the read models hold names, and the log files are the right ones."""
    pupil = canaries.pupil(1, 1)
    assert TOKEN in went(pupil.me())["given_name"]
    went(canaries.teacher(1).points_of(pupil.person_id))  # waits until points, too, has the roster
    found = {table.partition("_v")[0] for table in tables_with_token(bench, "points")}
    assert found >= {"roster_pupil", "roster_person"}
    names = {path.name for path in bench.log_files()}
    assert names >= {"access.log", "identity.api.log", "identity.worker.log", "points.api.log", "points.worker.log"}
    assert '"route":"/v1/me"' in bench.logs()


def test_S16_what_families_are_called_and_write_is_in_no_log_metric_or_event(
    bench: Bench, canaries: School, behaviour: UUID
):
    teacher, pupil = canaries.teacher(1), canaries.pupil(1, 1)
    guardian = canaries.guardian_of(canaries.people.pupil(1, 1))
    award = went(teacher.award(pupil.person_id, behaviour, note=f"{TOKEN} sang"))
    went(teacher.revoke(award.id, f"{TOKEN} did not sing"))
    refused(teacher.award(pupil.person_id, behaviour, points=-1, note=f"{TOKEN} did not sing"))
    for reader in (teacher, pupil, guardian):
        went(reader.me())
        went(reader.points_of(pupil.person_id))
    assert went(guardian.choose_password(PASSWORD)) is None
    guardian_login = canaries.people.guardians_of(canaries.people.pupil(1, 1))[0].login
    went(canaries.bookbag.sign_in(canaries.slug, guardian_login, password=PASSWORD))
    refused(canaries.bookbag.sign_in(canaries.slug, guardian_login, password=f"{TOKEN} is wrong"))
    refused(canaries.bookbag.sign_in(TOKEN, TOKEN, code=TOKEN))
    refused(guardian.choose_password(TOKEN[:11]))
    broken = dict(canary_files(canaries.people))
    broken["users.csv"] = broken["users.csv"].replace(b".example,", f" {TOKEN},".encode())
    invalid = refused(canaries.operator.import_roster(zipped(broken), canaries.school_id))
    assert (invalid.code, TOKEN in str(invalid.body)) == ("ROSTER_INVALID", False)
    _say_it_everywhere(teacher)
    assert logs_with_token(bench) == []
    assert [text for text in metrics(bench) if TOKEN.casefold() in text.casefold()] == []
    assert TOKEN.casefold() not in log_of_events(bench).casefold()


def _say_it_everywhere(by: Session) -> None:
    """Where an address, a header or a body may hold anything, an answer says nothing of it back."""
    client, token = by.bookbag.client, {"Authorization": f"Bearer {by.token}"}
    asked: list[tuple[str, str, dict[str, str], bytes]] = [
        ("GET", f"/v1/{TOKEN}", token, b""),
        ("GET", f"/{TOKEN}", {}, b""),
        ("GET", f"/v1/pupils/{TOKEN}", token, b""),
        ("GET", f"/v1/me?{TOKEN}={TOKEN}", token, b""),
        ("GET", "/v1/me", {"Authorization": f"Bearer {TOKEN}"}, b""),
        ("GET", "/v1/behaviours", {**token, "Bookbag-Position": TOKEN}, b""),
        ("GET", "/v1/me", {**token, "Bookbag-Correlation": TOKEN, "User-Agent": TOKEN, "Cookie": TOKEN}, b""),
        (TOKEN.upper(), "/v1/me", token, b""),
        ("POST", "/v1/points", token, f'{{"{TOKEN}": "{TOKEN}"}}'.encode()),
        ("POST", "/v1/points", token, f'{{"{TOKEN}": "{TOKEN}", "{TOKEN}": 1}}'.encode()),
        ("POST", "/v1/points", token, TOKEN.encode()),
        ("POST", "/v1/points", {**token, "Content-Type": f"text/{TOKEN}"}, b"{}"),
        ("POST", "/v1/points", token, f'{{"pupil_id": "{TOKEN}", "behaviour_id": "{TOKEN}"}}'.encode()),
        ("POST", "/v1/schools", token, f'{{"slug": "{TOKEN}", "name": ["{TOKEN}"]}}'.encode()),
    ]
    for method, path, headers, content in asked:
        told = {"Content-Type": "application/json", "Idempotency-Key": str(uuid4())} | headers
        answer = client.request(method, path, headers=told, content=content)
        if "Bookbag-Correlation" not in headers:
            assert 400 <= answer.status_code < 500, (method, path, answer.status_code)
            # A field's own name is said back, so that a form can show the words beside it.
            said = answer.text.replace(f'"{TOKEN}":', "") if answer.status_code == 422 else answer.text
            assert TOKEN.casefold() not in (said + str(answer.headers)).casefold()


def test_S16_nothing_that_opens_a_door_stands_in_a_log(bench: Bench, canaries: School):
    person = canaries.people.guardians_of(canaries.people.pupil(2, 1))[0]
    code = went(canaries.operator.one_time_code(canaries.slug, person.login))
    session = went(canaries.bookbag.sign_in(canaries.slug, person.login, code=code, capacity="guardian"))
    went(session.me())
    refused(canaries.bookbag.sign_in(canaries.slug, person.login, code=code, capacity="guardian"))
    lines = bench.logs()
    doors = {"code": code, "token": session.token, "operator's password": bench.operator_password()}
    doors |= {path.name: path.read_text().strip() for path in bench.config.secrets.glob("*.credential")}
    doors |= {name: bench.config.secret(name).read_text().strip() for name in ("gateway.secret", "installation.key")}
    assert [name for name, door in doors.items() if door in lines] == []


def erase(bench: Bench, *owners: Owner) -> int:
    server = bench.config.server("passfile.owner")
    with open_pool(server, database="bookbag_keys", role="keys_eraser", max_size=1) as pool:
        return Eraser(pool).destroy(owners, SystemClock().now())


def rebuild_everything(bench: Bench) -> None:
    """As `./bookbag rebuild` does."""
    for service in SERVICES:
        projections = import_module(f"services.{service}.projections").PROJECTIONS
        with ExitStack() as stack:
            maintenance = stack.enter_context(maintenance_of(bench.config, service, projections))
            for projection in projections:
                maintenance.rebuilder.rebuild(projection, no_progress)


def test_S18_when_a_pupil_s_keys_are_destroyed_the_name_is_gone_and_everything_still_stands(
    bookbag: Bookbag, operator: Session, bench: Bench
):
    school = canary_school(bookbag, operator, "erasure-lane", seed=32)
    behaviour = school.a_behaviour("Was kind")
    teacher, pupil = school.teacher(1), school.pupil(1, 1)
    adults = [school.as_(adult, "guardian") for adult in school.people.guardians_of(school.people.pupil(1, 1))]
    noted = went(teacher.award(pupil.person_id, behaviour, points=2, note=f"{TOKEN} shared"))
    plain = went(teacher.award(pupil.person_id, behaviour, points=3))
    before = went(teacher.points_of(pupil.person_id))
    assert (before["total"], before["items"][1]["note"]) == (5, f"{TOKEN} shared")
    wait_until_quiet(bench)  # moderation follows what points and identity have recorded
    held = _rows_of(bench, school)
    assert any(TOKEN in str(row) for rows in held.values() for row in rows)

    owners = [
        Owner(school.school_id, pupil.person_id, Category.PUPIL_PARTICULARS),
        *(Owner(school.school_id, adult.person_id, Category.ADULT_PARTICULARS) for adult in adults),
        Owner(school.school_id, noted.id, Category.POINTS_NOTE),
    ]
    assert erase(bench, *owners) == len(owners)
    rebuild_everything(bench)

    left = _rows_of(bench, school)
    assert {table: len(rows) for table, rows in left.items()} == {table: len(rows) for table, rows in held.items()}
    assert [table for table, rows in left.items() if any(TOKEN in str(row) for row in rows)] == []
    row = bench.ask(
        "points", "SELECT given_name, family_name FROM roster_pupil WHERE pupil_id = %s", (pupil.person_id,)
    )
    assert row == [(None, None)]
    after = went(teacher.points_of(pupil.person_id))
    assert after["total"] == 5
    assert [item["note"] for item in after["items"]] == [None, None]
    assert went(teacher.pupil(pupil.person_id))["given_name"] is None
    assert bench.faults() == []

    # Life goes on: the pupil signs in, reads and earns, and what was awarded is corrected.
    went(pupil.me())
    went(teacher.award(pupil.person_id, behaviour, points=1, note="Shared again"))
    went(teacher.revoke(plain.id, "It was somebody else"))
    # A reason has a key of its own: the award whose note is gone is corrected like any other.
    went(teacher.revoke(noted.id, "It was somebody else"))
    again = went(pupil.points_of(pupil.person_id))
    assert (again["total"], again["items"][0]["note"]) == (1, "Shared again")
    assert bench.faults() == []
    assert logs_with_token(bench) == []


def _rows_of(bench: Bench, school: School) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the school in every table of every service that has a column for schools, but not the logs."""
    tables = [
        (service, table)
        for service in SERVICES
        for (table,) in bench.ask(
            service,
            "SELECT table_name FROM information_schema.columns JOIN information_schema.tables"
            " USING (table_schema, table_name) WHERE column_name = 'school_id' AND table_schema = 'public'"
            " AND table_type = 'BASE TABLE' ORDER BY table_name",
        )
    ]
    return {
        f"{service}.{table}": bench.ask(
            service, f'SELECT t::text FROM "{table}" t WHERE school_id = %s', (school.school_id,)
        )
        for service, table in tables
    }
