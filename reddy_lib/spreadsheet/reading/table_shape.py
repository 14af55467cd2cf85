"""What shape a table has: on its side, without a header, with another table below it or beside it.

All of it is told by the kinds of cells: in a table of calls a column holds one kind (addresses, dates, ids, long texts);
in a table on its side a row does; a table below another one has other kinds in its columns.
"""

from __future__ import annotations

import csv
import io
import re
from bisect import bisect
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from reddy_lib.spreadsheet.reading.furniture import is_blank, is_empty, is_total, no_call
from reddy_lib.spreadsheet.reading.report_blocks import has_known_names, known_name

__all__ = [
    "beside_place",
    "has_no_header",
    "inner_delimiter",
    "is_turned",
    "kind_of_cell",
    "records_below",
    "rows_below",
    "split_cells",
    "turned_rows",
]

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.\w+")
_DATE = re.compile(
    r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}(?:[ T,].*)?|\d{8}T?\d*|\d{1,2}:\d\d.*|\w{3,9}\.? \d{1,2},? \d{4}.*"
)
_NUMBER = re.compile(r"[-+]?[\d.,' ]*\d%?")
_CODE = re.compile(r"(?=.*\d)[\w\-/.:#]+")
_LONG = 60
_KEPT = 300
STRONG = frozenset(("email", "date", "code", "long"))


def kind_of_cell(cell: Any) -> str:
    """The kind of a cell: "email", "date", "number", "code", "long", "words", or "" for an empty one."""
    if is_empty(cell):
        return ""
    if isinstance(cell, datetime | date | time | timedelta):
        return "date"
    if isinstance(cell, int | float):
        return "number"
    text = str(cell).strip()
    if len(text) > _LONG or "\n" in text:
        return "long"
    if _EMAIL.fullmatch(text):
        return "email"
    if _DATE.fullmatch(text):
        return "date"
    if _NUMBER.fullmatch(text):
        return "code" if len(text) > 7 and text.isdecimal() else "number"
    return "code" if _CODE.fullmatch(text) else "words"


def _main_kind(cells: Iterable[Any]) -> str:
    """The kind that nearly all filled cells have, or ""."""
    kinds = Counter(kind for cell in cells if (kind := kind_of_cell(cell)))
    if not kinds:
        return ""
    kind, count = kinds.most_common(1)[0]
    return kind if count >= 0.9 * kinds.total() else ""


# On its side


_DIGITS = re.compile(r"\d+")
_OF_AN_ID = 3  # groups of digits


def is_turned(rows: Sequence[Sequence[Any]]) -> bool:
    """Whether the first column of a table holds the names, and each further column is a call.

    `rows`: all rows of a small table, without blank ones.
    """
    start = next((place for place, row in enumerate(rows) if sum(not is_empty(cell) for cell in row) > 1), 0)
    rows = rows[start:]
    names = [row[0] if row else "" for row in rows]
    if not 3 <= len(names) <= 200 or any(is_empty(name) for name in names):
        return False
    texts = [str(name).strip().rstrip(":") for name in names]
    width = max(map(len, rows))
    if width < 2 or len(set(texts)) < len(texts):
        return False
    kinds = [kind_of_cell(name) for name in names]
    if not {"email", "date", "number", "long"}.isdisjoint(kinds) or kinds.count("code") > 0.2 * len(kinds):
        return False
    known = has_known_names(texts)
    # "Call 1", "Call 2", "Call 3" above the columns say one thing: each of them is a call.
    # The letters between the digits of an id may read like words.
    heads = [cell for cell in map(str, rows[0]) if len(_DIGITS.findall(cell)) < _OF_AN_ID]
    across = has_known_names(list(dict.fromkeys(_DIGITS.sub("", cell).strip() for cell in heads)))
    if any(known_name(text) for text in map(str, rows[0][1:])) and across >= known:
        return False
    strong_rows = sum(_main_kind(row[1:]) in ("email", "date", "long") for row in rows)
    strong_columns = sum(
        _main_kind(row[place] for row in rows[1:] if place < len(row))
        in ("email", "date", "long", "number", "code")
        for place in range(1, width)
    )
    if strong_columns:
        return False
    if known >= 3 and across < min(known, 3):
        return strong_rows >= 1
    return width > 2 and strong_rows >= 2 and across < 2


