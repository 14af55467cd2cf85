"""Rows of a sheet, in pieces: cells as the analyst typed them, row numbers as her spreadsheet program shows them.

CSV cells are text and stay text: nothing is taken for a number, a date or "not available". Excel cells keep the
type that Excel gave them. Blank rows are skipped but counted; rows longer than the header keep their extra
cells, in columns named after their letters.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Any, cast

import msgspec
import pandas as pd
import python_calamine as calamine

from reddy_lib.errors import EmptySheet, SheetError, UnreadableFile
from reddy_lib.spreadsheet.formats import SheetFormat
from reddy_lib.spreadsheet.reading.bundles import Bundle, Member, bundle_rows, join_column, open_bundle
from reddy_lib.spreadsheet.reading.encodings import decodes, find_encoding
from reddy_lib.spreadsheet.reading.error_cells import Hidden, hidden_parts
from reddy_lib.spreadsheet.reading.files import (
    Workbook,
    csv_records,
    delimits,
    find_delimiter,
    kind_of,
    open_workbook,
    workbook_kept,
)
from reddy_lib.spreadsheet.reading.furniture import Region, below_merged, is_blank, joined_names, lines_above
from reddy_lib.spreadsheet.reading.header_search import (
    LOOK_AHEAD,
    MOST_SHEETS,
    alike_sheets,
    choose_sheet,
    choose_tables,
    head_rows,
    header_of,
)
from reddy_lib.spreadsheet.reading.headers import column_letter, header_texts
from reddy_lib.spreadsheet.reading.joining import with_files, with_lines
from reddy_lib.spreadsheet.reading.json_tables import json_kind, record_rows
from reddy_lib.spreadsheet.reading.notes import file_notes, hidden_note, left_lines, merged_notes
from reddy_lib.spreadsheet.reading.pieces import Spans, as_frame, column_cells, numbered_on, taken_apart
from reddy_lib.spreadsheet.reading.table_shape import (
    beside_place,
    has_no_header,
    inner_delimiter,
    is_turned,
    rows_below,
    turned_rows,
)
from reddy_lib.spreadsheet.reading.tables import MOST_COLUMNS, parquet_rows, too_wide
from reddy_lib.spreadsheet.reading.text_tables import text_form, text_rows
from reddy_lib.spreadsheet.reading.unpacked import most_cells, too_sparse
from reddy_lib.spreadsheet.reading.web_pages import html_rows, html_tables
from reddy_lib.spreadsheet.reading.workbook_rows import excel_cell, excel_rows, merged_regions
from reddy_lib.spreadsheet.reading.xml_tables import is_one_call, xml_rows, xml_sheets

__all__ = [
    "ALL_TABLES",
    "SheetFormat",
    "detect_format",
    "hidden_sheets",
    "read_pieces",
    "read_sheet",
    "sheet_names",
]

Cell = str | int | float | bool | datetime | date | time | timedelta
_SAMPLE = 1 << 18  # characters of a text file that tell how it shows its table
_PIECE_CELLS = 1_000_000  # of one piece, the empty ones counted
ALL_TABLES = "all tables"
"""Stands for the tables of an archive that have the same columns, in place of the name of one."""
_MOST_TABLES = 200  # of one archive that are looked at
_TRIED = 5  # data files of an archive that are looked at
_MOST_TURNED = 1_000  # rows of a table on its side: each is a field


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
    if header_row is not None and header_row < 0:
        raise EmptySheet(
            f"Row {header_row} cannot be the header: rows count from 1, and 0 says that there is none."
        )
    kind = kind_of(path)
    if kind == "excel":
        return _workbook_format(path, sheet, header_row)
    if kind == "files":
        return _bundle_format(path, sheet, header_row)
    if kind == "parquet":
        header_of(list(head_rows(_numbered(parquet_rows(path)), 1)), 1, path.name)
        return SheetFormat("parquet", None, 1, None, None)
    if encoding is None:
        encoding = find_encoding(path)
    else:
        _check_encoding(path, encoding)
    if kind == "xml":
        return _xml_format(path, sheet, header_row)
    if kind == "html":
        tables = html_tables(path, encoding)
        chosen = choose_tables(tables)
        format = SheetFormat(
            "html", None, 1, encoding, None,
            tables=tuple(str(number) for number in sorted(chosen)),
            unread=tuple(_table_names(tables, chosen)),
        )  # fmt: skip
        return _shaped(path, format, header_row)
    if kind == "json":
        shape = json_kind(path, encoding)
        if shape == "one call":
            return SheetFormat("files", None, 1, None, None)
        if shape:
            header_of(list(head_rows(_numbered(record_rows(path, encoding, shape)), 1)), 1, path.name)
            return SheetFormat("jsonl" if shape == "jsonl" else "json", None, 1, encoding, None)
    if delimiter is None:
        with path.open(encoding=encoding, errors="replace") as file:
            form = text_form(file.read(_SAMPLE))
        delimiter = find_delimiter(path, encoding)
        # What stands in the cells of a table under a delimiter (a summary, a drawing) is no table of its own.
        if form and (delimiter == "|" or not delimits(path, encoding, delimiter)):
            return _shaped(path, SheetFormat("csv", None, 1, encoding, None, form=form), header_row)
    elif len(delimiter) != 1:
        raise UnreadableFile(f"The delimiter {delimiter!r} is not one character: choose for example a comma.")
    return _shaped(path, SheetFormat("csv", None, 1, encoding, delimiter), header_row)


def _table_names(tables: dict[int, list[list[str]]], chosen: frozenset[int]) -> Iterator[str]:
    """A few words of each table of a page that is not among the chosen ones; its layout has too few to be named."""
    for number, rows in tables.items():
        words = " · ".join(cell for cell in rows[0] if cell)[:80]
        if number not in chosen and words:
            yield words


def _shaped(path: Path, format: SheetFormat, header_row: int | None) -> SheetFormat:
    """The format of a table, by its first rows: where its header is, whether it lies on its side, what stands beside it."""
    where = f"Sheet {format.sheet!r} of {path.name}" if format.kind == "excel" else path.name

    def rows() -> Iterator[tuple[int, list[Any]]]:
        return _rows_of(path, format, 500, {}, [])

    if not format.form:
        head = [cells for _, cells in head_rows(rows(), None)]
        inner = inner_delimiter(head[:LOOK_AHEAD])
        if inner:
            format = msgspec.structs.replace(format, form="quoted rows", delimiter=inner)
    top = list(head_rows(rows(), None))
    small = len(top) < LOOK_AHEAD and format.form in ("", "quoted rows")
    if small and header_row in (None, 1) and is_turned([cells for _, cells in top]):
        return msgspec.structs.replace(format, turned=True, header_row=1)
    if header_row == 0:
        if not top:
            raise EmptySheet(f"{where} is empty: export the calls again.")
        return msgspec.structs.replace(format, header_row=0)
    header = header_of(list(head_rows(rows(), header_row)) if header_row else top, header_row, where)
    if format.form == "report":
        return msgspec.structs.replace(format, header_row=header)
    merged: Sequence[Region] = ()
    if format.kind == "excel":
        merged = merged_regions(open_workbook(path), cast(str, format.sheet))
        if header_row is None:
            header = below_merged(top, header, merged)
    lines = lines_above(top, header, merged) if format.kind in ("csv", "excel") else 1
    cells = dict(top).get(header, [])
    below = [row for number, row in top if number > header]
    others = [row for number, row in top if number != header]
    if header_row is None and lines == 1 and not merged and has_no_header(others, cells):
        return msgspec.structs.replace(format, header_row=0)
    return msgspec.structs.replace(
        format, header_row=header, header_lines=lines, beside=beside_place(below, cells) if lines == 1 else 0
    )


def _xml_format(path: Path, sheet: str | None, header_row: int | None) -> SheetFormat:
    sheets = xml_sheets(path)
    if not sheets:
        if is_one_call(path):
            return SheetFormat("files", None, 1, None, None)
        return SheetFormat("xml", None, 1, None, None)
    if sheet is None:
        tops = {number: list(islice(xml_rows(path, name), LOOK_AHEAD)) for number, name in enumerate(sheets)}
        chosen = choose_tables({number: rows for number, rows in tops.items() if len(rows) > 1})
        sheet = sheets[min(chosen, default=0)]
    return _shaped(path, SheetFormat("xml", sheet, 1, None, None), header_row)


def _workbook_format(path: Path, sheet: str | None, header_row: int | None) -> SheetFormat:
    workbook = open_workbook(path)
    names = workbook.names
    found = sheet is None
    if sheet is not None:
        if sheet not in names:
            raise UnreadableFile(f"{path.name} has no sheet {sheet!r}: it has {', '.join(map(repr, names))}.")
    else:
        sheet = choose_sheet(workbook, path, header_row)
    alike = alike_sheets(workbook, path, sheet) if len(names) > 1 else ()
    format = _shaped(path, SheetFormat("excel", sheet, 1, None, None, alike=alike), header_row)
    return _with_lines_sheet(path, workbook, format, found=found) if len(names) > 1 else format


def _with_lines_sheet(path: Path, workbook: Workbook, format: SheetFormat, *, found: bool) -> SheetFormat:
    """The format with the sheet of transcript lines that belong to these calls, if the workbook has one.

    `found`: nobody named the sheet: it may itself be the one of the lines.
    """
    from reddy_lib.spreadsheet.evidence.layouts import lines_beside  # it reads mappings, which know formats

    assert format.sheet is not None
    calls = _sample(path, format)
    if calls is None:
        return format
    for item in workbook.sheets[:MOST_SHEETS]:
        if item.name == format.sheet or item.typ != calamine.SheetTypeEnum.WorkSheet:
            continue
        try:
            rows = list(head_rows(excel_rows(workbook, item.name, path), None))
            header = header_of(rows, None, item.name)
        except SheetError:
            continue
        lines = _sample(path, SheetFormat("excel", item.name, header, None, None))
        if lines is None:
            continue
        join = lines_beside(calls, lines)
        if join is not None:
            return msgspec.structs.replace(format, lines_sheet=item.name, lines_header=header, join=join)
        join = (
            lines_beside(lines, calls) if found else None
        )  # the sheet of the lines came first, or looked more like calls
        if join is not None:
            return msgspec.structs.replace(
                format,
                sheet=item.name,
                header_row=header,
                header_lines=1,
                lines_sheet=format.sheet,
                lines_header=format.header_row,
                join=join,
            )
    return format


def _sample(path: Path, format: SheetFormat) -> list[tuple[str, list[Any]]] | None:
    try:
        frame = next(_frames(path, format, rows=300), None)
    except SheetError:
        return None
    if frame is None:
        return None
    return list(zip(map(str, frame.columns), column_cells(frame), strict=True))


def _bundle_format(path: Path, sheet: str | None, header_row: int | None) -> SheetFormat:
    """`sheet`: the name of the spreadsheet to read, where a zip or folder holds several."""
    with open_bundle(path) as bundle:
        members = bundle.without_notes()
        tables = [table for table in bundle.tables if sheet in (None, ALL_TABLES, table.name)]
        if not tables and len(bundle.tables) < 2:
            tables = bundle.tables  # a mapping of last week's zip: its one spreadsheet had another name
        names = _named(bundle)
        if not tables and bundle.tables:
            raise UnreadableFile(f"{path.name} has no spreadsheet {sheet!r}: it has {names}.")
        if not tables:
            if not any(bundle.read(member).strip() for member in bundle.members[:200]):
                raise EmptySheet(f"{path.name} holds no text: export the calls again.")
            data = bundle.data_tables() if path.is_dir() or path.suffix.casefold() == ".zip" else []
            many = _tables_format(bundle, data, None, of_calls=True) if data else None
            return many or SheetFormat("files", None, 1, None, None)
        if len(tables) > 1 and not members:
            many = _tables_format(bundle, tables, header_row) or _joined_format(bundle, tables)
            if many is not None:
                return many
            raise UnreadableFile(
                f"{path.name} holds {len(tables)} spreadsheets ({names}): unpack it and load each of them by itself, or in "
                f"a notebook name one with sheet={tables[0].name!r}."
            )
        if len(bundle.tables) > 1 and len(tables) == 1 and not members:
            joined = _joined_format(bundle, bundle.tables)
            if joined is not None and joined.sheet == tables[0].name:
                return joined
        for table in tables:
            with bundle.unpacked(table) as place:
                inner = detect_format(place, header_row=header_row)
                notes = tuple(member.name for member in bundle.members if member not in members)
                format = SheetFormat(
                    "files",
                    table.name,
                    inner.header_row,
                    inner.encoding,
                    inner.delimiter,
                    unread=notes if not members else (),
                )
                if not members:
                    return format
                sample = _sample(place, inner)
                column = join_column(sample, bundle.members) if sample else None
                if column is not None:
                    return msgspec.structs.replace(format, join=(column, ""))
        raise UnreadableFile(
            f"No column of {names} names the transcript files in {path.name}: add a column with their names or ids, "
            "or load the spreadsheet and the files apart."
        )


def _tables_format(
    bundle: Bundle, tables: list[Member], header_row: int | None, *, of_calls: bool = False
) -> SheetFormat | None:
    """The format of an archive whose tables have the same columns, as one table; None where too few have.

    `of_calls`: the tables are data files, each of which may be one call instead.
    """
    names: dict[str, frozenset[str]] = {}
    for table in tables[:_MOST_TABLES]:
        try:
            with bundle.unpacked(table) as place:
                inner = detect_format(place, header_row=header_row)
                if of_calls and inner.kind == "files":
                    return None
                sample = _sample(place, inner)
        except SheetError:
            continue
        if sample is not None:
            names[table.name] = frozenset(name for name, _ in sample)
        if of_calls and len(names) >= _TRIED:
            break
    if not names:
        return None
    wanted = max(
        names.values(), key=lambda one: (sum(_are_alike(one, other) for other in names.values()), len(one))
    )
    alike = [name for name, columns in names.items() if _are_alike(wanted, columns)]
    if of_calls:
        alike = [table.name for table in tables] if len(alike) == len(names) else []
    if len(alike) < (1 if of_calls else 2) or (not of_calls and 2 * len(alike) < len(tables)):
        return None
    unread = [one.name for one in (*bundle.tables, *bundle.members) if one.name not in set(alike)]
    return SheetFormat(
        "files",
        ALL_TABLES,
        header_row or 1,
        None,
        None,
        form="tables",
        tables=tuple(alike),
        unread=tuple(unread),
    )


def _joined_format(bundle: Bundle, tables: list[Member]) -> SheetFormat | None:
    """Return the format of an archive with a table of calls and one of their lines; None where no two belong together."""
    from reddy_lib.spreadsheet.evidence.layouts import lines_beside  # it reads mappings, which know formats

    samples: list[tuple[Member, SheetFormat, list[tuple[str, list[Any]]]]] = []
    for table in tables[:_MOST_JOINED]:
        try:
            with bundle.unpacked(table) as place:
                inner = detect_format(place)
                sample = _sample(place, inner)
        except SheetError:
            continue
        if sample is not None:
            samples.append((table, inner, sample))
    for calls, here, rows in samples:
        for lines, there, below in samples:
            join = lines_beside(rows, below) if calls is not lines else None
            if join is not None:
                both = {calls.name, lines.name}
                return SheetFormat(
                    "files",
                    calls.name,
                    here.header_row,
                    here.encoding,
                    here.delimiter,
                    lines_sheet=lines.name,
                    lines_header=there.header_row,
                    join=join,
                    unread=tuple(one.name for one in bundle.tables if one.name not in both),
                )
    return None


_MOST_JOINED = 6
"""Tables of an archive among which calls and their lines are looked for."""


def _are_alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return 5 * len(one & other) >= 4 * len(one | other)


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
        attrs: dict[str, Any] = {"format": msgspec.to_builtins(format), "file_name": path.name}
        if format.form == "tables":
            yield from _of_all(bundle, format, rows, attrs)
            return
        table = next((table for table in bundle.tables if table.name == format.sheet), None)
        if table is None:
            raise UnreadableFile(
                f"{path.name} has no spreadsheet {format.sheet!r}: it has {_named(bundle) or 'none'}."
            )
        with bundle.unpacked(table) as place:
            inner = detect_format(
                place, header_row=format.header_row, encoding=format.encoding, delimiter=format.delimiter
            )
            inner = msgspec.structs.replace(inner, unread=(*inner.unread, *format.unread))
            if format.lines_sheet:
                yield from _with_table_of_lines(bundle, place, inner, format, rows, attrs)
                return
            if not format.join:
                for frame in read_pieces(place, inner, rows=rows):
                    frame.attrs.update(attrs)
                    yield frame
                return
            yield from with_files(_frames(place, inner, rows=rows), bundle, format.join[0], attrs=attrs)


def _with_table_of_lines(
    bundle: Bundle, calls: Path, inner: SheetFormat, format: SheetFormat, rows: int, attrs: dict[str, Any]
) -> Iterator[pd.DataFrame]:
    """The rows of the table of calls, each with its lines from the other table of the archive."""
    table = next((table for table in bundle.tables if table.name == format.lines_sheet), None)
    if table is None:
        raise UnreadableFile(
            f"The archive has no table {format.lines_sheet!r} with the lines: it has {_named(bundle)}."
        )
    with bundle.unpacked(table) as place:
        lines = detect_format(place, header_row=format.lines_header)
        yield from with_lines(
            _frames(calls, inner, rows=rows),
            _frames(place, lines, rows=rows),
            format.join,
            f"lines in {format.lines_sheet}",
            attrs=attrs,
        )


def _of_all(bundle: Bundle, format: SheetFormat, rows: int, attrs: dict[str, Any]) -> Iterator[pd.DataFrame]:
    """The rows of all tables of an archive that have the same columns, each with the name of its file.

    Rows are numbered on from file to file.
    """
    members = {member.name: member for member in (*bundle.tables, *bundle.members)}
    header_row = format.header_row if format.header_row > 1 else None
    columns: list[str] | None = None
    last = 0
    for name in format.tables:
        if name not in members:
            continue
        with bundle.unpacked(members[name]) as place:
            inner = detect_format(place, header_row=header_row)
            if columns is None:
                inner = msgspec.structs.replace(inner, unread=(*inner.unread, *format.unread))
            top = last
            for frame in read_pieces(place, inner, rows=rows):
                if columns is None:
                    columns = [
                        column for column in map(str, frame.columns) if column not in frame.attrs["extra"]
                    ]
                frame = numbered_on(frame, columns, top, name)
                frame.attrs.update(attrs)
                last = int(frame.index[-1])
                yield frame


TYPED = ("parquet", "json", "jsonl", "xml", "files")
"""Kinds of files whose records are calls and nothing else: no totals, no notes, no second table."""


def _numbered(rows: Iterable[list[Any]]) -> Iterator[tuple[int, list[Any]]]:
    return enumerate(rows, start=1)


def _rows_of(
    path: Path, format: SheetFormat, rows: int, nuls: dict[int, int], left: list[str]
) -> Iterator[tuple[int, list[Any]]]:
    """(number, cells) of every row, the header among them, blank rows too.

    `nuls` takes what `csv_records` counts, `left` the lines of a report that are in none of its blocks.
    """
    encoding = format.encoding or "utf-8"
    found: Iterator[tuple[int, list[Any]]]
    if format.kind == "csv" and format.form in ("pipes", "aligned", "report"):
        found = _numbered(text_rows(path, encoding, format.form, left))
    elif format.kind == "csv":
        found = csv_records(path, encoding, format.delimiter or ",", nuls=nuls)
    elif format.kind == "html":
        found = _numbered(html_rows(path, encoding, frozenset(map(int, format.tables))))
    elif format.kind == "parquet":
        found = _numbered(parquet_rows(path, rows=rows))
    elif format.kind == "xml":
        found = _numbered(xml_rows(path, format.sheet))
    elif format.kind in ("json", "jsonl"):
        found = _numbered(record_rows(path, encoding, format.kind))
    elif format.kind == "files":
        found = _numbered(_bundle_rows(path))
    else:
        found = excel_rows(open_workbook(path), cast(str, format.sheet), path)
    if format.form == "quoted rows":
        found = taken_apart(found, format.delimiter or ",")
    if format.turned:
        found = turned_rows(list(islice(found, _MOST_TURNED)))
    return found


def _bundle_rows(path: Path) -> Iterator[list[Any]]:
    with open_bundle(path) as bundle:
        yield from bundle_rows(bundle)


def _header(
    rows: Iterator[tuple[int, list[Any]]], format: SheetFormat, merged: Sequence[Region]
) -> tuple[list[str], list[str], Iterator[tuple[int, list[Any]]]]:
    """(column names, the header's texts, the rows below it); no names where the file has no such row."""
    if not format.header_row:
        ahead = list(islice(rows, LOOK_AHEAD))
        width = max((len(cells) for _, cells in ahead), default=0)
        names = [f"column {column_letter(place)}" for place in range(1, width + 1)]
        return names, names, chain(ahead, rows)
    above: list[list[Any]] = []
    for number, record in rows:
        if number < format.header_row:
            if number > format.header_row - format.header_lines:
                above.append(record)
            continue
        if number > format.header_row:
            break
        if format.kind == "excel":
            record = [excel_cell(cell) for cell in record]
        names = joined_names([*above, record], merged, number) if above else header_texts(record)
        return names, [str(cell).strip() for cell in record[: len(names)]], rows
    return [], [], rows


def _frames(path: Path, format: SheetFormat, *, rows: int) -> Iterator[pd.DataFrame]:
    attrs: dict[str, Any] = {"format": msgspec.to_builtins(format), "file_name": path.name}
    excel = format.kind == "excel"
    typed = (format.kind in TYPED and not (format.kind == "xml" and format.sheet)) or format.form == "report"
    merged: list[Region] = (
        merged_regions(open_workbook(path), cast(str, format.sheet)) if excel and not format.turned else []
    )
    spans = Spans(merged, format.header_row)
    nuls: dict[int, int] = {}
    left: list[str] = []
    names, header, found = _header(_rows_of(path, format, rows, nuls, left), format, merged)
    if not names:
        raise EmptySheet(f"{path.name} has no row {format.header_row}: choose another header row.")
    if len(names) > MOST_COLUMNS:
        raise too_wide(path.name, len(names))
    if format.beside:
        attrs["beside"] = names[format.beside :]
    hidden = hidden_parts(path, format.sheet or "") if excel and not format.turned else Hidden()
    notes = file_notes(format, names, hidden)
    numbers: list[int] = []
    cells: list[list[Any]] = []
    left_out: dict[int, str] = {}
    widest = len(names)
    counted = 0
    most = most_cells(path)
    body = (
        ((number, record, "") for number, record in found if not is_blank(record))
        if typed
        else rows_below(found, names, header)
    )
    for number, record, why in body:
        if why:
            left_out[number] = why
        elif len(cells) >= rows or len(cells) * widest > _PIECE_CELLS:
            # Here, not as soon as it is full: what follows a row and is no call stays beside it.
            here = {row: nuls.pop(row) for row in list(nuls) if row < number}
            yield as_frame(numbers, cells, names, attrs, left_out, here, notes)
            numbers, cells, left_out, notes = [], [], {}, []
            widest = len(names)
        if hidden.rows and not why and number in hidden.rows:
            notes.append((number, hidden_note(number, hidden)))
        widest = max(widest, len(record))
        counted += widest  # a short row takes as much as a long one
        if counted > most:
            raise too_sparse(path, widest)
        if spans.any and not why:
            record = spans.filled(number, record)
        numbers.append(number)
        cells.append([excel_cell(cell) for cell in record] if excel else record)
    if cells:
        if left:
            notes.append((numbers[-1], left_lines(left)))
        yield as_frame(numbers, cells, names, attrs, left_out, nuls, notes)


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
        notes = merged_notes(piece.attrs.get("notes", {}) for piece in pieces)
        if notes:
            attrs["notes"] = notes
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
        if "notes" in attrs:
            last = int(frame.index[-1])
            frame.attrs["notes"] = {row: found for row, found in attrs["notes"].items() if row <= last}
    return frame
