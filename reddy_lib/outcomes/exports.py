"""Export outcomes as CSV and XLSX files for spreadsheet programs.

Only the columns in `COLUMNS` are written, so a secret that a frame might carry later (an upload URL, a token) is never
exported. Server messages are redacted: the query of a URL and bearer tokens are replaced. Text that a spreadsheet program
would run as a formula is written so that it stays text. Times are UTC and their headers say so, because neither format
can store a time zone.
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
from reddy_lib.spreadsheet.cells.formulas import is_formula

__all__ = ["CELL_LIMIT", "csv_cell", "file_name", "reasons_table", "to_csv", "to_xlsx"]

CELL_LIMIT = 32_767
"""Maximum length of a cell in Excel, in UTF-16 units (an emoji has two)."""

ROW_LIMIT = 1_048_575
"""Maximum number of rows on an Excel sheet, without the header."""

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
    """Return the outcomes as a CSV file in the frame's row order: UTF-8 with a byte order mark, for Excel.

    Numbers stay numbers, times are UTC (`2026-03-30 17:46:00`), missing values are empty. Text that looks like a formula
    is prefixed with a single quote; control characters become `�`.
    """
    outcomes = outcomes_of(outcomes)
    out = io.StringIO(newline="")
    # Quote all text: in a locale with semicolons as separators, a semicolon in a text would start a new cell.
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(_headers())
    for values in _rows(outcomes):
        writer.writerow([csv_cell(value) for value in values])
    return out.getvalue().encode("utf-8-sig")


def file_name(batch: str, submission: int | None, now: dt.datetime, ending: str) -> str:
    """Return a file name that is safe on every system: "march export-submission 3-2026-03-30 1746Z.csv" (UTC)."""
    safe = (
        re.sub(r"[^\w .-]+", "_", batch, flags=re.ASCII if batch.isascii() else 0).strip(" ._")[:60]
        or "batch"
    )
    part = "" if submission is None else f"-submission {submission}"
    return f"{safe}{part}-{now:%Y-%m-%d %H%M}Z.{ending}"


def csv_cell(value: Any) -> Any:
    """Return a value as a spreadsheet program shows it, without running it."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return _time_text(value)
    if isinstance(value, str):
        return f"'{value}" if is_formula(value) else value
    return value


def to_xlsx(outcomes: pd.DataFrame | HasOutcomes, *, rows_a_sheet: int = ROW_LIMIT) -> bytes:
    """Return the outcomes as an Excel workbook in the frame's row order, with a frozen header and filters.

    Numbers stay numbers and times are dates (UTC). Text is never a formula, even after an edit, and never a link. Text
    beyond 32,767 characters, Excel's limit, is cut and ends with `… [cut: 40,000 characters]`. Integers of more than 15
    digits, which Excel would round, are written as text. Rows beyond 1,048,575 continue on the next sheet.
    """
    outcomes = outcomes_of(outcomes)
    import xlsxwriter  # imported on use: it would slow down `import reddy_lib`

    out = io.BytesIO()
    # constant_memory flushes rows to temporary files, so memory does not grow with them. The files contain customers'
    # addresses, so they go into a folder that only this user can read and that is deleted on exit.
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
        # A quote prefix keeps the cell a text when it is edited; it is not part of the text.
        sheet.write_string(line, position, shown, text if is_formula(shown) else None)


def _headers() -> list[str]:
    return [f"{column} (UTC)" if column in _TIMES else column for column in COLUMNS]


def _rows(outcomes: pd.DataFrame) -> Any:
    """Return tuples of plain values in the order of `COLUMNS`; None for a missing value or column."""
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
        # Convert the whole column: many times as fast as `_plain` for each value.
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
        value = value.item()  # a NumPy scalar
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return value if math.isfinite(value) else str(value)
    return value if isinstance(value, (bool, int)) else clean(str(value))


def clean(text: str) -> str:
    # Most texts need no redaction, and this check is much cheaper than the regular expressions.
    if "://" in text or "earer" in text.lower():
        text = _BEARER.sub(r"\1…", _QUERY.sub(r"\1?…", text))
    if text.isprintable():
        return text
    return _UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n"))


def _time_text(value: dt.datetime) -> str:
    whole = value.strftime("%Y-%m-%d %H:%M:%S")
    return f"{whole}.{value.microsecond // 1000:03d}" if value.microsecond else whole


def _fitting(text: str) -> str:
    """Return the text, cut to the length of a cell and marked as cut if it is longer."""
    units = text.encode("utf-16-le")
    if len(units) <= 2 * CELL_LIMIT:
        return text
    mark = f"… [cut: {len(text):,} characters]"
    room = CELL_LIMIT - len(mark)
    return units[: 2 * room].decode("utf-16-le", errors="ignore") + mark