def turned_rows(rows: Sequence[tuple[int, list[Any]]]) -> Iterator[tuple[int, list[Any]]]:
    """The columns of a table as its rows; rows above it that are titles are passed over."""
    filled = [cells for _, cells in rows if any(not is_empty(cell) for cell in cells)]
    start = next(
        (place for place, row in enumerate(filled) if sum(not is_empty(cell) for cell in row) > 1), 0
    )
    filled = filled[start:]
    width = max(map(len, filled), default=0)
    for place in range(width):
        cells = [row[place] if place < len(row) else "" for row in filled]
        if place == 0:
            cells = [str(cell).strip().rstrip(":") for cell in cells]
        yield place + 1, cells


# Without a header


def has_no_header(rows: Sequence[Sequence[Any]], header: Sequence[Any]) -> bool:
    """Whether what was taken for the header is the first call: its cells are of the kinds of the cells below."""
    filled = [place for place, cell in enumerate(header) if not is_empty(cell)]
    if len(filled) < 3 or has_known_names([str(header[place]) for place in filled]) > 1 or not rows:
        return False
    columns = {place: _main_kind(row[place] for row in rows if place < len(row)) for place in filled}
    sure = {place: kind for place, kind in columns.items() if kind in ("email", "date", "long", "code")}
    same = sum(kind_of_cell(header[place]) == kind for place, kind in sure.items())
    telling = any(
        columns.get(place) in ("email", "date") and kind_of_cell(header[place]) == columns[place]
        for place in sure
    )
    return len(sure) >= 2 and same >= 2 and same >= 0.7 * len(sure) and telling


# Rows that stand in one cell


def inner_delimiter(records: Sequence[Sequence[Any]]) -> str:
    """The delimiter inside cells that hold whole rows, "" where none do."""
    single = [
        str(record[0])
        for record in records
        if record and not is_empty(record[0]) and all(is_empty(cell) for cell in record[1:])
    ]
    if len(single) < 2 or 2 * len(single) < len(records):
        return ""
    for delimiter in (",", ";", "\t", "|"):
        parsed = [split_cells(text, delimiter) for text in single[:50]]
        widths = Counter(map(len, parsed))
        width, count = widths.most_common(1)[0]
        if width < 3 or count < 0.9 * len(parsed):
            continue
        heads = [row for row in [*parsed[:3], *records[:3]] if len(row) == width]
        if any(has_known_names(list(map(str, row))) > 1 for row in heads):
            return delimiter
    return ""


def split_cells(text: str, delimiter: str) -> list[str]:
    """The cells of a row that is written in one cell."""
    try:
        record = next(
            csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=False), []
        )
    except csv.Error:
        return [text]
    return record


# Another table beside


def beside_place(rows: Sequence[Sequence[Any]], header: Sequence[Any]) -> int:
    """The first column (from 0) of a table that stands beside the calls, behind an empty column; 0: there is none.

    `rows`: below the header.
    """
    width = len(header)
    filled = [[place for place, cell in enumerate(row[:width]) if not is_empty(cell)] for row in rows]
    named = [place for place, cell in enumerate(header) if not is_empty(cell)]
    taken = sorted({*named, *(place for row in filled for place in row)})
    # Between two columns that hold something, one empty column says as much as the thousands of a stray cell.
    for gap in (before + 1 for before, after in pairwise(taken) if after > before + 1):
        names = bisect(named, gap)
        if not 1 < names < len(named) or _goes_on(header[:gap], header[gap + 1 :]):
            continue
        left = [bool(row) and row[0] < gap for row in filled]
        right = [bool(row) and row[-1] > gap for row in filled]
        # It ends elsewhere: its rows are not the rows of the calls.
        if any(right) and left != right and _ends_at_once(right):
            return gap + 1
    return 0


def _goes_on(left: Sequence[Any], right: Sequence[Any]) -> bool:
    """Whether columns on both sides of a gap are numbered in one series: "Transcript 2" goes on in "Transcript 3"."""
    series = [
        {match[1].casefold() for name in names if (match := _IN_SERIES.fullmatch(str(name).strip()))}
        for names in (left, right)
    ]
    return not series[0].isdisjoint(series[1])


