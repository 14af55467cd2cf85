"""One row a line: which rows belong to one call, found while the rows stream by.

Three ways tell calls apart: a value that stays (`value`: a call id on every row), a cell that is filled only where
a call begins (`fill down`, also what merged cells leave behind), and a line counter that starts again
(`restart`: calls that share agent and start). Rows without an id, or with a text such as NULL in its place, are one
call at most while they follow each other and say the same of it. Rows of one call nearly always follow each other, so a
call is let go as soon as the next one begins. Where a quick pass over the keys says that some calls come back later,
their rows alone are put aside in a temporary database and gathered at the end: memory stays that of one call.
"""

from __future__ import annotations

import pickle
import sqlite3
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

import msgspec

from reddy_lib.errors import MappingError
from reddy_lib.findings import Finding
from reddy_lib.spreadsheet.cells.cell_kinds import as_number
from reddy_lib.spreadsheet.cells.line_times import begins_again, seconds_of
from reddy_lib.spreadsheet.cells.placeholders import is_placeholder
from reddy_lib.spreadsheet.model import Mapping
from reddy_lib.spreadsheet.reading.notes import Notes, notes_before
from reddy_lib.spreadsheet.reading.pieces import column_cells

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MOST_ROWS", "Group", "gathered", "groups_of", "scattered_keys"]

MOST_ROWS = 20_000
"""Lines that one call can have. More means that the column which should tell calls apart does not."""


class Group(msgspec.Struct):
    """The rows of one call.

    Attributes:
        rows: their numbers in the sheet.
        columns: column → its cells, one a row.
        key: what the rows have in common, or None where the sheet does not say.
        left_out: (row, why, text) of rows that stand among or after these and are no calls.
        nuls: row → NUL characters that were taken out of it, of these rows and what stands among or after them.
        notes: what the reader of the file found in these rows.
    """

    rows: list[int]
    columns: dict[str, list[Any]]
    key: Any = None
    left_out: list[tuple[int, str, str]] = msgspec.field(default_factory=list)
    nuls: dict[int, int] = msgspec.field(default_factory=dict)
    notes: list[Finding] = msgspec.field(default_factory=list)

    @property
    def consecutive(self) -> bool:
        return len(self.rows) < 2 or self.rows[-1] - self.rows[0] < len(self.rows) + 8

    def take(self, other: Group) -> None:
        for name in other.columns.keys() - self.columns.keys():
            self.columns[name] = [""] * len(self.rows)
        for name, cells in self.columns.items():
            cells += other.columns.get(name) or [""] * len(other.rows)
        self.rows += other.rows
        self.left_out += other.left_out
        self.nuls |= other.nuls
        self.notes += other.notes


def groups_of(pieces: Iterable[pd.DataFrame], mapping: Mapping) -> Iterator[Group]:
    """Rows that follow each other and belong to one call, as one group each; pieces are joined where a call goes on.

    Raises MappingError: one call would have more than `MOST_ROWS` rows.
    """
    splitter = _Splitter(mapping)
    open_group: Group | None = None
    for frame in pieces:
        for group, begins in splitter.split(frame):
            if open_group is not None and not begins:
                open_group.take(group)
            else:
                if open_group is not None:
                    yield open_group
                open_group = group
            if len(open_group.rows) > MOST_ROWS:
                raise MappingError(_too_long(open_group, mapping))
    if open_group is not None:
        yield open_group


def _too_long(group: Group, mapping: Mapping) -> str:
    by = " and ".join(map(repr, mapping.group_by)) or "no column"
    return (
        f"More than {MOST_ROWS:,} rows from row {group.rows[0]} on would be one call: {by} does not tell calls apart. "
        "Choose another column that does."
    )


