"""The invariants themselves: they hold of an installation that was used, and each sees what it is there to see."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import TupleRow

from shared.testing.driver import Bookbag, Session
from shared.testing.school import invented_school
from tests.faults.invariants import (
    Answered,
    Asked,
    Kept,
    LetIn,
    Outage,
    broken,
    holds,
    left_in_queues,
    until,
    wait_until_quiet,
)
from tests.faults.load import a_day, put_away
from tests.installation import Bench, School, patiently, went

ACTS = 10
"""Of each person before it is looked whether enough has happened; and how often that is done at most."""
ENOUGH = "SELECT count(*) > {least} FROM log_event WHERE type = '{event}' AND school_id = %s"


@dataclass(frozen=True, slots=True)
class Used:
    bench: Bench
    school: School
    kept: Kept


@pytest.fixture(scope="module")
def used(bench: Bench, bookbag: Bookbag, operator: Session) -> Iterator[Used]:
    people = invented_school(seed=41, classes=2, pupils_per_class=8, on=datetime.now(UTC).date())
    school_id = went(operator.register_school("invariants", people.name)).id
    patiently(operator.import_roster, people.zip(), school_id)
    school, kept = School(bookbag, operator, "invariants", school_id, people), Kept()
    day = a_day(school, 41, kept, lambda: operator)
    for _ in range(ACTS):
        day.acts_of(ACTS)
        if has_happened(bench, school, "moderation.ParentRemoved", 0) and has_happened(
            bench, school, "stories.StoryPosted", 3
        ):
            break
    wait_until_quiet(bench)
    yield Used(bench, school, kept)
    put_away(day)


def has_happened(bench: Bench, school: School, event: str, least: int) -> bool:
    asked = ENOUGH.format(least=least, event=event)
    return bench.ask(event.partition(".")[0], asked, (school.school_id,)) == [(True,)]


def test_they_hold_of_an_installation_that_was_used(used: Used):
    assert {one.service for one in used.kept.answered} == {"identity", "points", "stories", "messaging", "moderation"}
    assert has_happened(used.bench, used.school, "moderation.ParentRemoved", 0), "too little happened"
    holds(used.bench, used.kept)


AWARD = "(SELECT max(position) FROM log_event WHERE type = 'points.PointAwarded')"
NEXT = "(SELECT max(position) + 1 FROM log_event WHERE partition = 1)"
COLUMNS = (
    "partition, {position}, gen_random_uuid(), type, schema_version, school_id, stream || 'x', stream_version,"
    " occurred_at, recorded_at, actor, correlation_id, causation_id, {data}, previous, hash"
)


def again(of: str, data: str = "data") -> str:
    """An event once more, at the log's end."""
    columns = COLUMNS.format(position=NEXT, data=data)
    return f"INSERT INTO log_event SELECT {columns} FROM log_event WHERE {of} ORDER BY position DESC LIMIT 1"


def renamed(field: str) -> str:
    return f'regexp_replace(data::text, \'"{field}":"[^"]*"\', \'"{field}":"\' || gen_random_uuid() || \'"\')::json'


