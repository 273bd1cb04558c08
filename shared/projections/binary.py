"""Rows as PostgreSQL's binary COPY takes them: a column at a time, each field with its length before it.

No character of a text has a meaning of its own here, and PostgreSQL reads an id or a time at once where in text it has
to be worked out.
"""

from collections.abc import Callable, Mapping, Sequence
from struct import Struct, pack, unpack
from typing import Any

_BEFORE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_AFTER = pack(">h", -1)
_NULL = pack(">i", -1)

_length = Struct(">i").pack
_integer = Struct(">ii").pack
_bigint = Struct(">iq").pack
_boolean = Struct(">i?").pack


def _sent(values: Sequence[bytes]) -> Sequence[bytes]:
    """Of what PostgreSQL has sent: it takes it back as it is."""
    return [_length(len(value)) + value for value in values]


def _ids(values: Sequence[str]) -> Sequence[bytes]:
    """Ids as they stand in events. All at once: one by one takes longer than to open as many sealed values."""
    written, hyphens = "".join(values), "-" * len(values)
    if set(map(len, values)) != {36} or any(written[at::36] != hyphens for at in (8, 13, 18, 23)):
        raise ValueError("an id is not written as ids are")
    together = bytes.fromhex("00000010" + "00000010".join(values).replace("-", ""))
    if len(together) != 20 * len(values):  # further hyphens, or blanks, which are passed over
        raise ValueError("an id is not written as ids are")
    return unpack("20s" * len(values), together)


_FIELDS: Mapping[tuple[str, type], Callable[[Sequence[Any]], Sequence[bytes]]] = {
    ("uuid", bytes): _sent,
    ("uuid", str): _ids,
    ("timestamptz", bytes): _sent,
    ("text", str): lambda values: _sent([value.encode() for value in values]),
    ("integer", int): lambda values: [_integer(4, value) for value in values],
    ("bigint", int): lambda values: [_bigint(8, value) for value in values],
    ("boolean", bool): lambda values: [_boolean(1, value) for value in values],
}

_TYPES = frozenset(sql_type for sql_type, _ in _FIELDS)


def writes(sql_type: str) -> bool:
    """Whether a column of this type can be written here."""
    return _plain(sql_type) in _TYPES


def fields(sql_type: str, values: Sequence[Any]) -> Sequence[bytes]:
    """A column's fields.

    Raises:
        TypeError: a value is not of the column's type.
        ValueError: it is of the type, and not written as it should be.
    """
    kinds = set(map(type, values))
    if type(None) in kinds:
        some = [value for value in values if value is not None]
        given = iter(fields(sql_type, some) if some else ())
        return [_NULL if value is None else next(given) for value in values]
    known = [_FIELDS.get((_plain(sql_type), kind)) for kind in kinds]
    if len(known) != 1 or known[0] is None:
        raise TypeError(f"a {sql_type} is not written from {', '.join(sorted(kind.__name__ for kind in kinds))}")
    return known[0](values)


def rows(columns: Sequence[Sequence[bytes]]) -> bytes:
    """The whole of a COPY: the columns' fields, row by row."""
    width, count = 1 + len(columns), len(columns[0])
    together = [pack(">h", len(columns))] * (width * count)
    for place, column in enumerate(columns, 1):
        together[place::width] = column
    return _BEFORE + b"".join(together) + _AFTER


def _plain(sql_type: str) -> str:
    """Without what is said of the column besides, as `NOT NULL`."""
    return sql_type.split(maxsplit=1)[0]
