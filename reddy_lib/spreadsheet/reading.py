"""Rows of a sheet, in pieces: cells as the analyst typed them, row numbers as her spreadsheet program shows them.

CSV cells are text and stay text: nothing is taken for a number, a date or "not available". Excel cells keep the
type that Excel gave them. Blank rows are skipped but counted; rows longer than the header keep their extra
cells, in columns named after their letters.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, cast

import msgspec
import pandas as pd
import python_calamine as calamine

from reddy_lib.errors import EmptySheet, SheetError, UnreadableFile
from reddy_lib.spreadsheet.bundles import Bundle, bundle_rows, join_column, open_bundle
from reddy_lib.spreadsheet.error_cells import check_sheet
from reddy_lib.spreadsheet.files import (
    Workbook,
    csv_records,
    decodes,
    find_delimiter,
    find_encoding,
    kind_of,
    open_workbook,
    workbook_kept,
)
from reddy_lib.spreadsheet.formats import SheetFormat
from reddy_lib.spreadsheet.furniture import Region, below_merged, joined_names, lines_above, no_call
from reddy_lib.spreadsheet.headers import column_letter, find_header, header_texts
from reddy_lib.spreadsheet.joining import with_files, with_lines
from reddy_lib.spreadsheet.json_tables import json_kind, record_rows
from reddy_lib.spreadsheet.tables import MOST_COLUMNS, parquet_rows, too_wide
from reddy_lib.spreadsheet.unpacked import most_cells, too_sparse
from reddy_lib.spreadsheet.web_pages import html_rows

__all__ = ["SheetFormat", "detect_format", "hidden_sheets", "read_pieces", "read_sheet", "sheet_names"]

Cell = str | int | float | bool | datetime | date | time | timedelta
_LOOK_AHEAD = 60
"""Rows looked at to find the header: titles, logos and notes above a table rarely take more."""
_MOST_BLANK = 1_048_576  # rows, as many as a sheet of Excel has: below them nobody looks for a header
_PIECE_CELLS = 1_000_000  # of one piece, the empty ones counted
_MOST_SHEETS = 100  # looked at for the calls, and for their lines; the analyst can name any other


def sheet_names(path: str | os.PathLike[str]) -> list[str]:
    """Names of the sheets of a workbook, hidden ones too, in its order, or of the spreadsheets in a zip or folder; []
    for others. Raises UnreadableFile."""
    path = Path(path)
    kind = kind_of(path)
    if kind == "files":
        with open_bundle(path) as bundle:
            return [table.name for table in bundle.tables]
    if kind != "excel":
        return []
    return list(open_workbook(path).names)


def hidden_sheets(path: str | os.PathLike[str]) -> list[str]:
    """Names of the sheets of a workbook that are not shown; [] for others. Raises UnreadableFile."""
    path = Path(path)
    if kind_of(path) != "excel":
        return []
    shown = calamine.SheetVisibleEnum.Visible
    return [item.name for item in open_workbook(path).sheets if item.visible != shown]


@workbook_kept()
def detect_format(
    path: str | os.PathLike[str],
    *,
    sheet: str | None = None,
    header_row: int | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> SheetFormat:
    """How to read this file; what is not given is guessed.

    Raises:
        UnreadableFile: missing, damaged, protected, or not a spreadsheet.
        EmptySheet: no header, or nothing below it.
    """
    path = Path(path)
    if header_row is not None and header_row < 1:
        raise EmptySheet(f"Row {header_row} cannot be the header: rows count from 1.")
    kind = kind_of(path)
    if kind == "excel":
        return _workbook_format(path, sheet, header_row)
    if kind == "files":
        return _bundle_format(path, sheet, header_row)
    if kind == "parquet":
        _header_of(list(_head(_numbered(parquet_rows(path)), 1)), 1, path.name)
        return SheetFormat("parquet", None, 1, None, None)
    if encoding is None:
        encoding = find_encoding(path)
    else:
        _check_encoding(path, encoding)
    if kind == "html":
        rows = list(_head(_numbered(html_rows(path, encoding)), header_row))
        return SheetFormat("html", None, _header_of(rows, header_row, path.name), encoding, None)
    if kind == "json":
        shape = json_kind(path, encoding)
        if shape == "one call":
            return SheetFormat("files", None, 1, None, None)
        if shape:
            _header_of(list(_head(_numbered(record_rows(path, encoding, shape)), 1)), 1, path.name)
            return SheetFormat("jsonl" if shape == "jsonl" else "json", None, 1, encoding, None)
    if delimiter is None:
        delimiter = find_delimiter(path, encoding)
    elif len(delimiter) != 1:
        raise UnreadableFile(f"The delimiter {delimiter!r} is not one character: choose for example a comma.")
    rows = list(_head(csv_records(path, encoding, delimiter), header_row))
    header = _header_of(rows, header_row, path.name)
    lines = lines_above(list(_head(csv_records(path, encoding, delimiter), None)), header, ())
    return SheetFormat("csv", None, header, encoding, delimiter, header_lines=lines)


def _workbook_format(path: Path, sheet: str | None, header_row: int | None) -> SheetFormat:
    workbook = open_workbook(path)
    names = workbook.names
    if sheet is not None:
        if sheet not in names:
            raise UnreadableFile(f"{path.name} has no sheet {sheet!r}: it has {', '.join(map(repr, names))}.")
        rows = list(_head(_excel_rows(workbook, sheet, path), header_row))
        header = _header_of(rows, header_row, f"Sheet {sheet!r} of {path.name}")
    else:
        sheet, header = _choose_sheet(workbook, path, header_row)
    merged = _merged(workbook, sheet)
    rows = list(_head(_excel_rows(workbook, sheet, path), None))
    if header_row is None:
        header = below_merged(rows, header, merged)
    format = SheetFormat("excel", sheet, header, None, None, header_lines=lines_above(rows, header, merged))
    return _with_lines_sheet(path, workbook, format) if len(names) > 1 else format


def _with_lines_sheet(path: Path, workbook: Workbook, format: SheetFormat) -> SheetFormat:
    """The format with the sheet of transcript lines that belong to these calls, if the workbook has one."""
    from reddy_lib.spreadsheet.layouts import lines_beside  # it reads mappings, which know formats

    assert format.sheet is not None
    calls = _sample(path, format)
    if calls is None:
        return format
    for item in workbook.sheets[:_MOST_SHEETS]:
        if item.name == format.sheet or item.typ != calamine.SheetTypeEnum.WorkSheet:
            continue
        try:
            rows = list(_head(_excel_rows(workbook, item.name, path), None))
            header = _header_of(rows, None, item.name)
        except SheetError:
            continue
        lines = _sample(path, SheetFormat("excel", item.name, header, None, None))
        join = lines_beside(calls, lines) if lines is not None else None
        if join is not None:
            return msgspec.structs.replace(format, lines_sheet=item.name, lines_header=header, join=join)
    return format


def _sample(path: Path, format: SheetFormat) -> list[tuple[str, list[Any]]] | None:
    try:
        frame = next(_frames(path, format, rows=300), None)
    except SheetError:
        return None
    if frame is None:
        return None
    return [(str(name), frame.iloc[:, place].tolist()) for place, name in enumerate(frame.columns)]


def _bundle_format(path: Path, sheet: str | None, header_row: int | None) -> SheetFormat:
    """`sheet`: the name of the spreadsheet to read, where a zip or folder holds several."""
    with open_bundle(path) as bundle:
        tables = [table for table in bundle.tables if sheet in (None, table.name)]
        if not tables and len(bundle.tables) < 2:
            tables = bundle.tables  # a mapping of last week's zip: its one spreadsheet had another name
        names = _named(bundle)
        if not tables and bundle.tables:
            raise UnreadableFile(f"{path.name} has no spreadsheet {sheet!r}: it has {names}.")
        if not tables:
            if not any(bundle.read(member).strip() for member in bundle.members[:200]):
                raise EmptySheet(f"{path.name} holds no text: export the calls again.")
            return SheetFormat("files", None, 1, None, None)
        if len(tables) > 1 and not bundle.members:
            raise UnreadableFile(
                f"{path.name} holds {len(tables)} spreadsheets ({names}): unpack it and load each of them by itself, or in "
                f"a notebook name one with sheet={tables[0].name!r}."
            )
        for table in tables:
            with bundle.unpacked(table) as place:
                inner = detect_format(place, header_row=header_row)
                format = SheetFormat("files", table.name, inner.header_row, inner.encoding, inner.delimiter)
                if not bundle.members:
                    return format
                sample = _sample(place, inner)
                column = join_column(sample, bundle.members) if sample else None
                if column is not None:
                    return msgspec.structs.replace(format, join=(column, ""))
        raise UnreadableFile(
            f"No column of {names} names the transcript files in {path.name}: add a column with their names or ids, "
            "or load the spreadsheet and the files apart."
        )


def _named(bundle: Bundle) -> str:
    names = ", ".join(repr(table.name) for table in bundle.tables[:5])
    return names + (f" and {len(bundle.tables) - 5} more" if len(bundle.tables) > 5 else "")


def _check_encoding(path: Path, encoding: str) -> None:
    try:
        valid = decodes(path, encoding)
    except LookupError:
        raise UnreadableFile(
            f"There is no encoding {encoding!r}: choose for example utf-8 or cp1252."
        ) from None
    if not valid:
        raise UnreadableFile(f"{path.name} is not valid {encoding}: choose another encoding.")


def _head(rows: Iterator[tuple[int, list[Any]]], header_row: int | None) -> Iterator[tuple[int, list[Any]]]:
    """Enough non-blank rows to find the header, and one below it."""
    kept = last = 0
    for number, cells in rows:
        if header_row is not None and number < header_row:
            continue
        if not _blank(cells) or number == header_row:
            yield number, cells
            kept, last = kept + 1, number
            if kept >= _LOOK_AHEAD:
                return
        elif number - last > _MOST_BLANK:
            return


def _header_of(rows: Sequence[tuple[int, list[Any]]], header_row: int | None, where: str) -> int:
    if not rows:
        if header_row is not None:
            raise EmptySheet(f"{where} has no row {header_row}: choose another header row.")
        raise EmptySheet(f"{where} is empty: export the calls again.")
    if header_row is not None and (rows[0][0] != header_row or _blank(rows[0][1])):
        raise EmptySheet(f"Row {header_row} of {where} is empty: choose another header row.")
    widest = max((cells for _, cells in rows), key=len)
    if len(widest) > MOST_COLUMNS and not _blank(widest[MOST_COLUMNS:]):
        raise too_wide(where, len(widest))  # before minutes go into its header
    place = 0 if header_row is not None else find_header([cells for _, cells in rows])
    if place + 1 >= len(rows):
        raise EmptySheet(
            f"{where} has a header in row {rows[place][0]} and no calls below it: export the calls again."
        )
    return rows[place][0]


def _choose_sheet(workbook: Workbook, path: Path, header_row: int | None) -> tuple[str, int]:
    """The first visible sheet with a table of two columns, else the first with any table, visible ones first."""
    name = path.name
    problem: EmptySheet | None = None
    narrow: tuple[str, int] | None = None
    metadata = sorted(workbook.sheets, key=lambda item: item.visible != calamine.SheetVisibleEnum.Visible)
    for item in metadata[:_MOST_SHEETS]:
        if item.typ != calamine.SheetTypeEnum.WorkSheet:
            continue
        try:
            rows = list(_head(_excel_rows(workbook, item.name, path), header_row))
            header = _header_of(rows, header_row, f"Sheet {item.name!r} of {name}")
        except EmptySheet as error:
            problem = problem or error
            continue
        width = max(sum(not _empty(cell) for cell in cells) for number, cells in rows if number >= header)
        if width > 1:
            return item.name, header
        narrow = narrow or (item.name, header)
    if narrow:
        return narrow
    if problem is not None and len(metadata) == 1:
        raise problem
    raise EmptySheet(f"No sheet of {name} has a header with calls below it: export the calls again.")


def _excel_rows(workbook: Workbook, sheet: str, path: Path) -> Iterator[tuple[int, list[Any]]]:
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


def _with_errors(record: list[Any], errors: Iterable[tuple[int, str]]) -> list[Any]:
    for place, text in errors:
        record += [""] * (place + 1 - len(record))
        if record[place] in ("", None, 0):  # some programs store an error beside the number 0
            record[place] = text
    return record


def _merged(workbook: Workbook, sheet: str) -> list[Region]:
    """Merged cells as ((row, column), (row, column)), counted from 0, ends included; [] where the file does not say."""
    try:
        return list(workbook.sheet(sheet).merged_cell_ranges or ())
    except (calamine.CalamineError, ValueError, OSError):
        return []


def _empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _blank(cells: Sequence[Any]) -> bool:
    return all(map(_empty, cells))


def _excel_cell(cell: Any) -> Any:
    """Excel stores every number as a fraction: 3592.0 was typed as 3592."""
    if type(cell) is float and cell.is_integer() and abs(cell) < 1e15:
        return int(cell)
    if type(cell) is datetime and cell.microsecond:
        # A serial number holds microseconds badly: 17:45:59.999999 was typed as 17:46:00.
        return _round_milliseconds(cell)
    return cell


def _round_milliseconds(moment: datetime) -> datetime:
    milliseconds = round(moment.microsecond / 1000)
    return moment.replace(microsecond=0) + timedelta(milliseconds=milliseconds)


def read_pieces(
    path: str | os.PathLike[str], format: SheetFormat | None = None, *, rows: int = 500
) -> Iterator[pd.DataFrame]:
    """The rows below the header, as frames of about `rows` rows each; memory does not grow with a CSV file.

    Index "row": row numbers of the sheet. Columns: header texts, made unique. Cells: objects ("" = empty). In
    `attrs`: "format" (a dict), "file_name", "extra" (names of the columns that the header does not have), "left_out"
    (row → why it is no call: totals, repeated headers, notes; they stay in the frame, beside the row before them), "nuls"
    (row → how many NUL characters were taken out of it; the header's are in the first piece), and where another
    sheet or files hold the transcripts, "lines" (the column that holds them) and "orphans" (rows of lines that
    belong to no row of the calls).
    Raises as `detect_format` does.
    """
    path = Path(path)
    format = format or detect_format(path)
    if format.kind == "files" and format.sheet:
        yield from _bundled(path, format, rows)
    elif format.lines_sheet:
        lines = msgspec.structs.replace(
            format,
            sheet=format.lines_sheet,
            header_row=format.lines_header,
            header_lines=1,
            lines_sheet="",
            join=(),
        )
        calls = msgspec.structs.replace(format, lines_sheet="")
        column = f"lines in {format.lines_sheet}"
        yield from with_lines(
            _frames(path, calls, rows=rows), _frames(path, lines, rows=rows), format.join, column,
            attrs={"format": msgspec.to_builtins(format)},
        )  # fmt: skip
    else:
        yield from _frames(path, format, rows=rows)


def _bundled(path: Path, format: SheetFormat, rows: int) -> Iterator[pd.DataFrame]:
    """The rows of the table among the files, each with the text and the name of its own file."""
    with open_bundle(path) as bundle:
        table = next((table for table in bundle.tables if table.name == format.sheet), None)
        if table is None:
            raise UnreadableFile(
                f"{path.name} has no spreadsheet {format.sheet!r}: it has {_named(bundle) or 'none'}."
            )
        with bundle.unpacked(table) as place:
            inner = detect_format(
                place, header_row=format.header_row, encoding=format.encoding, delimiter=format.delimiter
            )
            attrs = {"format": msgspec.to_builtins(format), "file_name": path.name}
            if not format.join:
                for frame in read_pieces(place, inner, rows=rows):
                    frame.attrs.update(attrs)
                    yield frame
                return
            yield from with_files(_frames(place, inner, rows=rows), bundle, format.join[0], attrs=attrs)


def _numbered(rows: Iterable[list[Any]]) -> Iterator[tuple[int, list[Any]]]:
    return enumerate(rows, start=1)


def _rows_of(
    path: Path, format: SheetFormat, rows: int, nuls: dict[int, int]
) -> Iterator[tuple[int, list[Any]]]:
    """(number, cells) of every row, the header among them, blank rows too; `nuls` takes what `csv_records` counts."""
    encoding = format.encoding or "utf-8"
    if format.kind == "csv":
        return csv_records(path, encoding, format.delimiter or ",", nuls=nuls)
    if format.kind == "html":
        return _numbered(html_rows(path, encoding))
    if format.kind == "parquet":
        return _numbered(parquet_rows(path, rows=rows))
    if format.kind in ("json", "jsonl"):
        return _numbered(record_rows(path, encoding, format.kind))
    if format.kind == "files":
        return _numbered(_bundle_rows(path))
    return _excel_rows(open_workbook(path), cast(str, format.sheet), path)


def _bundle_rows(path: Path) -> Iterator[list[Any]]:
    with open_bundle(path) as bundle:
        yield from bundle_rows(bundle)


def _frames(path: Path, format: SheetFormat, *, rows: int) -> Iterator[pd.DataFrame]:
    attrs = {"format": msgspec.to_builtins(format), "file_name": path.name}
    excel = format.kind == "excel"
    typed = format.kind in ("parquet", "json", "jsonl", "files")
    merged: list[Region] = _merged(open_workbook(path), cast(str, format.sheet)) if excel else []
    spans = _Spans(merged, format.header_row)
    names: list[str] | None = None
    header: list[str] = []
    above: list[list[Any]] = []
    numbers: list[int] = []
    cells: list[list[Any]] = []
    left_out: dict[int, str] = {}
    nuls: dict[int, int] = {}
    widest = counted = 0
    most = most_cells(path)
    for number, record in _rows_of(path, format, rows, nuls):
        if names is None:
            if number == format.header_row:
                if excel:
                    record = [_excel_cell(cell) for cell in record]
                if above:
                    names = joined_names([*above, record], merged, number)
                else:
                    names = header_texts(record)
                if len(names) > MOST_COLUMNS:
                    raise too_wide(path.name, len(names))
                header = [str(cell).strip() for cell in record[: len(names)]]
                widest = len(names)
            elif number > format.header_row - format.header_lines:
                above.append(record)
            continue
        if not any(record) and _blank(record):
            continue
        if _blank(record):
            continue
        why = "" if typed else no_call(record, names, header)
        if why:
            left_out[number] = why
        elif len(cells) >= rows or len(cells) * widest > _PIECE_CELLS:
            # Here, not as soon as it is full: what follows a row and is no call stays beside it.
            here = {row: nuls.pop(row) for row in list(nuls) if row < number}
            yield _frame(numbers, cells, names, attrs, left_out, here)
            numbers, cells, left_out = [], [], {}
            widest = len(names)
        widest = max(widest, len(record))
        counted += widest  # a short row takes as much as a long one
        if counted > most:
            raise too_sparse(path, widest)
        if spans.any and not why:
            record = spans.filled(number, record)
        numbers.append(number)
        cells.append([_excel_cell(cell) for cell in record] if excel else record)
    if names is None:
        raise EmptySheet(f"{path.name} has no row {format.header_row}: choose another header row.")
    if cells:
        yield _frame(numbers, cells, names, attrs, left_out, nuls)


class _Spans:
    """Cells merged downwards below the header: each of their rows shows what the first of them holds."""

    def __init__(self, merged: Sequence[Region], header_row: int) -> None:
        self._starts: dict[int, list[tuple[int, int]]] = {}
        for (top, left), (bottom, _) in merged:
            if top >= header_row and bottom > top:
                self._starts.setdefault(top + 1, []).append((left, bottom + 1))
        self._open: dict[int, tuple[int, Any]] = {}
        self.any = bool(self._starts)

    def filled(self, number: int, record: list[Any]) -> list[Any]:
        for place, (last, value) in list(self._open.items()):
            if number > last:
                del self._open[place]
            elif place < len(record) and _empty(record[place]):
                record[place] = value
        for place, last in self._starts.get(number, ()):
            value = record[place] if place < len(record) else ""
            if not _empty(value) and not (isinstance(value, str) and len(value) > 200):
                self._open[place] = (last, value)
        return record


def _frame(
    numbers: list[int],
    cells: list[list[Any]],
    names: list[str],
    attrs: dict[str, Any],
    left_out: dict[int, str],
    nuls: dict[int, int],
) -> pd.DataFrame:
    width = len(names)
    longest = max(map(len, cells))
    extra: list[str] = []
    if longest > width:
        # An empty cell at the end of a row is not an extra cell: trailing delimiters are common.
        used = max(
            (i + 1 for record in cells for i in range(width, len(record)) if not _empty(record[i])), default=0
        )
        extra = [f"column {column_letter(place)}" for place in range(width + 1, used + 1)]
        extra = [name if name not in names else f"{name} (extra)" for name in extra]
        width = max(width, used)
    for index, record in enumerate(cells):
        if len(record) != width:
            cells[index] = [*record[:width], *[""] * (width - len(record))]
    columns = list(zip(*cells, strict=True))
    data = {
        name: pd.Series(list(column), dtype=object)
        for name, column in zip([*names, *extra], columns, strict=True)
    }
    frame = pd.DataFrame(data)
    frame.index = pd.Index(numbers, name="row", dtype="int64")
    frame.attrs.update(attrs, extra=extra)
    if left_out:
        frame.attrs["left_out"] = left_out
    if nuls:
        frame.attrs["nuls"] = nuls
    return frame


@workbook_kept()
def read_sheet(
    path: str | os.PathLike[str],
    *,
    sheet: str | None = None,
    header_row: int | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    nrows: int | None = None,
    format: SheetFormat | None = None,
) -> pd.DataFrame:
    """The cells of a sheet (or its first `nrows` rows): as `read_pieces`, in one frame.

    `format`: how to read it, where that is known; else it is found, and `attrs["format"]` tells.
    Raises UnreadableFile and EmptySheet with a sentence for people.
    """
    if format is None:
        format = detect_format(
            path, sheet=sheet, header_row=header_row, encoding=encoding, delimiter=delimiter
        )
    pieces: list[pd.DataFrame] = []
    count = 0
    for piece in read_pieces(path, format, rows=min(nrows, 5000) if nrows else 5000):
        pieces.append(piece)
        count += len(piece)
        if nrows is not None and count >= nrows:
            break
    if len(pieces) == 1:
        frame = pieces[0]
    else:
        extra = list(dict.fromkeys(name for piece in pieces for name in piece.attrs["extra"]))
        attrs = {**pieces[0].attrs, "extra": extra}
        left_out = {row: why for piece in pieces for row, why in piece.attrs.get("left_out", {}).items()}
        if left_out:
            attrs["left_out"] = left_out
        nuls = {row: count for piece in pieces for row, count in piece.attrs.get("nuls", {}).items()}
        if nuls:
            attrs["nuls"] = nuls
        orphans = [row for piece in pieces for row in piece.attrs.get("orphans", ())]
        if orphans:
            attrs["orphans"] = orphans
        for piece in pieces:
            piece.attrs = {}
        frame = pd.concat(pieces)
        if extra:
            frame = frame.astype(object).where(frame.notna(), "")
        frame.attrs.update(attrs)
    if nrows is not None and len(frame) > nrows:
        attrs = frame.attrs
        frame = frame.iloc[:nrows].copy()
        frame.attrs.update(attrs)
        if "nuls" in attrs:
            last = int(frame.index[-1])
            frame.attrs["nuls"] = {row: count for row, count in attrs["nuls"].items() if row <= last}
    return frame
