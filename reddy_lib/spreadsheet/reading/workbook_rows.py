"""Rows of a workbook's sheet, with the kinds of cells that Excel gave them, its error cells and what it hides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import python_calamine as calamine

from reddy_lib.errors import UnreadableFile
from reddy_lib.spreadsheet.reading.error_cells import check_sheet
from reddy_lib.spreadsheet.reading.files import Workbook
from reddy_lib.spreadsheet.reading.furniture import Region

__all__ = ["excel_cell", "excel_rows", "merged_regions", "rows_of_sheets"]


def excel_rows(workbook: Workbook, sheet: str, path: Path) -> Iterator[tuple[int, list[Any]]]:
    errors = check_sheet(path, sheet, workbook.names.index(sheet))
    try:
        table = workbook.sheet(sheet)
        if not errors:
            yield from enumerate(table.iter_rows(), start=1)
            return
        number = 0
        for number, record in enumerate(table.iter_rows(), start=1):
            yield number, _with_errors(record, errors.get(number, ()))
        # Rows of errors alone count as empty: at the end they may be cut off.
        for below in range(number + 1, max(errors) + 1):
            yield below, _with_errors([], errors.get(below, ()))
    except (calamine.CalamineError, ValueError, OSError):
        raise UnreadableFile(
            f"Sheet {sheet!r} of {path.name} cannot be read: open it in Excel and save it as .xlsx, or take another sheet."
        ) from None


def rows_of_sheets(workbook: Workbook, sheets: Iterable[str], path: Path) -> Iterator[tuple[int, list[Any]]]:
    """Return the rows of several sheets, numbered on from sheet to sheet, below a row that names each of them."""
    number = 0
    for sheet in sheets:
        number += 1
        yield number, [SHEET_NAME, sheet]
        for _, record in excel_rows(workbook, sheet, path):
            number += 1
            yield number, record


SHEET_NAME = "Sheet name"
"""The column of the sheets' names, where each sheet is a call."""


def _with_errors(record: list[Any], errors: Iterable[tuple[int, str]]) -> list[Any]:
    for place, text in errors:
        record += [""] * (place + 1 - len(record))
        if record[place] in ("", None, 0):  # some programs store an error beside the number 0
            record[place] = text
    return record


def merged_regions(workbook: Workbook, sheet: str) -> list[Region]:
    """Merged cells as ((row, column), (row, column)), counted from 0, ends included; [] where the file does not say."""
    try:
        return list(workbook.sheet(sheet).merged_cell_ranges or ())
    except (calamine.CalamineError, ValueError, OSError):
        return []


def excel_cell(cell: Any) -> Any:
    """Excel stores every number as a fraction: 3592.0 was typed as 3592."""
    if type(cell) is float and cell.is_integer():
        if abs(cell) < 1e15:
            return int(cell)
        # As the file has it: beyond 2**53 the nearest fraction has other digits than were written.
        return int(Decimal(repr(cell))) if abs(cell) < 1e21 else cell
    if type(cell) is datetime and cell.microsecond:
        # A serial number holds microseconds badly: 17:45:59.999999 was typed as 17:46:00.
        return _round_milliseconds(cell)
    return cell


def _round_milliseconds(moment: datetime) -> datetime:
    milliseconds = round(moment.microsecond / 1000)
    return moment.replace(microsecond=0) + timedelta(milliseconds=milliseconds)
