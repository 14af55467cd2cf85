"""Rows of a sheet, in pieces: cells as the analyst typed them, row numbers as her spreadsheet program shows them.

CSV cells are text and stay text: nothing is taken for a number, a date or "not available". Excel cells keep the
type that Excel gave them. Blank rows are skipped but counted; rows longer than the header keep their extra
cells, in columns named after their letters.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import python_calamine as calamine

import reddy_lib.arguments as arguments
from reddy_lib.errors import UnreadableFile
from reddy_lib.spreadsheet.formats import SheetFormat
from reddy_lib.spreadsheet.reading.bundles import Bundle, open_bundle
from reddy_lib.spreadsheet.reading.detection import detect_format, names_of_tables
from reddy_lib.spreadsheet.reading.files import (
    kind_of,
    open_workbook,
    workbook_kept,
)
from reddy_lib.spreadsheet.reading.frames import frames
from reddy_lib.spreadsheet.reading.joining import with_files, with_lines
from reddy_lib.spreadsheet.reading.notes import merged_notes
from reddy_lib.spreadsheet.reading.pieces import numbered_on

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["hidden_sheets", "read_pieces", "read_sheet", "sheet_names"]


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
            frames(path, calls, rows=rows), frames(path, lines, rows=rows), format.join, column,
            attrs={"format": msgspec.to_builtins(format)},
        )  # fmt: skip
    else:
        yield from frames(path, format, rows=rows)


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
                f"{path.name} has no spreadsheet {format.sheet!r}: it has {names_of_tables(bundle) or 'none'}."
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
            yield from with_files(frames(place, inner, rows=rows), bundle, format.join[0], attrs=attrs)


def _with_table_of_lines(
    bundle: Bundle, calls: Path, inner: SheetFormat, format: SheetFormat, rows: int, attrs: dict[str, Any]
) -> Iterator[pd.DataFrame]:
    """The rows of the table of calls, each with its lines from the other table of the archive."""
    table = next((table for table in bundle.tables if table.name == format.lines_sheet), None)
    if table is None:
        raise UnreadableFile(
            f"The archive has no table {format.lines_sheet!r} with the lines: it has {names_of_tables(bundle)}."
        )
    with bundle.unpacked(table) as place:
        lines = detect_format(place, header_row=format.lines_header)
        yield from with_lines(
            frames(calls, inner, rows=rows),
            frames(place, lines, rows=rows),
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
    import pandas as pd

    path = arguments.file_path(path, "path")
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
