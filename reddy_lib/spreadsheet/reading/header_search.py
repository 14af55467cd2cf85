"""Which row of a table is its header, and which sheet of a workbook holds the calls: told from their first rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import python_calamine as calamine

from reddy_lib.errors import EmptySheet, SheetError
from reddy_lib.spreadsheet.cells.header_words import fields_named
from reddy_lib.spreadsheet.reading.files import Workbook
from reddy_lib.spreadsheet.reading.furniture import is_blank, is_empty
from reddy_lib.spreadsheet.reading.headers import find_header
from reddy_lib.spreadsheet.reading.table_shape import is_turned, kind_of_cell
from reddy_lib.spreadsheet.reading.tables import MOST_COLUMNS, too_wide
from reddy_lib.spreadsheet.reading.workbook_rows import excel_rows

__all__ = [
    "LOOK_AHEAD",
    "MOST_SHEETS",
    "alike_sheets",
    "choose_sheet",
    "choose_tables",
    "head_rows",
    "header_of",
]

LOOK_AHEAD = 60
"""Rows looked at to find the header: titles, logos and notes above a table rarely take more."""
MOST_SHEETS = 100
"""Sheets looked at for the calls, and for their lines; the analyst can name any other."""
_MOST_BLANK = 1_048_576  # rows, as many as a sheet of Excel has: below them nobody looks for a header


def head_rows(
    rows: Iterator[tuple[int, list[Any]]], header_row: int | None
) -> Iterator[tuple[int, list[Any]]]:
    """Enough non-blank rows to find the header, and one below it."""
    kept = last = 0
    for number, cells in rows:
        if header_row is not None and number < header_row:
            continue
        if not is_blank(cells) or number == header_row:
            yield number, cells
            kept, last = kept + 1, number
            if kept >= LOOK_AHEAD:
                return
        elif number - last > _MOST_BLANK:
            return


def header_of(rows: Sequence[tuple[int, list[Any]]], header_row: int | None, where: str) -> int:
    """The number of the header's row, of the first rows that are not blank. Raises EmptySheet, UnreadableFile."""
    if not rows:
        if header_row is not None:
            raise EmptySheet(f"{where} has no row {header_row}: choose another header row.")
        raise EmptySheet(f"{where} is empty: export the calls again.")
    if header_row is not None and (rows[0][0] != header_row or is_blank(rows[0][1])):
        raise EmptySheet(f"Row {header_row} of {where} is empty: choose another header row.")
    widest = max((cells for _, cells in rows), key=len)
    if len(widest) > MOST_COLUMNS and not is_blank(widest[MOST_COLUMNS:]):
        raise too_wide(where, len(widest))  # before minutes go into its header
    place = 0 if header_row is not None else find_header([cells for _, cells in rows])
    if place + 1 >= len(rows):
        raise EmptySheet(
            f"{where} has a header in row {rows[place][0]} and no calls below it: export the calls again."
        )
    return rows[place][0]


# The sheet of the calls


def choose_sheet(workbook: Workbook, path: Path, header_row: int | None) -> str:
    """The sheet of the calls: the first with a table, unless another one holds far more of what a call has.

    Visible sheets come first. Raises EmptySheet, UnreadableFile.
    """
    problem: EmptySheet | None = None
    narrow: str | None = None
    best: tuple[float, str] | None = None
    shown = calamine.SheetVisibleEnum.Visible
    metadata = sorted(workbook.sheets, key=lambda item: item.visible != shown)
    for item in metadata[:MOST_SHEETS]:
        if item.typ != calamine.SheetTypeEnum.WorkSheet or (best is not None and item.visible != shown):
            continue
        where = f"Sheet {item.name!r} of {path.name}"
        try:
            rows = list(head_rows(excel_rows(workbook, item.name, path), header_row))
            header = header_of(rows, header_row, where)
        except EmptySheet as error:
            problem = problem or error
            continue
        narrow = narrow or item.name
        if max(sum(not is_empty(cell) for cell in cells) for number, cells in rows if number >= header) > 1:
            worth = _worth_of(rows, header)
            if best is None or worth >= best[0] + _STEP:
                best = (worth, item.name)
    if best is not None:
        return best[1]
    if narrow:
        return narrow
    if problem is not None and len(metadata) == 1:
        raise problem
    raise EmptySheet(f"No sheet of {path.name} has a header with calls below it: export the calls again.")


def alike_sheets(workbook: Workbook, path: Path, sheet: str) -> tuple[str, ...]:
    """The names of other visible sheets with the columns of this one."""
    names: dict[str, set[str]] = {}
    shown = calamine.SheetVisibleEnum.Visible
    for item in workbook.sheets[:MOST_SHEETS]:
        if item.typ != calamine.SheetTypeEnum.WorkSheet or (item.visible != shown and item.name != sheet):
            continue
        try:
            rows = list(head_rows(excel_rows(workbook, item.name, path), None))
            below = [cells for _, cells in rows]
            # A sheet on its side, such as a form for each call, has its names in the first column.
            texts = (
                [cells[0] for cells in below if cells]
                if is_turned(below)
                else dict(rows)[header_of(rows, None, item.name)]
            )
        except SheetError:
            continue
        names[item.name] = {str(cell).strip() for cell in texts if not is_empty(cell)}
    wanted = names.pop(sheet, set())
    return tuple(
        name
        for name, texts in names.items()
        if len(wanted) > 1 and 5 * len(wanted & texts) >= 4 * len(wanted | texts)
    )


def choose_tables(tables: dict[int, list[list[str]]]) -> frozenset[int]:
    """The numbers of a page's tables that hold the calls: the likeliest one, and those with its header."""
    best: tuple[float, int] | None = None
    for number, rows in tables.items():
        numbered = list(enumerate(rows, start=1))
        try:
            worth = _worth_of(numbered, header_of(numbered, None, ""))
        except SheetError:
            continue
        if best is None or worth > best[0]:
            best = (worth, number)
    if best is None:
        return frozenset(tables)
    heads = {number: [str(cell).strip() for cell in rows[0]] for number, rows in tables.items()}
    return frozenset(number for number, head in heads.items() if head == heads[best[1]])


def _worth_of(rows: Sequence[tuple[int, list[Any]]], header: int) -> float:
    if len(rows) < LOOK_AHEAD and is_turned([cells for _, cells in rows]):
        return 2 * _STEP
    names = [str(cell).strip() for cell in dict(rows)[header]]
    return _worth(names, [cells for number, cells in rows if number > header])


_STEP = 2.5
"""By how much another sheet has to look more like calls than the first."""


_WORTHS = {"long": 2.0, "date": 1.0, "email": 1.0, "code": 0.5}


def _worth(names: Sequence[str], below: Sequence[Sequence[Any]]) -> float:
    """How much of what a call has a table has: fields that its names say, and kinds of cells."""
    fields = len({field for name in names if len(name) < 60 for field in fields_named(name)})
    kinds = {
        kind
        for place in range(len(names))
        if len([1 for row in below if place < len(row) and not is_empty(row[place])]) * 2 >= len(below)
        and (kind := _most_of([row[place] for row in below if place < len(row)]))
    }
    return fields + sum(worth for kind, worth in _WORTHS.items() if kind in kinds)


def _most_of(cells: Sequence[Any]) -> str:
    kinds = [kind for cell in cells if (kind := kind_of_cell(cell))]
    best = max(set(kinds), key=kinds.count, default="")
    return best if kinds.count(best) >= 0.7 * len(kinds) else ""
