"""A row becomes a call: each field from its column, through the mapping, with what could not be read as findings.

Nothing here judges a call: whether an email is valid or a role known is for `reddy_lib.checks`. Only what the
sheet itself says and cannot be carried over is reported here, because later steps do not see the sheet.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from collections.abc import Mapping as Cells
from pathlib import Path
from typing import TYPE_CHECKING, Any

import reddy_lib.arguments as arguments
from reddy_lib.model import Call
from reddy_lib.spreadsheet.calls.build_findings import (
    nuls_removed,
    orphan,
    rows_left_out,
)
from reddy_lib.spreadsheet.calls.call_builder import BuiltCall, CallBuilder
from reddy_lib.spreadsheet.calls.cell_values import (
    plain_cell_of,
)
from reddy_lib.spreadsheet.calls.grouping import calls_of, row_text
from reddy_lib.spreadsheet.model import Mapping
from reddy_lib.spreadsheet.reading.notes import Notes, notes_before
from reddy_lib.spreadsheet.reading.pieces import Table, as_table
from reddy_lib.spreadsheet.reading.sheets import read_pieces

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BuiltCall", "build_call", "build_calls", "build_frame", "build_table", "read_calls"]


def build_call(
    row: int,
    cells: Cells[str, Any],
    mapping: Mapping,
    *,
    extra: Collection[str] = (),
    file_name: str = "",
) -> BuiltCall:
    """One row's call. `extra`: columns that the header does not have (`frame.attrs["extra"]`).

    `file_name`: of the sheet, for what `mapping.from_name` takes from it.

    Raises MappingError: the mapping names a column that `cells` does not have.
    """
    plain = {name: plain_cell_of(cell) for name, cell in cells.items()}
    return CallBuilder(mapping, cells.keys(), file_name).build(row, cells, plain, extra)


def build_frame(
    frame: pd.DataFrame, mapping: Mapping, *, file_name: str | None = None
) -> Iterator[BuiltCall]:
    """The calls of a frame as `read_pieces` and `read_sheet` give it, in its order; `row` is the (first) row number.

    `file_name`: of the sheet, for what `mapping.from_name` takes from it; the one the frame was read from if None.

    Rows that the frame says are no calls (`attrs["left_out"]`) are left out, and named in a finding of the call
    beside them.

    Raises MappingError: the mapping names a column that the frame does not have.
    """
    if mapping.layout == "lines" and "transcript" not in mapping.fields:
        names = [str(name) for name in frame.columns]
        builder, extra = _builder(names, frame.attrs, mapping, file_name)
        groups = sorted(calls_of(lambda: [frame], mapping), key=lambda group: group.rows[0])
        for group in groups:
            yield builder.build_group(group, extra)
        return
    yield from build_table(as_table(frame), mapping, file_name=file_name)


def _builder(
    names: list[str], attrs: Cells[str, Any], mapping: Mapping, file_name: str | None
) -> tuple[CallBuilder, list[str]]:
    """Return the builder for a piece, and the names of its columns beyond the header."""
    if file_name is None:
        file_name = str(attrs.get("file_name", ""))
    known = set(names)
    return CallBuilder(mapping, names, file_name), [name for name in attrs.get("extra", ()) if name in known]


def build_table(table: Table, mapping: Mapping, *, file_name: str | None = None) -> Iterator[BuiltCall]:
    """Yield the calls of a table with one row a call, as `build_frame` does.

    Raises MappingError: the mapping names a column that the table does not have.
    """
    names, columns, rows, attrs = table
    builder, extra = _builder(names, attrs, mapping, file_name)
    plain_columns = [
        column if all(type(cell) is str for cell in column) else [plain_cell_of(cell) for cell in column]
        for column in columns
    ]
    left_out: dict[int, str] = attrs.get("left_out") or {}
    orphans: Collection[int] = attrs.get("orphans") or ()
    nuls: dict[int, int] = dict(attrs.get("nuls") or {})
    notes: Notes = dict(attrs.get("notes") or {})
    aside: list[tuple[int, str, str]] = []
    before: BuiltCall | None = None
    for row, cells, plain in zip(
        rows, zip(*columns, strict=True), zip(*plain_columns, strict=True), strict=True
    ):
        if left_out and row in left_out:
            aside.append((row, left_out[row], row_text(cells)))
            continue
        if before is not None:
            if aside:
                before.findings.append(rows_left_out(aside))
                aside = []
            if nuls and (here := {one: nuls.pop(one) for one in list(nuls) if one < row}):
                before.findings.append(nuls_removed(here))
            if notes:
                before.findings += notes_before(notes, row)
            yield before
        plain_cells = dict(zip(names, plain, strict=True))
        before = builder.build(int(row), dict(zip(names, cells, strict=True)), plain_cells, extra)
        if orphans and row in orphans:
            before.findings.append(orphan(mapping))
    if before is not None:
        if aside:
            before.findings.append(rows_left_out(aside))
        if nuls:
            before.findings.append(nuls_removed(nuls))
        before.findings += notes_before(notes, None)
        yield before


def read_calls(
    path: str | os.PathLike[str], mapping: Mapping, *, rows: int = 500, file_name: str | None = None
) -> Iterator[list[BuiltCall]]:
    """The calls of a file, read as `mapping.sheet` says, in pieces of about `rows` rows; memory stays that of a piece.

    `file_name`: the analyst's own name of the file, where `path` is a temporary copy.

    Where one row is a line, a call whose rows are scattered over the file comes after all others.

    Raises as `read_pieces` does, and MappingError: the mapping names a column that the sheet does not have.
    """
    if mapping.layout == "row" or "transcript" in mapping.fields:
        for frame in read_pieces(path, mapping.sheet, rows=rows):
            yield list(build_frame(frame, mapping, file_name=file_name))
        return
    builder: CallBuilder | None = None
    piece: list[BuiltCall] = []
    covered = 0
    size = max(rows * 8, 2000)  # lines are short: larger pieces cost no more memory than pieces of calls do
    for group in calls_of(lambda: read_pieces(path, mapping.sheet, rows=size), mapping):
        if builder is None:
            builder = CallBuilder(mapping, group.columns.keys(), file_name or Path(path).name)
        piece.append(builder.build_group(group, ()))
        covered += len(group.rows)
        if len(piece) >= rows or covered >= size:
            yield piece
            piece, covered = [], 0
    if piece:
        yield piece


def build_calls(
    sheet: pd.DataFrame,
    mapping: Mapping,
    *,
    timezone: str | None = None,
    defaults: dict[str, Any] | None = None,
) -> Iterator[tuple[int, Call]]:
    """(row number, call) for each row. `timezone` and `defaults` are added to the mapping's.

    Raises MappingError: a column, field or time zone that there is not.
    """
    arguments.frame(sheet, "sheet")
    arguments.instance(mapping, Mapping, "mapping", "what guess_mapping returns")
    changes: dict[str, Any] = {}
    if timezone is not None:
        changes["timezone"] = timezone
    if defaults is not None:
        changes["defaults"] = {**mapping.defaults, **defaults}
    for built in build_frame(sheet, mapping.replace(**changes) if changes else mapping):
        yield built.row, built.call
