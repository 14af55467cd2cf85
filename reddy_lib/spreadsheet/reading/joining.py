"""Calls in one place, their transcripts in another: brought together row by row.

The lines of another sheet, or the files of a bundle, are found by a value that both sides have. Lines come as JSON
text in one more column, so that everything after this sees rows with a transcript, as of any other sheet.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reddy_lib.spreadsheet.cells.tag_values import cell_text
from reddy_lib.spreadsheet.reading.bundles import FILE_NAME, TRANSCRIPT, Bundle, FileIndex, facts_of
from reddy_lib.spreadsheet.reading.tables import plain_cell

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["with_files", "with_lines"]


def _key(cell: Any) -> str:
    return cell_text(cell).strip()


def with_lines(
    calls: Iterable[pd.DataFrame],
    lines: Iterable[pd.DataFrame],
    join: Sequence[str],
    column: str,
    *,
    attrs: Mapping[str, Any],
) -> Iterator[pd.DataFrame]:
    """The calls, each with its lines as a JSON list of rows in `column`; `join`: (column of calls, column of lines).

    Lines without a call come last, as rows of their own ("orphans" in `attrs`). They wait in a temporary database.
    """
    here, there = join
    store = sqlite3.connect("", isolation_level=None)
    try:
        store.execute("CREATE TABLE line (place INTEGER PRIMARY KEY, key TEXT, data TEXT)")
        store.execute("BEGIN")
        for frame in lines:
            columns = [str(name) for name in frame.columns]
            left_out = frame.attrs.get("left_out", {})
            keys = list(map(_key, frame[there].tolist()))
            table = zip(*(frame.iloc[:, place].tolist() for place in range(len(columns))), strict=True)
            before = ""
            records = []
            for number, key, line in zip(frame.index.tolist(), keys, table, strict=True):
                if number in left_out:
                    continue
                before = key or before
                data = {name: _json_cell(cell) for name, cell in zip(columns, line, strict=True)}
                records.append((before, json.dumps(data, ensure_ascii=False)))
            store.executemany("INSERT INTO line (key, data) VALUES (?, ?)", records)
        store.execute("CREATE INDEX by_key ON line (key, place)")
        store.execute("CREATE TABLE taken (key TEXT PRIMARY KEY)")
        last, first = 1, True
        names: list[str] = []
        for frame in calls:
            cells = []
            for value in frame[here].tolist():
                key = _key(value)
                cells.append(_lines_of(store, key) if key else "")
                if key:
                    store.execute("INSERT OR IGNORE INTO taken VALUES (?)", (key,))
            yield _added(frame, {column: cells}, {**attrs, "lines": column})
            last, names = int(frame.index[-1]), [str(name) for name in frame.columns]
            first = False
        if first:
            return
        left = (
            "SELECT key FROM line WHERE key NOT IN (SELECT key FROM taken) GROUP BY key ORDER BY MIN(place)"
        )
        for (key,) in store.execute(left).fetchall():
            last += 1
            row: dict[str, Any] = dict.fromkeys(names, "") | {here: key, column: _lines_of(store, key)}
            frame = _of_one(row, last)
            frame.attrs.update(attrs, lines=column, extra=[], orphans=[last])
            yield frame
    finally:
        store.close()


def _lines_of(store: sqlite3.Connection, key: str) -> str:
    found = store.execute("SELECT data FROM line WHERE key = ? ORDER BY place", (key,)).fetchall()
    return f"[{', '.join(data for (data,) in found)}]" if found else ""


def _json_cell(cell: Any) -> Any:
    cell = plain_cell(cell)
    return cell if isinstance(cell, str | bool | int | float) else cell_text(cell)


def with_files(
    calls: Iterable[pd.DataFrame], bundle: Bundle, by: str, *, attrs: Mapping[str, Any]
) -> Iterator[pd.DataFrame]:
    """The rows of a table, each with the text and the name of the file that its cell in `by` names.

    Files that no row names come last, as rows of their own ("orphans" in `attrs`).
    """
    index = FileIndex(bundle.members)
    taken: set[str] = set()
    last = 1
    names: list[str] = []
    for frame in calls:
        texts, files = [], []
        for cell in frame[by].tolist():
            member = index.find(cell)
            texts.append(facts_of(bundle.read(member))[1] if member is not None else "")
            files.append(member.short if member is not None else "")
            if member is not None:
                taken.add(member.name)
        names = [str(name) for name in frame.columns]
        last = int(frame.index[-1])
        yield _added(frame, {_free(FILE_NAME, names): files, _free(TRANSCRIPT, names): texts}, attrs)
    for member in bundle.members:
        if member.name in taken:
            continue
        last += 1
        facts, text = facts_of(bundle.read(member))
        row = {name: facts.get(name, "") for name in names}
        row |= {_free(FILE_NAME, names): member.short, _free(TRANSCRIPT, names): text}
        frame = _of_one(row, last)
        frame.attrs.update(attrs, extra=[], orphans=[last])
        yield frame


def _of_one(row: Mapping[str, Any], number: int) -> pd.DataFrame:
    """Return a frame of one row, with its number."""
    import pandas as pd

    frame = pd.DataFrame({name: pd.Series([cell], dtype=object) for name, cell in row.items()})
    frame.index = pd.Index([number], name="row", dtype="int64")
    return frame


def _free(name: str, names: Sequence[str]) -> str:
    return name if name not in names else f"{name} (of the file)"


def _added(frame: pd.DataFrame, columns: Mapping[str, list[Any]], attrs: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd

    added = frame.copy()
    for name, cells in columns.items():
        added[name] = pd.Series(cells, index=frame.index, dtype=object)
    added.attrs = {**frame.attrs, **attrs}
    return added
