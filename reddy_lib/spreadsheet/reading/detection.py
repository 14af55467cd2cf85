"""How a file is to be read: its kind, which of its tables hold the calls, and where their header is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, cast

import msgspec
import python_calamine as calamine

from reddy_lib.errors import EmptySheet, SheetError, UnreadableFile
from reddy_lib.spreadsheet.evidence.column_profile import Column
from reddy_lib.spreadsheet.evidence.layouts import find_lines, lines_beside
from reddy_lib.spreadsheet.formats import SheetFormat
from reddy_lib.spreadsheet.reading.blocks import find_blocks
from reddy_lib.spreadsheet.reading.bundles import Bundle, Member, join_column, open_bundle
from reddy_lib.spreadsheet.reading.encodings import decodes, find_encoding, rival_encoding
from reddy_lib.spreadsheet.reading.files import (
    Workbook,
    delimits,
    find_delimiter,
    kind_of,
    open_workbook,
    workbook_kept,
)
from reddy_lib.spreadsheet.reading.form_sheets import is_forms
from reddy_lib.spreadsheet.reading.frames import numbered, rows_of, sample_cells
from reddy_lib.spreadsheet.reading.furniture import Region, below_merged, lines_above
from reddy_lib.spreadsheet.reading.header_search import (
    LOOK_AHEAD,
    MOST_SHEETS,
    alike_sheets,
    choose_sheet,
    choose_tables,
    head_rows,
    header_of,
)
from reddy_lib.spreadsheet.reading.json_tables import json_kind, record_rows
from reddy_lib.spreadsheet.reading.page_blocks import is_page_of_calls
from reddy_lib.spreadsheet.reading.section_rows import are_sectioned
from reddy_lib.spreadsheet.reading.table_shape import (
    beside_place,
    has_no_header,
    inner_delimiter,
    is_turned,
)
from reddy_lib.spreadsheet.reading.tables import parquet_rows
from reddy_lib.spreadsheet.reading.text_tables import text_form
from reddy_lib.spreadsheet.reading.web_pages import html_rows, html_tables, is_saved_chat
from reddy_lib.spreadsheet.reading.workbook_rows import excel_rows, merged_regions
from reddy_lib.spreadsheet.reading.xml_tables import is_one_call, xml_rows, xml_sheets

__all__ = ["ALL_SHEETS", "ALL_TABLES", "detect_format", "names_of_tables"]

_OF_BLOCKS = 500  # rows among which blocks are looked for
_SAMPLE = 1 << 18  # characters of a text file that tell how it shows its table
_MOST_TABLES = 200  # of one archive that are looked at
_TRIED = 5  # data files of an archive that are looked at
_MOST_JOINED = 6
"""Tables of an archive among which calls and their lines are looked for."""


ALL_SHEETS = "all sheets"
"""Stands for the sheets of a workbook that are a call each, in place of the name of one."""
ALL_TABLES = "all tables"
"""Stands for the tables of an archive that have the same columns, in place of the name of one."""


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
            f"Row {header_row} cannot be the header: rows count from 1; 0 means that there is no header."
        )
    kind = kind_of(path)
    if kind == "excel":
        return _workbook_format(path, sheet, header_row)
    if kind == "files":
        return _bundle_format(path, sheet, header_row)
    if kind == "parquet":
        header_of(list(head_rows(numbered(parquet_rows(path)), 1)), 1, path.name)
        return SheetFormat("parquet", None, 1, None, None)
    if encoding is None:
        encoding = find_encoding(path)
    else:
        _check_encoding(path, encoding)
    if kind == "xml":
        return _xml_format(path, sheet, header_row)
    if kind == "html":
        blocks = SheetFormat("html", None, 1, encoding, None, form="blocks")
        page = html_rows(path, encoding, around=True)
        if header_row in (None, 1) and is_page_of_calls(list(islice(numbered(page), _OF_BLOCKS))):
            return _shaped(path, blocks, header_row)
        try:
            tables = html_tables(path, encoding)
        except UnreadableFile:
            if is_saved_chat(path, encoding):
                return SheetFormat("files", None, 1, None, None)
            raise
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
            header_of(list(head_rows(numbered(record_rows(path, encoding, shape)), 1)), 1, path.name)
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
    rival = rival_encoding(path, encoding)
    return _shaped(path, SheetFormat("csv", None, 1, encoding, delimiter, rival=rival), header_row)


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
        return rows_of(path, format, 500, {}, [])

    if not format.form:
        head = [cells for _, cells in head_rows(rows(), None)]
        inner = inner_delimiter(head[:LOOK_AHEAD])
        if inner:
            format = msgspec.structs.replace(format, form="quoted rows", delimiter=inner)
    top = list(head_rows(rows(), None))
    may_be_blocks = not format.form and header_row in (None, 1) and format.kind in ("csv", "excel")
    first = list(islice(rows(), _OF_BLOCKS)) if may_be_blocks else []
    if may_be_blocks and find_blocks(first):
        return msgspec.structs.replace(format, form="blocks", header_row=1)
    if may_be_blocks and is_forms(first):
        return msgspec.structs.replace(format, form="forms", header_row=1)
    if may_be_blocks and are_sectioned(first):
        return msgspec.structs.replace(format, form="sections", header_row=1)
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
    found = sheet is None or (sheet == ALL_SHEETS and sheet not in names)
    if sheet is not None and (sheet in names or sheet != ALL_SHEETS):
        if sheet not in names:
            raise UnreadableFile(f"{path.name} has no sheet {sheet!r}: it has {', '.join(map(repr, names))}.")
    else:
        sheet = choose_sheet(workbook, path, header_row)
    alike = alike_sheets(workbook, path, sheet) if len(names) > 1 else ()
    if found and alike and header_row in (None, 1):
        each = tuple(name for name in names if name in (sheet, *alike))
        if (whole := _a_call_a_sheet(path, sheet, each)) is not None:
            return whole
    format = _shaped(path, SheetFormat("excel", sheet, 1, None, None, alike=alike), header_row)
    return _with_lines_sheet(path, workbook, format, found=found) if len(names) > 1 else format


def _a_call_a_sheet(path: Path, sheet: str, each: tuple[str, ...]) -> SheetFormat | None:
    """Return the format of a workbook whose sheets hold a conversation each; None where one holds several, or calls."""
    cells = sample_cells(path, _shaped(path, SheetFormat("excel", sheet, 1, None, None), None))
    lines = find_lines([Column(name, column) for name, column in cells]) if cells else None
    if cells is None or (lines is not None and lines.group_by):
        return None
    format = SheetFormat("excel", ALL_SHEETS, 1, None, None, tables=each)
    rows = list(islice(rows_of(path, format, 500, {}, []), _OF_BLOCKS))
    return msgspec.structs.replace(format, form="blocks") if find_blocks(rows) is not None else None


def _with_lines_sheet(path: Path, workbook: Workbook, format: SheetFormat, *, found: bool) -> SheetFormat:
    """The format with the sheet of transcript lines that belong to these calls, if the workbook has one.

    `found`: nobody named the sheet: it may itself be the one of the lines.
    """
    assert format.sheet is not None
    calls = sample_cells(path, format)
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
        lines = sample_cells(path, SheetFormat("excel", item.name, header, None, None))
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


def _bundle_format(path: Path, sheet: str | None, header_row: int | None) -> SheetFormat:
    """`sheet`: the name of the spreadsheet to read, where a zip or folder holds several."""
    with open_bundle(path) as bundle:
        members = bundle.without_notes()
        tables = [table for table in bundle.tables if sheet in (None, ALL_TABLES, table.name)]
        if not tables and len(bundle.tables) < 2:
            tables = bundle.tables  # a mapping of last week's zip: its one spreadsheet had another name
        names = names_of_tables(bundle)
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
                sample = sample_cells(place, inner)
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
                sample = sample_cells(place, inner)
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
    samples: list[tuple[Member, SheetFormat, list[tuple[str, list[Any]]]]] = []
    for table in tables[:_MOST_JOINED]:
        try:
            with bundle.unpacked(table) as place:
                inner = detect_format(place)
                sample = sample_cells(place, inner)
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


def _are_alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return 5 * len(one & other) >= 4 * len(one | other)


def names_of_tables(bundle: Bundle) -> str:
    """Return the names of the first tables of an archive, and how many more there are."""
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