class _Splitter:
    """Where calls begin, row after row; what it has to remember from one piece to the next is here."""

    def __init__(self, mapping: Mapping) -> None:
        self.mode = mapping.new_call
        self.by = mapping.group_by
        self.order = mapping.line_fields.get("order")
        # Without a counter, times that are counted from the start of each call begin again as it does.
        self.timed = None if self.order is not None else mapping.line_fields.get("start")
        turns = [name for turn in mapping.turns for name in (turn.text, turn.speaker, turn.start) if name]
        lines = {*mapping.line_fields.values(), *turns}
        self.of_the_call = [
            column
            for column in dict.fromkeys([*chain(*mapping.sources().values()), *mapping.tags])
            if column not in lines and column not in self.by
        ]
        self.needed = [*self.by, *mapping.line_fields.values(), *turns]
        self.key: Any = _NOTHING
        self.parts: list[Any] = [""] * len(self.by)
        self.last: float | None = None
        self.alike: Any = None  # what rows without an id say of their call: while it stays, they may be one

    def split(self, frame: pd.DataFrame) -> Iterator[tuple[Group, bool]]:
        """(group, whether a call begins with it): the first group of a piece may go on with the one before."""
        names = [str(name) for name in frame.columns]
        missing = [column for column in self.needed if column not in names]
        if missing:
            raise MappingError(
                f"The sheet has no column {', '.join(map(repr, missing))}: choose among {', '.join(map(repr, names))}."
            )
        columns = dict(zip(names, column_cells(frame), strict=True))
        rows: list[int] = frame.index.tolist()
        left_out: dict[int, str] = frame.attrs.get("left_out", {})
        aside = [(place, row) for place, row in enumerate(rows) if row in left_out] if left_out else []
        said: list[tuple[int, int, str, str]] = []
        if aside:
            places = {place for place, _ in aside}
            said = [
                (place, row, left_out[row], row_text([columns[name][place] for name in names]))
                for place, row in aside
            ]
            kept = [place for place in range(len(rows)) if place not in places]
            # How many rows that are kept stand before each one that is not.
            said = [(sum(k < place for k in kept), row, why, text) for place, row, why, text in said]
            columns = {name: [cells[place] for place in kept] for name, cells in columns.items()}
            rows = [rows[place] for place in kept]
        if not rows:
            return
        starts, keys = self._starts(columns, len(rows))
        begins_at_once = bool(starts) and starts[0] == 0
        if not begins_at_once:
            starts, keys = [0, *starts], [None, *keys]  # the group goes on: its key is known from before
        ends = [*starts[1:], len(rows)]
        nuls: dict[int, int] = dict(frame.attrs.get("nuls", {}))
        notes: Notes = dict(frame.attrs.get("notes", {}))
        for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
            group = Group(
                rows[start:end], {name: cells[start:end] for name, cells in columns.items()}, keys[number]
            )
            last = number == len(starts) - 1
            if nuls:
                group.nuls = {row: nuls.pop(row) for row in list(nuls) if last or row < rows[end]}
            if notes:
                group.notes = notes_before(notes, None if last else rows[end])
            group.left_out = [
                (row, why, text)
                for place, row, why, text in said
                if start < place <= end or (number == 0 and place == 0) or (last and place > end)
            ]
            yield group, number > 0 or begins_at_once

    def _starts(self, columns: dict[str, list[Any]], count: int) -> tuple[list[int], list[Any]]:
        by = [columns[name] for name in self.by]
        starts: list[int] = []
        keys: list[Any] = []
        others = [columns[name] for name in self.of_the_call if name in columns]
        restarts = self.mode == "restart"
        numbers = columns[self.order] if self.order is not None and restarts else None
        times = columns[self.timed] if self.timed is not None and restarts else None
        key = self.key
        if self.mode == "value" and len(by) == 1:
            for place, cell in enumerate(by[0]):
                if type(cell) is str:
                    cell = cell.strip()
                if cell == key and cell != "" and cell is not None:
                    continue
                if cell is None or cell == "" or cell != cell or is_placeholder(cell):
                    said = [_stripped(column[place]) for column in others]
                    empty = _empty(cell)
                    # An empty cell goes on with the row above unless the row says itself that it is another call.
                    if key is not _NOTHING and empty and not any(each is not None for each in said):
                        continue
                    alike = [None if empty else cell, *said]
                    if key is None and alike == self.alike:
                        continue
                    cell, self.alike = None, alike
                key = cell
                starts.append(place)
                keys.append(key)
        else:
            for place in range(count):
                cells = [_stripped(column[place]) for column in by]
                filled = any(cell is not None for cell in cells)
                if self.mode == "fill down":
                    begins = filled or key is _NOTHING
                    if begins:
                        self.parts = cells
                elif (
                    self.mode == "value"
                    and filled
                    and all(cell is None or is_placeholder(cell) for cell in cells)
                ):
                    alike = [*cells, *(_stripped(column[place]) for column in others)]
                    if key is None and alike == self.alike:
                        continue
                    self.parts, self.alike, key = cells, alike, None
                    starts.append(place)
                    keys.append(None)
                    continue
                else:
                    parts = [
                        old if cell is None else cell for cell, old in zip(cells, self.parts, strict=True)
                    ]
                    begins = key is _NOTHING or key is None or parts != self.parts
                    self.parts = parts
                    if numbers is not None:
                        number = as_number(numbers[place])
                        if number is not None:
                            begins = begins or (self.last is not None and number <= self.last)
                            self.last = number
                    elif times is not None:
                        (second,) = seconds_of([times[place]])
                        if second is not None:
                            begins = begins or (self.last is not None and begins_again(self.last, second))
                            self.last = second
                if begins:
                    key = tuple(self.parts)
                    starts.append(place)
                    keys.append(key)
        self.key = key
        return starts, keys


