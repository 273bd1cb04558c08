"""The product's own statements, each made into a Python function from its text: what it says is what is done.

It knows as much of SQL as the simulated services say, and refuses any other statement at sight; what it makes of these
is held against SQLite in test_statements.py.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, TypeAlias

from tests.sim.tables import Definition, Row

Statement: TypeAlias = Callable[[Any, Sequence[Any]], "list[Row] | int"]
"""Done on a database with parameters: the rows that were asked for, or how many were changed."""

TOKEN = re.compile(r"%s|'[^']*'|\d+|[A-Za-z_]\w*|::|[(),.=><+\[\]]")
MOST_COLUMNS = 20
LITERALS = {"true": "True", "false": "False", "null": "None"}


class NotUnderstood(BaseException):
    """A statement with something that no simulated service has said before: it is to be taught here.

    Nobody who catches what may go wrong in a service is to take it for that.
    """


def made_of(sql: str, tables: Mapping[str, Definition]) -> Statement:
    """The statement as a function."""
    source = _Reader(sql, tables).statement()
    found: Statement = eval(f"lambda t, p: {source}", dict(_KNOWN))  # noqa: S307 - the text is the product's own
    return found


def _coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _greatest(*values: Any) -> Any:
    return max((value for value in values if value is not None), default=None)


def _one(group: Mapping[Any, Row], last: Any) -> tuple[Row, ...]:
    row = group.get(last)
    return () if row is None else (row,)


def _scalar(rows: Sequence[Row]) -> Any:
    return rows[0][0] if rows else None


_KNOWN = {
    "by": [itemgetter(column) for column in range(MOST_COLUMNS)],
    "coalesce": _coalesce,
    "greatest": _greatest,
    "no_rows": {},
    "one": _one,
    "scalar": _scalar,
}


@dataclass(frozen=True, slots=True)
class _From:
    """Attributes: variable: by which a row of it goes in what is made."""

    alias: str
    columns: Sequence[str]
    variable: str
    table: Definition | None = None
    rows: str = ""


class _Reader:
    """Reads a statement's words from left to right."""

    def __init__(self, sql: str, tables: Mapping[str, Definition]) -> None:
        self._sql, self._tables, self._at = sql, tables, 0
        self._words = TOKEN.findall(sql)
        if "".join(self._words) != re.sub(r"\s", "", sql):
            raise self._not_understood()
        self._scopes: list[_From] = []
        self._aggregated = False

    def statement(self) -> str:
        verb = self._next()
        done = {"SELECT": self._select, "INSERT": self._insert, "UPDATE": self._update}.get(verb, self._refuse)()
        if self._at != len(self._words):
            raise self._not_understood()
        return done

    # -- statements ----------------------------------------------------------------------------------------------

    def _select(self) -> str:
        distinct, listed = self._goes_on_with("DISTINCT"), self._at
        self._skip_to("FROM")
        if not self._goes_on_with("FROM"):
            return self._listed(listed, self._at, "")
        scope = self._from()
        self._scopes.insert(0, scope)
        rows = self._where(scope)
        if self._goes_on_with("ORDER", "BY"):
            column = scope.columns.index(self._column())
            back = ", reverse=True" if self._goes_on_with("DESC") else ""
            rows = f"sorted({rows}, key=by[{column}]{back})"
        if self._goes_on_with("LIMIT"):
            rows = f"{rows}[:{self._value()}]"
        self._goes_on_with("FOR", "UPDATE")  # there is one transaction at a time
        end = self._at
        chosen = self._listed(listed, end, f" for {scope.variable} in {rows}")
        del self._scopes[0]
        return f"list(dict.fromkeys({chosen}))" if distinct else chosen

    def _insert(self) -> str:
        self._want("INTO")
        table = self._table()
        alias = self._next() if self._goes_on_with("AS") else table.name
        columns = self._names()
        self._want("VALUES")
        values = dict(zip(columns, self._values(), strict=True))
        row = _tuple(values.get(column, str(table.defaults.get(column))) for column in table.columns)
        if not self._goes_on_with("ON", "CONFLICT"):
            return f"t.insert({table.name!r}, {row})"
        if self._goes_on_with("DO", "NOTHING"):
            return f"t.insert_unless_there({table.name!r}, {row})"
        key = table.keys.index(tuple(self._names()))
        self._want("DO", "UPDATE")
        self._scopes = [_From(alias, [*table.columns], "old", table), _From("excluded", [*table.columns], "new", table)]
        return f"t.insert_or_change({table.name!r}, {row}, {key}, lambda old, new: {self._set(table, 'old')})"

    def _update(self) -> str:
        table = self._table()
        scope = _From(table.name, [*table.columns], "old", table)
        self._scopes = [scope]
        changed = self._set(table, "old")
        return f"t.change({table.name!r}, {self._where(scope)}, lambda old: {changed})"

    # -- their parts ---------------------------------------------------------------------------------------------

    def _listed(self, start: int, end: int, each: str) -> str:
        """What a SELECT lists, which is read when it is known of what."""
        self._at = start
        self._aggregated = False
        values = [self._value(each)]
        while self._goes_on_with(","):
            values.append(self._value(each))
        whole = self._aggregated or not each
        self._aggregated = False
        self._at = end
        return f"[{_tuple(values)}]" if whole else f"[{_tuple(values)}{each}]"

    def _from(self) -> _From:
        variable = f"r{self._at}_"
        if self._goes_on_with("unnest"):
            rows = f"[(value,) for value in {self._values()[0]}]"
            self._want("AS")
            return _From(self._next(), self._names(), variable, rows=rows)
        table = self._table()
        self._goes_on_with("AS")
        alias = table.name if self._peek() in {"WHERE", "ORDER", "LIMIT", "FOR", ")", ""} else self._next()
        return _From(alias, [*table.columns], variable, table)

    def _where(self, scope: _From) -> str:
        """The rows that fit, as a list; by a key where one is given, or all of it but its last column."""
        same, other = dict[str, str](), list[str]()
        while self._goes_on_with("WHERE") or self._goes_on_with("AND"):
            column = self._column()
            place = f"{scope.variable}[{scope.columns.index(column)}]"
            if scope.table is not None and column not in scope.table.required:
                raise self._not_understood()  # what NULL is compared with has no answer
            if self._goes_on_with("=", "ANY"):
                other.append(f"{place} in {self._values()[0]}")
            elif self._goes_on_with("="):
                same[column] = self._value()
            else:
                self._want(">")
                other.append(f"{place} > {self._value()}")
        rows, used = self._found(scope, same)
        other += [f"{scope.variable}[{scope.columns.index(c)}] == {v}" for c, v in same.items() if c not in used]
        fits = f" if {' and '.join(other)}" if other else ""
        return f"[{scope.variable} for {scope.variable} in {rows}{fits}]" if other else f"list({rows})"

    def _found(self, scope: _From, same: Mapping[str, str]) -> tuple[str, Sequence[str]]:
        if scope.table is None:
            return scope.rows, ()
        best: tuple[str, Sequence[str]] = f"t[{scope.table.name!r}].rows()", ()
        for number, (*first, last) in enumerate(scope.table.keys):
            if not all(column in same for column in first):
                continue
            alike = [same[column] for column in first]
            shape = "None" if not alike else alike[0] if len(alike) == 1 else _tuple(alike)
            group = f"t[{scope.table.name!r}].indexes[{number}].get({shape}, no_rows)"
            if last in same:
                return f"one({group}, {same[last]})", (*first, last)
            if not best[1]:
                best = f"{group}.values()", first
        return best

    def _set(self, table: Definition, variable: str) -> str:
        self._want("SET")
        changed = dict[str, str]()
        while not changed or self._goes_on_with(","):
            column = self._column()
            self._want("=")
            changed[column] = self._value()
        return _tuple(changed.get(column, f"{variable}[{at}]") for at, column in enumerate(table.columns))

    def _value(self, each: str = "") -> str:
        value = self._operand(each)
        while self._goes_on_with("+"):
            value = f"({value} + {self._operand(each)})"
        return value

    def _operand(self, each: str) -> str:
        word = self._peek()
        if self._goes_on_with("("):
            self._want("SELECT")
            kept, self._aggregated = self._aggregated, False
            value = f"scalar({self._select()})"
            self._aggregated = kept
            self._want(")")
        elif word == "%s":
            value = f"p[{self._words[: self._at].count('%s')}]"
            self._at += 1
        elif word[0] in "'0123456789" or word.lower() in LITERALS:
            value = LITERALS.get(self._next().lower(), word)
        elif self._words[self._at + 1 : self._at + 2] == ["("]:
            value = self._called(each)
        else:
            value = self._place()
        if self._goes_on_with("::"):
            self._next()
            self._goes_on_with("[", "]")
        return value

    def _called(self, each: str) -> str:
        name = self._next()
        if name == "max":
            self._want("(")
            value = f"max(({self._value()}{each}), default=None)"
            self._want(")")
            self._aggregated = True
            return value
        values = ", ".join(self._values(each))
        return f"{name}({values})" if name in _KNOWN else f"t.{name}({values})"

    def _place(self) -> str:
        qualified = self._words[self._at + 1 : self._at + 2] == ["."]
        alias = self._next() if qualified else None
        if qualified:
            self._want(".")
        column = self._next()
        for scope in self._scopes:
            if alias in (None, scope.alias) and column in scope.columns:
                return f"{scope.variable}[{scope.columns.index(column)}]"
        raise self._not_understood()

    def _column(self) -> str:
        """A column of the table that the statement is about, whatever it is called by."""
        if self._words[self._at + 1 : self._at + 2] == ["."]:
            self._at += 2
        return self._next()

    def _values(self, each: str = "") -> list[str]:
        return [*self._in_brackets(lambda: self._value(each))]

    def _names(self) -> list[str]:
        return [*self._in_brackets(self._next)]

    def _in_brackets(self, one: Callable[[], str]) -> Iterator[str]:
        self._want("(")
        yield one()
        while self._goes_on_with(","):
            yield one()
        self._want(")")

    def _table(self) -> Definition:
        name = self._next()
        if name not in self._tables:
            raise self._not_understood()
        return self._tables[name]

    # -- words ---------------------------------------------------------------------------------------------------

    def _peek(self) -> str:
        return self._words[self._at] if self._at < len(self._words) else ""

    def _next(self) -> str:
        word = self._peek()
        if not word:
            raise self._not_understood()
        self._at += 1
        return word

    def _goes_on_with(self, *words: str) -> bool:
        there = tuple(self._words[self._at : self._at + len(words)]) == words
        self._at += len(words) if there else 0
        return there

    def _want(self, *words: str) -> None:
        if not self._goes_on_with(*words):
            raise self._not_understood()

    def _skip_to(self, word: str) -> None:
        """To that word of this SELECT, not of one within it; to the end, where there is none."""
        depth = 0
        while self._at < len(self._words) and (depth or self._peek() != word):
            depth += {"(": 1, ")": -1}.get(self._peek(), 0)
            self._at += 1

    def _refuse(self) -> str:
        raise self._not_understood()

    def _not_understood(self) -> NotUnderstood:
        return NotUnderstood(f"near {' '.join(self._words[self._at : self._at + 3])!r}: {self._sql}")


def _tuple(values: Any) -> str:
    return f"({', '.join(values)},)"
