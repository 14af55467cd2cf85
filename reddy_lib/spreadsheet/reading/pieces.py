"""Rows as frames: cells merged downwards, cells beyond the header, what the reader found in each row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from reddy_lib.findings import Finding
from reddy_lib.spreadsheet.reading.bundles import FILE_NAME
from reddy_lib.spreadsheet.reading.furniture import Region, is_empty
from reddy_lib.spreadsheet.reading.headers import column_letter
from reddy_lib.spreadsheet.reading.notes import Notes
from reddy_lib.spreadsheet.reading.table_shape import split_cells

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Spans", "Table", "as_frame", "as_table", "column_cells", "numbered_on", "taken_apart"]


class Spans:
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
            elif place < len(record) and is_empty(record[place]):
                record[place] = value
        for place, last in self._starts.get(number, ()):
            value = record[place] if place < len(record) else ""
            if not is_empty(value) and not (isinstance(value, str) and len(value) > 200):
                self._open[place] = (last, value)
        return record


def as_frame(
    numbers: list[int],
    cells: list[list[Any]],
    names: list[str],
    attrs: dict[str, Any],
    left_out: dict[int, str],
    nuls: dict[int, int],
    notes: list[tuple[int, Finding]],
) -> pd.DataFrame:
    """A piece of a table; its cells beyond the header get columns that are named after their letters."""
    import pandas as pd

    width = len(names)
    longest = max(map(len, cells))
    extra: list[str] = []
    beyond: list[int] = []
    if longest > width:
        # Empty cells beyond the header are no cells: trailing delimiters are common, and one stray cell, thousands of
        # columns further on, makes all rows that wide.
        filled = {
            place for record in cells for place in range(width, len(record)) if not is_empty(record[place])
        }
        beyond = sorted(filled)
        taken = set(names)
        extra = [f"column {column_letter(place + 1)}" for place in beyond]
        extra = [name if name not in taken else f"{name} (extra)" for name in extra]
    rows = [_row(record, width, beyond) for record in cells]
    columns = list(zip(*rows, strict=True))
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
    if notes:
        found: Notes = {}
        for row, note in notes:
            found.setdefault(row or numbers[0], []).append(note)
        frame.attrs["notes"] = found
    return frame


def _row(record: list[Any], width: int, beyond: Sequence[int]) -> list[Any]:
    """Return the cells of a row under the header, and those at the given places beyond it."""
    if len(record) == width and not beyond:
        return record
    if len(record) < width:
        record = [*record, *[""] * (width - len(record))]
    return [*record[:width], *(record[place] if place < len(record) else "" for place in beyond)]


def column_cells(frame: pd.DataFrame) -> list[list[Any]]:
    """Return the cells of each column. A column that pandas cuts out takes a deep copy of all `attrs` with it."""
    bare = frame.copy(deep=False)
    bare.attrs = {}
    return [bare.iloc[:, place].tolist() for place in range(bare.shape[1])]


class Table(NamedTuple):
    """A frame as plain lists, for a process without pandas: its import takes 70 MB and half a second.

    Attributes:
        names: of the columns.
        columns: the cells of each column.
        numbers: row numbers of the sheet.
        attrs: as those of the frame.
    """

    names: list[str]
    columns: list[list[Any]]
    numbers: list[int]
    attrs: dict[str, Any]


def as_table(frame: pd.DataFrame) -> Table:
    """Return a frame in plain lists."""
    names = [str(name) for name in frame.columns]
    return Table(names, column_cells(frame), frame.index.tolist(), dict(frame.attrs))


def numbered_on(frame: pd.DataFrame, columns: list[str], top: int, name: str) -> pd.DataFrame:
    """A piece of one of several tables, with the columns of the first one and the name of its file."""
    import pandas as pd

    attrs = dict(frame.attrs)
    extra = [str(column) for column in frame.columns if column not in columns]
    file_name = FILE_NAME if FILE_NAME not in columns else f"{FILE_NAME} (of the file)"
    frame = frame.reindex(columns=[*columns, *extra], fill_value="")
    frame.insert(0, file_name, pd.Series([name] * len(frame), index=frame.index, dtype=object))
    frame.index = pd.Index([number + top for number in frame.index.tolist()], name="row", dtype="int64")
    for key in ("left_out", "nuls", "notes"):
        if key in attrs:
            attrs[key] = {row + top: value for row, value in attrs[key].items()}
    frame.attrs.update(attrs, extra=extra)
    return frame


def taken_apart(rows: Iterable[tuple[int, list[Any]]], delimiter: str) -> Iterator[tuple[int, list[Any]]]:
    """Rows that stand in one cell each, as their cells."""
    for number, record in rows:
        if record and isinstance(record[0], str) and delimiter in record[0] and not any(record[1:]):
            record = list(split_cells(record[0], delimiter))
        yield number, record