_NOTHING = object()


def _empty(cell: Any) -> bool:
    return cell is None or cell == "" or cell != cell or (type(cell) is str and cell.isspace())


def _stripped(cell: Any) -> Any:
    if type(cell) is str:
        return cell.strip() or None
    return None if cell is None or cell != cell else cell


def row_text(cells: Iterable[Any]) -> str:
    """A row that is no call, on one line: for the sentence that says so."""
    return " · ".join(" ".join(str(cell).split()) for cell in cells if not _empty(cell))[:300]


def scattered_keys(pieces: Iterable[pd.DataFrame], mapping: Mapping) -> Collection[int]:
    """Hashes of the keys whose rows do not follow each other. One pass, eight bytes a call.

    Only a value can come back; cells that are filled at the beginning of a call alone, and counters, cannot.
    """
    if mapping.new_call != "value" or not mapping.group_by:
        return ()
    import numpy as np

    seen = array("q")
    splitter = _Splitter(mapping)
    wanted = [*splitter.needed, *splitter.of_the_call]
    for frame in pieces:
        present = [name for name in dict.fromkeys(wanted) if name in frame.columns]
        part = frame[present]
        part.attrs = {"left_out": frame.attrs.get("left_out", {})}
        for group, begins in splitter.split(part):
            if begins and group.key is not None:
                seen.append(hash(group.key))
    hashes, counts = (
        np.unique(np.frombuffer(seen, dtype=np.int64), return_counts=True) if len(seen) else ((), ())
    )
    return frozenset(int(found) for found, count in zip(hashes, counts, strict=True) if count > 1)


def gathered(groups: Iterable[Group], scattered: Collection[int]) -> Iterator[Group]:
    """The groups; those whose rows are scattered come last, each whole, in the order of their first rows."""
    if not scattered:
        yield from groups
        return
    aside = sqlite3.connect("", isolation_level=None)  # "": a temporary file that goes with the connection
    try:
        aside.execute("CREATE TABLE part (key BLOB, row INTEGER, data BLOB)")
        aside.execute("BEGIN")
        for group in groups:
            if group.key is not None and hash(group.key) in scattered:
                key = pickle.dumps(group.key)
                aside.execute("INSERT INTO part VALUES (?, ?, ?)", (key, group.rows[0], pickle.dumps(group)))
            else:
                yield group
        found = aside.execute(
            "SELECT part.key, data FROM part JOIN (SELECT key, MIN(row) AS first FROM part GROUP BY key) USING (key) "
            "ORDER BY first, row"
        )
        whole: Group | None = None
        before: bytes | None = None
        for key, data in found:
            group = pickle.loads(data)  # written above, into a file that nobody else can open
            if whole is not None and key == before:
                whole.take(group)
                if len(whole.rows) > MOST_ROWS:
                    raise MappingError(
                        f"More than {MOST_ROWS:,} rows from row {whole.rows[0]} on would be one call. "
                        "Choose another column that tells calls apart."
                    )
            else:
                if whole is not None:
                    yield whole
                whole, before = group, key
        if whole is not None:
            yield whole
    finally:
        aside.close()


def calls_of(pieces: Callable[[], Iterable[pd.DataFrame]], mapping: Mapping) -> Iterator[Group]:
    """One group a call. `pieces` is called twice: once for the keys, once for the rows."""
    return gathered(groups_of(pieces(), mapping), scattered_keys(pieces(), mapping))
