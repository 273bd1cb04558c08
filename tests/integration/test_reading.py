"""Reads in one round trip see one school's rows, leave nothing behind, and answer as a cursor would."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg
import pytest

from shared.runtime.database import Pool
from shared.runtime.reading import read_rows, read_tuples
from tests.integration.conftest import ScratchLog

OURS, THEIRS = uuid4(), uuid4()
AT = datetime(2026, 9, 7, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Note:
    words: str | None
    number: int


@pytest.fixture
def reader(scratch: ScratchLog) -> Pool:
    """One connection, so that each read finds what the one before has left on it."""
    owner = scratch.connection("points_owner")
    owner.execute("CREATE TABLE note (school_id uuid NOT NULL, words text, number bigint NOT NULL)")
    owner.execute("ALTER TABLE note ENABLE ROW LEVEL SECURITY")
    owner.execute("ALTER TABLE note FORCE ROW LEVEL SECURITY")
    owner.execute(
        "CREATE POLICY of_school ON note USING"
        " (school_id = nullif(current_setting('bookbag.school_id', true), '')::uuid) WITH CHECK (true)"
    )
    owner.execute("GRANT SELECT ON note TO points_reader")
    for school, words, number in ((OURS, "ours", 1), (OURS, None, 2), (THEIRS, "theirs", 3)):
        owner.execute("INSERT INTO note VALUES (%s, %s, %s)", (school, words, number))
    return scratch.pool("points_reader", max_size=1)


ALL = "SELECT words, number FROM note ORDER BY number"


def test_a_read_sees_the_rows_of_its_school_and_no_others(reader: Pool):
    assert read_rows(reader, OURS, Note, ALL) == [Note("ours", 1), Note(None, 2)]
    assert read_rows(reader, THEIRS, Note, ALL) == [Note("theirs", 3)]


def test_the_next_user_of_the_connection_finds_no_school_on_it(reader: Pool):
    assert len(read_tuples(reader, OURS, ALL)) == 2
    assert read_tuples(reader, None, ALL) == []
    with reader.connection() as connection:
        assert connection.execute(ALL).fetchall() == []


def test_a_read_that_failed_leaves_neither_a_school_nor_a_broken_connection(reader: Pool):
    with pytest.raises(psycopg.errors.DivisionByZero):
        read_tuples(reader, OURS, "SELECT number / (number - number) FROM note")
    assert read_tuples(reader, None, ALL) == []
    with pytest.raises(psycopg.errors.UndefinedTable):
        read_tuples(reader, OURS, "SELECT words FROM no_such_note")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        read_tuples(reader, OURS, "DELETE FROM note")
    assert read_rows(reader, OURS, Note, ALL) == [Note("ours", 1), Note(None, 2)]


def test_values_come_back_as_they_went_however_they_are_named(reader: Pool):
    one, two = uuid4(), uuid4()
    sent = (one, [one, two], None, 2**40, "100% 'sure'", AT)
    asked = "SELECT %s::uuid, %s::uuid[], %s::text, %s::bigint, %s::text, %s::timestamptz, 'a%%b'"
    assert read_tuples(reader, OURS, asked, sent) == [(*sent, "a%b")]
    named = "SELECT %(two)s::uuid, %(one)s::uuid, %(two)s::uuid"
    assert read_tuples(reader, OURS, named, {"one": one, "two": two}) == [(two, one, two)]
    assert read_tuples(reader, OURS, "SELECT number FROM note WHERE number = ANY(%s)", ([],)) == []
    # Of another type each time: a small number, a large one, none.
    for number in (1, 2**40, None):
        assert read_tuples(reader, OURS, "SELECT %s::bigint", (number,)) == [(number,)]


def test_a_statement_is_prepared_once_for_each_connection(reader: Pool):
    for _ in range(3):
        read_tuples(reader, OURS, "SELECT number FROM note WHERE words = %s", ("ours",))
    ((count,),) = read_tuples(
        reader, None, "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", ("%words%",)
    )
    assert count == 1


def test_a_statement_that_failed_once_is_asked_again(reader: Pool):
    asked = "SELECT 10 / %s::bigint"
    with pytest.raises(psycopg.errors.DivisionByZero):
        read_tuples(reader, OURS, asked, (0,))
    assert read_tuples(reader, OURS, asked, (5,)) == [(2,)]


def test_a_connection_that_was_lost_while_it_lay_idle_fails_nobody_s_read(scratch: ScratchLog, reader: Pool):
    ((pid,),) = read_tuples(reader, None, "SELECT pg_backend_pid()")
    ended = scratch.connection("points_reader").execute("SELECT pg_terminate_backend(%s, 5000)", (pid,)).fetchone()
    assert ended == (True,)
    ((another,),) = read_tuples(reader, None, "SELECT pg_backend_pid()")
    assert another != pid


def test_a_school_s_setting_is_no_part_of_a_statement(reader: Pool):
    school: UUID = OURS
    ((shown,),) = read_tuples(reader, school, "SELECT current_setting('bookbag.school_id', true)")
    assert shown == str(school)