PARKED = (
    "INSERT INTO parked_event SELECT 'x', 'moderation', 1, 1, school_id, stream, id, type, '{}', 'KeyError', now()"
    " FROM log_event LIMIT 1"
)
# Invariant, service, the tables that are tampered with, and how.
TAMPERED = (
    ("answered commands", "points", ("log_event",), f"DELETE FROM log_event WHERE position = {AWARD}"),
    ("answered commands", "points", ("log_event",), again("type = 'points.PointAwarded'")),
    ("answered commands", "points", ("log_event",), again("type = 'points.PointAwarded'", renamed("award_id"))),
    (
        "answered commands",
        "points",
        ("log_answer",),
        f"UPDATE log_answer SET position = position - 1 WHERE position = {AWARD}",
    ),
    ("answered commands", "points", ("log_answer",), f"DELETE FROM log_answer WHERE position = {AWARD}"),
    ("answered commands", "identity", ("log_event",), again("type = 'identity.SharePermissionAnswered'")),
    ("positions", "stories", ("log_event",), "UPDATE log_event SET position = position + 1 WHERE position = 3"),
    ("positions", "stories", ("log_head",), "UPDATE log_head SET position = position + 1"),
    ("positions", "stories", ("log_event",), "UPDATE log_event SET previous = hash WHERE position = 3"),
    (
        "chains",
        "points",
        ("log_event",),
        f"UPDATE log_event SET occurred_at = occurred_at + interval '1 second' WHERE position = {AWARD}",
    ),
    (
        "chains",
        "points",
        ("log_event",),
        f"UPDATE log_event SET data = replace(data::text, 'points\":1', 'points\":2')::json WHERE position = {AWARD}",
    ),
    ("chains", "moderation", ("projection_cursor",), "UPDATE projection_cursor SET hash = sha256(hash)"),
    (
        "cursors",
        "moderation",
        ("projection_cursor",),
        "UPDATE projection_cursor SET position = position - 1 WHERE source = 'messaging'",
    ),
    ("cursors", "messaging", ("relay_progress",), "UPDATE relay_progress SET position = position - 1"),
    (
        "parked",
        "moderation",
        ("parked_event",),
        PARKED,
    ),
    ("read models", "points", ("pupil_total",), "UPDATE pupil_total SET total = total + 1"),
    ("read models", "points", ("award",), "DELETE FROM award"),
    ("read models", "messaging", ("message",), "UPDATE message SET text = 'Other words.'"),
    ("read models", "stories", ("story",), "DELETE FROM story"),
    (
        "read models",
        "moderation",
        ("guardian_standing",),
        # Whether anybody is still removed when the day is over is chance.
        "UPDATE guardian_standing SET removal_id = CASE WHEN removal_id IS NULL THEN guardian_id END",
    ),
    ("read models", "moderation", ("ledger_entry",), "DELETE FROM ledger_entry WHERE kind = 'removed'"),
    ("read models", "identity", ("guardian_access",), "UPDATE guardian_access SET sanctions = sanctions + 1"),
    ("read models", "stories", ("roster_guardianship",), "DELETE FROM roster_guardianship"),
    ("one warning", "moderation", ("log_event",), again("type = 'moderation.ParentWarned'", renamed("warning_id"))),
    ("one warning", "moderation", ("log_event",), again("type = 'moderation.ParentRemoved'", renamed("removal_id"))),
    ("one warning", "moderation", ("log_event",), "DELETE FROM log_event WHERE type = 'moderation.WarningDelivered'"),
    ("one warning", "messaging", ("log_event",), "DELETE FROM log_event WHERE type = 'messaging.WarningReceived'"),
    (
        "cross-school",
        "messaging",
        ("message_v1",),
        "UPDATE message_v1 SET school_id = gen_random_uuid() WHERE position % 2 = 0",
    ),
    (
        "cross-school",
        "moderation",
        ("log_event",),
        "UPDATE log_event SET school_id = gen_random_uuid() WHERE type = 'moderation.FlagReceived'",
    ),
)


@pytest.mark.parametrize(("name", "service", "tables", "how"), TAMPERED)
def test_each_sees_what_was_tampered_with(name: str, service: str, tables: tuple[str, ...], how: str, used: Used):
    """In copies of the tables that one session alone sees: temporary ones stand before those of the same name."""

    def connect(to: str) -> psycopg.Connection[TupleRow]:
        connection = used.bench.connected(to)
        if to == service:
            with ExitStack() as unless_all_went_well:
                unless_all_went_well.enter_context(connection)
                for table in tables:
                    connection.execute(f"CREATE TEMPORARY TABLE {table} AS SELECT * FROM public.{table}")
                assert connection.execute(how).rowcount > 0, "nothing was changed"
                unless_all_went_well.pop_all()
        return connection

    assert broken(connect, used.kept, name) != []
    assert broken(used.bench.connected, used.kept, name) == []


def test_a_command_that_nobody_was_answered_for_is_seen(used: Used):
    forgotten = replace(used.kept, answered=used.kept.answered[1:])
    assert [line.partition(":")[0] for line in broken(used.bench.connected, forgotten)] == ["answered commands"]


@pytest.mark.parametrize(("done", "said"), [(True, []), (False, ["answered commands"])])
def test_a_command_that_was_given_up_is_excused_only_where_its_key_says_that_it_was_done(
    done: bool, said: list[str], used: Used
):
    first, *others = used.kept.answered
    key = first.key if done else "a key of which nothing came"
    unheard = Asked(school_id=first.school_id, person_id=first.person_id, key=key, event=first.event)
    kept = replace(used.kept, answered=others, given_up=[*used.kept.given_up, unheard])
    assert [line.partition(":")[0] for line in broken(used.bench.connected, kept)] == said