_IN_SERIES = re.compile(r"(.*?[^\W\d].*?)[\W_]*\d{1,3}\W*")


def _ends_at_once(filled: Sequence[bool]) -> bool:
    count = sum(filled)
    return count > 0 and all(filled[:count]) and count < len(filled)


# Another table below


class Below:
    """Tells rows of a table that stands below the calls, by kinds of cells: fed row by row, only behind blank rows."""

    def __init__(self, header: Sequence[str]) -> None:
        self.header = header
        self.first: list[Sequence[Any]] = []
        self._kinds: dict[int, str] | None = None
        self.inside = False

    def learn(self, record: Sequence[Any]) -> None:
        if len(self.first) < _KEPT:
            self.first.append(record)
            self._kinds = None

    def fits(self, record: Sequence[Any]) -> bool | None:
        """Whether a row has a cell of a kind that its column has; None where the columns are of no kind."""
        if self._kinds is None:
            kinds = {
                place: _main_kind(row[place] for row in self.first if place < len(row))
                for place in range(len(self.header))
            }
            self._kinds = {place: kind for place, kind in kinds.items() if kind in STRONG}
        if len(self._kinds) < 2 or not self.first:
            return None
        cells = [(place, kind_of_cell(cell)) for place, cell in enumerate(record)]
        return any(kind == self._kinds.get(place) for place, kind in cells if kind)

    def begins(self, record: Sequence[Any], following: Sequence[Sequence[Any]]) -> bool:
        """Whether a row that follows a blank one begins another table; `following`: the rows right below."""
        if self.fits(record) is not False:
            return False
        filled = [cell for cell in record if not is_empty(cell)]
        if any(kind_of_cell(cell) not in ("words", "code") for cell in filled) or len(filled) > len(
            self.header
        ):
            return False
        rows = [row for row in following if any(not is_empty(cell) for cell in row)]
        if not rows:
            return False
        if any(self.fits(row) for row in rows[:3]):
            return False
        if len(filled) > 1:
            return True
        # A title: the names of the columns stand below it.
        names = [cell for cell in rows[0] if not is_empty(cell)]
        return len(names) > 1 and len(rows) > 1


ANOTHER = "of another table below"
ANOTHER_HEADER = "names of columns"
_AHEAD = 6


def rows_below(
    rows: Iterator[tuple[int, list[Any]]], names: Sequence[str], header: Sequence[str]
) -> Iterator[tuple[int, list[Any], str]]:
    """(number, cells, why it is no call or "") of every row below a header that is not blank."""
    below = Below(header)
    first = below.first
    waiting: deque[tuple[int, list[Any]]] = deque()
    blank = False
    while True:
        if waiting:
            number, record = waiting.popleft()
        else:
            item = next(rows, None)
            if item is None:
                return
            number, record = item
        if is_blank(record):
            blank = True
            continue
        why = no_call(record, names, header)
        if below.inside:
            if why == "the header again" or (not why and blank and below.fits(record)):
                below.inside = False
            else:
                why = why or ANOTHER
        elif blank and not why and first:
            while len(waiting) < _AHEAD and (item := next(rows, None)) is not None:
                waiting.append(item)
            if below.begins(record, [cells for _, cells in waiting]):
                below.inside = True
                why = ANOTHER
            elif below.fits(record) is False and _are_names(record):
                why = ANOTHER_HEADER
        blank = False
        if not why and len(first) < _KEPT:
            below.learn(record)
        yield number, record, why


def records_below(rows: Iterator[tuple[int, list[Any]]]) -> Iterator[tuple[int, list[Any], str]]:
    """(number, cells, why it is no call or "") of every record of data that is not blank: the last ones may be totals."""
    waiting: list[tuple[int, list[Any]]] = []
    for number, record in rows:
        if is_blank(record):
            continue
        if len(waiting) < _AHEAD and is_total(record):
            waiting.append((number, record))
            continue
        for before, cells in waiting:
            yield before, cells, ""
        waiting.clear()
        yield number, record, ""
    for number, record in waiting:
        yield number, record, "a total"


def _are_names(record: Sequence[Any]) -> bool:
    filled = [cell for cell in record if not is_empty(cell)]
    return (
        all(kind_of_cell(cell) == "words" for cell in filled) and has_known_names(list(map(str, filled))) > 2
    )
