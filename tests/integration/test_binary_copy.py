"""What is copied in binary stands in PostgreSQL as it would had it been inserted, whatever characters it is made of."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection, DataError
from psycopg.rows import TupleRow

from shared.projections import binary
from tests.integration.conftest import ScratchLog

PUPIL, STAFF = UUID(int=7 << 100), UUID("ffffffff-0a0d-095c-4e00-00000000000a")
AT = datetime(2026, 9, 7, 8, 30, 0, 123456, tzinfo=UTC)
TEXTS = ("", "a\tb\nc\rd\\e\\N", "\\.", "é世🎒", "\x01\x7f \u2028'\"", None, "x" * 100_000)


@pytest.fixture
def connection(scratch: ScratchLog) -> Connection[TupleRow]:
    made = scratch.connection("points_owner")
    made.execute(
        "CREATE TABLE kinds (id uuid, at timestamptz, name text, points integer, position bigint, hidden boolean)"
    )
    return made


def copied(connection: Connection[TupleRow], **columns: tuple[str, list[Any]]) -> list[tuple[Any, ...]]:
    """What the table shows of columns of these types and values."""
    names = ", ".join(columns)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY kinds ({names}) FROM STDIN (FORMAT binary)".encode()) as copy,
    ):
        copy.write(binary.rows([binary.fields(sql_type, values) for sql_type, values in columns.values()]))
    return connection.execute(f"SELECT {names} FROM kinds".encode()).fetchall()


def test_a_value_of_each_type_comes_back_and_so_does_that_there_is_none(connection: Connection[TupleRow]):
    rows = [
        (PUPIL, AT, "Well done", -3, -(2**62), True),
        (None, None, None, None, None, None),
        (STAFF, AT, "", 2**31 - 1, 2**63 - 1, False),
    ]
    ids, times, names, points, positions, hidden = map(list, zip(*rows, strict=True))
    [sent] = connection.execute("SELECT timestamptz_send(%s)", (AT,)).fetchone() or ()
    assert (
        copied(
            connection,
            id=("uuid NOT NULL", [id_ and str(id_) for id_ in ids]),
            at=("timestamptz", [at and sent for at in times]),
            name=("text COLLATE", names),
            points=("integer", points),
            position=("bigint", positions),
            hidden=("boolean", hidden),
        )
        == rows
    )


def test_a_text_is_taken_character_by_character_as_it_is(connection: Connection[TupleRow]):
    assert copied(connection, name=("text", list(TEXTS))) == [(text,) for text in TEXTS]


def test_an_id_that_was_sent_goes_back_as_it_came(connection: Connection[TupleRow]):
    assert copied(connection, id=("uuid", [STAFF.bytes, PUPIL.bytes])) == [(STAFF,), (PUPIL,)]


def test_a_text_that_postgresql_cannot_hold_is_refused(connection: Connection[TupleRow]):
    with pytest.raises(DataError):
        copied(connection, name=("text", ["a\0b"]))


@pytest.mark.parametrize(
    "values",
    [
        [str(PUPIL).replace("-", "")],
        [f"{{{PUPIL}}}"],
        [str(PUPIL), str(STAFF)[:-1] + "g"],
        [str(PUPIL), " " + str(STAFF)[1:]],
        # Together they are as long as two ids, and have as many hyphens.
        ["0" + str(PUPIL)[:8] + str(PUPIL)[9:], str(STAFF)[:7] + "-" + str(STAFF)[8:]],
    ],
)
def test_an_id_that_is_not_written_as_ids_are_is_refused(values: list[str]):
    with pytest.raises(ValueError, match=r"not written|non-hexadecimal"):
        binary.fields("uuid", values)


@pytest.mark.parametrize(
    ("sql_type", "values"),
    [
        ("text", [3]),
        ("text", ["a", 3]),
        ("uuid", [7]),
        ("bigint", ["7"]),
        ("integer", [True]),
        ("boolean", [1]),
        ("date", ["2026-09-07"]),
    ],
)
def test_a_value_of_another_type_than_its_column_s_is_refused(sql_type: str, values: list[Any]):
    with pytest.raises(TypeError):
        binary.fields(sql_type, values)


def test_columns_of_unlike_length_make_no_rows():
    with pytest.raises(ValueError, match="extended slice"):
        binary.rows([binary.fields("bigint", [1, 2]), binary.fields("bigint", [1])])
