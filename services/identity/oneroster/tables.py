"""One CSV file of a set: its columns, its rows, and what every field must be."""

import csv
import io
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.identity.oneroster.problems import Problems

MOST_ROWS = 20_000
LONGEST = 255
"""Characters of a field, but for lists of ids."""
LONGEST_LIST = 8_000
LISTS = frozenset({"agentSourcedIds", "termSourcedIds", "grades", "subjects", "subjectCodes", "periods", "userIds"})
GONE = "tobedeleted"


@dataclass(frozen=True, slots=True)
class Row:
    """One line. Attributes: line: of the file; the heading is 1."""

    file: str
    line: int
    fields: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        """What stands in the column, without blanks around it; "" where there is none."""
        return self.fields.get(column, "")

    def many(self, column: str) -> Sequence[str]:
        """The parts of a list, in order, each once."""
        return list(dict.fromkeys(part.strip() for part in self[column].split(",") if part.strip()))


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads files and notes what is wrong with them. Attributes: files: content by name."""

    files: Mapping[str, bytes]
    problems: Problems

    def rows(self, name: str, *, columns: Sequence[str], required: Sequence[str] = ()) -> list[Row]:
        """The rows that are not marked as deleted.

        Args:
            name: with its ending.
            columns: that must be in the heading; others may be there too, in any order.
            required: columns that must not be empty.
        """
        rows = list(self._lines(name, columns))
        for row in rows:
            for column in required:
                if not row[column]:
                    self.problems.add(name, row.line, column, "Please fill this in.")
        return rows

    def by_id(self, name: str, *, columns: Sequence[str], required: Sequence[str] = ()) -> dict[str, Row]:
        """The same by `sourcedId`."""
        found: dict[str, Row] = {}
        for row in self.rows(name, columns=["sourcedId", *columns], required=["sourcedId", *required]):
            if row["sourcedId"] in found:
                self.problems.add(name, row.line, "sourcedId", "This id stands in an earlier row too.")
            found[row["sourcedId"]] = row
        return found

    def date(self, row: Row, column: str) -> date | None:
        """A date; None where the column is empty, or wrong and noted."""
        if not row[column]:
            return None
        try:
            return date.fromisoformat(row[column][:10])
        except ValueError:
            self.problems.add(row.file, row.line, column, "Please write the date as year-month-day, as in 2026-09-01.")
            return None

    def refers(self, row: Row, column: str, known: Mapping[str, Row]) -> bool:
        """Whether what the column names is there; noted where it is not."""
        if row[column] in known:
            return True
        if row[column]:
            self.problems.add(row.file, row.line, column, "No row has the id that is named here.")
        return False

    def _lines(self, name: str, columns: Sequence[str]) -> Iterator[Row]:
        text = self._text(name)
        if text is None:
            return
        lines = csv.reader(io.StringIO(text, newline=""), strict=True)
        try:
            heading = [cell.strip() for cell in next(lines, [])]
            if not self._is_good(name, heading, columns):
                return
            for count, cells in enumerate(lines, start=1):
                if count > MOST_ROWS:
                    self.problems.add(name, lines.line_num, "", "There are more rows than a school has.")
                    return
                if not any(cells):
                    continue
                if len(cells) != len(heading):
                    self.problems.add(name, lines.line_num, "", "This row has more or fewer cells than the heading.")
                    continue
                row = Row(name, lines.line_num, self._cells(name, lines.line_num, heading, cells))
                if row["status"].casefold() != GONE:
                    yield row
        except csv.Error:
            self.problems.add(name, lines.line_num, "", "This row cannot be read as CSV: look at its quotation marks.")

    def _text(self, name: str) -> str | None:
        content = self.files.get(name)
        if content is None:
            self.problems.add(name, 0, "", "This file is missing.")
            return None
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            self.problems.add(name, 0, "", "Please save this file as UTF-8.")
            return None

    def _is_good(self, name: str, heading: Sequence[str], columns: Sequence[str]) -> bool:
        missing = [column for column in columns if column not in heading]
        for column in missing:
            self.problems.add(name, 1, column, "This column is missing.")
        if len(set(heading)) < len(heading):
            self.problems.add(name, 1, "", "A column stands in the heading twice.")
            return False
        return not missing

    def _cells(self, name: str, line: int, heading: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
        found = {}
        for column, cell in zip(heading, cells, strict=True):
            value = cell.strip()
            if len(value) > (LONGEST_LIST if column in LISTS else LONGEST):
                self.problems.add(name, line, column, "This is longer than it can be.")
            elif any(unicodedata.category(character) in ("Cc", "Cs") for character in value):
                self.problems.add(name, line, column, "There is a character in it that cannot be shown.")
            else:
                found[column] = value
        return found