@pytest.mark.parametrize(
    ("stands", "said"), [("WarningRescissionRecorded", []), ("WarningRecorded", ["answered commands"])]
)
def test_a_receipt_need_not_stand_only_where_the_warning_was_rescinded_before_it_came(
    stands: str, said: list[str], used: Used
):
    """In a copy of messaging's log in which that stands in the place of each receipt."""

    def connect(to: str) -> psycopg.Connection[TupleRow]:
        connection = used.bench.connected(to)
        if to == "messaging":
            connection.execute("CREATE TEMPORARY TABLE log_event AS SELECT * FROM public.log_event")
            change = "UPDATE log_event SET type = %s WHERE type = 'messaging.WarningReceived'"
            assert connection.execute(change, (f"messaging.{stands}",)).rowcount > 0
        return connection

    found = broken(connect, used.kept, "answered commands")
    assert sorted({line.partition(":")[0] for line in found}) == said


def test_an_answer_that_no_fault_excuses_is_seen(used: Used):
    assert broken(used.bench.connected, replace(used.kept, surprises=["a teacher was answered 500"])) == [
        "answers: a teacher was answered 500"
    ]


LATE_REQUESTS = (
    # When the session was opened, when the request began, an outage's begin and end, in seconds from the answer; ...
    (-9, 1.3, None, False, True),
    (-9, 0.7, None, False, False),
    (0.1, 5, None, False, False),
    (-9, 3, (0.5, 4), False, False),
    (-9, 5.3, (0.5, 4), False, True),
    (-9, 3, (2, 4), False, True),
    (-9, 5.7, (0.5, 20), True, False),
    (-9, 6.3, (0.5, 20), True, True),
)
"""...; whether it wrote; whether it is seen."""


@pytest.mark.parametrize("request_", LATE_REQUESTS)
def test_somebody_removed_who_is_let_in_after_a_second_is_seen(
    request_: tuple[float, float, tuple[float, float] | None, bool, bool], used: Used
):
    opened, began, outage, wrote, seen = request_
    guardian, removal = a_removal(used)
    at = removal.at
    outages = [] if outage is None else [Outage(at + outage[0], at + outage[1])]
    # Whoever was reinstated and removed again within these seconds was removed once here.
    let_in = [LetIn(guardian, at + opened, at + began, wrote)]
    kept = replace(used.kept, answered=[removal], let_in=let_in, outages=outages)
    assert [line.partition(":")[0] for line in broken(used.bench.connected, kept, "removed")] == (
        ["removed"] if seen else []
    )


@pytest.mark.parametrize(("opened", "seen"), [(-9, ["removed"]), (1, [])])
def test_whoever_signed_in_before_a_removal_was_answered_at_another_try_is_no_session_that_it_ends(
    opened: float, seen: list[str], used: Used
):
    guardian, removal = a_removal(used)
    let_in = [LetIn(guardian, removal.at + opened, removal.at + 8)]
    kept = replace(used.kept, answered=[replace(removal, at=removal.at + 5)], let_in=let_in)
    assert [line.partition(":")[0] for line in broken(used.bench.connected, kept, "removed")] == seen


def a_removal(used: Used) -> tuple[UUID, Answered]:
    """Who was removed first, and the answer to that."""
    guardian, place = used.bench.ask(
        "moderation",
        "SELECT (data->>'guardian_id')::uuid, position FROM log_event WHERE type = 'moderation.ParentRemoved'"
        " AND school_id = %s ORDER BY position LIMIT 1",
        (used.school.school_id,),
    )[0]
    answers = (one for one in used.kept.answered if one.service == "moderation" and one.place >= place)
    return guardian, min(answers, key=lambda one: one.place)


def test_what_waits_in_a_queue_is_seen(used: Used):
    used.bench.it.stop("moderation.worker")
    try:
        until(
            used.bench,
            lambda: "nobody listens to moderation.from.points.p1" in list(left_in_queues(used.bench)),
            "the broker knows that the worker has gone",
        )
        went(used.school.head.define_value("Patience"))
        until(used.bench, lambda: is_published(used.bench, "points"), "points has published")
        assert any(line.startswith("moderation.from.points.p1 holds ") for line in left_in_queues(used.bench))
    finally:
        used.bench.it.resume("moderation.worker")
    wait_until_quiet(used.bench)
    assert list(left_in_queues(used.bench)) == []


def is_published(bench: Bench, service: str) -> bool:
    at = "SELECT (SELECT sum(position) FROM relay_progress) = (SELECT sum(position) FROM log_head)"
    return bench.ask(service, at) == [(True,)]
