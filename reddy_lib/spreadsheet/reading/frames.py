"""Rows of one table, whatever kind of file it is in: as they stand, and as frames below their header."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

from reddy_lib.errors import EmptySheet, SheetError
from reddy_lib.findings import Finding
from reddy_lib.spreadsheet.formats import SheetFormat
from reddy_lib.spreadsheet.reading.blocks import block_rows
from reddy_lib.spreadsheet.reading.bundles import bundle_rows, open_bundle
from reddy_lib.spreadsheet.reading.characters import sendable_rows
from reddy_lib.spreadsheet.reading.damaged_text import damage_notes
from reddy_lib.spreadsheet.reading.error_cells import Hidden, hidden_parts
from reddy_lib.spreadsheet.reading.files import (
    csv_records,
    open_workbook,
)
from reddy_lib.spreadsheet.reading.form_sheets import form_rows
from reddy_lib.spreadsheet.reading.furniture import Region, is_empty, joined_names
from reddy_lib.spreadsheet.reading.header_search import (
    LOOK_AHEAD,
)
from reddy_lib.spreadsheet.reading.headers import column_letter, header_texts
from reddy_lib.spreadsheet.reading.json_tables import record_rows
from reddy_lib.spreadsheet.reading.notes import encoding_note, file_notes, hidden_note, left_lines, rows_above
from reddy_lib.spreadsheet.reading.page_blocks import page_rows
from reddy_lib.spreadsheet.reading.pieces import Spans, as_frame, column_cells, taken_apart
from reddy_lib.spreadsheet.reading.section_rows import section_rows
from reddy_lib.spreadsheet.reading.table_shape import (
    records_below,
    rows_below,
    turned_rows,
)
from reddy_lib.spreadsheet.reading.tables import MOST_COLUMNS, parquet_rows, too_wide
from reddy_lib.spreadsheet.reading.text_formulas import shown_rows
from reddy_lib.spreadsheet.reading.text_tables import text_rows
from reddy_lib.spreadsheet.reading.unpacked import most_cells, too_sparse
from reddy_lib.spreadsheet.reading.web_pages import html_rows
from reddy_lib.spreadsheet.reading.workbook_rows import excel_cell, excel_rows, merged_regions, rows_of_sheets
from reddy_lib.spreadsheet.reading.xml_tables import xml_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TYPED", "frames", "numbered", "rows_of", "sample_cells"]

_PIECE_CELLS = 1_000_000  # of one piece, the empty ones counted
_MOST_TURNED = 1_000  # rows of a table on its side: each is a field


TYPED = ("parquet", "json", "jsonl", "xml", "files")
"""Kinds of files whose records are calls, and totals at their end perhaps: no notes, no second table."""


def numbered(rows: Iterable[list[Any]]) -> Iterator[tuple[int, list[Any]]]:
    """Return rows with their numbers, from 1 on."""
    return enumerate(rows, start=1)


def rows_of(
    path: Path,
    format: SheetFormat,
    rows: int,
    nuls: dict[int, int],
    left: list[str],
    mended: dict[int, Finding] | None = None,
) -> Iterator[tuple[int, list[Any]]]:
    """(number, cells) of every row, the header among them, blank rows too.

    `nuls` takes what `csv_records` counts, `left` the lines of a report that are in none of its blocks, `mended` what
    was mended in rows of a text file.
    """
    encoding = format.encoding or "utf-8"
    found: Iterator[tuple[int, list[Any]]]
    if format.kind == "csv" and format.form in ("pipes", "aligned", "report"):
        found = numbered(text_rows(path, encoding, format.form, left))
    elif format.kind == "csv":
        found = shown_rows(csv_records(path, encoding, format.delimiter or ",", nuls=nuls, mended=mended))
    elif format.kind == "html":
        around = format.form == "blocks"
        tables = None if around else frozenset(map(int, format.tables))
        found = numbered(html_rows(path, encoding, tables, around=around))
    elif format.kind == "parquet":
        found = numbered(parquet_rows(path, rows=rows))
    elif format.kind == "xml":
        found = numbered(xml_rows(path, format.sheet))
    elif format.kind in ("json", "jsonl"):
        found = numbered(record_rows(path, encoding, format.kind))
    elif format.kind == "files":
        found = numbered(_bundle_rows(path))
    elif format.tables:
        found = rows_of_sheets(open_workbook(path), format.tables, path)
    else:
        found = excel_rows(open_workbook(path), cast(str, format.sheet), path)
    if format.form == "quoted rows":
        found = taken_apart(found, format.delimiter or ",")
    if format.form == "blocks":
        found = page_rows(found) if format.kind == "html" else block_rows(found)
    if format.form == "forms":
        found = form_rows(found, path.name, left)
    if format.form == "sections":
        found = section_rows(found, left)
    if format.turned:
        found = turned_rows(list(islice(found, _MOST_TURNED)))
    if format.kind not in ("csv", "html"):  # what was decoded from bytes holds whole characters only
        found = sendable_rows(found, nuls, mended)
    return found


def _bundle_rows(path: Path) -> Iterator[list[Any]]:
    with open_bundle(path) as bundle:
        yield from bundle_rows(bundle)


def _header(
    rows: Iterator[tuple[int, list[Any]]], format: SheetFormat, merged: Sequence[Region], passed: list[int]
) -> tuple[list[str], list[str], Iterator[tuple[int, list[Any]]]]:
    """(column names, the header's texts, the rows below it); no names where the file has no such row.

    `passed` takes the rows above it that are as wide as it is: a title is not, a call would be.
    """
    if not format.header_row:
        ahead = list(islice(rows, LOOK_AHEAD))
        width = max((len(cells) for _, cells in ahead), default=0)
        names = [f"column {column_letter(place)}" for place in range(1, width + 1)]
        return names, names, chain(ahead, rows)
    above: list[list[Any]] = []
    widths: dict[int, int] = {}
    for number, record in rows:
        if number < format.header_row:
            if number > format.header_row - format.header_lines:
                above.append(record)
            else:
                widths[number] = sum(not is_empty(cell) for cell in record)
            continue
        if number > format.header_row:
            break
        if format.kind == "excel":
            record = [excel_cell(cell) for cell in record]
        width = sum(not is_empty(cell) for cell in record)
        passed += [row for row, cells in widths.items() if cells >= max(3, 0.8 * width)]
        names = joined_names([*above, record], merged, number) if above else header_texts(record)
        return names, [str(cell).strip() for cell in record[: len(names)]], rows
    return [], [], rows


def frames(path: Path, format: SheetFormat, *, rows: int) -> Iterator[pd.DataFrame]:
    """Return the rows below the header as frames of about `rows` rows each."""
    attrs: dict[str, Any] = {"format": msgspec.to_builtins(format), "file_name": path.name}
    excel = format.kind == "excel"
    typed = (format.kind in TYPED and not (format.kind == "xml" and format.sheet)) or format.form == "report"
    plain = excel and not format.turned and not format.tables
    merged: list[Region] = merged_regions(open_workbook(path), cast(str, format.sheet)) if plain else []
    spans = Spans(merged, format.header_row)
    nuls: dict[int, int] = {}
    left: list[str] = []
    mended: dict[int, Finding] = {}
    passed: list[int] = []
    names, header, found = _header(rows_of(path, format, rows, nuls, left, mended), format, merged, passed)
    if not names:
        raise EmptySheet(f"{path.name} has no row {format.header_row}: choose another header row.")
    if len(names) > MOST_COLUMNS:
        raise too_wide(path.name, len(names))
    if format.beside:
        attrs["beside"] = names[format.beside :]
    hidden = hidden_parts(path, format.sheet or "") if plain else Hidden()
    notes = file_notes(format, names, hidden)
    if passed and not format.turned:
        notes.append((0, rows_above(passed, format.header_row)))
    numbers: list[int] = []
    cells: list[list[Any]] = []
    left_out: dict[int, str] = {}
    widest = len(names)
    counted = 0
    most = most_cells(path)
    body = records_below(found) if typed else rows_below(found, names, header)
    for number, record, why in body:
        if why:
            left_out[number] = why
        elif len(cells) >= rows or len(cells) * widest > _PIECE_CELLS:
            # Here, not as soon as it is full: what follows a row and is no call stays beside it.
            here = {row: nuls.pop(row) for row in list(nuls) if row < number}
            notes += [(row, mended.pop(row)) for row in list(mended) if row < number]
            yield as_frame(numbers, cells, names, attrs, left_out, here, notes)
            numbers, cells, left_out, notes = [], [], {}, []
            widest = len(names)
        if hidden.rows and not why and number in hidden.rows:
            notes.append((number, hidden_note(number, hidden)))
        if format.rival and not why and not all(str(cell).isascii() for cell in record):
            notes.append((number, encoding_note(number, format, record)))
        if not why:
            told = mended.get(number)
            notes += [
                (number, one) for one in damage_notes(number, record) if told is None or one.code != told.code
            ]
        widest = max(widest, len(record))
        counted += widest  # a short row takes as much as a long one
        if counted > most:
            raise too_sparse(path, widest)
        if spans.any and not why:
            record = spans.filled(number, record)
        numbers.append(number)
        cells.append([excel_cell(cell) for cell in record] if excel else record)
    if cells:
        notes += mended.items()
        if left:
            notes.append((numbers[-1], left_lines(left)))
        yield as_frame(numbers, cells, names, attrs, left_out, nuls, notes)


def sample_cells(path: Path, format: SheetFormat) -> list[tuple[str, list[Any]]] | None:
    """Return (column, cells) of the first 300 rows of a table; None where it cannot be read."""
    try:
        frame = next(frames(path, format, rows=300), None)
    except SheetError:
        return None
    if frame is None:
        return None
    return list(zip(map(str, frame.columns), column_cells(frame), strict=True))
