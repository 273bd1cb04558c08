"""The zip file of a roster: whatever comes is unpacked within bounds or refused in words, and nothing else happens."""

import io
import random
import struct
import warnings
import zipfile

import pytest

from services.identity.oneroster import RosterInvalid, unzip_roster
from services.identity.oneroster.archive import MOST_FILES, MOST_OF_ONE
from shared.testing.school import zipped

NOT_ORDINARY = "Please send the set as an ordinary zip file."
TOO_LARGE = "It is larger than a school's set can be."


def packed(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a name that is there twice is what a test is about
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return into.getvalue()


def refusal_of(data: bytes) -> str:
    with pytest.raises(RosterInvalid) as caught:
        unzip_roster(data)
    [problem] = caught.value.problems
    return problem.message


def came_to(data: bytes) -> list[str]:
    """The names that were unpacked, or why nothing was."""
    try:
        return list(unzip_roster(data))
    except RosterInvalid as invalid:
        return [problem.message for problem in invalid.problems]


def claiming(data: bytes, *, size: int) -> bytes:
    """The same archive with another size in its headers."""
    changed = bytearray(data)
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = changed.index(mark) + at
        changed[start : start + 4] = struct.pack("<I", size)
    return bytes(changed)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_tables_at_the_top_are_unpacked_and_nothing_else_is(method: int):
    members = [
        ("users.csv", b"a"),
        ("folder/", b""),
        ("folder/orgs.csv", b"b"),
        ("..\\roles.csv", b"c"),
        ("../roles.csv", b"c"),
        ("/roles.csv", b"c"),
        ("readme.txt", b"d"),
    ]
    assert unzip_roster(packed(*members, method=method)) == {"users.csv": b"a"}


def test_a_file_that_is_as_large_as_it_may_be_comes_in():
    assert len(unzip_roster(packed(("users.csv", bytes(MOST_OF_ONE))))["users.csv"]) == MOST_OF_ONE


def test_a_bomb_in_one_file_is_not_unpacked():
    bomb = packed(("users.csv", bytes(MOST_OF_ONE + 1)))
    assert len(bomb) < 20_000
    assert refusal_of(bomb) == TOO_LARGE


def test_a_bomb_that_lies_about_its_size_is_not_unpacked():
    bomb = packed(("users.csv", bytes(MOST_OF_ONE + 1)))
    assert refusal_of(claiming(bomb, size=10)) in {TOO_LARGE, NOT_ORDINARY}
    assert refusal_of(claiming(bomb, size=2**32 - 2)) == TOO_LARGE


def test_a_bomb_that_is_spread_over_many_files_is_not_unpacked():
    third = bytes(MOST_OF_ONE - 1)
    assert refusal_of(packed(("a.csv", third), ("b.csv", third), ("c.csv", third))) == TOO_LARGE


def test_more_files_than_a_set_has_are_refused():
    files = [(f"{number}.csv", b"") for number in range(MOST_FILES)]
    assert len(unzip_roster(packed(*files))) == MOST_FILES
    assert refusal_of(packed(*files, ("more.csv", b""))) == "There are more files in it than a set has."


def test_a_file_that_is_there_twice_is_refused():
    assert refusal_of(packed(("users.csv", b"a"), ("users.csv", b"b"))) == "One of its files is there twice."


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_another_way_of_packing_is_refused_before_anything_is_unpacked(method: int):
    """Regression: damaged LZMA raised an error that nobody caught, and its header could ask for gigabytes."""
    assert refusal_of(packed(("users.csv", b"a" * 100), method=method)) == NOT_ORDINARY


def test_a_member_without_a_name_is_passed_over():
    """Regression: the standard library's own question whether it is a folder fails on it."""
    assert unzip_roster(packed(("", b"x"), ("users.csv", b"a"))) == {"users.csv": b"a"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK",
        b"PK\x05\x06" + bytes(18),
        b"sourcedId,status\r\n",
        zipped({"users.csv": b"a" * 1000})[:-30],
        zipped({"users.csv": b"a" * 1000})[40:],
    ],
)
def test_what_is_no_zip_file_is_refused_or_empty(data: bytes):
    assert came_to(data) in ([], [NOT_ORDINARY])


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], ids=str
)
def test_a_damaged_archive_is_unpacked_or_refused_and_never_fails_otherwise(method: int):
    chance = random.Random(7)  # noqa: S311 - damage, the same each time
    whole = packed(("users.csv", b"sourcedId,status\r\n" * 50), ("orgs.csv", b"x"), method=method)
    for _ in range(2_000):
        damaged = bytearray(whole)
        for _ in range(chance.choice([1, 1, 2, 4])):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        del damaged[chance.choice([len(damaged)] * 9 + [chance.randrange(len(damaged))]) :]
        assert len(came_to(bytes(damaged))) < 3
