"""Records of delimited text whose quotation marks are not in order: one that nothing closes would swallow the rows below.

Files are read strictly, which costs nothing. Only where a record breaks the rules are its lines looked at again: a line in
it that begins as rows begin is the next row, and marks inside a cell are part of its text.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator

__all__ = ["QuotedRows", "TooManyLines"]

_MOST_TRIED = 400  # lines of a record that are tried as the first one of the next row
_AHEAD = 2_000  # lines that the next row may go on for, while it is only tried
_MOST_MENDED = 1 << 20  # characters of a record that is mended
_MOST_EFFORT = 1 << 26  # characters of a file that are looked at once more


class TooManyLines(Exception):
    """A row goes on for more lines than any row has."""


class QuotedRows:
    """The records of lines of delimited text.

    Attributes:
        mended: what was mended in the record that was returned last, as a clause, or "".
        lost: why the record that was returned last may hold other rows, or "".
    """

    def __init__(self, lines: Iterator[str], delimiter: str, most_lines: int) -> None:
        self._source = lines
        self._delimiter = delimiter
        self._most = most_lines
        self._waiting: deque[str] = deque()
        self._taken: list[str] = []
        self._effort = 0
        self._before: list[str] = []  # the last record that has more than one cell
        self._reader = self._new_reader()
        self.mended = self.lost = ""

    def _new_reader(self) -> Iterator[list[str]]:
        return csv.reader(self._lines(), delimiter=self._delimiter, strict=True)

    def _lines(self) -> Iterator[str]:
        while True:
            line = self._waiting.popleft() if self._waiting else next(self._source, None)
            if line is None:
                return
            self._taken.append(line)
            if len(self._taken) > self._most:
                raise TooManyLines
            yield line

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        """Return the next record. Raises csv.Error, UnicodeError and TooManyLines."""
        self.mended = self.lost = ""
        self._taken.clear()
        try:
            record = next(self._reader)
        except csv.Error as error:
            record = self._mended(str(error))
        except TooManyLines:
            found = self._split()
            if found is None:
                raise
            record = found
        else:
            if len(self._taken) > 1 and self._before and len(record) != len(self._before):
                record = self._split() or record
        if len(record) > 1:
            self._before = record
        return record

    def _mended(self, problem: str) -> list[str]:
        """Return the record that breaks the rules, without the rows that it swallowed."""
        if "field larger" in problem:
            raise csv.Error(problem)
        found = self._split() or self._with_marks()
        if found is not None:
            return found
        record = self._leniently()
        if "end of data" not in problem or not self._before:
            if self._before and len(self._taken) > 1 and len(record) != len(self._before):
                self.lost = (
                    "its quotation marks are not in order, and its cells may be cut in the wrong places"
                )
            return record
        between = len(self._before) - 1
        if any(line.count(self._delimiter) >= between for line in self._taken[1:]):
            self.lost = "a quotation mark in it is not closed: it may hold the rows below it"
            return record
        self.mended = "a quotation mark in it is not closed"
        return self._cut(self._taken) or record

    def _again(self, lines: list[str]) -> None:
        """Read these lines once more, before all others."""
        self._waiting.extendleft(reversed(lines))
        self._taken.clear()
        self._reader = self._new_reader()

    def _leniently(self) -> list[str]:
        """Return the record as a reader has it that takes every mark as it comes."""
        lines = list(self._taken)
        self._again(lines)
        record = next(csv.reader(self._lines(), delimiter=self._delimiter), [])
        self._reader = self._new_reader()
        return record

    # an unclosed mark

    def _split(self) -> list[str] | None:
        """Return the row that swallowed others, and have those read next; None where no line of it begins a row."""
        taken = list(self._taken)
        if not self._may_try(taken[: _MOST_TRIED + _AHEAD]):
            return None
        model = self._model(taken[0])
        for place in range(1, min(len(taken), _MOST_TRIED)):
            if not self._begins(taken[place], model):
                continue
            row = self._tried(taken[place:])
            if row is None or not _alike(row, model):
                continue
            cells = self._cut(taken[:place])
            if cells is None:
                continue
            self._again(taken[place:])
            self.mended = "a quotation mark in it is not closed"
            return cells
        return None

    def _may_try(self, lines: list[str]) -> bool:
        """Return whether there is a row to compare with, and time left to look at these lines once more."""
        size = sum(map(len, lines))
        self._effort += size
        return len(self._before) > 2 and size <= _MOST_MENDED and self._effort <= _MOST_EFFORT

    def _model(self, line: str) -> list[str]:
        """Return the cells of a row that are in order: the first ones of the broken row, or those of the row above."""
        cells = next(csv.reader([line], delimiter=self._delimiter), [])[:-1]
        return cells if sum(bool(_FACT.search(cell)) for cell in cells) > 1 else self._before

    def _begins(self, line: str, model: list[str]) -> bool:
        """Return whether a line begins with a cell such as rows begin with."""
        first = line.split(self._delimiter, 1)[0].strip().strip('"')
        return self._delimiter in line and bool(first) and _shape(first) == _shape(model[0])

    def _tried(self, lines: list[str]) -> list[str] | None:
        """Return the record that these lines begin with, which further lines may belong to; None where it breaks rules."""
        more: list[str] = []

        def on() -> Iterator[str]:
            yield from lines
            while len(more) < _AHEAD:
                line = self._waiting.popleft() if self._waiting else next(self._source, None)
                if line is None:
                    return
                more.append(line)
                yield line

        try:
            row = next(csv.reader(on(), delimiter=self._delimiter, strict=True), None)
        except csv.Error:
            # The row may have a mark that is not in order as well: its first line tells what it is.
            row = next(csv.reader(lines[:1], delimiter=self._delimiter), None)
            row = row if row is not None and len(row) <= len(self._before) else None
        else:
            row = row if row is not None and len(row) == len(self._before) else None
        finally:
            self._waiting.extendleft(reversed(more))
        return row

    def _cut(self, lines: list[str]) -> list[str] | None:
        """Return the cells of a row with an unclosed mark: it was to close before the last cells, of which none has one."""
        text = "".join(lines).rstrip("\r\n")
        cells = next(csv.reader(text.splitlines(keepends=True), delimiter=self._delimiter), [])
        missing = len(self._before) - len(cells)
        if missing < 0 or not cells:
            return None
        if missing:
            last = cells[-1].rsplit(self._delimiter, missing)
            if len(last) <= missing or any("\n" in cell for cell in last[1:]):
                return None
            cells = [*cells[:-1], *last]
        return cells

    # marks inside a cell

    def _with_marks(self) -> list[str] | None:
        """Return the record whose cells have marks in their text; None where that does not make a row."""
        lines = list(self._taken)
        if not self._may_try(lines):
            return None
        model = self._model(lines[0])
        more: list[str] = []
        cells = self._marked("".join(lines))
        while cells is None and len(more) < _AHEAD:
            line = self._waiting.popleft() if self._waiting else next(self._source, None)
            if line is None:
                break
            more.append(line)
            if self._begins(line, model):
                break
            if '"' in line:
                if not self._may_try([*lines, *more]):
                    break
                cells = self._marked("".join(lines + more))
        if cells is None:
            self._waiting.extendleft(reversed(more))
            return None
        self._again([])
        self.mended = "quotation marks inside a cell are not doubled"
        return cells

    def _marked(self, text: str) -> list[str] | None:
        """Return the cells of a whole row: a mark ends a cell only where a delimiter or the end of the line follows.

        Where that makes too many cells, a delimiter with a space behind it is one of the text.
        """
        text = text.rstrip("\r\n")
        mark = re.escape(self._delimiter)
        for ends in (mark, rf"{mark}(?! )"):
            cell = re.compile(
                rf'"(?P<quoted>[^"]*(?:"(?!{ends}|\r?\n|\r|\Z)[^"]*)*)"|(?P<bare>(?!")[^{mark}\r\n]*)'
            )
            if (cells := self._taken_apart(text, cell)) is not None:
                return cells
        return None

    def _taken_apart(self, text: str, cell: re.Pattern[str]) -> list[str] | None:
        """Return the cells of a row by a pattern of them; None where it has more or fewer than the row above."""
        cells: list[str] = []
        at = 0
        while len(cells) <= len(self._before):
            match = cell.match(text, at)
            if match is None:
                return None
            said = match["quoted"]
            cells.append(match["bare"] if said is None else said.replace('""', '"'))
            at = match.end()
            if not text.startswith(self._delimiter, at):
                break
            at += len(self._delimiter)
        return cells if at >= len(text) and len(cells) == len(self._before) else None


def _shape(cell: str) -> str:
    """Return how a cell is written, its letters and digits apart from what they are: "AB-12" → "a-0"."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "0", cell.strip()))


def _alike(row: list[str], other: list[str]) -> bool:
    """Return whether the first cells of two rows are written alike: most of what is no prose, and two cells of it."""
    pairs = [(one, two) for one, two in zip(row, other, strict=False) if len(one) < 60 and len(two) < 60]
    told = [_shape(one) == _shape(two) for one, two in pairs if _FACT.search(two) or _FACT.search(one)]
    return len(told) > 1 and sum(told) * 2 >= len(told) and sum(told) > 1


_FACT = re.compile(r"[\d@]")
