"""Outcomes as files that a spreadsheet program opens: CSV and XLSX.

Only the columns in `COLUMNS` of an outcomes frame are ever written, so nothing secret that a frame might
carry one day (an upload URL, a token) can slip through; in Reddy's own words, the query of a URL and bearer
tokens are blanked. Text that a spreadsheet program would run as a formula is written so that it stays text.
Times are UTC and say so in their header, because neither format can hold a zone.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
import re
import tempfile
from typing import Any

import pandas as pd

from reddy_lib.outcomes.frames import COLUMNS, HasOutcomes, outcomes_of, reasons_table, row_numbers
from reddy_lib.spreadsheet.formulas import is_formula

__all__ = ["CELL_LIMIT", "file_name", "reasons_table", "to_csv", "to_xlsx"]

CELL_LIMIT = 32_767
"""The most that a cell of an Excel sheet holds, in UTF-16 units (an emoji is two)."""

ROW_LIMIT = 1_048_575
"""Rows that fit on an Excel sheet under its header."""

_TIMES = frozenset({"timestamp", "started", "ended"})
_WIDTHS = {
    "row": 7,
    "status": 11,
    "conversation_id": 34,
    "agent_email": 30,
    "product_id": 11,
    "upload_id": 12,
    "http_status": 12,
    "error": 60,
    "attempts": 10,
    "seconds": 10,
    "submission": 34,
    "audio": 10,
}
_TIME_WIDTH = 20
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_QUERY = re.compile(r"(\bhttps?://[^\s?#\"'<>]+)[?#][^\s\"'<>]+", re.IGNORECASE)
_BEARER = re.compile(r"\b(Bearer\s+)[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)


def to_csv(outcomes: pd.DataFrame | HasOutcomes) -> bytes:
    """The outcomes as a CSV file, in the frame's row order: UTF-8 with a byte order mark, so Excel reads it.

    Numbers are numbers, times are `2026-03-30 17:46:00` in UTC, what is not given is empty. Text that starts
    like a formula gets a single quote in front; control characters become `�`.
    """
    outcomes = outcomes_of(outcomes)
    out = io.StringIO(newline="")
    # All text is quoted: where a semicolon parts the cells, text behind one would otherwise start a new cell.
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(_headers())
    for values in _rows(outcomes):
        writer.writerow([_csv_cell(value) for value in values])
    return out.getvalue().encode("utf-8-sig")


def file_name(batch: str, submission: int | None, now: dt.datetime, ending: str) -> str:
    """A name for a file of outcomes: "march export-submission 3-2026-03-30 1746.csv" (UTC), safe on every system."""
    safe = (
        re.sub(r"[^\w .-]+", "_", batch, flags=re.ASCII if batch.isascii() else 0).strip(" ._")[:60]
        or "batch"
    )
    part = "" if submission is None else f"-submission {submission}"
    return f"{safe}{part}-{now:%Y-%m-%d %H%M}.{ending}"


def _csv_cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return _time_text(value)
    if isinstance(value, str):
        return f"'{value}" if is_formula(value) else value
    return value


def to_xlsx(outcomes: pd.DataFrame | HasOutcomes, *, rows_a_sheet: int = ROW_LIMIT) -> bytes:
    """The outcomes as an Excel workbook, in the frame's row order, with a frozen header and filters.

    Numbers are numbers and times are dates (UTC). Text is always text: never a formula, also after somebody
    edits the cell, and never a link. A text longer than 32,767 characters, the most that a cell holds, is cut
    and ends with `… [cut: 40,000 characters]`. Whole numbers of more than 15 digits, which Excel would round,
    are written as text. What does not fit on a sheet (1,048,575 calls do) goes on to the next one.
    """
    outcomes = outcomes_of(outcomes)
    import xlsxwriter  # loaded by whoever downloads, not by whoever imports the library

    out = io.BytesIO()
    # Rows are flushed as they are written, so memory does not grow with them. The pieces hold customers'
    # addresses: they lie in a folder that only this user can read, and that is gone afterwards.
    with tempfile.TemporaryDirectory(prefix="outcomes-") as folder:
        settings = {"constant_memory": True, "tmpdir": folder, "strings_to_formulas": False}
        settings |= {"strings_to_urls": False, "strings_to_numbers": False}
        with xlsxwriter.Workbook(out, settings) as book:
            _write_book(book, outcomes, rows_a_sheet)
    return out.getvalue()


def _write_book(book: Any, outcomes: pd.DataFrame, rows: int) -> None:
    bold = book.add_format({"bold": True, "bottom": 1})
    time = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    text = book.add_format({"quote_prefix": True})
    sheets = max(1, math.ceil(len(outcomes) / rows))
    for number in range(sheets):
        part = outcomes.iloc[number * rows : (number + 1) * rows]
        sheet = book.add_worksheet("Outcomes" if number == 0 else f"Outcomes {number + 1}")
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(1, len(part)), len(COLUMNS) - 1)
        for position, column in enumerate(COLUMNS):
            sheet.set_column(position, position, _WIDTHS.get(column, _TIME_WIDTH))
        for position, header in enumerate(_headers()):
            sheet.write_string(0, position, header, bold)
        for line, values in enumerate(_rows(part), start=1):
            for position, value in enumerate(values):
                _write_cell(sheet, line, position, value, time, text)


def _write_cell(sheet: Any, line: int, position: int, value: Any, time: Any, text: Any) -> None:
    if value is None:
        return
    if isinstance(value, dt.datetime):
        if value.year >= 1900:
            sheet.write_datetime(line, position, value, time)
            return
        value = _time_text(value)  # Excel's calendar starts in 1900
    if isinstance(value, bool):
        sheet.write_boolean(line, position, value)
    elif isinstance(value, (int, float)) and abs(value) < 10**15:
        sheet.write_number(line, position, value)
    else:
        shown = _fitting(str(value))
        # A quote prefix keeps the cell text when somebody edits it; it is no part of the text.
        sheet.write_string(line, position, shown, text if is_formula(shown) else None)


def _headers() -> list[str]:
    return [f"{column} (UTC)" if column in _TIMES else column for column in COLUMNS]


def _rows(outcomes: pd.DataFrame) -> Any:
    """Tuples of plain values in the order of `COLUMNS`; None where a value, or its column, is not given."""
    if not len(outcomes):
        return iter(())
    return zip(*(_column(outcomes, column) for column in COLUMNS), strict=True)


def _column(outcomes: pd.DataFrame, column: str) -> list[Any]:
    if column == "row":
        return [_plain(value) for value in row_numbers(outcomes).array]
    if column not in outcomes:
        return [None] * len(outcomes)
    values = outcomes[column]
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        # Many times as fast as one by one, as `_plain` would do it.
        naive = values.dt.tz_convert("UTC").dt.tz_localize(None).dt.floor("us").array
        return [None if value is pd.NaT else value.to_pydatetime() for value in naive]
    return [_plain(value) for value in values.array]


def _plain(value: Any) -> Any:
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dt.datetime):
        time = pd.Timestamp(value)
        if time.tzinfo is not None:
            time = time.tz_convert("UTC").tz_localize(None)
        return time.floor("us").to_pydatetime()
    if hasattr(value, "item"):
        value = value.item()  # a numpy scalar
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return value if math.isfinite(value) else str(value)
    return value if isinstance(value, (bool, int)) else clean(str(value))


def clean(text: str) -> str:
    # Nearly all texts need nothing of this, and looking first is cheap.
    if "://" in text or "earer" in text.lower():
        text = _BEARER.sub(r"\1…", _QUERY.sub(r"\1?…", text))
    if text.isprintable():
        return text
    return _UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n"))


def _time_text(value: dt.datetime) -> str:
    whole = value.strftime("%Y-%m-%d %H:%M:%S")
    return f"{whole}.{value.microsecond // 1000:03d}" if value.microsecond else whole


def _fitting(text: str) -> str:
    """The text, or as much of it as a cell holds, with a mark that says so."""
    units = text.encode("utf-16-le")
    if len(units) <= 2 * CELL_LIMIT:
        return text
    mark = f"… [cut: {len(text):,} characters]"
    room = CELL_LIMIT - len(mark)
    return units[: 2 * room].decode("utf-16-le", errors="ignore") + mark
